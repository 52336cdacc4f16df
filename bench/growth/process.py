"""Running a command for its time, CPU time and peak memory."""

import os
import subprocess
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """What a command took."""

    seconds: float
    # Of all its threads and of the children that it has waited for.
    cpu_seconds: float
    # Largest resident memory, in MB as `bench/timeline` prints it: MiB.
    peak_mib: float
    # Seconds to the line that was waited for, where there was one.
    line_seconds: float | None = None


def measured(command, statuses=(0,), environment=None):
    """The cost of a command whose output is thrown away."""
    start = time.monotonic()
    with open(os.devnull, "wb") as null:
        process = subprocess.Popen([str(part) for part in command], stdout=null, env=environment)
        return _waited(process, start, command, statuses)


def until_line(command, is_line, stderr=False, last=None):
    """The cost of a command up to the first line with `is_line`, and on to `last` lines of it; then the command is ended. The
    lines are those of standard output or of standard error."""
    start = time.monotonic()
    streams = {"stderr" if stderr else "stdout": subprocess.PIPE, "stdout" if stderr else "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([str(part) for part in command], text=True, **streams)
    found, line_seconds = 0, None
    with process.stderr if stderr else process.stdout as lines:
        for line in lines:
            if not is_line(line):
                continue
            found += 1
            if found == 1:
                line_seconds = time.monotonic() - start
            if found >= (last or 1):
                process.terminate()
                break
        # What follows is discarded: a full pipe would keep the command from ending.
        for _ in lines:
            pass
    if line_seconds is None:
        process.wait()
        raise SystemExit(f"{' '.join(map(str, command))}: no such line; status {process.returncode}")
    return _waited(process, start, command, None, line_seconds)


def _waited(process, start, command, statuses, line_seconds=None):
    """Waits for the end; any status where `statuses` is None."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if statuses is not None and process.returncode not in statuses:
        raise SystemExit(f"{' '.join(map(str, command))}: status {process.returncode}")
    return Cost(time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, line_seconds)
