"""Nodes and constants of an ONNX graph."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper


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


def pool(nodes, x, *sizes):
    """Max pooling whose last window may be partial, along the last axes."""
    sizes = list(sizes)
    if all(size == 1 for size in sizes):
        return x
    return nodes.add("MaxPool", x, kernel_shape=sizes, strides=sizes, ceil_mode=1)


def floats(name, *shape):
    """A graph's input or output."""
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
