"""The network in PyTorch, as a good PyTorch user would write it, from a clstm model file.

Choices that favour PyTorch: tensors are time-major, so that each step is contiguous; the
input-to-state convolution runs once over all segments; gates that take the same function are
computed together; `nn.GRU` and `nn.LSTM` do the sequence learning in one call a layer.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F

from model_file import block_inputs, same_padding
from torch_waveform import Attention, Compression, ConvBlock, Filterbank, below


def first_step(gates, peephole):
    """The states after the first step: those before it are zero. gates[B,4,H,P] -> h, c."""
    i, _, g, o = gates.unbind(1)
    c = torch.sigmoid(i) * torch.tanh(g)
    if peephole is not None:
        o = torch.addcmul(o, peephole[2], c)
    return torch.sigmoid(o) * torch.tanh(c), c


def later_step(gates, h, c, weight, peephole):
    """The states after another step, `gates` being the input's share of its pre-activations."""
    gates = gates + F.conv1d(h, weight, padding="same").unflatten(1, (4, -1))
    i_f, g, o = gates[:, :2], gates[:, 2], gates[:, 3]
    if peephole is not None:
        i_f = torch.addcmul(i_f, peephole[:2], c.unsqueeze(1))
    i, f = torch.sigmoid(i_f).unbind(1)
    c = torch.addcmul(f * c, i, torch.tanh(g))
    if peephole is not None:
        o = torch.addcmul(o, peephole[2], c)
    return torch.sigmoid(o) * torch.tanh(c), c


