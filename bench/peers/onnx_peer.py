"""What the runtimes of ONNX graphs share: which graph, which inputs, the check and the turns."""

import sys

import numpy as np

from model_file import read_model
from onnx_graph import build
from peer import agree, arguments, read_check, serve


def main(description, version, load, precisions=("f32",)):
    """Runs a peer. `load(model, args)` takes the graph's bytes and returns a function from `(inputs by name, output's name)` to
    an array."""
    parser = arguments(description, ["infer", "recognize"])
    parser.add_argument("--unroll", action="store_true", help="nodes of its own for every step, no Scan")
    args = parser.parse_args()
    if args.precision not in precisions:
        sys.exit(f"computes in {' and '.join(precisions)} only")
    prepare = {"infer": infer, "recognize": recognize}[args.what]
    step, differences = prepare(args, read_check(args.check), load)
    serve(step, version=version, differences=differences)


def infer(args, check, load):
    """The hand-made graph: segments to logits and probabilities."""
    config, weights = read_model(args.model, further=True)

    def runtime(count):
        model = build(config, weights, count, check.segments.shape[1], args.unroll)
        run, inputs = load(model.SerializeToString(), args), {"segments": check.segments[:count]}
        return lambda name: run(inputs, name)

    differences = agree(args, check, logits=runtime(check.checked)("logits"))
    timed = runtime(args.batch)
    return lambda: timed("probabilities"), differences


def recognize(args, check, load):
    """The graph of `clstm export`: one recording, from its waveform to calibrated probabilities."""
    with open(args.onnx, "rb") as file:
        run = load(file.read(), args)

    def recording(index):
        waveform = check.segments[index].reshape(1, -1)
        return {"waveform": waveform, "lengths": np.array([waveform.shape[1]])}

    checked = [run(recording(index), "probabilities")[0] for index in range(check.checked)]
    differences = agree(args, check, probabilities=np.stack(checked))
    timed = recording(0)
    return lambda: run(timed, "probabilities"), differences
