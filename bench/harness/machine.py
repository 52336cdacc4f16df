"""What was measured on what: the machine, the versions, and how much else the machine was doing."""

import os
import platform
import subprocess
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

# Vector extensions that the systems choose their kernels by.
EXTENSIONS = ["avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "amx_bf16", "asimd", "sve"]

# Packages that a peer is made of.
PACKAGES = ["torch", "jax", "keras", "tensorflow-cpu", "tensorflow", "onnxruntime", "openvino", "tract", "numpy"]


def describe(root: Path) -> dict:
    """The machine and the versions, as plain values."""
    return {
        "cpu": _cpu_field("model name") or platform.processor() or platform.machine(),
        "extensions": extensions(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "rustc": _output(root, "rustc", "--version"),
        "python": platform.python_version(),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
        "commit": _output(root, "git", "describe", "--always", "--dirty", "--exclude=*"),
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
    }


def extensions() -> list[str]:
    """Those of `EXTENSIONS` that the processor has."""
    flags = (_cpu_field("flags") or _cpu_field("Features")).split()
    return [extension for extension in EXTENSIONS if extension in flags]


class Busy:
    """CPU time of the machine since the start, and of it what one process did not use."""

    def __init__(self, pid: int):
        self.pid = pid
        self.clock, self.own, self.all = os.times().elapsed, _process_ticks(pid), _machine_ticks()

    def others(self) -> dict:
        """Cores used by other processes, and of them those taken by the host; empty if the system does not report it, or within one tick."""
        own, now = _process_ticks(self.pid), _machine_ticks()
        if self.own is None or own is None or self.all is None or now is None:
            return {}
        elapsed = (os.times().elapsed - self.clock) * os.sysconf("SC_CLK_TCK")
        # The clock has steps of a tick, and a turn may be shorter.
        if elapsed <= 0:
            return {}
        busy, stolen = (after - before for before, after in zip(self.all, now, strict=True))
        others = max(busy - (own - self.own), 0) / elapsed
        return {"others_cores": round(others, 3), "stolen_cores": round(stolen / elapsed, 3)}


def cpu_seconds(pid: int) -> float:
    """CPU time of all threads of a process, to the nanosecond."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def peak_mib(pid: int) -> float | None:
    """The largest resident memory of a process since `forget_peak`."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), None)


def forget_peak(pid: int) -> None:
    """Restarts the count of `peak_mib`, where the system can: what a process needed to get ready is
    no part of a step."""
    try:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    except OSError:
        pass


def _machine_ticks() -> tuple[int, int] | None:
    """Ticks of all cores since boot that were not idle, and those of them that the host took."""
    try:
        fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    except OSError:
        return None
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, fields)
    return user + nice + system + irq + softirq + steal, steal


def _process_ticks(pid: int) -> int | None:
    """Ticks that a process used, all its threads together."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[11]) + int(fields[12])


def _cpu_field(name: str) -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), "")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _output(root: Path, *command: str) -> str:
    try:
        return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
