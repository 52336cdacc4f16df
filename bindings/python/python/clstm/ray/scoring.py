"""`score`: labels of many recordings, by Ray Data."""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass
from typing import Any, Callable, Iterable, Optional, Union

import pyarrow
import pyarrow.compute
import ray
import ray.data

from ..commands import _print
from ..progress import Progress
from ..recordings import is_recording, path_of, several
from ..resolve import absolute_file, model_file
from .parts import Parts
from .scorer import Scorer, ScoringSettings

LARGEST_BATCH = 1024
"""Rows of a part, at most."""

BATCHES_PER_WORKER = 8
"""Batches that each worker gets at least, where there are enough recordings."""


@dataclass(frozen=True)
class Scores:
    """The rows that a job has written."""

    output: str
    """Folder of the Parquet files."""
    rows: int
    """Rows in the folder: one for each recording."""
    scored: int
    """Rows that this call has added."""
    skipped: int
    """Recordings of this call that had a row before."""
    failed: int
    """Rows of this call with an error."""
    audio_s: float
    """Seconds of audio of this call."""
    cpu_s: float
    """Processor time of the workers for their batches, in seconds."""
    seconds: float
    """Time of this call, in seconds."""

    @property
    def files_per_second(self) -> float:
        """Recordings of this call per second."""
        return self.scored / max(self.seconds, 1e-9)

    def to_arrow(self) -> pyarrow.Table:
        """All rows as an Arrow table, with the columns of `clstm predict --format parquet`."""
        rows = Parts(self.output).dataset()
        return pyarrow.table({}) if rows is None else rows.to_table()

    def to_pandas(self) -> Any:
        """All rows as a pandas table."""
        return self.to_arrow().to_pandas()


def score(
    source: Union[Iterable[Union[str, "os.PathLike[str]"]], "ray.data.Dataset"],
    *,
    output: Union[str, "os.PathLike[str]"],
    model: Union[str, "os.PathLike[str]", None] = None,
    classes: Any = None,
    min_speech: float = 0.1,
    strict: bool = False,
    precision: str = "auto",
    path: str = "path",
    content: Optional[str] = None,
    batch_size: Optional[int] = None,
    workers: Optional[int] = None,
    num_cpus: int = 1,
    progress: Optional[bool] = None,
    log: Optional[Callable[[str], None]] = _print,
) -> Scores:
    """Labels recordings on all nodes and writes their rows as Parquet files to the folder `output`.

    `source` is paths, which all nodes see, or URIs such as `s3://bucket/a.wav`; or a Ray dataset whose column `path`
    names each recording, with its bytes in the column `content` if that is given (also a column of `datasets`, which has
    both). Each recording gets exactly one row; paths that occur twice in a list count once. A recording that cannot be
    recognised has `error_kind` and `error_message` in its row, as in the command's CSV.

    A second call with the same `output` continues: recordings with a row are skipped, also failed ones. Another model or
    other settings than those of the rows are a `ValueError`.

    `model`, `classes`, `min_speech`, `strict` and `precision` are those of `clstm.load` and `Recognizer.with_classes`.
    Each of the `workers`, by default as many as the cluster has room for, keeps a model and uses `num_cpus` threads.
    They restart after the loss of a node.
    """
    began = time.monotonic()
    dataset = source if isinstance(source, ray.data.Dataset) else None
    names = [] if dataset is not None else _paths(source)
    settings = _settings(model, classes, min_speech, strict, precision)
    output = os.fspath(output)
    if "://" not in output:
        output = os.path.abspath(output)
    if not ray.is_initialized():
        ray.init()
    parts = Parts(output)
    parts.prepare(_description(settings))
    done = parts.done()
    before = len(done)
    most_workers = workers or max(1, int(ray.cluster_resources().get("CPU", 1)) // num_cpus)

    waiting: Optional[ray.data.Dataset]
    if dataset is not None:
        total = skipped = None
        waiting = dataset
        if before:
            function: Any = _without
            arguments = (ray.put(done), path)
            waiting = dataset.map_batches(function, batch_format="pyarrow", fn_args=arguments)
        size = batch_size or LARGEST_BATCH // 4
    else:
        known = set(done.to_pylist())
        left = [name for name in names if name not in known]
        total, skipped = len(left), len(names) - len(left)
        size = batch_size or _batch_size(total, most_workers)
        # A block for each batch: what is processed again after the loss of a node is the same batch.
        blocks = max(1, math.ceil(total / size))
        waiting = ray.data.from_items(
            [{path: name} for name in left], override_num_blocks=blocks
        ) if left else None

    scored = failed = 0
    audio_s = cpu_s = 0.0
    if waiting is not None:
        summaries = waiting.map_batches(
            Scorer,
            batch_size=size,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=most_workers),
            num_cpus=num_cpus,
            fn_constructor_args=(settings, output, num_cpus, path, content),
        )
        with Progress(total, "recordings", shown=progress, log=log) as shown, _quiet(summaries):
            for row in summaries.iter_rows():
                scored += row["rows"]
                failed += row["failed"]
                audio_s += row["audio_s"]
                cpu_s += row["cpu_s"]
                shown.update(row["rows"], failed=failed)
    rows = parts.done()
    if len(rows) != len(pyarrow.compute.unique(rows)):
        raise RuntimeError(f"{output} has several rows of a recording: its paths were not unique")
    if total is not None and len(rows) != before + total:
        raise RuntimeError(f"{output} has {len(rows)} rows instead of {before + total}: call again to continue")
    if skipped is None:
        skipped = before
    return Scores(
        output=output,
        rows=len(rows),
        scored=len(rows) - before,
        skipped=skipped,
        failed=failed,
        audio_s=audio_s,
        cpu_s=cpu_s,
        seconds=time.monotonic() - began,
    )


