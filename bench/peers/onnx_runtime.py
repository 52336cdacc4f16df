#!/usr/bin/env python3
"""ONNX Runtime: checks that it computes what we compute, then times it. See ../README.md."""

import sys

sys.dont_write_bytecode = True

import onnxruntime  # noqa: E402
import onnx_peer  # noqa: E402


def load(model, args):
    """A session on the graph."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = args.threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])
    return lambda inputs, name: session.run([name], inputs)[0]


if __name__ == "__main__":
    onnx_peer.main(__doc__, onnxruntime.__version__, load)
