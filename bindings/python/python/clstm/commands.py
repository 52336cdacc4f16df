"""The commands that train and evaluate as functions. Each is executed in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Callable, Iterable, Mapping, Optional, Sequence, Union

from .errors import CommandError
from .parent import environment
from .progress import TrainingProgress
from .recognizer import Recognizer, load
from .settings import json_text

PathLike = Union[str, "os.PathLike[str]"]
Log = Callable[[str], None]


def _print(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def run(*arguments: Any, log: Optional[Log] = _print) -> str:
    """Executes a command line of `clstm` and returns what it prints on standard output.

    `log` receives each message, such as the progress of a training; `None` drops them. Ctrl-C (in a notebook: Interrupt)
    lets the command save what is done, and then raises `KeyboardInterrupt`; `resume=True` continues from there. So does the end
    of this process, such as a restart of the notebook's kernel (on Linux).

    >>> print(run("inspect", "ravdess-clstm-plus").splitlines()[0])
    ravdess-clstm-plus
    >>> run("inspect", "--no-such-option", log=None)
    Traceback (most recent call last):
        ...
    clstm.errors.CommandError: error: unexpected argument '--no-such-option' found
    """
    return _execute([_text(argument) for argument in arguments], log)


def _execute(
    arguments: Sequence[str], log: Optional[Log], end: signal.Signals = signal.SIGINT
) -> str:
    """See `run`. The command receives the signal `end` when this process ends."""
    command = [sys.executable, "-m", "clstm", *arguments]
    # A session of its own: an interrupt reaches it from here alone, and once.
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
        env=environment(end),
    )
    messages: list[str] = []
    assert process.stdout is not None and process.stderr is not None
    printed, errors = process.stdout, process.stderr

    def read_messages() -> None:
        for line in errors:
            messages.append(line.rstrip("\n"))
            if log is not None:
                log(messages[-1])

    output: list[str] = []
    readers = [
        threading.Thread(target=read_messages, daemon=True),
        threading.Thread(target=lambda: output.append(printed.read()), daemon=True),
    ]
    for reader in readers:
        reader.start()
    try:
        status = process.wait()
    except BaseException:
        _interrupt(process)
        raise
    finally:
        for reader in readers:
            reader.join()
        printed.close()
        errors.close()
    if status == 0:
        return "".join(output)
    kind = "usage" if status == 2 else "failed"
    raise CommandError(_reason(messages, status), kind, status)


def _reason(messages: list[str], status: int) -> str:
    """The error: what the command prints last under its name, or the first lines of wrong usage."""
    if status == 2 and messages and messages[0].startswith("error: "):
        return messages[0]
    named = [line for line in messages if line.startswith("clstm: ")]
    return named[-1][len("clstm: ") :] if named else f"the command ended with status {status}"


def _interrupt(process: subprocess.Popen) -> None:
    """Lets the command save its work; a second interrupt ends it at once."""
    _send_interrupt(process)
    try:
        process.wait()
    except BaseException:
        _send_interrupt(process)
        process.wait()
        raise


def _send_interrupt(process: subprocess.Popen) -> None:
    # On Windows the console sends it to all of its processes.
    if sys.platform != "win32":
        process.send_signal(signal.SIGINT)


class Run:
    """The folder of a training or cross-validation."""

    def __init__(self, path: PathLike) -> None:
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"clstm.Run({str(self.path)!r})"

    def __fspath__(self) -> str:
        return str(self.path)

    @property
    def metrics(self) -> dict[str, Any]:
        """`metrics.json` of a cross-validation: the protocol, the figures of the folds, their mean."""
        return json.loads((self.path / "metrics.json").read_text(encoding="utf-8"))

    @property
    def ablation(self) -> dict[str, Any]:
        """`ablation.json` of an ablation: the protocol and the figures of the rows."""
        return json.loads((self.path / "ablation.json").read_text(encoding="utf-8"))

    @property
    def model_path(self) -> Path:
        """The model file of a training."""
        return self.path / "model.safetensors"

    def load(self, **options: Any) -> Recognizer:
        """The model of a training; see `clstm.load`."""
        return load(self.model_path, **options)


def train(*, progress: Optional[bool] = None, log: Optional[Log] = _print, **options: Any) -> Run:
    """`clstm train` with the options of the command, such as
    `train(corpus="ravdess", data="data/ravdess", preset="clstm", output="runs/all", epochs=50)`.

    A list repeats an option, `True` is an option without a value, and `set={"batch": 16}` changes settings. With tqdm, a bar
    shows the epochs in notebooks and terminals; `progress=False` prints lines instead.
    """
    _training("train", progress, log, options)
    return Run(options["output"])


def cross_validate(
    *, on: str = "local", progress: Optional[bool] = None, log: Optional[Log] = _print, **options: Any
) -> Run:
    """`clstm cross-validate` with the options of the command, as `train` takes them, and `split`, `folds`, `fold`.

    `cross_validate(...).metrics["mean"]["ua"]` is the unweighted accuracy. With `on="ray"` each fold is a task on a Ray cluster,
    with `num_cpus` threads; all nodes must see the folder `output`, and the number of `folds` must be given.
    """
    if _is_ray(on):
        from .ray import cross_validate as on_ray

        return on_ray(log=log, **options)
    _training("cross-validate", progress, log, options)
    return Run(options["output"])


def ablate(
    *, on: str = "local", progress: Optional[bool] = None, log: Optional[Log] = _print, **options: Any
) -> Run:
    """`clstm ablate`: the rows of the paper's Table 1, with the options of the command. `ablate(...).ablation` is the table.

    `on="ray"` is that of `cross_validate`.
    """
    if _is_ray(on):
        from .ray import ablate as on_ray

        return on_ray(log=log, **options)
    _training("ablate", progress, log, options)
    return Run(options["output"])


def _is_ray(on: str) -> bool:
    if on not in ("local", "ray"):
        raise ValueError(f'on is {on!r}, not "local" or "ray"')
    return on == "ray"


def _training(
    command: str, progress: Optional[bool], log: Optional[Log], options: Mapping[str, Any]
) -> None:
    """Executes a command that trains, with a bar of its epochs. A `log` of the caller's receives all messages instead."""
    if progress is None and log is not _print:
        progress = False
    shown = TrainingProgress(log, shown=progress)
    try:
        run(command, *_arguments(options), log=shown)
    finally:
        shown.close()


