"""One system at work: a child process that does nothing until its turn comes."""

import json
import os
import selectors
import signal
import subprocess
from pathlib import Path

from .machine import Busy, cpu_seconds, forget_peak, peak_mib

# The environment of each process limits the threads of its libraries.
THREAD_VARIABLES = ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"]


# Seconds to get ready (a compiler may be at work) and to take a turn. Far more than either needs: on a busy
# machine the barriers of some libraries make a step take minutes, and a run must end.
READY_LIMIT = 900
TURN_LIMIT = 120


class Failed(Exception):
    """A system did not get ready or did not respond; the text contains its output."""


class Worker:
    """A system that is ready. Between its turns it is stopped, so that no idle thread of it spins."""

    def __init__(self, command: list, threads: int, log: Path, environment: dict[str, str]):
        self.log = log
        with log.open("w") as errors:
            self.child = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment_of(threads) | environment,
                preexec_fn=lambda: hold(threads),
            )
        try:
            self.ready = self._receive(READY_LIMIT)["ready"]
        except BaseException:
            self.close()
            raise
        forget_peak(self.child.pid)
        self._send(signal.SIGSTOP)

    def turn(self, warmup: int, steps: int, clock: str = "wall") -> dict:
        """The seconds of its steps, and how busy the machine was with other things. By the clock `cpu` it is the CPU time of the
        whole turn by its steps, warm-up included."""
        self._send(signal.SIGCONT)
        busy, cpu = Busy(self.child.pid), cpu_seconds(self.child.pid)
        try:
            self.child.stdin.write(f"{warmup} {steps}\n")
            self.child.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended: its response will be missing
        response = self._receive(TURN_LIMIT) | busy.others()
        if len(response["seconds"]) != steps:
            raise Failed(f"expected the times of {steps} steps, got {response}")
        if clock == "cpu":
            response["wall_seconds"] = response["seconds"]
            response["seconds"] = [(cpu_seconds(self.child.pid) - cpu) / (warmup + steps)]
        self._send(signal.SIGSTOP)
        return response

    def peak_mib(self) -> float | None:
        """The largest resident memory since it was ready."""
        return peak_mib(self.child.pid)

    def close(self) -> None:
        """Ends the child."""
        self.child.kill()
        self.child.wait()
        for pipe in (self.child.stdin, self.child.stdout):
            pipe.close()

    def _receive(self, limit: float) -> dict:
        """The next line, which is a whole one as soon as there is anything to read."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.child.stdout, selectors.EVENT_READ)
            if not selector.select(limit):
                raise Failed(f"gave no response within {limit} s")
        line = self.child.stdout.readline()
        if line:
            return json.loads(line)
        status = self.child.wait()
        output = self.log.read_text(errors="replace").strip().splitlines()
        raise Failed(f"ended with status {status}: {output[-1] if output else 'no output'}")

    def _send(self, sent: signal.Signals) -> None:
        if self.child.poll() is None:
            os.kill(self.child.pid, sent)


def environment_of(threads: int) -> dict[str, str]:
    """The environment of a program with the given number of threads."""
    return os.environ | dict.fromkeys(THREAD_VARIABLES, str(threads))


def hold(threads: int) -> None:
    """Holds this process to as many cores as it has threads, so that it helps itself to no more."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
