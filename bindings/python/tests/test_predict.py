"""Predictions of whole recordings."""

import json
import math
import pickle
import threading

import clstm
import numpy
import pytest
from conftest import RATE, SAD, SAMPLE, wav


def test_paths_bytes_and_samples_give_the_same_prediction(recognizer):
    by_path = recognizer.predict(SAMPLE)
    by_bytes = recognizer.predict(SAMPLE.read_bytes())
    samples = numpy.frombuffer(SAMPLE.read_bytes()[44:], "<i2")
    by_samples = recognizer.predict((samples, RATE))
    assert by_path.path == str(SAMPLE) and by_bytes.path is None
    assert by_path.probabilities == by_bytes.probabilities
    assert by_samples.probabilities == pytest.approx(by_path.probabilities, abs=1e-6)
    floats = recognizer.predict((samples / 32_768, RATE))
    assert floats == by_samples
    assert math.isclose(sum(by_path.probabilities.values()), 1.0)
    assert by_path.confidence == by_path.probabilities[by_path.label]


def test_predictions_are_those_of_the_command_to_the_last_digit(recognizer):
    printed = clstm.run("predict", SAMPLE, SAD, "--format", "jsonl")
    for line, prediction in zip(map(json.loads, printed.splitlines()), recognizer.predict([SAMPLE, SAD])):
        assert line["probabilities"] == prediction.probabilities
        assert (line["label"], line["confidence"]) == (prediction.label, prediction.confidence)
        assert (line["duration_s"], line["speech"]) == (prediction.duration_s, prediction.speech)


def test_a_batch_equals_its_recordings_one_by_one_and_survives_a_bad_one(recognizer):
    batch = recognizer.predict([SAMPLE, "missing.wav", SAD, (numpy.zeros(8_000), RATE)])
    assert batch[0] == recognizer.predict(SAMPLE) and batch[2] == recognizer.predict(SAD)
    assert batch[1].error.kind == "not_found" and batch[1].label is None
    assert batch[3].label is None and batch[3].error is None, "silence has no label"


def test_a_single_bad_recording_raises_the_error_of_the_command(recognizer):
    with pytest.raises(clstm.RecognitionError) as raised:
        recognizer.predict(b"")
    assert raised.value.kind == "empty"
    with pytest.raises(clstm.RecognitionError) as raised:
        recognizer.predict("missing.wav")
    printed = clstm.run("predict", SAMPLE, "--format", "jsonl")
    assert json.loads(printed)["label"] == recognizer.predict(SAMPLE).label
    try:
        clstm.run("predict", "missing.wav", "--format", "jsonl", log=None)
    except clstm.CommandError as error:
        assert error.status == 1
    assert pickle.loads(pickle.dumps(raised.value)).kind == "not_found"


@pytest.mark.parametrize(
    "source, message",
    [
        (numpy.zeros(100), "rate"),
        ([numpy.zeros(100)], "rate"),
        ((numpy.zeros((100, 2)), RATE), "one channel"),
        ((numpy.zeros(100, "int64"), RATE), "full scale"),
        ((numpy.zeros(100), 16_000.5), "integer"),
        ((numpy.zeros(100), 0), "sample rate"),
        ([3], "a recording is a path"),
    ],
)
def test_unclear_recordings_are_refused(recognizer, source, message):
    with pytest.raises((TypeError, ValueError), match=message):
        recognizer.predict(source)


def test_tables_have_the_columns_of_the_command(recognizer):
    header = clstm.run("predict", SAMPLE, "--format", "csv").splitlines()[0].split(",")
    predictions = recognizer.predict([SAMPLE, "missing.wav"])
    assert list(predictions.to_pandas().columns) == header
    table = predictions.to_arrow()
    assert table.column_names == header
    assert table["label"].to_pylist() == [predictions[0].label, None]
    assert table["duration_s"].to_pylist()[1] is None


def test_embeddings_are_those_of_the_command(recognizer, tmp_path):
    import pyarrow.parquet

    file = tmp_path / "e.parquet"
    clstm.run("predict", SAMPLE, SAD, "--embeddings", file, log=None)
    table = pyarrow.parquet.read_table(file).to_pandas()
    assert list(table.columns[:3]) == ["path", "label", "e_0"]
    assert list(table["label"]) == [p.label for p in recognizer.predict([SAMPLE, SAD])]
    rows = recognizer.embed([SAMPLE, SAD])
    assert rows.dtype == numpy.float32
    assert numpy.array_equal(table.filter(like="e_").to_numpy().astype("f4"), rows)
    both = clstm.load("ravdess-clstm-plus")
    assert numpy.array_equal(both.embed(SAMPLE, branch=1), both.embed(SAMPLE)[:, 128:])
    with pytest.raises(clstm.RecognitionError, match="missing.wav"):
        recognizer.embed([SAMPLE, "missing.wav"])
    assert numpy.isnan(recognizer.embed([SAMPLE, "missing.wav"], errors="nan")[1]).all()
    with pytest.raises(ValueError, match="branch"):
        recognizer.embed(SAMPLE, branch=2)


def test_damage_is_reported_or_an_error(recognizer):
    cut = SAMPLE.read_bytes()[:40_000]
    assert "cut" in recognizer.predict(cut).damaged.message or recognizer.predict(cut).damaged
    with pytest.raises(clstm.RecognitionError):
        clstm.load(strict=True).predict(cut)


def test_models_by_file_and_their_errors(tmp_path):
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"no model")
    with pytest.raises(clstm.ModelError) as raised:
        clstm.load(bad)
    assert raised.value.kind == "too_large" and "bad.safetensors" in str(raised.value)
    with pytest.raises(clstm.ModelError) as raised:
        clstm.load("no-such-model")
    assert raised.value.kind == "not_found"
    with pytest.raises(ValueError, match="precision"):
        clstm.load(precision="f8")


def test_a_recognizer_survives_pickling_and_is_shared_by_threads(recognizer):
    expected = recognizer.predict(SAMPLE)
    again = pickle.loads(pickle.dumps(clstm.load(min_speech=0.0)))
    assert again.predict(SAMPLE) == expected and again.digest == recognizer.digest
    results = []
    threads = [threading.Thread(target=lambda: results.append(recognizer.predict(SAMPLE))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 4


def test_decode_resamples_and_mixes_down():
    assert clstm.decode(SAMPLE).dtype == numpy.float32
    seconds = len(clstm.decode(SAMPLE)) / 16_000
    assert abs(len(clstm.decode(SAMPLE, 48_000)) / 48_000 - seconds) < 0.001
    quiet = wav(numpy.full(800, 0.5))
    assert numpy.allclose(clstm.decode(quiet, RATE), 0.5, atol=1e-3)
