"""Models and their predictions."""

from __future__ import annotations

import json
import os
from typing import Any, Callable, Iterable, Literal, Mapping, Optional, Union, overload

import numpy

from . import _clstm
from ._clstm import NativeRecognizer
from .errors import RecognitionError
from .progress import Progress
from .recordings import (
    Recording,
    is_recording,
    native,
    path_of,
    sample_rate,
    segments_text,
    several,
    with_channels,
)
from .resolve import absolute_file, model_file
from .results import (
    Damage,
    Frame,
    GivenSegment,
    GivenSegments,
    Prediction,
    Predictions,
    Segment,
    Timeline,
    TimelineItems,
)
from .settings import json_text
from .streaming import Stream, scores, to_item

Classes = Union[str, "os.PathLike[str]", Mapping[str, str]]
"""A class map: the name of a built-in one (`basic-four`, `basic-six`), a TOML file, or the class of each label."""

Channels = Union[str, int]
"""`mix` for the mean of all channels, `each`, or the number of one, from 0."""

PIECE = 32 * max(2, os.cpu_count() or 1)
"""Recordings that are converted together, between two steps of a bar."""


def decode(source: Recording, rate: int = 16_000) -> "numpy.ndarray":
    """Mono samples of a recording at `rate` Hz, float32 of full scale 1: the input of an exported ONNX graph.

    A damaged recording gives what can be decoded of it.

    >>> samples = decode("assets/sample.wav", 8_000)
    >>> samples.dtype, round(len(samples) / 8_000, 2)
    (dtype('float32'), 2.24)
    """
    content = _clstm.decode(native(source), sample_rate(rate))
    # The bytes cannot be written to.
    return numpy.frombuffer(content, numpy.float32).copy()


def models() -> list[str]:
    """The names of the built-in models, the default first.

    >>> models()
    ['multi', 'open', 'ravdess-clstm-plus']
    """
    return _clstm.models()


