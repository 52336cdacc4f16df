"""Concurrent live streams, by `bench/serve/run.py streams`."""

import re
import subprocess
import sys
from pathlib import Path

from tables import figure, head, row

SERVE = Path(__file__).resolve().parents[1] / "serve/run.py"


def _found(pattern, text):
    """The groups of a pattern in the output of the load; blanks where it is missing."""
    found = re.search(pattern, text)
    return found.groups() if found else ("",) * re.compile(pattern).groups


def streams(args):
    """Prints a row for each number of streams."""
    columns = ("streams", "frames", "p50", "p99", "last", "CPU ms a second of a stream", "peak MiB", "MiB a stream more")
    head(f"Live streams for {args.seconds:g} s, a frame each 500 ms", *columns)
    before = None
    for count in args.streams:
        command = [sys.executable, SERVE, "streams", "--streams", count, "--seconds", args.seconds, "--clstm", args.clstm]
        # Status 1: a target is missed, which the table shows.
        load = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True)
        cpu, peak = _found(r"server: ([\d.]+) s of CPU, at most (\d+) MiB", load.stdout)
        if not cpu:
            raise SystemExit(f"{count} streams: the load has no figures\n{load.stdout}")
        p50, p99, last = _found(r"p50 (\d+ ms).* p99 (\d+ ms).* max (\d+ ms)", load.stdout)
        (frames,) = _found(r": (\d+ of \d+) frames", load.stdout)
        more = "" if before is None else figure((float(peak) - before[1]) / (count - before[0]))
        row(count, frames, p50, p99, last, figure(1000 * float(cpu) / (count * args.seconds)), peak, more)
        before = (count, float(peak))
