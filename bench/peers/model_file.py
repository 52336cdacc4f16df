"""Reads a clstm model file: the network's sizes and its tensors.

The header of a model file describes the network (`crates/clstm/src/model_file.rs`, sizes as in
`crates/clstm-nn/src/config.rs`); its tensors are named by their path in the Rust modules, such as
`lflbs.0.conv_lstm.w_x`.
"""

import json

import numpy as np
from safetensors import safe_open

# The parts of a network that every peer knows; another one means that our network has grown and theirs have not.
KNOWN = {"sample_rate", "segment_length", "blocks", "skip", "gflb", "temporal_pooling", "features", "dropout", "classes"}

# Those that only the peers of `clstm-plus` know.
FURTHER = {"compression", "filterbank", "convolutions", "branches"}

# As in crates/clstm-nn/src/config.rs.
COMPRESSION_FLOOR = 1e-6
COMPRESSION_REFERENCE = 0.01

# Mel scale of the filterbank's centres, as in crates/clstm-nn/src/mel.rs.
LINEAR_HZ = 700.0
LOG_PER_KILOMEL = 1000.0 * np.log(10.0) / 2595.0


def read_model(path, further=False):
    """The network's sizes and its tensors as float32 arrays. `further`: whether the peer has the parts of `clstm-plus`."""
    with safe_open(path, "np") as file:
        config = json.loads(file.metadata()["clstm"])["network"]
        for part in [config, *config.get("branches", [])]:
            missing, unknown = KNOWN - set(part), set(part) - KNOWN - (FURTHER if further else set())
            if missing or unknown:
                raise ValueError(f"{path}: a network of other parts: {sorted(missing | unknown)}")
            kind = part["temporal_pooling"]["kind"]
            if kind != "mean" and not (further and kind == "attention"):
                raise ValueError(f"{path}: this peer does not pool over time by {kind}")
        return config, {name: file.get_tensor(name).astype(np.float32) for name in file.keys()}


def filterbank_taps(config, center, width):
    """The filters' taps [2 filters, kernel], real parts first; `config` is the network's."""
    kernel = config["filterbank"]["kernel"]
    times = (np.arange(kernel) - (kernel - 1) / 2)[None]
    hertz = (np.exp(center.astype(np.float64) * LOG_PER_KILOMEL) - 1) * LINEAR_HZ
    angle = times * (hertz * 2 * np.pi / config["sample_rate"])[:, None]
    width = np.exp(width.astype(np.float64))[:, None]
    envelope = np.exp(-0.5 * (times / width) ** 2) / np.sqrt(width * np.sqrt(np.pi))
    return np.concatenate([envelope * np.cos(angle), envelope * np.sin(angle)]).astype(np.float32)


def norm_scale_shift(tensors, name, bias, epsilon=1e-5):
    """Batch normalisation with the running statistics as a scale and a shift of each channel."""
    mean, variance = (tensors[f"{name}statistics.{part}"] for part in ("mean", "variance"))
    scale = tensors[name + "gamma"] / (variance + epsilon) ** 0.5
    return scale, tensors[name + bias] - mean * scale


def same_padding(length, taps, stride):
    """Zeros before and behind, so that a convolution gives `ceil(length / stride)` positions."""
    total = max((-(-length // stride) - 1) * stride + taps - length, 0)
    return total // 2, total - total // 2


def block_inputs(config):
    """`(length, channels)` before each ConvLSTM block, and behind the last."""
    length, channels = config["segment_length"], 1
    if "filterbank" in config:
        length = config["filterbank"]["filters"]
    for block in config.get("convolutions", []):
        length, channels = -(-length // block["pool"]), block["filters"]
    sizes = [(length, channels)]
    for block in config["blocks"]:
        positions = -(-sizes[-1][0] // block["stride"])
        sizes.append((-(-positions // block["pool"]), block["filters"]))
    return sizes


def fold_norm(weight, tensors, name):
    """The input-to-state weights and biases with the norm of their output folded in (inference)."""
    if name + "gamma" not in tensors:
        return weight, tensors[name + "bias"]
    scale, shift = norm_scale_shift(tensors, name, "bias")
    return weight * scale[:, None, None], shift
