"""Nominal arithmetic of a network: what its products would cost if each were computed as it is written.

One multiplication and one addition are 2 FLOP. Counted are the products alone: convolutions tap by tap,
matrices, the GRU. Gates, norms, pooling and the optimiser are not. The first step of a recurrent layer
starts from zero and has no recurrent product. Padded taps count, as a GEMM computes them.

Backward, a product costs once for the gradient of its weights and once for that of its input, which
the first convolution's input, the waveform, does not need.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """FLOP of one part of the network for one utterance."""

    name: str
    forward: float
    backward: float


def counted(config: dict) -> bool:
    """Whether all parts of the network are counted: filterbanks, convolutions over time and branches are not."""
    return not {"filterbank", "convolutions", "branches"} & set(config)


def parts(config: dict, time: int) -> list[Part]:
    """The parts as `bench layers` names them."""
    found = []
    length, channels = config["segment_length"], 1
    for index, block in enumerate(config["blocks"]):
        name, filters = f"block {index + 1}", block["filters"]
        positions = -(-length // block["stride"])
        into = 2.0 * time * positions * block["kernel_input"] * channels * 4 * filters
        within = 2.0 * (time - 1) * positions * block["kernel_state"] * filters * 4 * filters
        into_backward = into if index == 0 else 2 * into
        found.append(Part(f"{name} ConvLSTM", into + within, into_backward + 2 * within))
        length = -(-positions // block["pool"])
        if config["skip"] and index > 0:
            skip = 2.0 * time * length * channels * filters
            found.append(Part(f"{name} skip", skip, 2 * skip))
        channels = filters
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
    found.append(Part("head", head, 2 * head))
    return found


def first_convolution(config: dict, time: int) -> Part:
    """The input-to-state convolution of the first block, which long kernels can do with less arithmetic."""
    block = config["blocks"][0]
    positions = -(-config["segment_length"] // block["stride"])
    into = 2.0 * time * positions * block["kernel_input"] * 4 * block["filters"]
    return Part("first convolution", into, into)


def total(config: dict, time: int, what: str, first: bool = True) -> float:
    """FLOP of one utterance in a measurement, with or without the first convolution."""
    counted = parts(config, time)
    if not first:
        left_out = first_convolution(config, time)
        counted.append(Part(left_out.name, -left_out.forward, -left_out.backward))
    forward = sum(part.forward for part in counted)
    return forward + sum(part.backward for part in counted) if what == "train_step" else forward
