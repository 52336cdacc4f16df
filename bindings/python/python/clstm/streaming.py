"""Streams of live audio."""

from __future__ import annotations

from typing import Any, Iterable, Iterator, Optional, Union

from ._clstm import NativeStream
from .recordings import samples
from .results import Frame, Segment


def to_item(kind: str, row: Any, labels: list[str]) -> Union[Frame, Segment]:
    """A frame or segment of the row of the extension module."""
    start_s, end_s, speech, index, confidence, probabilities, provisional = row
    label = None if index is None else labels[index]
    named = None if index is None else dict(zip(labels, probabilities))
    if kind == "frame":
        return Frame(start_s, end_s, speech, label, confidence, named, provisional)
    return Segment(start_s, end_s, label, confidence, named)


class Stream:
    """Emotions in live audio; see `Recognizer.stream`. Memory does not grow with its length.

    >>> import clstm, numpy
    >>> with clstm.load().stream(16_000) as stream:
    ...     frames = stream.push(numpy.zeros(16_000, "int16"))
    ...     frames += stream.finish()
    >>> frames[-1]
    Segment(start_s=0.0, end_s=1.0, label=None, confidence=None, probabilities=None)
    """

    def __init__(
        self, opened: NativeStream, labels: list[str], source: Optional[Iterable[Any]]
    ) -> None:
        self._native = opened
        self._labels = labels
        self._source = source
        self._closed = False

    @property
    def latency_s(self) -> float:
        """Seconds from the end of a frame to the last sample that its final prediction needs, at most."""
        return self._native.latency_s

    def push(self, chunk: Any) -> list[Union[Frame, Segment]]:
        """Processes more samples, a chunk of any length, and returns the resulting frames and segments."""
        self._check()
        return self._items(self._native.push(samples(chunk)))

    def finish(self) -> list[Union[Frame, Segment]]:
        """Ends the stream and returns the frames that were waiting for more audio, and the last segment."""
        self._check()
        self._closed = True
        return self._items(self._native.finish())

    def close(self) -> None:
        """Ends the stream; what was waiting for more audio is dropped."""
        self._closed = True

    def __iter__(self) -> Iterator[Union[Frame, Segment]]:
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

    def _items(self, rows: Any) -> list[Union[Frame, Segment]]:
        return [to_item(kind, row, self._labels) for kind, row in rows]
