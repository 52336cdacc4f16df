"""Runs a plan: systems take turns, and their results are kept as plain values."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .systems import OURS, System
from .networks import Files, Network, prepare
from .plan import Layers, Measurement
from .worker import Failed, Worker, environment_of, hold


@dataclass
class Bench:
    """Where things are, and how much is asked for."""

    ours: Path
    work: Path
    rounds: int
    families: list[str]
    quick: bool
    clock: str = "wall"

    def __post_init__(self):
        self.work.mkdir(parents=True, exist_ok=True)
        self.networks: dict[str, Network] = {}
        self.written: dict[tuple[str, int], Files] = {}

    def files(self, network: Network, batch: int) -> Files:
        """A network's files, written once a run."""
        key = (network.name, batch)
        if key not in self.written:
            self.networks[network.name] = network
            self.written[key] = prepare(self.ours, network, batch, self.work)
        return self.written[key]

    def measure(self, work: Measurement) -> dict:
        """One measurement: in each round every system takes its turn, so that drift hits all alike."""
        found, left_out, workers = {}, {}, {}
        systems = [system for system in work.systems if system.family in self.families]
        lacking = [s for s in systems if not s.runs_here()]

        def leave_out(name: str, failure: Failed) -> None:
            left_out[name] = str(failure)
            found.pop(name, None)
            if name in workers:
                workers.pop(name).close()
            print(f"{work.label}: {name} {failure}", file=sys.stderr)

        try:
            for system in (s for s in systems if s not in lacking):
                try:
                    workers[system.name] = self._start(system, work)
                    found[system.name] = _described(system, workers[system.name].ready)
                except Failed as failure:
                    leave_out(system.name, failure)
            for number in range(self.rounds):
                for name in list(workers):
                    try:
                        turn = workers[name].turn(*self._steps(work), self.clock)
                    except Failed as failure:
                        leave_out(name, failure)
                        continue
                    found[name]["turns"].append(turn)
                    best = 1000 * min(turn["seconds"])
                    place = f"round {number + 1}/{self.rounds}"
                    print(f"{work.label} {place} {name}: {best:.2f} ms", file=sys.stderr)
            for name, worker in workers.items():
                found[name]["peak_mib"] = worker.peak_mib()
        finally:
            for worker in workers.values():
                worker.close()
        return {
            "group": work.group,
            "what": work.what,
            "batch": work.batch,
            "threads": work.threads,
            "network": work.network.name if work.network else None,
            "varied": work.varied,
            "systems": found,
            "left_out": left_out,
            "not_run": {s.name: f"the processor has none of {', '.join(s.needs)}" for s in lacking},
        }

    def layers(self, work: Layers) -> dict:
        """Time by layer, as our program finds it."""
        files = self.files(work.network, work.batch)
        command = [self.ours, "layers", "--what", work.what, "--batch", work.batch]
        command += ["--threads", work.threads, "--precision", work.precision]
        command += ["--model", files.model, "--check", files.check, "--preset", work.network.preset]
        command += ["--steps", 1 if self.quick else 5 if work.what == "train_step" else 50]
        child = subprocess.run(
            [str(part) for part in command],
            capture_output=True,
            text=True,
            env=environment_of(work.threads),
            preexec_fn=lambda: hold(work.threads),
        )
        found = {
            "what": work.what,
            "batch": work.batch,
            "threads": work.threads,
            "precision": work.precision,
            "network": work.network.name,
        }
        if child.returncode != 0:
            output = child.stderr.strip().splitlines()
            return found | {"parts": [], "failed": output[-1] if output else "without a word"}
        return found | {"parts": json.loads(child.stdout)}

    def _steps(self, work: Measurement) -> tuple[int, int]:
        """Steps of a turn before the clock starts and on the clock."""
        return (1, 1) if self.quick else (work.warmup, work.steps)

    def _start(self, system: System, work: Measurement) -> Worker:
        command = system.command(self.ours)
        command += ["--what", work.what, "--batch", work.batch, "--threads", work.threads]
        if work.network:
            files = self.files(work.network, work.batch)
            command += ["--model", files.model, "--check", files.check]
            if work.what == "recognize":
                command += ["--onnx", files.onnx]
        log = self.work / f"{work.label} {system.name}.log".replace(" ", "-")
        # Compiled code is kept from run to run.
        environment = {"TORCHINDUCTOR_CACHE_DIR": str(self.work / "inductor")}
        return Worker(command, work.threads, log, environment)


def _described(system: System, ready: dict) -> dict:
    """What is known of a system before its first turn."""
    return {"family": system.family, "precision": system.precision, **ready, "turns": []}


def all_left_out(results: dict) -> list[str]:
    """Every system that gave no times, and why."""
    failures = [
        f"{m['what']}, {m['network'] or 'no network'}, batch {m['batch']}, {m['threads']} threads: {name} {reason}"
        for m in results["measurements"]
        for name, reason in m["left_out"].items()
    ]
    return failures + [
        f"layers of {work['what']} in {work['precision']}: {OURS} {work['failed']}"
        for work in results["layers"]
        if "failed" in work
    ]
