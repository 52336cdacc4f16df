"""Timelines and streams."""

import json

import clstm
import numpy
import pytest
from conftest import RATE, SAD, SAMPLE


def speech():
    parts = [clstm.decode(path, RATE) for path in (SAMPLE, SAD)]
    return numpy.concatenate([*parts, numpy.zeros(RATE, "f4"), *parts])


def test_a_timeline_is_that_of_the_command(recognizer):
    printed = clstm.run("predict", SAMPLE, "--timeline", "--frames", "--hop", 0.5, "--format", "jsonl")
    line = json.loads(printed)
    timeline = recognizer.timeline(SAMPLE, hop=0.5)
    assert timeline.duration_s == line["duration_s"]
    for name in ("segments", "frames"):
        items = getattr(timeline, name)
        assert len(items) == len(line[name]) > 0
        for item, expected in zip(items, line[name]):
            assert (item.start_s, item.end_s, item.label) == (
                expected["start_s"],
                expected["end_s"],
                expected["label"],
            )
            assert item.probabilities == expected.get("probabilities")


def test_tables_of_a_timeline(recognizer):
    timeline = recognizer.timeline((speech(), RATE))
    table = timeline.to_pandas()
    assert list(table.columns[:4]) == ["start_s", "end_s", "label", "confidence"]
    assert len(table) == len(timeline.segments) and timeline.to_arrow().num_rows == len(table)
    assert "speech" in timeline.frames.to_pandas().columns


def test_events_do_not_depend_on_the_size_of_chunks(recognizer):
    samples = speech()

    def events(size):
        with recognizer.stream(RATE, provisional_s=None) as stream:
            found = []
            for start in range(0, len(samples), size):
                found += stream.push(samples[start : start + size])
            return found + stream.finish()

    whole = events(len(samples))
    assert events(1_700) == whole
    chunks = (samples[start : start + 4_000] for start in range(0, len(samples), 4_000))
    assert list(recognizer.stream(RATE, chunks, provisional_s=None)) == whole
    frames = [event for event in whole if isinstance(event, clstm.Frame)]
    assert frames[-1].end_s == pytest.approx(len(samples) / RATE, abs=1e-3)
    assert any(frame.label for frame in frames)


def test_a_stream_that_has_ended_takes_no_samples(recognizer):
    with recognizer.stream(RATE) as stream:
        assert stream.latency_s >= 1.0
        stream.push(numpy.zeros(100))
    with pytest.raises(ValueError, match="ended"):
        stream.push(numpy.zeros(100))
    with pytest.raises(TypeError, match="source"):
        list(recognizer.stream(RATE))


def test_a_stream_with_a_source_is_an_iterator(recognizer):
    samples = speech()
    chunks = [samples[start : start + 4_000] for start in range(0, len(samples), 4_000)]
    expected = list(recognizer.stream(RATE, chunks))
    stream = recognizer.stream(RATE, iter(chunks))
    first = next(stream)
    # A loop that ends early loses nothing.
    for second in stream:
        break
    assert [first, second, *stream] == expected
    assert next(stream, None) is None
    with recognizer.stream(RATE, chunks) as closed:
        next(closed)
    assert list(closed) == []
    with pytest.raises(TypeError, match="iterable of chunks"):
        recognizer.stream(RATE, samples)


def test_chunks_are_arrays_of_samples(recognizer):
    # Packages for microphones deliver [n, 1], or bytes.
    samples = (speech()[:RATE] * 32_767).astype("int16")
    expected = recognizer.stream(RATE).push(samples)
    assert recognizer.stream(RATE).push(samples[:, None]) == expected
    for wrong in (samples.tobytes(), 0.5):
        with pytest.raises(TypeError, match="frombuffer|an array"):
            recognizer.stream(RATE).push(wrong)
    with pytest.raises(ValueError, match="pass .n, channels"):
        recognizer.stream(RATE, channels="each").push(numpy.zeros((2, 8_000)))


def test_bad_settings_and_samples_are_errors(recognizer):
    with pytest.raises(clstm.RecognitionError) as raised:
        recognizer.timeline(SAMPLE, hop=0)
    assert raised.value.kind == "config" and "hop_s" in str(raised.value)
    with pytest.raises(ValueError, match="unknown field"):
        recognizer.timeline(SAMPLE, no_such_setting=1)
    with pytest.raises(clstm.RecognitionError) as raised:
        recognizer.stream(RATE).push([float("nan")])
    assert raised.value.kind == "non_finite"
