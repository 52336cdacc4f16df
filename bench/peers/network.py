"""The network in PyTorch eager, as a good PyTorch user would write it, from a clstm model file.

Choices that favour PyTorch: tensors are time-major, so that each step is contiguous; the
input-to-state convolution runs once over all segments; gates that take the same function are
computed together; `nn.GRU` and `nn.LSTM` do the sequence learning in one call a layer.

A model file describes the network in its header (`crates/clstm/src/model_file.rs`, sizes as in
`crates/clstm-nn/src/config.rs`); its tensors are named by their path in the Rust modules, such as
`lflbs.0.conv_lstm.w_x`.
"""

import json

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors import safe_open

# The sizes that this network knows; another one means that ours has grown and this has not.
KNOWN = {"sample_rate", "segment_length", "blocks", "skip", "gflb", "features", "dropout", "classes"}


def read_model(path):
    """The network's sizes and its tensors."""
    with safe_open(path, "pt") as file:
        config = json.loads(file.metadata()["clstm"])["network"]
        if set(config) != KNOWN:
            raise ValueError(f"{path}: a network of other parts: {sorted(set(config) ^ KNOWN)}")
        return config, {name: file.get_tensor(name).float() for name in file.keys()}


class ConvLstm(nn.Module):
    """Eq. 2-7 along the length: x[T,B,C,L] -> h[T,B,H,P]. Gates i,f,g,o."""

    def __init__(self, block, channels, length):
        super().__init__()
        filters, taps, stride = block["filters"], block["kernel_input"], block["stride"]
        positions = -(-length // stride)
        total = max((positions - 1) * stride + taps - length, 0)
        self.pad = (total // 2, total - total // 2)
        # Padding inside the convolution saves a copy, where both sides are the same.
        inside = self.pad[0] if self.pad[0] == self.pad[1] else 0
        if inside or total == 0:
            self.pad = None
        self.input_to_state = nn.Conv1d(
            channels, 4 * filters, taps, stride, padding=inside, bias=not block["input_norm"]
        )
        self.norm = nn.BatchNorm1d(4 * filters) if block["input_norm"] else None
        self.state_to_state = nn.Conv1d(
            filters, 4 * filters, block["kernel_state"], padding="same", bias=False
        )
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
        inputs = inputs.unflatten(0, (time, batch)).unflatten(2, (4, -1))  # [T, B, 4, H, P]
        if self.peephole is not None:
            w_if, w_o = self.peephole[:2], self.peephole[2]
        c, hidden = None, []
        for gates in inputs.unbind(0):
            if c is None:  # the states start at zero
                i, _, g, o = gates.unbind(1)
                c = torch.sigmoid(i) * torch.tanh(g)
            else:
                gates = gates + self.state_to_state(hidden[-1]).unflatten(1, (4, -1))
                i_f, g, o = gates[:, :2], gates[:, 2], gates[:, 3]
                if self.peephole is not None:
                    i_f = torch.addcmul(i_f, w_if, c.unsqueeze(1))
                i, f = torch.sigmoid(i_f).unbind(1)
                c = torch.addcmul(f * c, i, torch.tanh(g))
            if self.peephole is not None:
                o = torch.addcmul(o, w_o, c)
            hidden.append(torch.sigmoid(o) * torch.tanh(c))
        return torch.stack(hidden)

    def load(self, tensors, name):
        bias = tensors[name + "bias"]
        copy(self.input_to_state.weight, tensors[name + "w_x"])
        copy(self.state_to_state.weight, tensors[name + "w_h"])
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


class BiGruResetBefore(nn.Module):
    """One bidirectional GRU layer with the reset gate before the recurrent product (Eq. 10).

    PyTorch has none, so this is a loop. Gates z,r,n.
    """

    def __init__(self, features, hidden):
        super().__init__()
        self.input = nn.Linear(features, 6 * hidden)
        self.recurrent = nn.Parameter(torch.zeros(2, 3 * hidden, hidden))

    def forward(self, x):  # [T, B, F]
        fwd, bwd = self.input(x).chunk(2, dim=2)
        bwd = self.run(bwd.flip(0), self.recurrent[1]).flip(0)
        return torch.cat([self.run(fwd, self.recurrent[0]), bwd], dim=2)

    @staticmethod
    def run(inputs, recurrent):
        size = recurrent.shape[1]
        u_zr, u_n = recurrent[: 2 * size].T, recurrent[2 * size :].T
        h, hidden = inputs.new_zeros(inputs.shape[1], size), []
        for step in inputs.unbind(0):
            z, r = torch.sigmoid(torch.addmm(step[:, : 2 * size], h, u_zr)).chunk(2, dim=1)
            h = torch.lerp(h, torch.tanh(torch.addmm(step[:, 2 * size :], r * h, u_n)), z)
            hidden.append(h)
        return torch.stack(hidden)

    def load(self, tensors, name, permute):
        sides = [name + "fwd.", name + "bwd."]
        copy(self.input.weight, torch.cat([permute(tensors[side + "w"]) for side in sides]))
        copy(self.input.bias, torch.cat([tensors[side + "b"] for side in sides]))
        copy(self.recurrent, torch.stack([tensors[side + "u"] for side in sides]))


class Gflb(nn.Module):
    """Global feature learning block: stacked bidirectional layers over the steps, or nothing.

    With `library_gru` a reset-before GRU is replaced by `nn.GRU`, which resets after: the same sizes
    and nearly the same arithmetic, but other numbers.
    """

    def __init__(self, config, features, library_gru):
        super().__init__()
        self.kind, self.output = config["kind"], features
        self.library = self.kind != "bigru" or config["reset"] == "after" or library_gru
        if self.kind == "none":
            self.layers = nn.Identity()
            return
        hidden, layers = config["hidden"], config["layers"]
        self.output = 2 * hidden
        if self.library:
            kind = {"bigru": nn.GRU, "bilstm": nn.LSTM}[self.kind]
            self.layers = kind(features, hidden, layers, bidirectional=True)
        else:
            inputs = [features] + [2 * hidden] * (layers - 1)
            self.layers = nn.Sequential(*(BiGruResetBefore(size, hidden) for size in inputs))

    def forward(self, x):  # [T, B, F]
        y = self.layers(x)
        return y[0] if isinstance(y, tuple) else y

    def load(self, tensors, permute):
        """`permute` orders the first layer's columns as our features are ordered here."""
        if self.kind == "none":
            return
        if not self.library:
            for index, layer in enumerate(self.layers):
                layer.load(tensors, f"gflb.gru.{index}.", permute if index == 0 else lambda w: w)
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


def gru(tensors, name):
    """A direction in the order of `nn.GRU`: gates r,z,n, and its z is one minus ours."""
    u = tensors[name + "u"]
    bn = tensors.get(name + "bn", u.new_zeros(u.shape[1]))
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

    def __init__(self, config, library_gru=False):
        super().__init__()
        length, channels = config["segment_length"], 1
        self.lflbs = nn.Sequential()
        for index, block in enumerate(config["blocks"]):
            self.lflbs.append(Lflb(block, channels, length, config["skip"] and index > 0))
            length = -(-(-(-length // block["stride"])) // block["pool"])
            channels = block["filters"]
        self.positions = length
        self.gflb = Gflb(config["gflb"], length * channels, library_gru)
        self.dropout = nn.Dropout(config["dropout"])
        self.feature = nn.Linear(self.gflb.output, config["features"])
        self.classify = nn.Linear(config["features"], config["classes"])

    def forward(self, segments):
        local = self.lflbs(segments.transpose(0, 1).unsqueeze(2))  # [T, B, H, Q]
        steps = self.gflb(self.dropout(local.flatten(2)))
        features = torch.relu(self.feature(steps.mean(dim=0)))
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