def load(
    model: Union[str, "os.PathLike[str]", None] = None,
    *,
    precision: str = "auto",
    min_speech: float = 0.1,
    strict: bool = False,
) -> "Recognizer":
    """Loads a model: a built-in one by name (see `models`), a model file, a folder with a `model.safetensors`, or the default one.

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
    named = None if model is None else os.fsdecode(model)
    settings = (precision, min_speech, strict)
    opened = NativeRecognizer.open(named, *settings)
    # Another process, which has another working folder, opens the same file.
    file = None if named is None else model_file(named)
    return Recognizer(opened, (named if file is None else os.path.abspath(file), *settings))


class Recognizer:
    """A loaded model; see `load`. Threads and forked processes can share one. A pickle contains the path of the model file, or the
    name of the built-in model."""

    def __init__(self, opened: NativeRecognizer, source: tuple) -> None:
        self._native = opened
        self._source = source
        self.labels: list[str] = opened.labels
        """The labels in the order of the probabilities."""
        self.dimensions: list[str] = opened.dimensions
        """The names of the continuous targets of the model, such as `arousal`; most models have none."""

    def __repr__(self) -> str:
        return f"<clstm.Recognizer {self.info['name']!r}, {len(self.labels)} labels>"

    def __reduce__(self) -> tuple:
        return _reopen, self._source

    def with_classes(self, classes: Classes) -> "Recognizer":
        """The same model with fewer classes: the probabilities of labels that count as one class are added, those of
        labels that the map leaves out are dropped, and the rest is scaled to a sum of 1.

        `classes` is the name of a built-in map, a TOML file (the command's `--classes`), or the class of each label.

        >>> load().with_classes("basic-four").labels
        ['neutral', 'happy', 'sad', 'angry']
        >>> load().with_classes({"angry": "high", "happy": "high", "sad": "low", "neutral": "low"}).labels
        ['high', 'low']
        """
        native_classes: Any
        if isinstance(classes, Mapping):
            rules = dict(classes)
            if not all(isinstance(item, str) for pair in rules.items() for item in pair):
                raise TypeError(f"classes name the class of each label, not {classes!r}; leave out the labels to drop")
            native_classes = (rules, list(dict.fromkeys(rules.values())))
        else:
            classes = native_classes = absolute_file(os.fsdecode(classes))
        return Recognizer(self._native.with_classes(native_classes), (*self._source, classes))

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

    # A path is also an iterable of strings; the first overload that fits counts.
    @overload
    def predict(
        self,
        source: Recording,
        *,
        segments: Union[str, "os.PathLike[str]", Iterable[tuple]],
        classes: Optional[Classes] = ...,
        channels: Channels = ...,
        tiers: Iterable[str] = ...,
        context: float = ...,
    ) -> GivenSegments: ...

    @overload
    def predict(  # type: ignore[overload-overlap]
        self,
        source: Recording,
        *,
        classes: Optional[Classes] = ...,
        channels: Union[Literal["mix"], int] = ...,
    ) -> Prediction: ...

    @overload
    def predict(
        self,
        source: Union[Recording, Iterable[Recording]],
        *,
        classes: Optional[Classes] = ...,
        channels: Channels = ...,
        progress: Optional[bool] = ...,
    ) -> Predictions: ...

    def predict(
        self,
        source: Any,
        *,
        classes: Optional[Classes] = None,
        channels: Channels = "mix",
        segments: Any = None,
        tiers: Iterable[str] = (),
        context: float = 0.0,
        progress: Optional[bool] = None,
    ) -> Any:
        """The emotion of a recording, or of each of several.

        A recording is a path, the bytes of a file, a file opened with mode `rb`, or `(samples, rate)` with mono samples and
        their rate in Hz. Several, of any iterable, are processed on all cores without the GIL; one that fails has an `error` and
        does not stop the others.

        >>> import numpy
        >>> recognizer = load()
        >>> recognizer.predict((numpy.zeros(16_000, "float32"), 16_000)).label is None
        True
        >>> with open("assets/sample.wav", "rb") as file:
        ...     recognizer.predict(file.read()).label
        'angry'

        `classes` merges labels, see `with_classes`. `channels` is `mix`, the number of a channel, or `each`, which returns
        a list with a prediction for each channel; samples are then `[n, channels]`.

        `segments` are parts of one recording, each recognised by itself: a file of another tool (RTTM, SRT, WebVTT,
        TextGrid, ELAN, Audacity, CSV, Whisper), whose `tiers` can be named, or a list of `(start, end)`,
        `(start, end, speaker)` or `(start, end, speaker, channel)` in seconds. Those shorter than 1.5 s also get up to
        `context` seconds of audio on each side. The result is a list of `GivenSegment`. With `channels="each"` a segment
        that has a channel is processed on that channel, and another one on every channel.

        With tqdm, a bar shows the progress of several recordings in notebooks and terminals, unless `progress=False`.
        """
        if classes is not None:
            merged: Any = self.with_classes(classes)
            return merged.predict(
                source, channels=channels, segments=segments, tiers=tiers, context=context, progress=progress
            )
        if segments is not None:
            return self._predict_segments(source, segments, channels, tiers, context)
        if channels != "mix":
            return self._predict_channels(source, channels, progress)
        if is_recording(source):
            row, error = self._native.recognize([native(source)])[0]
            if error is not None:
                raise _exception(error, source)
            return self._prediction(source, row)
        sources = several(source)
        outcomes = _in_pieces(self._native.recognize, sources, native, progress)
        predictions = (
            self._failed(source, error) if error else self._prediction(source, row)
            for source, (row, error) in zip(sources, outcomes)
        )
        return Predictions(predictions, self.labels)

    def embed(
        self,
        source: Any,
        *,
        branch: Optional[int] = None,
        errors: str = "raise",
        progress: Optional[bool] = None,
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
        sources = [source] if is_recording(source) else several(source)
        rows = numpy.full((len(sources), sum(sizes)), numpy.nan, dtype=numpy.float32)
        outcomes = _in_pieces(self._native.embed, sources, native, progress)
        for index, (source, (row, error)) in enumerate(zip(sources, outcomes)):
            if error is None:
                rows[index] = row[1]
            elif errors == "raise":
                raise _exception(error, source)
        if branch is None:
            return rows
        start = sum(sizes[:branch])
        return rows[:, start : start + sizes[branch]]

    @overload
    def timeline(
        self,
        source: Recording,
        *,
        hop: float = ...,
        window: Optional[float] = ...,
        classes: Optional[Classes] = ...,
        channels: Literal["each"],
        **settings: Any,
    ) -> list[Timeline]: ...

    @overload
    def timeline(
        self,
        source: Recording,
        *,
        hop: float = ...,
        window: Optional[float] = ...,
        classes: Optional[Classes] = ...,
        channels: Union[Literal["mix"], int] = ...,
        **settings: Any,
    ) -> Timeline: ...

    def timeline(
        self,
        source: Recording,
        *,
        hop: float = 1.0,
        window: Optional[float] = None,
        classes: Optional[Classes] = None,
        channels: Channels = "mix",
        **settings: Any,
    ) -> Any:
        """Emotions along a recording of up to a week: a frame each `hop` seconds, joined to segments.

        `window` is the length in seconds of the audio that a frame is predicted from, by default the model's maximum.
        `classes` merges labels, see `with_classes`. With `channels="each"` the result is a list with a timeline for each
        channel; `channels` may also be the number of one. Further settings are the fields of the library's
        `StreamConfig`, such as `smoothing_s`.

        >>> timeline = load().timeline("assets/sample.wav", hop=0.5)
        >>> len(timeline.frames), timeline.frames[0].end_s
        (5, 0.5)
        """
        if classes is not None:
            merged: Any = self.with_classes(classes)
            return merged.timeline(source, hop=hop, window=window, channels=channels, **settings)
        text = json_text({"hop_s": hop, "window_s": window, **settings})
        if channels == "mix":
            rows, duration_s, damage = self._native.timeline(native(source), text)
            return self._timeline(source, rows, duration_s, damage, None)
        given = with_channels(source)
        events, duration_s, damage = self._native.channel_timelines(given, str(channels), text)
        by_channel: dict[int, list] = {}
        for event in events:
            by_channel.setdefault(event[0], []).append(event)
        timelines = [
            self._timeline(source, own, duration_s, damage, number) for number, own in by_channel.items()
        ]
        return timelines if channels == "each" else timelines[0]

    def _timeline(self, source: Any, rows: Any, duration_s: float, damage: Any, channel: Optional[int]) -> Timeline:
        items = [to_item(row, self.labels, self.dimensions) for row in rows]
        segments = [item for item in items if isinstance(item, Segment)]
        frames = [item for item in items if isinstance(item, Frame)]
        return Timeline(
            path_of(source),
            # As in the command.
            frames[-1].end_s if frames else duration_s,
            TimelineItems(segments, self.labels),
            TimelineItems(frames, self.labels),
            _damage(damage),
            channel,
        )

    def stream(
        self,
        rate: int,
        source: Optional[Iterable[Any]] = None,
        *,
        hop: float = 0.5,
        lookahead: Optional[float] = 1.0,
        classes: Optional[Classes] = None,
        channels: Channels = "mix",
        **settings: Any,
    ) -> Stream:
        """Emotions in live audio at `rate` Hz, mono unless `channels` is given.

        With `source`, an iterable of chunks of samples, the stream is an iterator of frames, segments and turns; without it,
        `push` chunks. A frame each `hop` seconds uses up to `lookahead` seconds behind it. `classes` merges labels, see
        `with_classes`. With `channels`, `each` or the number of one, chunks are `[n, channels]`, and frames and segments have
        the number of their channel. Further settings are the fields of `StreamConfig`, such as `provisional_s` (`None` for no
        early frames).

        >>> import numpy
        >>> chunks = (numpy.zeros(8_000, "float32") for _ in range(4))
        >>> events = list(load().stream(16_000, chunks))
        >>> [frame.end_s for frame in events[:-1] if not frame.provisional]
        [0.5, 1.0, 1.5, 2.0]
        >>> events[-1].label is None
        True
        """
        if classes is not None:
            recognizer = self.with_classes(classes)
            return recognizer.stream(
                rate, source, hop=hop, lookahead=lookahead, channels=channels, **settings
            )
        settings = {"hop_s": hop, "lookahead_s": lookahead, **settings}
        opened = self._native.stream(sample_rate(rate), str(channels), json_text(settings))
        return Stream(opened, self.labels, self.dimensions, source, channels != "mix")

    def _predict_channels(self, source: Any, channels: Channels, progress: Optional[bool]) -> Any:
        """A prediction for each channel; of one recording and one channel the prediction itself."""
        single = is_recording(source)
        sources = [source] if single else several(source)
        outcomes = _in_pieces(
            lambda piece: self._native.recognize_channels(piece, str(channels)), sources, with_channels, progress
        )
        predictions = Predictions([], self.labels)
        for item, (rows, error) in zip(sources, outcomes):
            if error is None:
                predictions += [self._prediction(item, row, number) for number, row in rows]
            elif single:
                raise _exception(error, source)
            else:
                predictions.append(self._failed(item, error))
        return predictions[0] if single and channels != "each" else predictions

    def _predict_segments(
        self, source: Any, segments: Any, channels: Channels, tiers: Iterable[str], context: float
    ) -> GivenSegments:
        if not is_recording(source):
            raise TypeError("segments are of one recording: call predict once for each")
        if not 0.0 <= context <= 10.0:
            raise ValueError(f"context is {context}, not a number of seconds from 0 to 10")
        given = native(source) if channels == "mix" else with_channels(source)
        rows, duration_s, damage = self._native.recognize_segments(
            given,
            segments_text(segments),
            [tiers] if isinstance(tiers, str) else list(tiers),
            context,
            str(channels),
        )
        return GivenSegments(
            map(self._given_segment, rows), self.labels, path_of(source), duration_s, _damage(damage)
        )

    def _given_segment(self, row: Any) -> GivenSegment:
        (start_s, end_s, context_s), (speaker, text), (status, clipped, channel), speech, found = row
        label, confidence, probabilities, dimensions = scores(found, self.labels, self.dimensions)
        return GivenSegment(
            start_s=start_s,
            end_s=end_s,
            speaker=speaker,
            text=text,
            status=status,
            speech=speech,
            label=label,
            confidence=confidence,
            probabilities=probabilities,
            clipped=clipped,
            context_s=context_s,
            dimensions=dimensions,
            channel=channel,
        )

    def _prediction(self, source: Any, row: Any, channel: Optional[int] = None) -> Prediction:
        duration_s, speech, found, damage, reason = row
        label, confidence, probabilities, dimensions = scores(found, self.labels, self.dimensions)
        return Prediction(
            path=path_of(source),
            duration_s=duration_s,
            speech=speech,
            label=label,
            confidence=confidence,
            probabilities=probabilities,
            damaged=_damage(damage),
            channel=channel,
            dimensions=dimensions,
            reason=reason,
        )

    def _failed(self, source: Any, error: tuple[str, str]) -> Prediction:
        nan = float("nan")
        return Prediction(path_of(source), nan, nan, None, None, None, None, _exception(error, None))


def _reopen(
    model: Optional[str], precision: str, min_speech: float, strict: bool, *classes: Classes
) -> Recognizer:
    recognizer = load(model, precision=precision, min_speech=min_speech, strict=strict)
    for each in classes:
        recognizer = recognizer.with_classes(each)
    return recognizer


def _in_pieces(
    process: Callable[[list], list], sources: list, convert: Callable[[Any], Any], progress: Optional[bool]
) -> list:
    """The results of all recordings, with a bar for more than a piece of them. One piece at a time is converted and in memory."""
    results: list = []
    shown = False if len(sources) <= PIECE and not progress else progress
    with Progress(len(sources), "recordings", shown=shown) as bar:
        for start in range(0, len(sources), PIECE):
            piece = [convert(source) for source in sources[start : start + PIECE]]
            results += process(piece)
            bar.update(len(piece))
    return results


def _exception(error: tuple[str, str], source: Any) -> RecognitionError:
    """The error of a recording, with its path in front, as the command prints it."""
    kind, message = error
    path = path_of(source)
    return RecognitionError(message if path is None else f"{path}: {message}", kind)


def _damage(row: Any) -> Optional[Damage]:
    return None if row is None else Damage(*row)
