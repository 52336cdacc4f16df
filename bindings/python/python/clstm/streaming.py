"""Streams of live audio."""

from __future__ import annotations

from collections import deque
from typing import Any, Deque, Iterable, Iterator, Optional, Union

import numpy

from ._clstm import NativeStream
from .recordings import interleaved, samples
from .results import Frame, Segment, Turn


Event = Union[Frame, Segment, Turn]

_END = object()


def scores(row: Any, labels: list[str], dimensions: list[str]) -> tuple:
    """Label, confidence, probabilities and continuous targets of the row of the extension module."""
    if row is None:
        return None, None, None, None
    index, confidence, probabilities, values = row
    named = dict(zip(dimensions, values)) if dimensions else None
    return labels[index], confidence, dict(zip(labels, probabilities)), named


def to_item(row: Any, labels: list[str], dimensions: list[str]) -> Event:
    """A frame, segment or turn of the row of the extension module."""
    channel, kind, (start_s, end_s, speech, found, provisional) = row
    label, confidence, probabilities, named = scores(found, labels, dimensions)
    if kind == "frame":
        return Frame(start_s, end_s, speech, label, confidence, probabilities, provisional, channel, named)
    if kind == "turn":
        return Turn(start_s, end_s, label, confidence, probabilities, channel, named)
    return Segment(start_s, end_s, label, confidence, probabilities, channel, named)


class Stream(Iterator[Event]):
    """Emotions in live audio; see `Recognizer.stream`. Memory does not grow with its length.

    >>> import clstm, numpy
    >>> with clstm.load().stream(16_000) as stream:
    ...     frames = stream.push(numpy.zeros(16_000, "int16"))
    ...     frames += stream.finish()
    >>> frames[-1]
    Segment(start_s=0.0, end_s=1.0, label=None, ...)
    """

    def __init__(
        self,
        opened: NativeStream,
        labels: list[str],
        dimensions: list[str],
        source: Optional[Iterable[Any]],
        several: bool = False,
    ) -> None:
        self._native = opened
        self._labels = labels
        self._dimensions = dimensions
        self._several = several
        if isinstance(source, numpy.ndarray) and source.ndim < 2:
            raise TypeError("source is an iterable of chunks: pass [samples], or push the samples")
        self._chunks = None if source is None else iter(source)
        self._waiting: Deque[Event] = deque()
        self._closed = False

    @property
    def latency_s(self) -> float:
        """Seconds from the end of a frame to the last sample that its final prediction needs, at most."""
        return self._native.latency_s

    def push(self, chunk: Any) -> list[Event]:
        """Processes more samples, a chunk of any length, and returns the resulting frames, segments and turns.

        With `channels`, a chunk is `[n, channels]`. The bytes of a microphone are `numpy.frombuffer(chunk, "int16")`.
        """
        self._check()
        content, channels = interleaved(chunk) if self._several else (samples(chunk), 1)
        return self._items(self._native.push(content, channels))

    def finish(self) -> list[Event]:
        """Ends the stream and returns the frames that were waiting for more audio, and the last segment."""
        self._check()
        self._closed = True
        return self._items(self._native.finish())

    def close(self) -> None:
        """Ends the stream; what was waiting for more audio is dropped."""
        self._closed = True
        self._waiting.clear()

    def __iter__(self) -> "Stream":
        return self

    def __next__(self) -> Event:
        """The next frame, segment or turn of the source, whose chunks are taken as they are needed."""
        if self._chunks is None:
            raise TypeError("a stream without a source cannot be iterated over: push its chunks")
        while not self._waiting:
            if self._closed:
                raise StopIteration
            chunk = next(self._chunks, _END)
            self._waiting.extend(self.finish() if chunk is _END else self.push(chunk))
        return self._waiting.popleft()

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _check(self) -> None:
        if self._closed:
            raise ValueError("the stream has ended")

    def _items(self, rows: Any) -> list[Event]:
        return [to_item(row, self._labels, self._dimensions) for row in rows]
