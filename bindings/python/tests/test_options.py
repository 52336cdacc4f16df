"""Classes, channels and given segments: the command's `--classes`, `--channels` and `--segments`."""

import json
import pickle

import clstm
import numpy
import pytest
from conftest import RATE, ROOT, SAD, SAMPLE, needs


def command(*arguments):
    printed = clstm.run("predict", *arguments, "--format", "jsonl", log=None)
    return [json.loads(line) for line in printed.splitlines()]


@pytest.fixture(scope="module")
def call(tmp_path_factory):
    """A stereo recording of two speakers, one a side: its file and its samples."""
    sides = [clstm.decode(path, RATE) for path in (SAMPLE, SAD)]
    samples = numpy.zeros((max(map(len, sides)), 2), numpy.float32)
    for channel, side in enumerate(sides):
        samples[: len(side), channel] = side
    path = tmp_path_factory.mktemp("call") / "call.wav"
    path.write_bytes(clstm.recordings.with_channels((samples, RATE)))
    return path, samples


def test_classes_are_those_of_the_command(recognizer, tmp_path):
    (line,) = command(SAMPLE, "--classes", "basic-four")
    prediction = recognizer.predict(SAMPLE, classes="basic-four")
    assert prediction.probabilities == line["probabilities"] and prediction.label == line["label"]
    four = recognizer.with_classes("basic-four")
    assert four.labels == ["neutral", "happy", "sad", "angry"] and four.predict(SAMPLE) == prediction
    assert pickle.loads(pickle.dumps(four)).predict(SAMPLE) == prediction
    file = tmp_path / "two.toml"
    file.write_text('[labels]\nhappy = "high"\nangry = "high"\nsad = "low"\nneutral = "low"\n')
    rules = {"happy": "high", "angry": "high", "sad": "low", "neutral": "low"}
    by_file, by_rules = (recognizer.predict([SAMPLE, SAD], classes=classes) for classes in (file, rules))
    assert list(by_file) == list(by_rules) and list(by_rules.columns())[-6:-4] == ["p_high", "p_low"]
    timeline = recognizer.timeline(SAMPLE, classes="basic-four")
    assert set(timeline.frames[0].probabilities) == set(four.labels)
    events = list(recognizer.stream(RATE, [clstm.decode(SAMPLE)], classes=rules))
    assert set(events[0].probabilities) == {"high", "low"}
    for wrong in ({"happy": "high"}, "basic-five", tmp_path / "none.toml"):
        with pytest.raises(clstm.ModelError) as raised:
            recognizer.with_classes(wrong)
        assert raised.value.kind == "class_map"


def test_channels_are_those_of_the_command(recognizer, call):
    path, samples = call
    lines = command(path, "--channels", "each")
    both = recognizer.predict(path, channels="each")
    assert [(p.channel, p.label, p.probabilities) for p in both] == [
        (line["channel"], line["label"], line["probabilities"]) for line in lines
    ]
    assert [p.channel for p in both] == [0, 1] and both[0].probabilities != both[1].probabilities
    assert recognizer.predict(path.read_bytes(), channels="each") == [
        clstm.Prediction(**{**vars(p), "path": None}) for p in both
    ]
    assert [p.probabilities for p in recognizer.predict((samples, RATE), channels="each")] == [
        p.probabilities for p in both
    ]
    one = recognizer.predict(path, channels=1)
    assert one == both[1]
    batch = recognizer.predict([path, "missing.wav", SAMPLE], channels="each")
    assert [p.path for p in batch] == [str(path), str(path), "missing.wav", str(SAMPLE)]
    assert [p.channel for p in batch] == [0, 1, None, 0]
    assert batch[2].error.kind == "not_found"
    header = clstm.run("predict", path, "--channels", "each", "--format", "csv").splitlines()[0].split(",")
    assert list(both.to_pandas().columns) == header
    timelines = recognizer.timeline(path, channels="each")
    assert [t.channel for t in timelines] == [0, 1]
    assert recognizer.timeline(path, channels=1) == timelines[1]
    with recognizer.stream(RATE, channels="each") as stream:
        events = [event for start in range(0, len(samples), 1_600) for event in stream.push(samples[start : start + 1_600])]
        events += stream.finish()
    assert {event.channel for event in events} == {0, 1}
    (alone,) = {event.channel for event in recognizer.stream(RATE, [samples], channels=1)}
    assert alone == 1
    with pytest.raises(ValueError, match="pass .n, channels"):
        recognizer.stream(RATE, channels="each").push(samples[:, 0])
    for wrong, error in (("left", ValueError), (-1, ValueError), (2, clstm.RecognitionError)):
        with pytest.raises(error):
            recognizer.predict(path, channels=wrong)


