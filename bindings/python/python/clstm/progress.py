"""Progress of batches and trainings: tqdm's bar in notebooks and terminals, or lines of text."""

from __future__ import annotations

import re
import sys
import time
from types import TracebackType
from typing import Any, Callable, Optional, Type

Log = Callable[[str], None]

LINES_EVERY_S = 10.0
"""Time between two lines of progress where there is no bar."""


class Progress:
    """Counts what is done of `total`. With `shown=None` a bar appears on a terminal or in a notebook.

    >>> lines = []
    >>> with Progress(3, "files", shown=False, log=lines.append) as progress:
    ...     progress.update(3)
    >>> lines[0].startswith("3 of 3 files")
    True
    """

    def __init__(
        self,
        total: Optional[int],
        unit: str,
        *,
        shown: Optional[bool] = None,
        log: Optional[Log] = None,
    ) -> None:
        self.total = total
        self.unit = unit
        self.done = 0
        self._began = self._reported = time.monotonic()
        self._log = log
        self._bar = _bar(total, unit) if _is_shown(shown) else None

    def update(self, count: int, **notes: Any) -> None:
        """Adds `count`; `notes` are shown behind the bar."""
        self.done += count
        if self._bar is not None:
            if notes:
                self._bar.set_postfix(notes, refresh=False)
            self._bar.update(count)
        elif time.monotonic() - self._reported >= LINES_EVERY_S:
            self._line(notes)

    def rate(self) -> float:
        """What was done each second."""
        return self.done / max(time.monotonic() - self._began, 1e-9)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        if self._bar is not None:
            self._bar.close()
        elif kind is None:
            self._line({})

    def _line(self, notes: Any) -> None:
        self._reported = time.monotonic()
        if self._log is None:
            return
        of = "" if self.total is None else f" of {self.total}"
        more = "".join(f", {value} {name}" for name, value in notes.items())
        rate = self.rate()
        left = ""
        if self.total is not None and rate > 0.0 and self.done < self.total:
            left = f", {(self.total - self.done) / rate:.0f} s left"
        self._log(f"{self.done}{of} {self.unit}{more}, {rate:.1f}/s{left}")


class TrainingProgress:
    """A bar of the epochs of a training, moved by the messages of the command."""

    _EPOCH = re.compile(r"\bepoch (\d+)/(\d+):")
    _FOLD = re.compile(r"\bfold (\d+)/(\d+)\b")

    def __init__(self, log: Optional[Log], *, shown: Optional[bool] = None) -> None:
        self._log = log
        self._shown = _is_shown(shown)
        self._bar: Any = None
        self._fold: Optional[str] = None

    def __call__(self, line: str) -> None:
        """Receives a message. Those of epochs move the bar, the others are passed on."""
        epoch = self._EPOCH.search(line) if self._shown else None
        if epoch is None:
            if self._log is not None:
                self._log(line)
            return
        fold = self._FOLD.search(line)
        name = f"fold {fold.group(1)}/{fold.group(2)}" if fold else "training"
        number, total = int(epoch.group(1)), int(epoch.group(2))
        if name != self._fold:
            self.close()
            self._fold, self._bar = name, _bar(total, "epochs", name)
        self._bar.update(number - self._bar.n)
        self._bar.set_postfix_str(line.split(": ", 1)[-1].split(", train", 1)[0], refresh=True)

    def close(self) -> None:
        """Ends the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _is_shown(shown: Optional[bool]) -> bool:
    """Whether a bar appears; asking for one without tqdm is an error."""
    if shown is False:
        return False
    try:
        import tqdm.auto  # noqa: F401
    except ImportError:
        if shown:
            raise ImportError("progress=True needs tqdm: pip install tqdm") from None
        return False
    return bool(shown) or sys.stderr.isatty() or _is_notebook()


def _is_notebook() -> bool:
    shell = sys.modules.get("IPython")
    shell = shell and shell.get_ipython()
    return shell is not None and type(shell).__name__ == "ZMQInteractiveShell"


def _bar(total: Optional[int], unit: str, name: Optional[str] = None) -> Any:
    from tqdm.auto import tqdm

    return tqdm(total=total, unit=f" {unit}", desc=name, file=sys.stderr, dynamic_ncols=True)
