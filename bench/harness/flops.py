"""Nominal arithmetic of a network: what its products would cost if each were computed as it is written.

One multiplication and one addition are 2 FLOP. Counted are the products alone: convolutions tap by tap,
matrices, recurrent layers, the filters of a filterbank. Gates, norms, pooling and the optimiser are not. The first step of a
recurrent layer starts from zero and has no recurrent product. Padded taps count, as a GEMM computes them.

Backward, a product costs once for the gradient of its weights and once for that of its input, which
the waveform, the input of the first convolution or of the filterbank, does not need.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """FLOP of one part of the network for one utterance."""

    name: str
    forward: float
    backward: float


def branches(config: dict) -> list[tuple[str, dict]]:
    """The branches of a network with the prefix of the names of their parts."""
    return [("", config), *((f"branch {i} ", branch) for i, branch in enumerate(config.get("branches", []), 2))]


def parts(config: dict, time: int) -> list[Part]:
    """The parts as `bench layers` names them, up to a comma; `time` is the number of segments."""
    return [
        Part(prefix + part.name, part.forward, part.backward)
        for prefix, branch in branches(config)
        for part in _branch(branch, time)
    ]


def _branch(config: dict, time: int) -> list[Part]:
    """The parts of a network's own branch."""
    found = []
    length, channels, is_waveform = config["segment_length"], 1, True
    if bank := config.get("filterbank"):
        positions, frames = _filterbank_size(config, time)
        # Real and imaginary part of each filter.
        product = 2.0 * 2 * positions * bank["filters"] * bank["kernel"]
        found.append(Part("filterbank", product, product))
        time, length, is_waveform = frames, bank["filters"], False
    for index, block in enumerate(config.get("convolutions", [])):
        time = -(-time // block["stride_time"])
        taps = block["kernel_time"] * block["kernel_length"] * channels
        product = 2.0 * time * length * taps * block["filters"]
        found.append(Part(f"convolution {index + 1}", product, product if is_waveform else 2 * product))
        length, channels, is_waveform = -(-length // block["pool"]), block["filters"], False
    for index, block in enumerate(config["blocks"]):
        name, filters = f"block {index + 1}", block["filters"]
        positions = -(-length // block["stride"])
        into = 2.0 * time * positions * block["kernel_input"] * channels * 4 * filters
        within = 2.0 * (time - 1) * positions * block["kernel_state"] * filters * 4 * filters
        into_backward = into if is_waveform else 2 * into
        found.append(Part(f"{name} ConvLSTM", into + within, into_backward + 2 * within))
        length = -(-positions // block["pool"])
        if config["skip"] and index > 0:
            skip = 2.0 * time * length * channels * filters
            found.append(Part(f"{name} skip", skip, 2 * skip))
        channels, is_waveform = filters, False
    gflb, features = config["gflb"], length * channels
    if gflb["kind"] != "none":
        gates = {"bigru": 3, "bilstm": 4}[gflb["kind"]]
        for layer in range(gflb["layers"]):
            hidden = gflb["hidden"]
            product = 2.0 * 2 * gates * hidden * (time * features + (time - 1) * hidden)
            label = "GRU" if gflb["kind"] == "bigru" else "LSTM"
            found.append(Part(f"{label} layer {layer + 1}", product, 2 * product))
            features = 2 * hidden
    head = 2.0 * (features * config["features"] + config["features"] * config["classes"])
    pooling = config.get("temporal_pooling", {"kind": "mean"})
    if pooling["kind"] == "attention":
        head += 2.0 * time * pooling["hidden"] * (features + 1)
    found.append(Part("head", head, 2 * head))
    return found


def _filterbank_size(config: dict, time: int) -> tuple[int, int]:
    """Positions of the filters and frames of a filterbank behind `time` segments."""
    bank, samples = config["filterbank"], time * config["segment_length"]
    frames = -(-(-(-samples // bank["stride"])) // bank["pool"])
    return frames * bank["pool"], frames


def first_convolution(config: dict, time: int) -> Part:
    """What processes the waveform, the filterbank or the input-to-state convolution of the first block of each branch: long
    kernels, which can do with less arithmetic."""
    product = 0.0
    for _, branch in branches(config):
        if branch.get("filterbank"):
            product += next(part.forward for part in _branch(branch, time) if part.name == "filterbank")
        elif not branch.get("convolutions"):
            block = branch["blocks"][0]
            positions = -(-branch["segment_length"] // block["stride"])
            product += 2.0 * time * positions * block["kernel_input"] * 4 * block["filters"]
    return Part("first convolution", product, product)


def total(config: dict, time: int, what: str, first: bool = True) -> float:
    """FLOP of one utterance in a measurement, with or without the first convolution."""
    counted = parts(config, time)
    if not first:
        left_out = first_convolution(config, time)
        counted.append(Part(left_out.name, -left_out.forward, -left_out.backward))
    forward = sum(part.forward for part in counted)
    return forward + sum(part.backward for part in counted) if what == "train_step" else forward
