#!/usr/bin/env python3
"""Times every contender, turn by turn, and writes RESULTS.md and results.json. Started by `bench/run`."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True

from machine import Others, describe  # noqa: E402
from results import OURS, markdown  # noqa: E402

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent

# A peer is one script in bench/peers that takes the arguments of peers/contender.py.
PEERS = {
    "PyTorch eager": "pytorch_eager.py",
}

# What is timed: utterances, steps before the clock starts, steps on the clock.
MEASUREMENTS = {
    "train_step": (32, 2, 4),
    "infer_clip": (1, 5, 20),
}

# Steps of one utterance: 3 s at the presets' 125 ms a segment.
SEGMENTS = 24


def main():
    args = parse()
    work = ROOT / args.ours.parents[2] / "bench"
    work.mkdir(parents=True, exist_ok=True)
    model, check = work / "model.safetensors", work / "check.safetensors"
    batch = max(batch for batch, _, _ in MEASUREMENTS.values())
    prepare = ["--preset", args.preset, "--batch", batch, "--segments", SEGMENTS]
    run([args.ours, *prepare, "--save-model", model, "--save-check", check], threads=args.threads[-1])

    contenders = {OURS: [args.ours]}
    for name in args.peers:
        contenders[name] = [sys.executable, BENCH / "peers" / PEERS[name]]
    results = {
        "machine": describe(ROOT),
        "preset": args.preset,
        "segments": SEGMENTS,
        "rounds": args.rounds,
        "measurements": [
            measure(contenders, what, threads, args.rounds, ["--model", model, "--check", check])
            for what in MEASUREMENTS
            for threads in args.threads
        ],
    }
    args.output.mkdir(parents=True, exist_ok=True)
    (args.output / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (args.output / "RESULTS.md").write_text(markdown(results))
    print(markdown(results))


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    names = lambda text: [name for name in text.split(",") if name]  # noqa: E731
    parser.add_argument("--ours", type=Path, required=True, help="our program: the example bench_step")
    parser.add_argument("--preset", default="clstm")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each contender (default 7)")
    parser.add_argument("--threads", type=lambda text: [int(n) for n in names(text)], default=[1, 2])
    parser.add_argument("--peers", type=names, default=list(PEERS), help=", ".join(PEERS))
    parser.add_argument("--output", type=Path, default=BENCH, help="folder of the results")
    args = parser.parse_args()
    args.ours = args.ours.resolve()
    unknown = set(args.peers) - set(PEERS)
    if unknown or args.rounds < 1 or not args.threads:
        parser.error(f"unknown peers {sorted(unknown)}" if unknown else "--rounds and --threads: at least 1")
    return args


def measure(contenders, what, threads, rounds, files):
    """One measurement: in each round every contender takes its turn, so that drift hits all alike."""
    batch, warmup, steps = MEASUREMENTS[what]
    options = ["--what", what, "--batch", batch, "--threads", threads, "--warmup", warmup]
    options += ["--steps", steps, *files]
    turns = {name: [] for name in contenders}
    for number in range(rounds):
        for name, command in contenders.items():
            line, others = run([*command, *options], threads)
            turns[name].append(read(line, name, what, threads) | {"others_cores": others})
            best = min(turns[name][-1]["seconds"])
            print(f"{what} threads {threads} round {number + 1}/{rounds} {name}: {best:.4f} s", file=sys.stderr)
    return {"what": what, "batch": batch, "threads": threads, "contenders": turns}


def read(line, name, what, threads):
    """The contender's one line of JSON, checked to be what was asked for."""
    turn = json.loads(line)
    if (turn["what"], turn["threads"]) != (what, threads) or not turn["seconds"]:
        sys.exit(f"{name} was asked for {what} on {threads} threads and answered {line}")
    return turn


def run(command, threads):
    """Standard output of a child held to `threads` cores, and the cores that others used meanwhile."""
    variables = ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"]
    environment = os.environ | dict.fromkeys(variables, str(threads))
    others = Others()
    command = [str(part) for part in command]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment,
                             preexec_fn=lambda: hold(threads))
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{' '.join(command)} failed with status {child.returncode}")
    return output.strip(), others.cores(usage)


def hold(threads):
    """Holds this process to its cores, so that no contender helps itself to more."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


if __name__ == "__main__":
    main()
