"""Recordings as the extension module takes them."""

from __future__ import annotations

import csv
import io
import numbers
import operator
import os
import struct
from typing import Any, BinaryIO, Mapping, Optional, Tuple, Union

import numpy

Recording = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview, BinaryIO, Tuple[Any, float]]
"""A path, the content of a file, an open file, or `(samples, rate)` with mono samples and their rate in Hz."""

Native = Union[str, bytes, Tuple[bytes, int]]

LARGEST_FILE = 1 << 30
"""Most bytes that are read of an open file or an object store."""

_BLOCK = 1 << 24

_FULL_SCALE = {("u", 1): 1 << 7, ("i", 2): 1 << 15, ("i", 4): 1 << 31}
"""Full scale of integers, by kind and bytes."""


def is_recording(source: Any) -> bool:
    """Whether `source` is one recording and not several."""
    return _is_content(source) or _is_path(source) or _is_file(source) or _is_pair(source)


def native(source: Recording) -> Native:
    """A recording for the extension module.

    >>> native(([0.0, 0.5], 16_000))[1]
    16000
    >>> native(numpy.zeros(100))
    Traceback (most recent call last):
        ...
    TypeError: samples need their rate in Hz: pass (samples, rate)
    """
    _check(source)
    if _is_pair(source):
        pair: Any = source
        return samples(pair[0]), sample_rate(pair[1])
    return _path_or_content(source)


def with_channels(source: Any) -> Native:
    """A recording for the extension module whose channels matter: samples `[n, channels]` as the bytes of a WAV file.

    >>> len(with_channels((numpy.zeros((100, 2), "float32"), 16_000)))
    844
    """
    _check(source)
    if not _is_pair(source):
        return _path_or_content(source)
    values = numpy.asarray(source[0])
    content, channels = interleaved(values[:, None] if values.ndim == 1 else values)
    return wav(content, sample_rate(source[1]), channels)


def several(sources: Any) -> list[Any]:
    """Several recordings as a list: of any iterable, a NumPy array of paths, or a column of a table.

    >>> several(path for path in ["a.wav", "b.wav"])
    ['a.wav', 'b.wav']
    >>> several({"path": ["a.wav"]})
    Traceback (most recent call last):
        ...
    TypeError: recordings are a list or one column: pass table["path"] instead of a table
    """
    iterable = hasattr(sources, "__iter__") or hasattr(sources, "__getitem__")
    if not iterable or _is_swapped(sources) or _is_samples(sources):
        _check(sources)
    if isinstance(sources, Mapping) or len(getattr(sources, "shape", (0,))) != 1:
        raise TypeError('recordings are a list or one column: pass table["path"] instead of a table')
    # A column of Arrow holds no strings of Python.
    listed = sources.to_pylist() if hasattr(sources, "to_pylist") else list(sources)
    for source in listed:
        _check(source)
    return listed


def path_of(source: Any) -> Optional[str]:
    """The path of a recording; `None` for bytes, files and samples."""
    return str(os.fsdecode(source)) if _is_path(source) else None


def sample_rate(rate: Any) -> int:
    """A sample rate in Hz.

    >>> sample_rate(16_000.0)
    16000
    """
    if isinstance(rate, (float, numpy.floating)) and float(rate).is_integer():
        rate = int(rate)
    try:
        rate = operator.index(rate)
    except TypeError:
        raise TypeError(f"the sample rate is {rate!r}, not an integer in Hz") from None
    if not 0 < rate < 1 << 32:
        raise ValueError(f"the sample rate is {rate} Hz")
    return rate


def samples(values: Any) -> bytes:
    """Mono samples as the bytes of native-endian `float32`, full scale being 1. `[n, 1]` and `[1, n]` are mono, too.

    >>> numpy.frombuffer(samples(numpy.array([16384], "int16")), "f4").tolist()
    [0.5]
    """
    array = _array(values)
    if array.ndim == 2 and 1 in array.shape:
        array = array.reshape(-1)
    if array.ndim != 1:
        raise ValueError(
            f"samples are of shape {list(array.shape)}; pass one channel, such as samples.mean(axis=1)"
        )
    return _scaled(array).tobytes()


def interleaved(values: Any) -> Tuple[bytes, int]:
    """Samples `[n, channels]` as the bytes of native-endian `float32`, and the number of channels."""
    array = _array(values)
    if array.ndim != 2 or not 0 < array.shape[1] < 1 << 8:
        raise ValueError(f"samples are of shape {list(array.shape)}; pass [n, channels]")
    return _scaled(array.reshape(-1)).tobytes(), array.shape[1]


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
    if _is_path(segments):
        return os.fsdecode(segments)
    if hasattr(segments, "itertuples"):
        raise TypeError("segments are tuples: pass table[[...]].itertuples(index=False) instead of a table")
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["start", "end", "speaker", "channel"])
    for segment in segments:
        rows.writerow(_segment_row(segment))
    return text.getvalue().encode()


