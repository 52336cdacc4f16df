"""The network as an ONNX graph for inference, from a clstm model file.

Choices that favour ONNX Runtime: every size is fixed; the norm of the input-to-state term is folded
into its convolution, which runs once over all segments; the steps are a `Scan`, which runs faster than
nodes for every step (`unroll`); the GRU is the operator of that name.
"""

import numpy as np
from onnx import helper

from model_file import block_inputs, fold_norm, same_padding
from onnx_nodes import Nodes, floats, pool
from onnx_waveform import compression, conv_block, filterbank

OPSET = 21
IR_VERSION = 10
EPSILON = 1e-5


def build(config, tensors, batch, time, unroll=False):
    """The model: `segments` [B,T,L] -> `logits` and `probabilities` [B,classes]."""
    nodes = Nodes()
    length, classes = config["segment_length"], config["classes"]
    waveform = nodes.add("Reshape", "segments", np.array([batch, time * length]))
    branches = [("", config), *((f"branches.{i}.", b) for i, b in enumerate(config.get("branches", [])))]
    logits = [branch(nodes, waveform, part, tensors, name, (batch, time), unroll) for name, part in branches]
    x = nodes.add("Mean", *logits) if len(logits) > 1 else logits[0]
    nodes.nodes.append(helper.make_node("Identity", [x], ["logits"]))
    nodes.nodes.append(helper.make_node("Softmax", [x], ["probabilities"], axis=1))
    outputs = [floats(name, batch, classes) for name in ("logits", "probabilities")]
    graph = helper.make_graph(
        nodes.nodes, "clstm", [floats("segments", batch, time, length)], outputs, [*nodes.constants.values()]
    )
    opset = helper.make_opsetid("", OPSET)
    return helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION)


def branch(nodes, x, config, tensors, name, size, unroll):
    """Logits [B,classes] of one branch of the network on the waveform [B,samples]."""
    batch, time = size
    length = config["segment_length"]
    if "compression" in config:
        x = compression(nodes, x, config["compression"], time * length)
    if "filterbank" in config:
        bank = config["filterbank"]
        x, positions = filterbank(nodes, x, config, tensors, name + "filterbank.")
        time *= length // (bank["stride"] * bank["pool"])
        for index, block in enumerate(config.get("convolutions", [])):
            x, time = conv_block(nodes, x, time, block, tensors, f"{name}convolutions.{index}.")
        x = nodes.add("Transpose", x, perm=[2, 0, 1, 3])  # [T, B, C, L]
    else:
        x = nodes.add("Reshape", x, np.array([batch, time, length]))
        x = nodes.add("Transpose", x, perm=[1, 0, 2])
    sizes = block_inputs(config)
    positions, channels = sizes[0]
    x = nodes.add("Reshape", x, np.array([time * batch, channels, positions]))
    for index, block in enumerate(config["blocks"]):
        x = lflb(nodes, x, (batch, time, *sizes[index]), block, tensors, f"{name}lflbs.{index}.", unroll)
    positions, filters = sizes[-1]
    if config["gflb"]["kind"] == "none":
        # From [channel, position] to [position, channel], as our network flattens.
        x = nodes.add("Transpose", x, perm=[0, 2, 1])
    x = nodes.add("Reshape", x, np.array([time, batch, filters * positions]))
    x = gflb(nodes, x, config["gflb"], tensors, name + "gflb.", (batch, time, positions, filters))
    return head(nodes, x, config, tensors, name + "head.")


def head(nodes, x, config, tensors, name):
    """Pooling over time and the fully connected layers: [T,B,F] -> [B,classes]."""
    if config["temporal_pooling"]["kind"] == "attention":
        hidden = nodes.add("MatMul", x, tensors[name + "attention.weight"])
        hidden = nodes.add("Tanh", nodes.add("Add", hidden, tensors[name + "attention.bias"]))
        shares = nodes.add("Softmax", nodes.add("MatMul", hidden, tensors[name + "attention.score"]), axis=0)
        x = nodes.add("ReduceSum", nodes.add("Mul", x, shares), np.array([0]), keepdims=0)
    else:
        x = nodes.add("ReduceMean", x, np.array([0]), keepdims=0)
    x = nodes.add("Gemm", x, tensors[name + "feature_weight"], tensors[name + "feature_bias"])
    return nodes.add("Gemm", nodes.add("Relu", x), tensors[name + "class_weight"], tensors[name + "class_bias"])


