"""What an actor does: reading the recordings of a batch, recognising them, and writing their rows."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Optional

import pyarrow
import pyarrow.fs

from ..errors import RecognitionError
from ..recognizer import Recognizer, load
from ..recordings import LARGEST_FILE
from ..results import Prediction, Predictions
from .parts import Parts, part_name

ATTEMPTS = 2
"""Attempts of a batch before its recordings are processed one by one, each in a process of its own."""

READERS = 16
"""Recordings of an object store that are read at the same time."""


@dataclass(frozen=True)
class ScoringSettings:
    """How recordings are recognised."""

    model: Optional[str] = None
    """Name of a built-in model."""
    weights: Optional[bytes] = field(default=None, repr=False)
    """Content of a model file: nodes need not have it."""
    classes: Any = None
    min_speech: float = 0.1
    strict: bool = False
    precision: str = "auto"

    def open(self) -> Recognizer:
        """Loads the model."""
        options: dict[str, Any] = {
            "min_speech": self.min_speech,
            "strict": self.strict,
            "precision": self.precision,
        }
        if self.weights is None:
            recognizer = load(self.model, **options)
        else:
            folder = tempfile.mkdtemp(prefix="clstm-model-")
            try:
                path = os.path.join(folder, "model.safetensors")
                with open(path, "wb") as file:
                    file.write(self.weights)
                recognizer = load(path, **options)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
        return recognizer if self.classes is None else recognizer.with_classes(self.classes)


class Scorer:
    """An actor of `score`: keeps a loaded model."""

    def __init__(
        self, settings: ScoringSettings, output: str, threads: int, path: str, content: Optional[str]
    ) -> None:
        # Before the first recognition: Rust then makes its threads.
        os.environ["RAYON_NUM_THREADS"] = str(threads)
        self._settings = settings
        self._recognizer = settings.open()
        self._parts = Parts(output)
        self._path = path
        self._content = content

    def __call__(self, batch: pyarrow.Table) -> pyarrow.Table:
        """Writes the rows of a batch and returns how many there are, how many have an error, and what they cost."""
        began = time.process_time()
        paths, recordings = self._recordings(batch)
        name = part_name(paths)
        if self._parts.attempts(name) < ATTEMPTS:
            predictions = recognize(self._recognizer, recordings)
        else:
            predictions = recognize_apart(self._settings.open, recordings)
        predictions = [replace(found, path=path) for found, path in zip(predictions, paths)]
        table = Predictions(predictions, self._recognizer.labels).to_arrow()
        self._parts.write(name, table)
        self._parts.finished(name)
        failed = sum(found.error is not None for found in predictions)
        seconds = sum(found.duration_s for found in predictions if found.error is None)
        cpu_s = time.process_time() - began
        return pyarrow.table(
            {"rows": [len(paths)], "failed": [failed], "audio_s": [seconds], "cpu_s": [cpu_s]}
        )

    def _recordings(self, batch: pyarrow.Table) -> tuple[list[str], list[Any]]:
        """The paths of a batch, and what is recognised for each: a path, bytes, or an error."""
        values = batch[self._path].to_pylist()
        # A column of the `datasets` library has path and bytes in one.
        paths = [str(value["path"] if isinstance(value, dict) else value) for value in values]
        if self._content is None:
            return paths, _read_all(paths)
        contents = batch[self._content].to_pylist()
        contents = [value["bytes"] if isinstance(value, dict) else value for value in contents]
        missing = RecognitionError("the row has no bytes", "empty")
        return paths, [missing if content is None else content for content in contents]


def recognize(recognizer: Recognizer, recordings: list[Any]) -> list[Prediction]:
    """A prediction for each recording; those that are errors already keep theirs."""
    readable = [item for item in recordings if not isinstance(item, Exception)]
    try:
        found = iter(recognizer.predict(readable))
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # A panic of the extension module is no Exception.
        if len(recordings) == 1:
            return [_failed("internal", f"internal error: {error}")]
        return [recognize(recognizer, [item])[0] for item in recordings]
    return [
        _failed(item.kind, item.message) if isinstance(item, RecognitionError) else next(found)
        for item in recordings
    ]


def recognize_apart(
    open_model: Callable[[], Any],
    recordings: list[Any],
    one: Callable[[Any, list[Any]], list[Prediction]] = recognize,
) -> list[Prediction]:
    """A prediction for each recording, in another process: one whose recognition ends the process has an error of kind
    `crash`."""
    results: list[Prediction] = []
    pool: Optional[ProcessPoolExecutor] = None
    for recording in recordings:
        if pool is None:
            pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _open, (open_model,))
        try:
            results.append(pool.submit(_apart, one, recording).result())
        except BrokenProcessPool:
            message = "the process ended while it recognised this recording"
            results.append(_failed("crash", message))
            pool.shutdown(wait=False)
            pool = None
    if pool is not None:
        pool.shutdown()
    return results


_model: Any = None


def _open(open_model: Callable[[], Any]) -> None:
    global _model
    _model = open_model()


def _apart(one: Callable[[Any, list[Any]], list[Prediction]], recording: Any) -> Prediction:
    return one(_model, [recording])[0]


def _failed(kind: str, message: str) -> Prediction:
    nan = float("nan")
    return Prediction(None, nan, nan, None, None, None, None, RecognitionError(message, kind))


def _read_all(paths: list[str]) -> list[Any]:
    """Paths as they are; the content of those in an object store."""
    remote = [path for path in paths if "://" in path]
    if not remote:
        return list(paths)
    with ThreadPoolExecutor(READERS) as pool:
        contents = dict(zip(remote, pool.map(_read, remote)))
    return [contents.get(path, path) for path in paths]


def _read(uri: str) -> Any:
    """The content of a URI, or an error."""
    try:
        files, path = pyarrow.fs.FileSystem.from_uri(uri)
        info = files.get_file_info(path)
        if info.is_file and info.size is not None and info.size > LARGEST_FILE:
            return RecognitionError(f"{uri} has more than {LARGEST_FILE >> 20} MiB", "too_large")
        with files.open_input_file(path) as file:
            return file.read()
    except FileNotFoundError as error:
        return RecognitionError(str(error), "not_found")
    except (OSError, pyarrow.ArrowException) as error:
        return RecognitionError(f"{uri}: {error}", "io")