def test_given_segments_are_those_of_the_command(recognizer, tmp_path):
    rttm = tmp_path / "a.rttm"
    rttm.write_text(
        "SPEAKER a 1 0.20 1.70 <NA> <NA> anna <NA> <NA>\nSPEAKER a 1 1.95 0.10 <NA> <NA> ben <NA> <NA>\n"
        "SPEAKER a 1 9.00 1.00 <NA> <NA> ben <NA> <NA>\n"
    )
    (line,) = command(SAMPLE, "--segments", rttm)
    found = recognizer.predict(SAMPLE, segments=rttm)
    assert found.duration_s == line["duration_s"]
    for own, expected in zip(found, line["segments"]):
        assert (own.speaker, own.status, own.label) == (expected["speaker"], expected["status"], expected["label"])
        assert own.probabilities == expected.get("probabilities")
        assert (own.start_s, own.end_s, own.speech) == (expected["start_s"], expected["end_s"], expected["speech"])
    assert [item.status for item in found] == ["ok", "too_short", "outside"]
    times = [(0.2, 1.9, "anna"), (1.95, 2.05, "ben"), (9.0, 10.0, "ben")]
    samples = clstm.decode(SAMPLE)
    for source in (SAMPLE, SAMPLE.read_bytes(), (samples, RATE)):
        again = recognizer.predict(source, segments=times)
        assert [item.label for item in again] == [item.label for item in found]
    assert found.speakers() == {"anna": pytest.approx(found[0].probabilities)}
    short = [(0.8, 1.0)]
    (alone,), (extended,) = (recognizer.predict(SAMPLE, segments=short, context=s) for s in (0.0, 0.5))
    assert alone.status == "too_short" and alone.label is None
    assert extended.label is not None and extended.context_s == pytest.approx(1.0)
    header = clstm.run("predict", SAMPLE, "--segments", rttm, "--format", "csv", log=None).splitlines()[0].split(",")
    assert list(found.to_pandas().columns) == header
    assert found.to_arrow()["status"].to_pylist() == ["ok", "too_short", "outside"]


def test_an_rttm_file_of_several_recordings_gives_those_of_the_one_that_is_named(recognizer, tmp_path):
    rttm = tmp_path / "all.rttm"
    lines = ["SPEAKER sample 1 0.0 2.0 <NA> <NA> anna <NA> <NA>\n", "SPEAKER sad 1 0.5 1.0 <NA> <NA> ben <NA> <NA>\n"]
    rttm.write_text("".join(lines))
    assert [segment.speaker for segment in recognizer.predict(SAMPLE, segments=rttm)] == ["anna"]
    assert [segment.speaker for segment in recognizer.predict(SAD, segments=rttm)] == ["ben"]
    with pytest.raises(clstm.RecognitionError, match="2 recordings"):
        recognizer.predict(SAMPLE.read_bytes(), segments=rttm)


