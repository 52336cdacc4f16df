#!/usr/bin/env python3
"""OpenVINO: checks that it computes what we compute, then times it. See ../README.md."""

import sys

sys.dont_write_bytecode = True

import openvino  # noqa: E402
import onnx_peer  # noqa: E402

CORE = openvino.Core()


def load(model, args):
    """A request to the compiled graph, with the hint for latency and its own choice of kernels in the precision."""
    options = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": args.threads,
        "INFERENCE_PRECISION_HINT": args.precision,
    }
    compiled = CORE.compile_model(CORE.read_model(model), "CPU", options)
    request = compiled.create_infer_request()
    used = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    if used != args.precision:
        sys.exit(f"computes in {used} on this CPU")
    outputs = {name: compiled.output(name) for name in ("logits", "probabilities")}
    return lambda inputs, name: request.infer(inputs)[outputs[name]]


if __name__ == "__main__":
    onnx_peer.main(__doc__, openvino.__version__, load, ("f32", "bf16"))
