"""What was measured on what: the machine, the versions, and how much else the machine was doing."""

import os
import platform
import subprocess
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

# Vector extensions that the contenders choose their kernels by.
EXTENSIONS = ["avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "amx_bf16"]


def describe(root):
    """The machine and the versions, as plain values."""
    return {
        "cpu": _cpu_field("model name") or platform.processor() or platform.machine(),
        "extensions": [e for e in EXTENSIONS if e in _cpu_field("flags").split()],
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "rustc": _output(root, "rustc", "--version"),
        "python": platform.python_version(),
        "torch": version("torch"),
        "commit": _output(root, "git", "describe", "--always", "--dirty", "--exclude=*"),
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
    }


class Others:
    """CPU time that everybody else used, in cores: busy time of the machine less that of one child."""

    def __init__(self):
        self.clock, self.busy = os.times().elapsed, _busy_seconds()

    def cores(self, usage):
        """Since the start, given the child's resource usage; None where the system does not tell."""
        if self.busy is None:
            return None
        elapsed = os.times().elapsed - self.clock
        others = _busy_seconds() - self.busy - usage.ru_utime - usage.ru_stime
        return max(others / elapsed, 0.0)


def _busy_seconds():
    """CPU seconds of all cores since boot that were not idle, or None."""
    try:
        fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    except OSError:
        return None
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, fields)
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def _cpu_field(name):
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), "")


def _output(root, *command):
    try:
        return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
