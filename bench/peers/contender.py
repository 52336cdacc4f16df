"""What every peer shares: its command line, the check file, the clock and the line it prints."""

import argparse
import json
import resource
import time
from functools import partial

from safetensors.torch import load_file


def arguments(description):
    """The command line of a contender; `.time(step)` runs and times what it asks for."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--what", required=True, choices=["train_step", "infer_clip"])
    parser.add_argument("--batch", type=int, required=True, help="utterances")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--warmup", type=int, required=True, help="steps that are not timed")
    parser.add_argument("--steps", type=int, required=True, help="steps that are timed")
    parser.add_argument("--model", required=True, help="the model file whose weights are taken")
    parser.add_argument("--check", required=True, help="inputs and the outputs expected of them")
    args = parser.parse_args()
    args.time = partial(_time, args.warmup, args.steps)
    return args


def read_check(path):
    """segments [B,T,L], labels [B], and the logits [B,classes] that our network gives at inference."""
    return load_file(path)


def report(args, seconds, **more):
    """The one line on standard output that `run.py` reads."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # kB on Linux
    line = {
        "what": args.what,
        "batch": args.batch,
        "threads": args.threads,
        "seconds": seconds,
        "peak_mib": round(peak, 1),
    }
    print(json.dumps(line | more))


def _time(warmup, steps, step):
    for _ in range(warmup):
        step()
    seconds = []
    for _ in range(steps):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    return seconds
