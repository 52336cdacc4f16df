"""The network as an ONNX graph for inference, from a clstm model file.

Choices that favour ONNX Runtime: every size is fixed; the norm of the input-to-state term is folded
into its convolution, which runs once over all segments; the steps are a `Scan`, which runs faster than
nodes for every step (`unroll`); the GRU is the operator of that name.
"""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from model_file import block_inputs, fold_norm, same_padding

OPSET = 21
IR_VERSION = 10
EPSILON = 1e-5


class Nodes:
    """Nodes of one graph, and the constants that all graphs share."""

    def __init__(self, constants=None):
        self.nodes = []
        self.constants = {} if constants is None else constants
        self.prefix = "" if constants is None else "step_"

    def add(self, kind, *inputs, outputs=1, **attributes):
        """Appends a node; gives the name of its output, or a list of names."""
        names = [f"{self.prefix}{kind.lower()}{len(self.nodes)}_{i}" for i in range(outputs)]
        inputs = [i if isinstance(i, str) else self.constant(i) for i in inputs]
        self.nodes.append(helper.make_node(kind, inputs, names, **attributes))
        return names[0] if outputs == 1 else names

    def constant(self, values):
        """The name of a constant."""
        values = np.asarray(values)
        values = values.astype(np.int64 if values.dtype.kind == "i" else np.float32)
        name = f"constant{len(self.constants)}"
        self.constants[name] = numpy_helper.from_array(values, name)
        return name


def build(config, tensors, batch, time, unroll=False):
    """The model: `segments` [B,T,L] -> `logits` and `probabilities` [B,classes]."""
    nodes = Nodes()
    length, classes = config["segment_length"], config["classes"]
    x = nodes.add("Transpose", "segments", perm=[1, 0, 2])
    x = nodes.add("Reshape", x, [time * batch, 1, length])
    sizes = block_inputs(config)
    for index, block in enumerate(config["blocks"]):
        size = (batch, time, *sizes[index])
        x = lflb(nodes, x, size, block, tensors, f"lflbs.{index}.", unroll)
    positions, filters = sizes[-1]
    x = nodes.add("Reshape", x, [time, batch, filters * positions])
    x, width = gflb(nodes, x, config["gflb"], tensors, (batch, time, positions, filters))
    x = nodes.add("ReduceMean", x, [0], keepdims=0)
    x = nodes.add("Gemm", x, tensors["head.feature_weight"], tensors["head.feature_bias"])
    x = nodes.add("Relu", x)
    x = nodes.add("Gemm", x, tensors["head.class_weight"], tensors["head.class_bias"])
    nodes.nodes.append(helper.make_node("Identity", [x], ["logits"]))
    nodes.nodes.append(helper.make_node("Softmax", [x], ["probabilities"], axis=1))
    outputs = [floats(name, batch, classes) for name in ("logits", "probabilities")]
    graph = helper.make_graph(
        nodes.nodes, "clstm", [floats("segments", batch, time, length)], outputs, [*nodes.constants.values()]
    )
    opset = helper.make_opsetid("", OPSET)
    return helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION)


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


def gflb(nodes, x, config, tensors, size):
    """Stacked bidirectional GRU: x[T,B,F] -> [T,B,2 hidden], and that width."""
    batch, time, positions, filters = size
    if config["kind"] != "bigru":
        raise ValueError("only the BiGRU is written in ONNX")
    hidden = config["hidden"]
    for layer in range(config["layers"]):
        sides = [gru(tensors, f"gflb.gru.{layer}.{side}.") for side in ("fwd", "bwd")]
        w, r, b = (np.stack(parts) for parts in zip(*sides, strict=True))
        if layer == 0:
            # From [position, channel], as our network flattens, to [channel, position].
            w = w.reshape(2, -1, positions, filters).transpose(0, 1, 3, 2).reshape(w.shape)
        after = int(config["reset"] == "after")
        options = {"direction": "bidirectional", "hidden_size": hidden, "linear_before_reset": after}
        y, _ = nodes.add("GRU", x, w, r, b, outputs=2, **options)  # [T, 2, B, hidden]
        y = nodes.add("Transpose", y, perm=[0, 2, 1, 3])
        x = nodes.add("Reshape", y, [time, batch, 2 * hidden])
    return x, 2 * hidden


def gru(tensors, name):
    """A direction in the operator's order z,r,h; its z is one minus ours."""

    def turn(t):
        z, r, n = np.split(t, 3)
        return np.concatenate([-z, r, n])

    b = turn(tensors[name + "b"])
    bn = tensors.get(name + "bn", np.zeros(len(b) // 3, np.float32))
    b = np.concatenate([b, np.zeros(2 * len(bn), np.float32), bn])
    return turn(tensors[name + "w"]), turn(tensors[name + "u"]), b


def pool(nodes, x, size):
    """Max pooling whose last window may be partial."""
    return nodes.add("MaxPool", x, kernel_shape=[size], strides=[size], ceil_mode=1) if size > 1 else x


def floats(name, *shape):
    """A graph's input or output."""
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
