"""A process that ends with its parent, on Linux.

A command has a session of its own, so that Ctrl-C does not reach it twice. Without more, a training would therefore continue
when the kernel of its notebook is restarted, and keep the lock of its folder.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_VARIABLE = "CLSTM_PARENT"

_SET_PARENT_DEATH_SIGNAL = 1


def environment(end: signal.Signals) -> dict[str, str]:
    """The environment of a child that receives the signal `end` when this process ends."""
    return {**os.environ, _VARIABLE: f"{os.getpid()} {int(end)}"}


def end_with_parent() -> None:
    """In the child: requests the signal. Other processes that it starts do not inherit this."""
    parent, end = os.environ.pop(_VARIABLE, "0 0").split()
    if parent == "0" or sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_SET_PARENT_DEATH_SIGNAL, int(end))
    # It may have ended before.
    if os.getppid() != int(parent):
        os.kill(os.getpid(), int(end))
