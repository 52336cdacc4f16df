"""Recordings as the extension module takes them."""

from __future__ import annotations

import csv
import io
import operator
import os
import struct
from typing import Any, Iterable, Optional, Sequence, Tuple, Union

import numpy

Recording = Union[str, "os.PathLike[str]", bytes, bytearray, Tuple[Any, int]]
"""A path, the content of a file, or `(samples, rate)` with mono samples and their rate in Hz."""

Native = Union[str, bytes, Tuple[bytes, int]]


def is_recording(source: Any) -> bool:
    """Whether `source` is one recording and not several."""
    return isinstance(source, (str, bytes, bytearray, os.PathLike)) or (
        isinstance(source, tuple) and len(source) == 2 and _is_samples(source[0])
    )


def _is_samples(value: Any) -> bool:
    if isinstance(value, numpy.ndarray):
        return value.dtype.kind in "iuf"
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes)) and (
        len(value) == 0 or isinstance(value[0], (int, float, numpy.number))
    )


def native(source: Recording) -> Native:
    """A recording for the extension module.

    >>> native(([0.0, 0.5], 16_000))[1]
    16000
    >>> native(numpy.zeros(100))
    Traceback (most recent call last):
        ...
    TypeError: samples need their rate in Hz: pass (samples, rate)
    """
    if isinstance(source, (bytes, bytearray)):
        return bytes(source)
    if isinstance(source, (str, os.PathLike)):
        return os.fspath(source)
    if isinstance(source, tuple) and len(source) == 2 and _is_samples(source[0]):
        values, rate = source
        return samples(values), sample_rate(rate)
    if _is_samples(source):
        raise TypeError("samples need their rate in Hz: pass (samples, rate)")
    raise TypeError(
        f"a recording is a path, bytes, or (samples, rate), not {type(source).__name__}"
    )


def with_channels(source: Any) -> Native:
    """A recording for the extension module whose channels matter: samples `[n, channels]` as the bytes of a WAV file.

    >>> len(with_channels((numpy.zeros((100, 2), "float32"), 16_000)))
    844
    """
    if isinstance(source, tuple) and len(source) == 2 and not isinstance(source[0], (str, bytes)):
        values, rate = numpy.asarray(source[0]), sample_rate(source[1])
        if values.ndim == 1:
            values = values[:, None]
        if values.ndim != 2 or not 0 < values.shape[1] < 1 << 8:
            raise ValueError(f"samples are of shape {list(values.shape)}; pass [n, channels]")
        return wav(samples(values.reshape(-1)), rate, values.shape[1])
    return native(source)


def wav(values: bytes, rate: int, channels: int = 1) -> bytes:
    """A WAV file of interleaved native-endian `float32`."""
    data = numpy.frombuffer(values, numpy.float32).astype("<f4").tobytes()
    frame = 4 * channels
    header = struct.pack(
        "<4sI4s4sIHHIIHH", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 3, channels, rate, frame * rate, frame, 32
    )
    return header + struct.pack("<4sI", b"data", len(data)) + data


def segments_text(segments: Any) -> Union[str, bytes]:
    """Segments for the extension module: the path of a file, or tuples of start, end, speaker and channel as CSV.

    >>> segments_text([(0, 1.5, "anna"), (2, 3, None, 1)]).splitlines()
    [b'start,end,speaker,channel', b'0.0,1.5,anna,', b'2.0,3.0,,1']
    """
    if isinstance(segments, (str, os.PathLike)):
        return os.fspath(segments)
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["start", "end", "speaker", "channel"])
    for segment in segments:
        start, end, *more = segment
        speaker, channel = (*more, None, None)[:2]
        if len(more) > 2 or not isinstance(channel, (int, numpy.integer, type(None))):
            raise ValueError(f"a segment is (start, end), perhaps with a speaker and the number of a channel, not {segment!r}")
        names = ["" if value is None else str(value) for value in (speaker, channel)]
        rows.writerow([repr(float(start)), repr(float(end)), *names])
    return text.getvalue().encode()


def natives(sources: Iterable[Recording]) -> list[Native]:
    """Several recordings for the extension module."""
    if isinstance(sources, numpy.ndarray) and sources.dtype.kind in "iuf":
        raise TypeError("samples need their rate in Hz: pass (samples, rate)")
    return [native(source) for source in sources]


def path_of(source: Any) -> Optional[str]:
    """The path of a recording; `None` for bytes and samples."""
    return os.fspath(source) if isinstance(source, (str, os.PathLike)) else None


def sample_rate(rate: Any) -> int:
    """A sample rate in Hz."""
    rate = operator.index(rate)
    if not 0 < rate < 1 << 32:
        raise ValueError(f"the sample rate is {rate} Hz")
    return rate


def samples(values: Any) -> bytes:
    """Mono samples as the bytes of native-endian `float32`, full scale being 1.

    >>> numpy.frombuffer(samples(numpy.array([16384], "int16")), "f4").tolist()
    [0.5]
    """
    array = numpy.asarray(values)
    if array.ndim != 1:
        raise ValueError(
            f"samples are of shape {list(array.shape)}; pass one channel, such as samples.mean(axis=1)"
        )
    if array.dtype.kind in "iu":
        if array.dtype not in (numpy.int16, numpy.int32, numpy.uint8):
            raise TypeError(
                f"samples are of type {array.dtype}, whose full scale is not known: "
                "pass floats of full scale 1, int16, int32 or uint8"
            )
        middle = 128.0 if array.dtype == numpy.uint8 else 0.0
        array = (array - middle) / float(1 << (8 * array.dtype.itemsize - 1))
    elif array.dtype.kind != "f":
        raise TypeError(f"samples are of type {array.dtype}, not numbers")
    return numpy.ascontiguousarray(array, dtype=numpy.float32).tobytes()