def _segment_row(segment: Any) -> list[str]:
    wrong = ValueError(
        f"a segment is (start, end) in seconds, perhaps with a speaker and the number of a channel, not {segment!r}"
    )
    if isinstance(segment, (str, bytes, Mapping)):
        raise wrong
    try:
        start, end, *more = segment
        times = [repr(float(start)), repr(float(end))]
    except (TypeError, ValueError):
        raise wrong from None
    speaker, channel = (*more, None, None)[:2]
    if len(more) > 2 or not isinstance(channel, (int, numpy.integer, type(None))):
        raise wrong
    return [*times, *("" if value is None else str(value) for value in (speaker, channel))]


def _check(source: Any) -> None:
    """Raises an error with the reason if `source` is no recording."""
    if _is_swapped(source):
        raise TypeError("samples come before their rate: pass (samples, rate) instead of (rate, samples)")
    if is_recording(source):
        return
    if _is_samples(source):
        raise TypeError("samples need their rate in Hz: pass (samples, rate)")
    raise TypeError(
        f"a recording is a path, bytes, an open file, or (samples, rate), not {type(source).__name__}"
    )


def _is_content(source: Any) -> bool:
    return isinstance(source, (bytes, bytearray, memoryview))


def _is_path(source: Any) -> bool:
    return isinstance(source, (str, os.PathLike))


def _is_file(source: Any) -> bool:
    return hasattr(source, "read") and not _is_path(source)


def _is_pair(source: Any) -> bool:
    """Whether `source` is something with a number behind it: samples and their rate."""
    if not isinstance(source, tuple) or len(source) != 2 or not _is_number(source[1]):
        return False
    return not _is_path(source[0])


def _is_swapped(source: Any) -> bool:
    """Whether `source` is `(rate, samples)`, the order of SciPy."""
    return isinstance(source, tuple) and len(source) == 2 and _is_number(source[0]) and _is_samples(source[1])


def _is_number(value: Any) -> bool:
    return isinstance(value, (numbers.Real, numpy.number)) or (
        hasattr(value, "__index__") and getattr(value, "ndim", 0) == 0
    )


def _is_samples(value: Any) -> bool:
    """Whether `value` is an array of numbers, of NumPy or of a package such as PyTorch."""
    if not hasattr(value, "__array__"):
        return False
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    if kind is None:
        try:
            kind = numpy.asarray(value[:1]).dtype.kind
        except Exception:  # What is no array of one axis or more.
            return False
    return kind in "iuf"


def _path_or_content(source: Any) -> Union[str, bytes]:
    if _is_path(source):
        return os.fsdecode(source)
    return _read(source) if _is_file(source) else bytes(source)


def _read(file: Any) -> bytes:
    """The rest of an open file."""
    content = bytearray()
    while True:
        block = file.read(_BLOCK)
        if not isinstance(block, (bytes, bytearray)):
            raise TypeError(f"read() of the file returned {type(block).__name__}, not bytes: open it with mode 'rb'")
        if not block:
            return bytes(content)
        content += block
        if len(content) > LARGEST_FILE:
            raise ValueError(f"the open file has more than {LARGEST_FILE >> 20} MiB: pass its path")


def _array(values: Any) -> "numpy.ndarray":
    if isinstance(values, (bytes, bytearray)) or (isinstance(values, memoryview) and values.format == "B"):
        raise TypeError("samples are bytes, whose type is not known: pass numpy.frombuffer(chunk, 'int16') or so")
    array = numpy.asarray(values)
    if array.ndim == 0:
        raise TypeError(f"samples are an array, not {type(values).__name__}")
    return array


def _scaled(array: "numpy.ndarray") -> "numpy.ndarray":
    """As `float32` of full scale 1."""
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind not in "iuf":
        raise TypeError(f"samples are of type {array.dtype}, not numbers")
    full_scale = _FULL_SCALE.get((kind, size))
    if kind != "f" and full_scale is None:
        raise TypeError(
            f"samples are of type {array.dtype}, whose full scale is not known: "
            "pass floats of full scale 1, int16, int32 or uint8"
        )
    # What is too large for the type becomes infinite, which is an error of the recording.
    with numpy.errstate(over="ignore"):
        scaled = numpy.ascontiguousarray(array, dtype=numpy.float32)
    if full_scale is None:
        return scaled
    return (scaled - (full_scale if kind == "u" else 0)) / numpy.float32(full_scale)
