"""The layers before the ConvLSTM blocks as ONNX nodes: compression, filterbank, convolutional blocks. Every size is fixed."""

import numpy as np

from model_file import COMPRESSION_FLOOR, COMPRESSION_REFERENCE, filterbank_taps, norm_scale_shift
from onnx_nodes import pool


def compression(nodes, x, config, samples):
    """The waveform [B,samples] with its dynamic range compressed."""
    hop = config["hop"]
    hops = -(-samples // hop)
    x = nodes.add("Pad", x, np.array([0, 0, 0, hops * hop - samples]))
    by_hop = nodes.add("Reshape", x, np.array([0, hops, hop]))
    sums = nodes.add("ReduceSum", nodes.add("Mul", by_hop, by_hop), np.array([2]), keepdims=0)
    # A level is that of the hop before and the hop behind.
    before = nodes.add("Pad", sums, np.array([0, 1, 0, 0]))
    behind = nodes.add("Pad", sums, np.array([0, 0, 0, 1]))
    edges = np.arange(hops + 1) * hop
    counts = np.minimum(edges + hop, samples) - np.maximum(edges - hop, 0)
    level = nodes.add("Mul", nodes.add("Add", before, behind), (1 / counts / COMPRESSION_REFERENCE)[None])
    level = nodes.add("Add", level, np.float32(COMPRESSION_FLOOR / COMPRESSION_REFERENCE))
    gains = nodes.add("Pow", level, np.float32(-0.5 * config["ratio"]))
    # Between hops the gains are interpolated.
    first = nodes.add("Slice", gains, np.array([0]), np.array([hops]), np.array([1]))
    next_ = nodes.add("Slice", gains, np.array([1]), np.array([hops + 1]), np.array([1]))
    first, next_ = (nodes.add("Unsqueeze", gain, np.array([2])) for gain in (first, next_))
    way = (np.arange(hop) / hop)[None, None]
    gains = nodes.add("Add", first, nodes.add("Mul", nodes.add("Sub", next_, first), way))
    x = nodes.add("Reshape", nodes.add("Mul", by_hop, gains), np.array([0, hops * hop]))
    return nodes.add("Slice", x, np.array([0]), np.array([samples]), np.array([1]))


def filterbank(nodes, x, config, tensors, name):
    """Normalised log energies: [B,samples] -> [B,1,frames,bands]. `config` is the network's."""
    bank = config["filterbank"]
    bands, kernel, stride = bank["filters"], bank["kernel"], bank["stride"]
    taps = filterbank_taps(config, tensors[name + "center"], tensors[name + "width"])
    padding = max(kernel - stride, 0)
    x = nodes.add("Unsqueeze", x, np.array([1]))
    x = nodes.add("Conv", x, taps[:, None], strides=[stride], pads=[padding // 2, padding - padding // 2])
    real, imaginary = nodes.add("Split", nodes.add("Mul", x, x), outputs=2, axis=1, num_outputs=2)
    size = [bank["pool"]]
    energy = nodes.add("AveragePool", nodes.add("Add", real, imaginary), kernel_shape=size, strides=size)
    floor = np.exp(tensors[name + "floor"])[None, :, None]
    x = nodes.add("Log", nodes.add("Add", energy, floor))
    if bank["mean_normalize"]:
        mean = nodes.add("ReduceMean", energy, np.array([2]))
        x = nodes.add("Sub", x, nodes.add("Log", nodes.add("Add", mean, floor)))
    scale, shift = norm_scale_shift(tensors, name + "norm.", "beta")
    x = nodes.add("Add", nodes.add("Mul", x, scale[None, :, None]), shift[None, :, None])
    x = nodes.add("Transpose", x, perm=[0, 2, 1])
    return nodes.add("Unsqueeze", x, np.array([1])), bands


def conv_block(nodes, x, steps, block, tensors, name):
    """Convolution over time and length, norm, pooling, ReLU: [B,C,T,L] -> [B,filters,T',L'], and T'."""
    scale, shift = norm_scale_shift(tensors, name + "norm_pool.", "beta")
    # Ours is [time, length, channels, filters]; the norm is folded into it.
    weight = tensors[name + "weight"].transpose(3, 2, 0, 1) * scale[:, None, None, None]
    taps, stride = block["kernel_time"], block["stride_time"]
    after = -(-steps // stride)
    padding = max((after - 1) * stride + taps - steps, 0)
    left = (block["kernel_length"] - 1) // 2
    pads = [padding // 2, left, padding - padding // 2, block["kernel_length"] - 1 - left]
    x = nodes.add("Conv", x, weight, shift, strides=[stride, 1], pads=pads)
    return nodes.add("Relu", pool(nodes, x, 1, block["pool"])), after
