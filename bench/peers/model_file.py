"""Reads a clstm model file: the network's sizes and its tensors.

The header of a model file describes the network (`crates/clstm/src/model_file.rs`, sizes as in
`crates/clstm-nn/src/config.rs`); its tensors are named by their path in the Rust modules, such as
`lflbs.0.conv_lstm.w_x`.
"""

import json

import numpy as np
from safetensors import safe_open

# The sizes that the peers know; another one means that our network has grown and theirs have not.
KNOWN = {"sample_rate", "segment_length", "blocks", "skip", "gflb", "temporal_pooling", "features", "dropout", "classes"}


def read_model(path):
    """The network's sizes and its tensors as float32 arrays."""
    with safe_open(path, "np") as file:
        config = json.loads(file.metadata()["clstm"])["network"]
        if set(config) != KNOWN:
            raise ValueError(f"{path}: a network of other parts: {sorted(set(config) ^ KNOWN)}")
        if config["temporal_pooling"]["kind"] != "mean":
            raise ValueError(f"{path}: the peers pool over time by the mean only")
        return config, {name: file.get_tensor(name).astype(np.float32) for name in file.keys()}


def same_padding(length, taps, stride):
    """Zeros before and behind, so that a convolution gives `ceil(length / stride)` positions."""
    total = max((-(-length // stride) - 1) * stride + taps - length, 0)
    return total // 2, total - total // 2


def block_inputs(config):
    """`(length, channels)` before each block, and behind the last."""
    sizes = [(config["segment_length"], 1)]
    for block in config["blocks"]:
        positions = -(-sizes[-1][0] // block["stride"])
        sizes.append((-(-positions // block["pool"]), block["filters"]))
    return sizes


def fold_norm(weight, tensors, name, epsilon=1e-5):
    """The input-to-state weights and biases with the norm of their output folded in (inference)."""
    bias = tensors[name + "bias"]
    if name + "gamma" not in tensors:
        return weight, bias
    mean, variance = (tensors[f"{name}statistics.{part}"] for part in ("mean", "variance"))
    scale = tensors[name + "gamma"] / np.sqrt(variance + epsilon)
    return weight * scale[:, None, None], bias - mean * scale
