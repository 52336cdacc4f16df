"""Results as dataclasses, and lists of them as tables."""

from __future__ import annotations

import importlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Iterable, List, Optional, SupportsIndex, TypeVar, overload

from .errors import RecognitionError

if TYPE_CHECKING:
    import pandas
    import pyarrow


@dataclass(frozen=True)
class Damage:
    """What is missing of a recording."""

    message: str
    """The first damage, in words."""
    missing_s: float
    """Seconds that are missing, as far as the file shows; 0 if it does not."""
    at_s: Optional[float]
    """Second at which the first damage was found."""


@dataclass(frozen=True)
class Prediction:
    """The emotion of a recording, or why there is none.

    >>> import clstm
    >>> prediction = clstm.load().predict("assets/sample.wav")
    >>> prediction.label, round(prediction.duration_s, 2)
    ('angry', 2.24)
    >>> prediction.confidence == max(prediction.probabilities.values())
    True
    """

    path: Optional[str]
    """Path of the recording; `None` for bytes and samples."""
    duration_s: float
    """Length of the recording in seconds."""
    speech: float
    """Share of the recording that is speech, 0 to 1."""
    label: Optional[str]
    """The most probable label; `None` without speech."""
    confidence: Optional[float]
    """Its probability."""
    probabilities: Optional[dict[str, float]]
    """Probabilities of all labels; they sum to 1."""
    damaged: Optional[Damage] = None
    """What is missing of a damaged recording."""
    error: Optional[RecognitionError] = None
    """Why the recording of a list could not be recognised; the other fields are then empty."""
    channel: Optional[int] = None
    """Number of the channel, from 0; `None` for the mean of all."""
    dimensions: Optional[dict[str, float]] = None
    """Continuous targets, such as arousal, of a model that has them."""
    reason: Optional[str] = None
    """Why there is no label: `silent`, `no_speech` or `too_short`."""


_TEXTS = ("path", "label", "reason", "damaged", "error_kind", "error_message", "speaker", "text", "status")
"""Columns of text in tables."""


_Item = TypeVar("_Item", bound=Any)
_Own = TypeVar("_Own", bound="_Table")


class _Table(List[_Item]):
    """A list with a table of its items. A slice is such a list, too."""

    def __init__(self, items: Iterable[_Item], labels: list[str]) -> None:
        super().__init__(items)
        self.labels = labels

    @overload
    def __getitem__(self, index: SupportsIndex) -> _Item: ...

    @overload
    def __getitem__(self: _Own, index: slice) -> _Own: ...

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        if not isinstance(index, slice):
            return found
        part = type(self).__new__(type(self))
        part.__dict__.update(self.__dict__)
        part.extend(found)
        return part

    def columns(self) -> dict[str, list]:
        """The table by columns."""
        raise NotImplementedError

    def to_pandas(self) -> "pandas.DataFrame":
        """A pandas table with a row for each item; needs `pip install pandas`."""
        return _import("pandas", "to_pandas").DataFrame(self.columns())

    def to_arrow(self) -> "pyarrow.Table":
        """An Arrow table with a row for each item; needs `pip install pyarrow`."""
        arrow = _import("pyarrow", "to_arrow")
        types = dict.fromkeys(_TEXTS, arrow.string())
        types.update(channel=arrow.int64(), clipped=arrow.bool_())
        columns = self.columns().items()
        return arrow.table(
            {name: arrow.array(values, types.get(name, arrow.float64())) for name, values in columns}
        )

    def _channels(self) -> dict[str, list]:
        """A column of the channels where there are any."""
        if all(item.channel is None for item in self):
            return {}
        return {"channel": [item.channel for item in self]}

    def _probabilities(self) -> dict[str, list]:
        """A column for each label."""
        return {
            f"p_{label}": [(item.probabilities or {}).get(label) for item in self]
            for label in self.labels
        }

    def _dimensions(self) -> dict[str, list]:
        """A column for each continuous target."""
        names = next((list(item.dimensions) for item in self if item.dimensions), [])
        return {
            f"dim_{name}": [(item.dimensions or {}).get(name) for item in self] for name in names
        }


def _import(package: str, method: str) -> Any:
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise ImportError(f"{method} needs {package}: pip install {package}") from error


class Predictions(_Table[Prediction]):
    """Predictions of several recordings, in the order given. The columns of tables are those of `clstm predict --format csv`.

    >>> import clstm
    >>> predictions = clstm.load().predict(["assets/sample.wav", "missing.wav"])
    >>> predictions[0].label, predictions[1].error.kind
    ('angry', 'not_found')
    >>> list(predictions.to_pandas().columns)[:5]
    ['path', 'duration_s', 'speech', 'label', 'confidence']
    """

    def columns(self) -> dict[str, list]:
        def number(item: Prediction, value: float) -> Optional[float]:
            return None if item.error or math.isnan(value) else value

        return {
            "path": [item.path for item in self],
            **self._channels(),
            "duration_s": [number(item, item.duration_s) for item in self],
            "speech": [number(item, item.speech) for item in self],
            "label": [item.label for item in self],
            "confidence": [item.confidence for item in self],
            **self._probabilities(),
            **self._dimensions(),
            "reason": [item.reason for item in self],
            "damaged": [item.damaged and item.damaged.message for item in self],
            "error_kind": [item.error and item.error.kind for item in self],
            "error_message": [item.error and item.error.message for item in self],
        }


