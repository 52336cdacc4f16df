"""`cross_validate` and `ablate`: folds as Ray tasks.

A task executes the command with `--fold` and `--resume` in the folder of the run, which all nodes must see. A fold that is
begun again, because its node was lost, continues from its checkpoint. The figures are those of one machine.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any, Callable, Mapping, Optional

import ray

from ..commands import Run, _arguments, _execute, _print
from ..errors import CommandError
from ..progress import Progress

Log = Callable[[str], None]

RETRIES = 20
"""How often a fold is begun again after the loss of its worker."""

_PATHS = ("output", "data", "config", "init", "teacher", "label_map")
"""Options that may be paths."""


def cross_validate(*, log: Optional[Log] = _print, **options: Any) -> Run:
    """`clstm.cross_validate` with each fold as a Ray task; see `clstm.cross_validate(on="ray")`."""
    return _folds("cross-validate", ("recipe.json", "seeds.json", "model.safetensors"), log, options)


def ablate(*, log: Optional[Log] = _print, **options: Any) -> Run:
    """`clstm.ablate` with each fold of all rows as a Ray task; see `clstm.ablate(on="ray")`."""
    return _folds("ablate", ("ablation.json", "recipe.json", "model.safetensors"), log, options)


def _folds(command: str, signs: tuple[str, ...], log: Optional[Log], options: Mapping[str, Any]) -> Run:
    """Trains the folds and collects them, which trains nothing."""
    num_cpus = options.get("num_cpus", 1)
    options = {name: value for name, value in options.items() if name not in ("num_cpus", "progress")}
    folds = _count(options)
    options = {**options, **{name: _absolute(options[name]) for name in _PATHS if name in options}}
    output, resume = Path(options["output"]), options.pop("resume", False)
    if not resume and any((output / sign).exists() for sign in signs):
        message = f"{output} holds a run already: resume=True continues it, or choose another output"
        raise CommandError(message, "failed", 1)
    if not ray.is_initialized():
        ray.init()
    arguments = _arguments({**options, "resume": True})
    task = ray.remote(_fold).options(num_cpus=num_cpus, max_retries=RETRIES)
    waiting = {
        task.remote(command, [*arguments, f"--fold={fold}", f"--threads={num_cpus}", "--no-tui"], log is not None): fold
        for fold in range(1, folds + 1)
    }
    failures: list[tuple[int, str]] = []
    with Progress(folds, "folds", shown=None, log=log) as progress:
        while waiting:
            finished, _ = ray.wait(list(waiting), num_returns=1)
            fold = waiting.pop(finished[0])
            reason = ray.get(finished[0])
            if reason is not None:
                failures.append((fold, reason))
            progress.update(1)
    if failures:
        listed = "; ".join(f"fold {fold}: {reason}" for fold, reason in sorted(failures))
        raise CommandError(f"{len(failures)} of {folds} folds failed: {listed}", "failed", 1)
    _execute([command, *arguments, "--no-tui"], log)
    return Run(output)


def _count(options: Mapping[str, Any]) -> int:
    for name in ("fold", "seeds", "jobs"):
        if options.get(name) is not None:
            raise ValueError(f'on="ray" makes the tasks itself: leave {name} out')
    folds = options.get("folds")
    if isinstance(folds, bool) or not isinstance(folds, int) or folds < 1:
        raise ValueError('on="ray" needs the number of folds, such as folds=5')
    return folds


def _fold(command: str, arguments: list[str], logged: bool) -> Optional[str]:
    """Executes the command in a worker, and returns why it failed."""
    try:
        # The fold is begun again elsewhere when this worker has ended, and needs the lock of the run.
        _execute([command, *arguments], _print if logged else None, end=signal.SIGKILL)
    except CommandError as error:
        return error.message
    return None


def _absolute(value: Any) -> Any:
    """Paths as workers see them, whose working folder is another one."""
    if isinstance(value, (list, tuple)):
        return [_absolute(item) for item in value]
    if isinstance(value, os.PathLike) or (isinstance(value, str) and os.path.exists(value)):
        return os.path.abspath(value)
    return value
