#!/usr/bin/env python3
"""ONNX Runtime: checks that it computes what we compute, then times it. See ../README.md."""

import sys

sys.dont_write_bytecode = True

import onnxruntime  # noqa: E402
from peer import agree, arguments, read_check, serve  # noqa: E402
from model_file import read_model  # noqa: E402
from onnx_graph import build  # noqa: E402


def main():
    parser = arguments(__doc__, ["infer"])
    parser.add_argument("--unroll", action="store_true", help="nodes of its own for every step, no Scan")
    args = parser.parse_args()
    if args.precision != "f32":
        sys.exit("ONNX Runtime's CPU kernels of these operators are float32")
    config, weights = read_model(args.model)
    check = read_check(args.check)

    def session(count):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = args.threads
        options.inter_op_num_threads = 1
        model = build(config, weights, count, check.segments.shape[1], args.unroll)
        return onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])

    checked = {"segments": check.segments[: check.checked]}
    differences = agree(args, check, logits=session(check.checked).run(["logits"], checked)[0])
    timed, batch = session(args.batch), {"segments": check.segments[: args.batch]}
    serve(
        lambda: timed.run(["probabilities"], batch), version=onnxruntime.__version__, differences=differences
    )


if __name__ == "__main__":
    main()
