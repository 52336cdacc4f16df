"""Streams of live audio."""

from __future__ import annotations

from typing import Any, Iterable, Iterator, Optional, Union

import numpy

from ._clstm import NativeStream
from .recordings import samples
from .results import Frame, Segment, Turn


def scores(row: Any, labels: list[str], dimensions: list[str]) -> tuple:
    """Label, confidence, probabilities and continuous targets of the row of the extension module."""
    if row is None:
        return None, None, None, None
    index, confidence, probabilities, values = row
    named = dict(zip(dimensions, values)) if dimensions else None
    return labels[index], confidence, dict(zip(labels, probabilities)), named


def to_item(row: Any, labels: list[str], dimensions: list[str]) -> Union[Frame, Segment, Turn]:
    """A frame, segment or turn of the row of the extension module."""
    channel, kind, (start_s, end_s, speech, found, provisional) = row
    label, confidence, probabilities, named = scores(found, labels, dimensions)
    if kind == "frame":
        return Frame(start_s, end_s, speech, label, confidence, probabilities, provisional, channel, named)
    if kind == "turn":
        return Turn(start_s, end_s, label, confidence, probabilities, channel, named)
    return Segment(start_s, end_s, label, confidence, probabilities, channel, named)


class Stream:
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
        self._source = source
        self._closed = False

    @property
    def latency_s(self) -> float:
        """Seconds from the end of a frame to the last sample that its final prediction needs, at most."""
        return self._native.latency_s

    def push(self, chunk: Any) -> list[Union[Frame, Segment, Turn]]:
        """Processes more samples, a chunk of any length, and returns the resulting frames, segments and turns.

        With `channels`, a chunk is `[n, channels]`.
        """
        self._check()
        if not self._several:
            return self._items(self._native.push(samples(chunk), 1))
        values = numpy.asarray(chunk)
        if values.ndim != 2:
            raise ValueError(f"samples are of shape {list(values.shape)}; pass [n, channels]")
        return self._items(self._native.push(samples(values.reshape(-1)), values.shape[1]))

    def finish(self) -> list[Union[Frame, Segment, Turn]]:
        """Ends the stream and returns the frames that were waiting for more audio, and the last segment."""
        self._check()
        self._closed = True
        return self._items(self._native.finish())

    def close(self) -> None:
        """Ends the stream; what was waiting for more audio is dropped."""
        self._closed = True

    def __iter__(self) -> Iterator[Union[Frame, Segment, Turn]]:
        if self._source is None:
            raise TypeError("a stream without a source cannot be iterated over: push its chunks")
        for chunk in self._source:
            yield from self.push(chunk)
        yield from self.finish()

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _check(self) -> None:
        if self._closed:
            raise ValueError("the stream has ended")

    def _items(self, rows: Any) -> list[Union[Frame, Segment, Turn]]:
        return [to_item(row, self._labels, self._dimensions) for row in rows]