class ConvLstm(nn.Module):
    """Eq. 2-7 along the length: x[T,B,C,L] -> h[T,B,H,P]. Gates i,f,g,o."""

    # Compiled by `compile_steps`, where only the steps are.
    first_step = staticmethod(first_step)
    later_step = staticmethod(later_step)

    def __init__(self, block, channels, length):
        super().__init__()
        filters, taps, stride = block["filters"], block["kernel_input"], block["stride"]
        positions = -(-length // stride)
        self.pad = same_padding(length, taps, stride)
        # Padding inside the convolution saves a copy, where both sides are the same.
        inside = 0
        if self.pad[0] == self.pad[1]:
            inside, self.pad = self.pad[0], None
        self.input_to_state = nn.Conv1d(
            channels, 4 * filters, taps, stride, padding=inside, bias=not block["input_norm"]
        )
        self.norm = nn.BatchNorm1d(4 * filters) if block["input_norm"] else None
        self.state_to_state = nn.Parameter(torch.zeros(4 * filters, filters, block["kernel_state"]))
        self.peephole = None
        if block["peepholes"] != "none":
            shared = block["peepholes"] == "channel"
            self.peephole = nn.Parameter(torch.zeros(3, filters, 1 if shared else positions))

    def forward(self, x):
        time, batch = x.shape[:2]
        x = x.flatten(0, 1)
        inputs = self.input_to_state(x if self.pad is None else F.pad(x, self.pad))
        if self.norm is not None:
            inputs = self.norm(inputs)
        first, *later = inputs.unflatten(0, (time, batch)).unflatten(2, (4, -1)).unbind(0)
        # In the gates' own format: autocast would otherwise continue in float32.
        peephole = None if self.peephole is None else self.peephole.to(first.dtype)
        weight = self.state_to_state.to(first.dtype)
        h, c = self.first_step(first, peephole)
        hidden = [h]
        for gates in later:
            h, c = self.later_step(gates, h, c, weight, peephole)
            hidden.append(h)
        return torch.stack(hidden)

    def load(self, tensors, name):
        bias = tensors[name + "bias"]
        copy(self.input_to_state.weight, tensors[name + "w_x"])
        copy(self.state_to_state, tensors[name + "w_h"])
        if self.norm is None:
            copy(self.input_to_state.bias, bias)
        else:
            load_norm(self.norm, tensors[name + "gamma"], bias, tensors, name + "statistics.")
        if self.peephole is not None:
            copy(self.peephole, tensors[name + "peephole"])


class Lflb(nn.Module):
    """Local feature learning block: ConvLSTM, batch norm, max pooling; the skip round them."""

    def __init__(self, block, channels, length, skip):
        super().__init__()
        filters, pool = block["filters"], block["pool"]
        self.conv_lstm = ConvLstm(block, channels, length)
        self.norm = nn.BatchNorm1d(filters)
        self.pool = nn.MaxPool1d(pool, ceil_mode=True) if pool > 1 else nn.Identity()
        self.skip = None
        if skip:
            reduction = block["stride"] * pool
            shrink = nn.MaxPool1d(reduction, ceil_mode=True) if reduction > 1 else nn.Identity()
            self.skip = nn.Sequential(shrink, nn.Conv1d(channels, filters, 1, bias=False))

    def forward(self, x):
        time, batch = x.shape[:2]
        y = self.pool(self.norm(self.conv_lstm(x).flatten(0, 1)))
        if self.skip is not None:
            y = y + self.skip(x.flatten(0, 1))
        return y.unflatten(0, (time, batch))

    def load(self, tensors, name):
        self.conv_lstm.load(tensors, name + "conv_lstm.")
        gamma, beta = (tensors[f"{name}norm_pool.{part}"] for part in ("gamma", "beta"))
        load_norm(self.norm, gamma, beta, tensors, name + "norm_pool.statistics.")
        if self.skip is not None:
            copy(self.skip[1].weight, tensors[name + "skip.weight"].T.unsqueeze(-1))


class Gflb(nn.Module):
    """Global feature learning block: stacked bidirectional layers over the steps, or nothing."""

    def __init__(self, config, features):
        super().__init__()
        self.kind, self.output = config["kind"], features
        if self.kind == "none":
            self.layers = nn.Identity()
            return
        if config.get("reset") == "before":
            raise ValueError("nn.GRU resets after the recurrent product: give it a network that does")
        hidden, layers = config["hidden"], config["layers"]
        self.output = 2 * hidden
        kind = {"bigru": nn.GRU, "bilstm": nn.LSTM}[self.kind]
        self.layers = kind(features, hidden, layers, bidirectional=True)

    def forward(self, x):  # [T, B, F]
        y = self.layers(x)
        return y[0] if isinstance(y, tuple) else y

    def load(self, tensors, permute):
        """`permute` orders the first layer's columns as our features are ordered here."""
        if self.kind == "none":
            return
        for index in range(self.layers.num_layers):
            for side, suffix in (("fwd", ""), ("bwd", "_reverse")):
                name = f"gflb.{self.kind[2:]}.{index}.{side}."
                w, u, b, b_u = (gru if self.kind == "bigru" else lstm)(tensors, name)
                mine = f"l{index}{suffix}"
                copy(getattr(self.layers, "weight_ih_" + mine), permute(w) if index == 0 else w)
                copy(getattr(self.layers, "weight_hh_" + mine), u)
                copy(getattr(self.layers, "bias_ih_" + mine), b)
                copy(getattr(self.layers, "bias_hh_" + mine), b_u)

    def extra_gradients(self):
        """Gradients of the second biases, which add to the first and which ours has not."""
        for name, parameter in self.layers.named_parameters():
            if name.startswith("bias_hh"):
                ours = self.layers.hidden_size if self.kind == "bigru" else 0
                yield parameter.grad[: len(parameter) - ours]


def gru(tensors, name):
    """A direction in the order of `nn.GRU`: gates r,z,n, and its z is one minus ours."""
    u = tensors[name + "u"]
    bn = tensors[name + "bn"]
    b_u = torch.cat([bn.new_zeros(2 * len(bn)), bn])

    def reorder(t):
        z, r, n = t.chunk(3)
        return torch.cat([r, -z, n])

    return reorder(tensors[name + "w"]), reorder(u), reorder(tensors[name + "b"]), b_u


def lstm(tensors, name):
    """A direction of ours is a ConvLSTM of one tap; `nn.LSTM` has the same gates in the same order."""
    w, u, b = (tensors[name + part] for part in ("w_x", "w_h", "bias"))
    return w.squeeze(-1), u.squeeze(-1), b, torch.zeros_like(b)


class Network(nn.Module):
    """Segments [B,T,L] -> deep feature [B,features] and logits [B,classes]."""

    def __init__(self, config):
        super().__init__()
        *inputs, (self.positions, channels) = block_inputs(config)
        self.lflbs = nn.Sequential()
        for index, (block, (length, depth)) in enumerate(zip(config["blocks"], inputs, strict=True)):
            self.lflbs.append(Lflb(block, depth, length, config["skip"] and index > 0))
        self.gflb = Gflb(config["gflb"], self.positions * channels)
        self.dropout = nn.Dropout(config["dropout"])
        self.feature = nn.Linear(self.gflb.output, config["features"])
        self.classify = nn.Linear(config["features"], config["classes"])

    def steps(self, segments):
        """What the blocks process: [B,T,L] -> [T,B,C,L]."""
        return segments.transpose(0, 1).unsqueeze(2)

    def pooled(self, steps):
        """[T,B,F] -> [B,F]"""
        return steps.mean(dim=0)

    def forward(self, segments):
        local = self.lflbs(self.steps(segments))  # [T, B, H, Q]
        steps = self.gflb(self.dropout(local.flatten(2)))
        features = torch.relu(self.feature(self.pooled(steps)))
        return features, self.classify(self.dropout(features))

    def load(self, tensors):
        """Takes the weights of a model file."""

        def permute(weight):
            """Columns from [position, channel], as the Rust network flattens, to [channel, position]."""
            return weight.unflatten(1, (self.positions, -1)).transpose(1, 2).flatten(1)

        for index, lflb in enumerate(self.lflbs):
            lflb.load(tensors, f"lflbs.{index}.")
        self.gflb.load(tensors, permute)
        weight = tensors["head.feature_weight"].T
        copy(self.feature.weight, permute(weight) if self.gflb.kind == "none" else weight)
        copy(self.feature.bias, tensors["head.feature_bias"])
        copy(self.classify.weight, tensors["head.class_weight"].T)
        copy(self.classify.bias, tensors["head.class_bias"])


class Branch(Network):
    """A branch with the layers of `clstm-plus` before the blocks and attention over time, for inference."""

    def __init__(self, config, tensors):
        super().__init__(config)
        self.compression = Compression(config["compression"]) if "compression" in config else nn.Identity()
        self.filterbank = Filterbank(config, tensors, "filterbank.") if "filterbank" in config else None
        blocks = enumerate(config.get("convolutions", []))
        self.convolutions = nn.Sequential(*(ConvBlock(b, tensors, f"convolutions.{i}.") for i, b in blocks))
        attention = config["temporal_pooling"]["kind"] == "attention"
        self.attention = Attention(tensors, "head.attention.") if attention else None
        self.load(tensors)

    def steps(self, segments):
        waveform = self.compression(segments.flatten(1))
        if self.filterbank is None:
            return super().steps(waveform.unflatten(1, segments.shape[1:]))
        return self.convolutions(self.filterbank(waveform)).permute(2, 0, 1, 3).contiguous()

    def pooled(self, steps):
        return super().pooled(steps) if self.attention is None else self.attention(steps)


class Branches(nn.Module):
    """The network with all its branches, for inference: nothing and the mean of the logits."""

    def __init__(self, config, tensors):
        super().__init__()
        own = {name: tensor for name, tensor in tensors.items() if not name.startswith("branches.")}
        further = enumerate(config.get("branches", []))
        parts = [(config, own), *((part, below(tensors, f"branches.{i}.")) for i, part in further)]
        self.branches = nn.ModuleList(Branch(*part) for part in parts)

    def forward(self, segments):
        return None, torch.stack([branch(segments)[1] for branch in self.branches]).mean(0)


class CenterLoss(nn.Module):
    """Softmax loss plus lambda times the centre loss (Eq. 12-14), mean over the batch."""

    def __init__(self, classes, features, weight):
        super().__init__()
        self.centers = nn.Parameter(torch.zeros(classes, features))
        self.weight = weight

    def forward(self, features, logits, labels):
        center = 0.5 * (features - self.centers[labels]).square().sum()
        return F.cross_entropy(logits, labels) + self.weight / len(labels) * center


def load_norm(norm, gamma, beta, tensors, statistics):
    copy(norm.weight, gamma)
    copy(norm.bias, beta)
    copy(norm.running_mean, tensors[statistics + "mean"])
    copy(norm.running_var, tensors[statistics + "variance"])


@torch.no_grad()
def copy(parameter, values):
    """Copies without the broadcasting that would hide a wrong shape."""
    if parameter.shape != values.shape:
        raise ValueError(f"a parameter of {list(parameter.shape)} was given {list(values.shape)}")
    parameter.copy_(values)
