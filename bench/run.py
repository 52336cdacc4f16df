#!/usr/bin/env python3
"""Times every system, turn by turn, and writes RESULTS.md and results.json. Started by `bench/run`."""

import argparse
import json
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True

from harness import plan  # noqa: E402
from harness.systems import JAX, KERAS, ONNX, OPENVINO, OURS, TORCH, TRACT  # noqa: E402
from harness.machine import describe  # noqa: E402
from harness.measure import Bench, all_left_out  # noqa: E402
from report.page import markdown  # noqa: E402

BENCH = Path(__file__).resolve().parent
PEERS = {"pytorch": TORCH, "jax": JAX, "keras": KERAS, "onnxruntime": ONNX, "openvino": OPENVINO, "tract": TRACT}


def main() -> int:
    args = parse()
    if args.report:
        results = json.loads((args.output / "results.json").read_text())
    else:
        results = run(args)
        args.output.mkdir(parents=True, exist_ok=True)
        (args.output / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    page = markdown(results, cross_validation())
    (args.output / "RESULTS.md").write_text(page)
    print(page)
    failures = all_left_out(results)
    if not args.report and not results["measurements"] and not results["layers"]:
        failures.append("nothing was measured: no measurement of these groups has these peers")
    for failure in failures:
        print(f"left out: {failure}", file=sys.stderr)
    return 1 if failures else 0


def run(args: argparse.Namespace) -> dict:
    """Everything that was asked for."""
    start = time.monotonic()
    families = [OURS, *(PEERS[name] for name in args.peers)]
    bench = Bench(args.ours, args.work, args.rounds, families, args.quick, args.clock)
    measurements = [bench.measure(work) for work in plan.measurements(args.only, args.threads)]
    layers = [bench.layers(work) for work in plan.layers(args.only, args.threads)]
    return {
        "machine": describe(BENCH.parent),
        "note": args.note,
        "clock": args.clock,
        "rounds": args.rounds,
        "quick": args.quick,
        "minutes": round((time.monotonic() - start) / 60, 1),
        "networks": {
            name: {
                "text": bench.networks[name].text,
                "segments": bench.networks[name].segments,
                "config": files.config,
            }
            for (name, _), files in bench.written.items()
        },
        "measurements": measurements,
        "layers": layers,
    }


def cross_validation() -> dict | None:
    """The time of a whole cross-validation, which takes far longer than a benchmark may: written by hand
    after one, see README.md."""
    path = BENCH / "cross_validation.json"
    return json.loads(path.read_text()) if path.exists() else None


def parse() -> argparse.Namespace:
    def names(text: str) -> list[str]:
        return [name for name in text.split(",") if name]

    def numbers(text: str) -> list[int]:
        return sorted(int(name) for name in names(text))

    parser = argparse.ArgumentParser(prog="bench/run", description=__doc__)
    parser.add_argument("--ours", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--only", type=names, default=list(plan.GROUPS), help=", ".join(plan.GROUPS))
    parser.add_argument("--peers", type=names, default=list(PEERS), help=", ".join(PEERS))
    parser.add_argument("--rounds", type=int, default=5, help="turns of each system (default 5)")
    parser.add_argument("--threads", type=numbers, default=[1, 2], help="default 1,2")
    parser.add_argument("--quick", action="store_true", help="one round of one step: that all works, no figures")
    parser.add_argument(
        "--parity", action="store_true", help="as --quick --only parity --peers onnxruntime, with a page of its own"
    )
    parser.add_argument(
        "--clock",
        choices=["wall", "cpu"],
        default="wall",
        help="cpu: CPU time of a turn by its steps, for one thread on a machine with other work (default wall)",
    )
    parser.add_argument("--note", help="a sentence on the circumstances, which RESULTS.md and README's table carry")
    parser.add_argument("--report", action="store_true", help="write RESULTS.md again from results.json")
    parser.add_argument("--output", type=Path, default=BENCH, help="folder of the results")
    args = parser.parse_args()
    args.ours, args.work = args.ours.resolve(), args.work.resolve()
    if args.parity:
        args.quick, args.only, args.peers, args.output = True, ["parity"], ["onnxruntime"], args.work / "parity"
    for given, known in ((args.only, plan.GROUPS), (args.peers, PEERS)):
        unknown = set(given) - set(known)
        if unknown:
            parser.error(f"{', '.join(sorted(unknown))}: not one of {', '.join(known)}")
    if args.rounds < 1 or not args.threads or args.threads[0] < 1:
        parser.error("--rounds and --threads: at least 1")
    if args.clock == "cpu" and args.threads != [1]:
        parser.error("--clock cpu: with --threads 1 only")
    args.only = [group for group in plan.GROUPS if group in args.only]
    if args.quick:
        args.rounds = 1
    return args


if __name__ == "__main__":
    sys.exit(main())