@dataclass(frozen=True)
class _Interval:
    start_s: float
    """Start in seconds of the recording or stream."""
    end_s: float
    label: Optional[str]
    """`None` without speech."""
    confidence: Optional[float]
    """The probability of the label."""
    probabilities: Optional[dict[str, float]]
    channel: Optional[int] = None
    """Number of the channel, from 0; `None` for the mean of all."""
    dimensions: Optional[dict[str, float]] = None
    """Continuous targets of a model that has them."""


@dataclass(frozen=True)
class Segment(_Interval):
    """An interval of one label, or without speech. Confidence, probabilities and continuous targets are means over it."""


@dataclass(frozen=True)
class Frame:
    """The prediction for one hop."""

    start_s: float
    end_s: float
    speech: float
    """Share of the frame that is speech, 0 to 1."""
    label: Optional[str]
    """`None` without speech."""
    confidence: Optional[float]
    probabilities: Optional[dict[str, float]]
    """Smoothed over the frames before."""
    provisional: bool = False
    """Whether a frame of the same times follows and replaces this one."""
    channel: Optional[int] = None
    """Number of the channel, from 0; `None` for the mean of all."""
    dimensions: Optional[dict[str, float]] = None
    """Continuous targets of a model that has them, smoothed over the frames before."""


@dataclass(frozen=True)
class Turn(_Interval):
    """The prediction for a turn of speech in a stream, after it has ended. It replaces those of its frames, some of which may
    follow."""


class TimelineItems(_Table[_Item]):
    """Segments or frames, first to last."""

    def columns(self) -> dict[str, list]:
        columns = {
            "start_s": [item.start_s for item in self],
            "end_s": [item.end_s for item in self],
        }
        if any(isinstance(item, Frame) for item in self):
            columns["speech"] = [getattr(item, "speech", None) for item in self]
        columns["label"] = [item.label for item in self]
        columns["confidence"] = [item.confidence for item in self]
        return {**self._channels(), **columns, **self._probabilities(), **self._dimensions()}


@dataclass(frozen=True)
class Timeline:
    """Emotions along a recording.

    >>> import clstm
    >>> timeline = clstm.load().timeline("assets/sample.wav")
    >>> [(segment.start_s, segment.label) for segment in timeline.segments]
    [(0.0, 'angry')]
    """

    path: Optional[str]
    duration_s: float
    segments: TimelineItems[Segment]
    frames: TimelineItems[Frame]
    damaged: Optional[Damage] = None
    channel: Optional[int] = None
    """Number of the channel, from 0; `None` for the mean of all."""

    def to_pandas(self) -> "pandas.DataFrame":
        """The segments as a pandas table."""
        return self.segments.to_pandas()

    def to_arrow(self) -> "pyarrow.Table":
        """The segments as an Arrow table."""
        return self.segments.to_arrow()


@dataclass(frozen=True)
class GivenSegment:
    """A segment that was given, and the emotion in it."""

    start_s: float
    end_s: float
    speaker: Optional[str]
    text: Optional[str]
    status: str
    """`ok`, `no_speech`, `too_short` or `outside`."""
    speech: float
    """Share of the segment that is speech, 0 to 1."""
    label: Optional[str]
    """`None` unless the status is `ok`."""
    confidence: Optional[float]
    probabilities: Optional[dict[str, float]]
    clipped: bool = False
    """Whether the segment ends after the recording."""
    context_s: float = 0.0
    """Seconds of audio around the segment that its prediction used."""
    dimensions: Optional[dict[str, float]] = None
    """Continuous targets of a model that has them."""
    channel: Optional[int] = None
    """Number of the channel, from 0; `None` for the mean of all."""


class GivenSegments(_Table[GivenSegment]):
    """Segments in the order given. The columns of tables are those of `clstm predict --segments FILE --format csv`.

    >>> import clstm
    >>> segments = clstm.load().predict("assets/sample.wav", segments=[(0.2, 1.9, "anna"), (2.0, 2.1)])
    >>> [(segment.speaker, segment.status) for segment in segments]
    [('anna', 'ok'), (None, 'too_short')]
    >>> list(segments.speakers())
    ['anna']
    """

    def __init__(
        self,
        items: Iterable[GivenSegment],
        labels: list[str],
        path: Optional[str],
        duration_s: float,
        damaged: Optional[Damage],
    ) -> None:
        super().__init__(items, labels)
        self.path = path
        self.duration_s = duration_s
        """Length of the recording in seconds."""
        self.damaged = damaged

    def columns(self) -> dict[str, list]:
        fields = ("start_s", "end_s", "speaker", "text", "status", "clipped", "context_s", "speech", "label", "confidence")
        return {
            "path": [self.path] * len(self),
            **self._channels(),
            **{name: [getattr(item, name) for item in self] for name in fields},
            **self._probabilities(),
            **self._dimensions(),
        }

    def speakers(self, channel: Optional[int] = None) -> dict[Optional[str], dict[str, float]]:
        """The mean probabilities of each speaker, weighted by the lengths of the segments: of all channels, or of one."""
        totals: dict[Optional[str], dict[str, float]] = {}
        lengths: dict[Optional[str], float] = {}
        for item in self:
            if item.probabilities is None or channel not in (None, item.channel):
                continue
            length = item.end_s - item.start_s
            lengths[item.speaker] = lengths.get(item.speaker, 0.0) + length
            total = totals.setdefault(item.speaker, dict.fromkeys(self.labels, 0.0))
            for label, probability in item.probabilities.items():
                total[label] += length * probability
        return {
            speaker: {label: value / lengths[speaker] for label, value in total.items()}
            for speaker, total in totals.items()
        }
