"""Models and their predictions."""

from __future__ import annotations

import json
import os
from typing import Any, Iterable, Optional, Union, overload

import numpy

from ._clstm import NativeRecognizer
from ._clstm import decode as _decode
from .errors import RecognitionError
from .recordings import Recording, is_recording, native, natives, path_of, sample_rate
from .results import Damage, Prediction, Predictions, Timeline, TimelineItems
from .streaming import Stream, to_item


def decode(source: Recording, rate: int = 16_000) -> "numpy.ndarray":
    """Mono samples of a recording at `rate` Hz, float32 of full scale 1: the input of an exported ONNX graph.

    A damaged recording gives what can be decoded of it.

    >>> samples = decode("assets/sample.wav", 8_000)
    >>> samples.dtype, round(len(samples) / 8_000, 2)
    (dtype('float32'), 2.24)
    """
    return numpy.frombuffer(_decode(native(source), sample_rate(rate)), numpy.float32)


def load(
    model: Union[str, "os.PathLike[str]", None] = None,
    *,
    precision: str = "auto",
    min_speech: float = 0.1,
    strict: bool = False,
) -> "Recognizer":
    """Loads a model: a built-in one by name, a model file, or the built-in one.

    `precision` is `f32`, `bf16` or `auto`: `f32` for whole recordings, the processor's fastest for timelines and streams.
    Recordings get a label where at least the share `min_speech` of them is speech. A `strict` recognizer treats damaged
    recordings as errors.

    >>> load().labels[:3]
    ['neutral', 'happy', 'sad']
    >>> load("missing.safetensors")
    Traceback (most recent call last):
        ...
    clstm.errors.ModelError: there is no model file missing.safetensors, and the built-in ...
    """
    named = None if model is None else os.fspath(model)
    source = (named, precision, min_speech, strict)
    return Recognizer(NativeRecognizer.open(*source), source)