def _paths(source: Any) -> list[str]:
    """Each path once, as text; one path is a list of it."""
    paths = [source] if is_recording(source) else several(source)
    if any(path_of(path) is None for path in paths):
        raise TypeError("source is paths: pass a Ray dataset for recordings in memory")
    return list(dict.fromkeys(map(_text, paths)))


def _text(path: Union[str, bytes, "os.PathLike[str]"]) -> str:
    """A path as text for Parquet. One that is not UTF-8 has escapes: its row has an error, the others are scored.

    >>> _text("a.wav"), _text(b"a\\xff.wav")
    ('a.wav', 'a\\\\xff.wav')
    """
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _settings(model: Any, classes: Any, min_speech: float, strict: bool, precision: str) -> ScoringSettings:
    """The settings with the content of a model file, which the nodes need not have."""
    named = None if model is None else os.fsdecode(model)
    if isinstance(classes, (str, os.PathLike)):
        classes = absolute_file(os.fsdecode(classes))
    file = None if named is None else model_file(named)
    weights = None
    if file is not None:
        named = None
        with open(file, "rb") as opened:
            weights = opened.read()
    return ScoringSettings(named, weights, classes, min_speech, strict, precision)


def _description(settings: ScoringSettings) -> dict[str, Any]:
    """What rows of one folder have in common. Opening the model also checks the settings."""
    recognizer = settings.open()
    return {
        "model": recognizer.info["name"],
        "digest": recognizer.digest,
        "labels": recognizer.labels,
        "min_speech": settings.min_speech,
        "strict": settings.strict,
        "precision": settings.precision,
    }


def _batch_size(recordings: int, workers: int) -> int:
    """Recordings of a batch: several batches for each worker, but not too many files.

    >>> _batch_size(10, 4), _batch_size(10_000, 4), _batch_size(10_000_000, 64)
    (1, 313, 1024)
    """
    return max(1, min(LARGEST_BATCH, math.ceil(recordings / (BATCHES_PER_WORKER * workers))))


def _without(batch: pyarrow.Table, done: Any, path: str) -> pyarrow.Table:
    """The rows of a batch whose recordings are not done."""
    values = batch[path]
    if pyarrow.types.is_struct(values.type):
        values = pyarrow.compute.struct_field(values, "path")
    if isinstance(done, ray.ObjectRef):
        done = ray.get(done)
    return batch.filter(pyarrow.compute.invert(pyarrow.compute.is_in(values, value_set=done)))


class _quiet:
    """Without Ray Data's own progress bars: `score` shows one."""

    def __init__(self, dataset: "ray.data.Dataset") -> None:
        self._context = dataset.context

    def __enter__(self) -> None:
        self._before = self._context.enable_progress_bars
        self._context.enable_progress_bars = False

    def __exit__(self, *_: Any) -> None:
        self._context.enable_progress_bars = self._before