def test_each_of_three_speakers_of_a_meeting_gets_the_label_of_their_voice(recognizer, tmp_path):
    voices = {"anna": SAMPLE, "ben": SAD, "carla": ROOT / "assets" / "angry.wav"}
    parts, turns, start_s = [], [], 0.0
    for speaker, path in voices.items():
        samples = clstm.decode(path, RATE)
        length_s = len(samples) / RATE
        turns.append(f"SPEAKER talk 1 {start_s:.3f} {length_s:.3f} <NA> <NA> {speaker} <NA> <NA>\n")
        parts += [samples, numpy.zeros(RATE // 2, numpy.float32)]
        start_s += length_s + 0.5
    rttm = tmp_path / "talk.rttm"
    rttm.write_text("".join(turns))
    found = recognizer.predict((numpy.concatenate(parts), RATE), segments=rttm)
    alone = [recognizer.predict(path).label for path in voices.values()]
    assert len(set(alone)) > 1
    assert [(segment.speaker, segment.label) for segment in found] == list(zip(voices, alone))


def test_segments_of_channels_are_those_of_the_command(recognizer, call, tmp_path):
    path, samples = call
    rttm = tmp_path / "call.rttm"
    rttm.write_text("SPEAKER call 1 0.0 2.0 <NA> <NA> anna <NA> <NA>\nSPEAKER call 2 0.0 2.0 <NA> <NA> ben <NA> <NA>\n")
    options = ("--segments", rttm, "--channels", "each")
    (line,) = command(path, *options)
    found = recognizer.predict(path, segments=rttm, channels="each")
    assert [item.channel for item in found] == [0, 1]
    for own, expected in zip(found, line["segments"]):
        assert (own.channel, own.label) == (expected["channel"], expected["label"])
        assert own.probabilities == expected["probabilities"]
    given = [(0.0, 2.0, "anna", 0), (0.0, 2.0, "ben", 1)]
    again = recognizer.predict((samples, RATE), segments=given, channels="each")
    assert [(item.speaker, item.label) for item in again] == [(item.speaker, item.label) for item in found]
    # Without a channel, a segment is processed on every channel.
    every = recognizer.predict(path, segments=[(0.0, 2.0, "anna")], channels="each")
    assert [(item.channel, item.label) for item in every] == [(item.channel, item.label) for item in found]
    assert every.speakers(channel=1) == {"anna": every[1].probabilities}
    header = clstm.run("predict", path, *options, "--format", "csv", log=None).splitlines()[0].split(",")
    assert list(found.to_pandas().columns) == header
    (one,) = recognizer.predict(path, segments=[(0.0, 2.0)], channels=1)
    assert (one.channel, one.label) == (1, every[1].label)


def test_segments_that_cannot_be_read_name_the_reason(recognizer, tmp_path):
    (tmp_path / "bad.rttm").write_text("SPEAKER a 1 -5 1 <NA> <NA> anna <NA> <NA>\n")
    for segments, kind in ((tmp_path / "none.rttm", "not_found"), (tmp_path / "bad.rttm", "segments")):
        with pytest.raises(clstm.RecognitionError) as raised:
            recognizer.predict(SAMPLE, segments=segments)
        assert raised.value.kind == kind
    with pytest.raises(clstm.RecognitionError, match="before the start"):
        recognizer.predict(SAMPLE, segments=[(2.0, 1.0)])
    for wrong in ({"channels": "every"}, {"context": 20.0}):
        with pytest.raises(ValueError):
            recognizer.predict(SAMPLE, segments=[(0.0, 1.0)], **wrong)
    with pytest.raises(clstm.RecognitionError, match="no channel 1"):
        recognizer.predict(SAMPLE, segments=[(0.0, 1.0, None, 1)], channels="each")
    with pytest.raises(TypeError, match="one recording"):
        recognizer.predict([SAMPLE], segments=[(0.0, 1.0)])
    with pytest.raises(ValueError, match="a segment is"):
        recognizer.predict(SAMPLE, segments=[(0.0, 1.0, "a", "b")])


def test_a_bar_shows_batches(recognizer, capsys):
    needs("tqdm")
    predictions = recognizer.predict([SAMPLE] * 70, progress=True)
    assert len(predictions) == 70 and "70/70" in capsys.readouterr().err
    assert recognizer.embed([SAMPLE] * 70, progress=False).shape[0] == 70
    assert capsys.readouterr().err == ""


def test_continuous_targets_are_those_of_the_command(model_with_dimensions):
    recognizer = clstm.load(model_with_dimensions, min_speech=0.0)
    assert recognizer.dimensions == ["arousal", "valence"]
    options = ("--model", model_with_dimensions, "--min-speech", "0")
    (line,) = command(SAMPLE, *options)
    prediction = recognizer.predict(SAMPLE)
    assert prediction.dimensions == line["dimensions"] and list(prediction.dimensions) == ["arousal", "valence"]
    header = clstm.run("predict", SAMPLE, *options, "--format", "csv", log=None).splitlines()[0].split(",")
    assert list(recognizer.predict([SAMPLE]).to_pandas().columns) == header
    (timeline,) = command(SAMPLE, *options, "--timeline")
    found = recognizer.timeline(SAMPLE)
    assert [s.dimensions for s in found.segments] == [s.get("dimensions") for s in timeline["segments"]]
    assert list(found.segments.to_pandas().columns)[-2:] == ["dim_arousal", "dim_valence"]
    given = recognizer.predict(SAMPLE, segments=[(0.0, 2.0)])
    assert given[0].dimensions.keys() == {"arousal", "valence"}
    assert list(given.to_pandas().columns)[-1] == "dim_valence"