class Recognizer:
    """A loaded model; see `load`. Threads can share one."""

    def __init__(self, opened: NativeRecognizer, source: tuple) -> None:
        self._native = opened
        self._source = source
        self.labels: list[str] = opened.labels
        """The labels in the order of the probabilities."""

    def __repr__(self) -> str:
        return f"<clstm.Recognizer {self.info['name']!r}, {len(self.labels)} labels>"

    def __reduce__(self) -> tuple:
        return _reopen, self._source

    @property
    def info(self) -> dict[str, Any]:
        """The description in the model file: network, front end, protocol, scores, licence.

        >>> load().info["license"]
        'Open Database License 1.0; ...'
        """
        return json.loads(self._native.info)

    @property
    def digest(self) -> str:
        """SHA-256 of the model file."""
        return self._native.digest

    @property
    def sample_rate(self) -> int:
        """Sample rate of the network's input in Hz. Recordings of other rates are resampled."""
        return self._native.sample_rate

    @property
    def branch_features(self) -> list[int]:
        """Sizes of the deep features of the branches, in the order of `embed`."""
        return self._native.branch_features

    @overload
    def predict(self, source: Recording) -> Prediction: ...

    @overload
    def predict(self, source: Iterable[Recording]) -> Predictions: ...

    def predict(self, source: Any) -> Any:
        """The emotion of a recording, or of each of several.

        A recording is a path, the bytes of a file, or `(samples, rate)` with mono samples and their rate in Hz. Several are
        processed on all cores without the GIL; one that fails has an `error` and does not stop the others.

        >>> import numpy
        >>> recognizer = load()
        >>> recognizer.predict((numpy.zeros(16_000, "float32"), 16_000)).label is None
        True
        >>> with open("assets/sample.wav", "rb") as file:
        ...     recognizer.predict(file.read()).label
        'neutral'
        """
        if is_recording(source):
            row, error = self._native.recognize([native(source)])[0]
            if error is not None:
                raise _exception(error)
            return self._prediction(source, row)
        sources = _listed(source)
        outcomes = self._native.recognize(natives(sources))
        predictions = (
            self._failed(source, error) if error else self._prediction(source, row)
            for source, (row, error) in zip(sources, outcomes)
        )
        return Predictions(predictions, self.labels)

    def embed(
        self, source: Any, *, branch: Optional[int] = None, errors: str = "raise"
    ) -> "numpy.ndarray":
        """Deep features of recordings, `[n, d]` float32: a row for each recording.

        The deep feature is the input of the last linear layer, the mean over the windows of a recording. That of a model
        with several branches is the concatenation of theirs; `branch` selects one, 0 being the network's own. A recording that
        cannot be decoded raises its error, or has a row of NaN with `errors="nan"`.

        >>> recognizer = load()
        >>> recognizer.embed(["assets/sample.wav", "assets/sad.wav"]).shape
        (2, 128)
        >>> recognizer.branch_features, recognizer.embed("assets/sample.wav", branch=0).shape
        ([128], (1, 128))
        """
        if errors not in ("raise", "nan"):
            raise ValueError(f'errors is {errors!r}, not "raise" or "nan"')
        sizes = self.branch_features
        if branch is not None and not 0 <= branch < len(sizes):
            raise ValueError(f"branch is {branch}; the model has {len(sizes)}, numbered from 0")
        sources = [source] if is_recording(source) else _listed(source)
        rows = numpy.full((len(sources), sum(sizes)), numpy.nan, dtype=numpy.float32)
        outcomes = self._native.embed(natives(sources))
        for index, (source, (row, error)) in enumerate(zip(sources, outcomes)):
            if error is None:
                rows[index] = row[1]
            elif errors == "raise":
                path = path_of(source)
                kind, message = error
                raise RecognitionError(f"{path}: {message}" if path else message, kind)
        if branch is None:
            return rows
        start = sum(sizes[:branch])
        return rows[:, start : start + sizes[branch]]

    def timeline(
        self,
        source: Recording,
        *,
        hop: float = 1.0,
        window: Optional[float] = None,
        **settings: Any,
    ) -> Timeline:
        """Emotions along a recording of up to a week: a frame each `hop` seconds, joined to segments.

        `window` is the length in seconds of the audio that a frame is predicted from, by default the model's maximum. Further
        settings are the fields of the library's `StreamConfig`, such as `smoothing_s`.

        >>> timeline = load().timeline("assets/sample.wav", hop=0.5)
        >>> len(timeline.frames), timeline.frames[0].end_s
        (5, 0.5)
        """
        settings = {"hop_s": hop, "window_s": window, **settings}
        rows, duration_s, damage = self._native.timeline(native(source), json.dumps(settings))
        items = [(kind, to_item(kind, row, self.labels)) for kind, row in rows]
        segments = [item for kind, item in items if kind == "segment"]
        frames = [item for kind, item in items if kind == "frame"]
        return Timeline(
            path_of(source),
            # As in the command.
            frames[-1].end_s if frames else duration_s,
            TimelineItems(segments, self.labels),
            TimelineItems(frames, self.labels),
            _damage(damage),
        )

    def stream(
        self,
        rate: int,
        source: Optional[Iterable[Any]] = None,
        *,
        hop: float = 0.5,
        lookahead: Optional[float] = 1.0,
        **settings: Any,
    ) -> Stream:
        """Emotions in live mono audio at `rate` Hz.

        With `source`, an iterable of chunks of samples, the stream yields frames and segments as their audio arrives; without
        it, `push` chunks. A frame each `hop` seconds uses up to `lookahead` seconds behind it. Further settings are the
        fields of `StreamConfig`, such as `provisional_s` (`None` for no early frames).

        >>> import numpy
        >>> chunks = (numpy.zeros(8_000, "float32") for _ in range(4))
        >>> events = list(load().stream(16_000, chunks))
        >>> [frame.end_s for frame in events[:-1] if not frame.provisional]
        [0.5, 1.0, 1.5, 2.0]
        >>> events[-1].label is None
        True
        """
        settings = {"hop_s": hop, "lookahead_s": lookahead, **settings}
        opened = self._native.stream(sample_rate(rate), json.dumps(settings))
        return Stream(opened, self.labels, source)

    def _prediction(self, source: Any, row: Any) -> Prediction:
        duration_s, speech, label, probabilities, damage = row
        return Prediction(
            path=path_of(source),
            duration_s=duration_s,
            speech=speech,
            label=None if label is None else self.labels[label],
            confidence=None if label is None else probabilities[label],
            probabilities=None if label is None else dict(zip(self.labels, probabilities)),
            damaged=_damage(damage),
        )

    def _failed(self, source: Any, error: tuple[str, str]) -> Prediction:
        nan = float("nan")
        return Prediction(path_of(source), nan, nan, None, None, None, None, _exception(error))


def _reopen(model: Optional[str], precision: str, min_speech: float, strict: bool) -> Recognizer:
    return load(model, precision=precision, min_speech=min_speech, strict=strict)


def _listed(sources: Any) -> list:
    if isinstance(sources, tuple) or isinstance(sources, list):
        return list(sources)
    if isinstance(sources, numpy.ndarray) and sources.dtype.kind in "iuf":
        natives(sources)
    return list(sources)


def _exception(error: tuple[str, str]) -> RecognitionError:
    kind, message = error
    return RecognitionError(message, kind)


def _damage(row: Any) -> Optional[Damage]:
    return None if row is None else Damage(*row)
