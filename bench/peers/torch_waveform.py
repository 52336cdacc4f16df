"""The layers before the ConvLSTM blocks in PyTorch, for inference: compression, filterbank, convolutional blocks."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from model_file import COMPRESSION_FLOOR, COMPRESSION_REFERENCE, filterbank_taps, norm_scale_shift


class Compression(nn.Module):
    """The waveform [B,samples] with its dynamic range compressed."""

    def __init__(self, config):
        super().__init__()
        self.hop, self.exponent = config["hop"], -0.5 * config["ratio"]
        self.register_buffer("way", torch.arange(self.hop) / self.hop)

    def forward(self, x):
        samples, hop = x.shape[1], self.hop
        hops = -(-samples // hop)
        by_hop = F.pad(x, (0, hops * hop - samples)).unflatten(1, (hops, hop))
        sums = by_hop.square().sum(2)
        edges = torch.arange(hops + 1) * hop
        counts = (edges + hop).clamp(max=samples) - (edges - hop).clamp(min=0)
        level = (F.pad(sums, (1, 0)) + F.pad(sums, (0, 1))) / counts + COMPRESSION_FLOOR
        gains = (level / COMPRESSION_REFERENCE).pow(self.exponent).unsqueeze(2)
        gains = gains[:, :-1] + (gains[:, 1:] - gains[:, :-1]) * self.way
        return (by_hop * gains).flatten(1)[:, :samples]


class Filterbank(nn.Module):
    """Normalised log energies: [B,samples] -> [B,1,frames,bands]."""

    def __init__(self, config, tensors, name):
        super().__init__()
        bank = config["filterbank"]
        self.stride, self.pool, self.mean = bank["stride"], bank["pool"], bank["mean_normalize"]
        padding = max(bank["kernel"] - bank["stride"], 0)
        self.pad = (padding // 2, padding - padding // 2)
        center, width = (tensors[name + part].numpy() for part in ("center", "width"))
        scale, shift = norm_scale_shift(tensors, name + "norm.", "beta")
        values = {
            "taps": torch.from_numpy(filterbank_taps(config, center, width)).unsqueeze(1),
            "floor": tensors[name + "floor"].exp().unsqueeze(-1),
            "scale": scale.unsqueeze(-1),
            "shift": shift.unsqueeze(-1),
        }
        for key, value in values.items():
            self.register_buffer(key, value)

    def forward(self, x):
        outputs = F.conv1d(F.pad(x.unsqueeze(1), self.pad), self.taps, stride=self.stride)
        real, imaginary = outputs.square().chunk(2, dim=1)
        energy = F.avg_pool1d(real + imaginary, self.pool)
        bands = (energy + self.floor).log()
        if self.mean:
            bands = bands - (energy.mean(2, keepdim=True) + self.floor).log()
        return (bands * self.scale + self.shift).transpose(1, 2).unsqueeze(1)


class ConvBlock(nn.Module):
    """Convolution over time and length, norm, pooling, ReLU: [B,C,T,L] -> [B,filters,T',L']. The norm is folded into the weights."""

    def __init__(self, block, tensors, name):
        super().__init__()
        scale, shift = norm_scale_shift(tensors, name + "norm_pool.", "beta")
        weight = tensors[name + "weight"].permute(3, 2, 0, 1) * scale[:, None, None, None]
        self.register_buffer("weight", weight.contiguous())
        self.register_buffer("bias", shift)
        self.time, self.length = block["kernel_time"], block["kernel_length"]
        self.stride, self.pool = block["stride_time"], block["pool"]

    def forward(self, x):
        steps = x.shape[2]
        missing = max((-(-steps // self.stride) - 1) * self.stride + self.time - steps, 0)
        left = (self.length - 1) // 2
        x = F.pad(x, (left, self.length - 1 - left, missing // 2, missing - missing // 2))
        x = F.conv2d(x, self.weight, self.bias, stride=(self.stride, 1))
        return F.relu(F.max_pool2d(x, (1, self.pool), ceil_mode=True))


class Attention(nn.Module):
    """The weighted mean over time: [T,B,F] -> [B,F]."""

    def __init__(self, tensors, name):
        super().__init__()
        for part in ("weight", "bias", "score"):
            self.register_buffer(part, tensors[name + part])

    def forward(self, x):
        shares = (torch.tanh(x @ self.weight + self.bias) @ self.score).softmax(0)
        return (x * shares).sum(0)


def below(tensors, path):
    """The tensors whose names start with the path, without it."""
    return {name.removeprefix(path): tensor for name, tensor in tensors.items() if name.startswith(path)}