def evaluate(run_folder: Optional[PathLike] = None, *, log: Optional[Log] = _print, **options: Any) -> Any:
    """`clstm evaluate`: the figures of a model on a labelled corpus, as the command prints them with `--format json`.

    With the folder of a cross-validation, its folds are tested again, and the result is the new `Run` in `output`.
    """
    if run_folder is not None:
        run("evaluate", run_folder, *_arguments(options), log=log)
        return Run(options["output"])
    printed = run("evaluate", "--format", "json", *_arguments(options), log=log)
    if options.get("output") is not None:
        printed = Path(options["output"]).read_text(encoding="utf-8")
    return json.loads(printed)


def report(*runs: PathLike, log: Optional[Log] = _print, **options: Any) -> Path:
    """`clstm report`: tables and figures of runs in the folder `output`, whose `report.html` it returns."""
    run("report", *runs, *_arguments(options), log=log)
    return Path(options["output"]) / "report.html"


def _arguments(options: Mapping[str, Any]) -> list[str]:
    """Options of a command.

    >>> _arguments({"fold_seed": 1, "resume": True, "force": False, "set": {"batch": 16}, "data": ["a", "b"]})
    ['--fold-seed=1', '--resume', '--set=batch=16', '--data=a', '--data=b']
    """
    arguments = []
    for name, value in options.items():
        option = "--" + name.replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            arguments.append(option)
        elif isinstance(value, Mapping):
            arguments += [f"{option}={key}={_setting(item)}" for key, item in value.items()]
        elif isinstance(value, Iterable) and not isinstance(value, (str, bytes, os.PathLike)):
            arguments += [f"{option}={_text(item)}" for item in value]
        else:
            arguments.append(f"{option}={_text(value)}")
    return arguments


def _text(value: Any) -> str:
    return os.fsdecode(value) if isinstance(value, (bytes, os.PathLike)) else str(value)


def _setting(value: Any) -> str:
    """A value of `--set`, in TOML."""
    return value if isinstance(value, str) else json_text(value)