def lflb(nodes, x, size, block, tensors, name, unroll):
    """ConvLSTM, batch norm, max pooling, skip: x[T*B,C,L] -> [T*B,H,Q]."""
    batch, time, length, channels = size
    recurrent = name + "conv_lstm."
    weight, bias = fold_norm(tensors[recurrent + "w_x"], tensors, recurrent)
    pads = same_padding(length, block["kernel_input"], block["stride"])
    inputs = nodes.add("Conv", x, weight, bias, strides=[block["stride"]], pads=pads)
    state = State(block, tensors[recurrent + "w_h"], tensors.get(recurrent + "peephole"))
    positions = -(-length // block["stride"])
    hidden = (unrolled if unroll else scanned)(nodes, inputs, state, (batch, time, positions))
    parts = ("gamma", "beta", "statistics.mean", "statistics.variance")
    norm = [tensors[f"{name}norm_pool.{part}"] for part in parts]
    y = nodes.add("BatchNormalization", hidden, *norm, epsilon=EPSILON)
    y = pool(nodes, y, block["pool"])
    if name + "skip.weight" in tensors:
        shrunk = pool(nodes, x, block["stride"] * block["pool"])
        y = nodes.add("Add", y, nodes.add("Conv", shrunk, tensors[name + "skip.weight"].T[:, :, None]))
    return y


class State:
    """The recurrent half of a ConvLSTM (Eq. 2-7). Gates i,f,g,o."""

    def __init__(self, block, weight, peephole):
        self.filters, taps = block["filters"], block["kernel_state"]
        self.weight, self.peephole = weight, peephole
        self.pads = same_padding(1 << 16, taps, 1)  # any length that is no shorter than the taps

    def first(self, nodes, gates):
        """The states after the first step: those before it are zero."""
        h = self.filters
        i, _, g, o = nodes.add("Split", gates, [h, h, h, h], outputs=4, axis=1)
        c = nodes.add("Mul", nodes.add("Sigmoid", i), nodes.add("Tanh", g))
        return self.output(nodes, o, c), c

    def later(self, nodes, gates, h, c):
        """The states after another step."""
        size = self.filters
        gates = nodes.add("Add", nodes.add("Conv", h, self.weight, pads=self.pads), gates)
        i, f, g, o = nodes.add("Split", gates, [size] * 4, outputs=4, axis=1)
        i, f = (self.peep(nodes, gate, c, at) for at, gate in enumerate((i, f)))
        kept = nodes.add("Mul", nodes.add("Sigmoid", f), c)
        new = nodes.add("Mul", nodes.add("Sigmoid", i), nodes.add("Tanh", g))
        c = nodes.add("Add", kept, new)
        return self.output(nodes, o, c), c

    def output(self, nodes, o, c):
        """The hidden state."""
        o = self.peep(nodes, o, c, 2)
        return nodes.add("Mul", nodes.add("Sigmoid", o), nodes.add("Tanh", c))

    def peep(self, nodes, gate, c, at):
        """The gate's pre-activation with the peephole's share."""
        if self.peephole is None:
            return gate
        return nodes.add("Add", gate, nodes.add("Mul", c, self.peephole[at]))


def unrolled(nodes, inputs, state, size):
    """All hidden states [T*B,H,P] of inputs [T*B,4H,P], one set of nodes a step."""
    batch, time, _ = size
    first, *later = nodes.add("Split", inputs, [batch] * time, outputs=time, axis=0)
    h, c = state.first(nodes, first)
    hidden = [h]
    for gates in later:
        h, c = state.later(nodes, gates, h, c)
        hidden.append(h)
    return nodes.add("Concat", *hidden, axis=0)


def scanned(nodes, inputs, state, size):
    """The same as a `Scan` over the steps."""
    batch, time, positions = size
    inputs = nodes.add("Reshape", inputs, [time, batch, 4 * state.filters, positions])
    body = Nodes(nodes.constants)
    h, c = state.later(body, "gates", "h", "c")
    shape = (batch, state.filters, positions)
    body.nodes += [
        helper.make_node("Identity", [h], ["h_next"]),
        helper.make_node("Identity", [c], ["c_next"]),
        helper.make_node("Identity", [h], ["hidden"]),
    ]
    given = [floats("h", *shape), floats("c", *shape), floats("gates", batch, 4 * state.filters, positions)]
    made = [floats(name, *shape) for name in ("h_next", "c_next", "hidden")]
    graph = helper.make_graph(body.nodes, "step", given, made)
    zeros = np.zeros(shape, np.float32)
    *_, hidden = nodes.add("Scan", zeros, zeros, inputs, outputs=3, body=graph, num_scan_inputs=1)
    return nodes.add("Reshape", hidden, [time * batch, state.filters, positions])


def gflb(nodes, x, config, tensors, name, size):
    """Stacked bidirectional layers: x[T,B,F] -> [T,B,2 hidden], or x where there are none."""
    batch, time, positions, filters = size
    if config["kind"] == "none":
        return x
    hidden = config["hidden"]
    operator, direction = {"bigru": ("GRU", gru), "bilstm": ("LSTM", lstm)}[config["kind"]]
    for layer in range(config["layers"]):
        sides = [direction(tensors, f"{name}{operator.lower()}.{layer}.{side}.") for side in ("fwd", "bwd")]
        w, r, b = (np.stack(parts) for parts in zip(*sides, strict=True))
        if layer == 0:
            # From [position, channel], as our network flattens, to [channel, position].
            w = w.reshape(2, -1, positions, filters).transpose(0, 1, 3, 2).reshape(w.shape)
        options = {"direction": "bidirectional", "hidden_size": hidden}
        if operator == "GRU":
            options["linear_before_reset"] = int(config["reset"] == "after")
        y = nodes.add(operator, x, w, r, b, outputs=1, **options)  # [T, 2, B, hidden]
        y = nodes.add("Transpose", y, perm=[0, 2, 1, 3])
        x = nodes.add("Reshape", y, np.array([time, batch, 2 * hidden]))
    return x


def gru(tensors, name):
    """A direction in the operator's order z,r,h; its z is one minus ours."""

    def turn(t):
        z, r, n = np.split(t, 3)
        return np.concatenate([-z, r, n])

    b = turn(tensors[name + "b"])
    bn = tensors.get(name + "bn", np.zeros(len(b) // 3, np.float32))
    b = np.concatenate([b, np.zeros(2 * len(bn), np.float32), bn])
    return turn(tensors[name + "w"]), turn(tensors[name + "u"]), b


def lstm(tensors, name):
    """A direction in the operator's order i,o,f,c; ours is a ConvLSTM of one tap with the gates i,f,g,o."""

    def turn(t):
        i, f, g, o = np.split(t, 4)
        return np.concatenate([i, o, f, g])

    b = turn(tensors[name + "bias"])
    return *(turn(tensors[name + part].squeeze(-1)) for part in ("w_x", "w_h")), np.concatenate([b, np.zeros_like(b)])
