#!/usr/bin/env python3
"""tract, an inference engine in Rust, through its Python package: checks that it computes what we compute, then times it.
See ../README.md."""

import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

sys.dont_write_bytecode = True

import tract  # noqa: E402
import onnx_peer  # noqa: E402

# The outputs of the hand-made graph in their order.
OUTPUTS = ["logits", "probabilities"]


def load(model, args):
    """The optimised graph; its plan runs on the calling thread."""
    if args.threads != 1:
        sys.exit("computes on one thread only")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(model)
        plan = tract.onnx().load(str(path)).into_model().into_runnable()
    return lambda inputs, name: plan.run(list(inputs.values()))[OUTPUTS.index(name)].to_numpy()


if __name__ == "__main__":
    onnx_peer.main(__doc__, version("tract"), load)
