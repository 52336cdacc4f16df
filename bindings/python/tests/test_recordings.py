"""Kinds of recordings, results and settings that Python programs pass around."""

import array
import io
import os
import pickle
import sys

import clstm
import numpy
import pytest
from clstm.commands import _arguments
from conftest import RATE, SAD, SAMPLE

INTEGERS = numpy.frombuffer(SAMPLE.read_bytes()[44:], "<i2")


class BytesPath:
    """A path of bytes, as `os.scandir(b".")` returns them."""

    def __fspath__(self):
        return os.fsencode(SAMPLE)


class Tensor:
    """An array of another package."""

    dtype = "tensor.float32"

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return self.values

    def __getitem__(self, index):
        return Tensor(self.values[index])


def every_second(values):
    """A view of every second item of an array."""
    wide = numpy.zeros(2 * len(values), values.dtype)
    wide[::2] = values
    return wide[::2]


ENCODED = {
    "path": SAMPLE,
    "path of bytes": BytesPath(),
    "bytearray": bytearray(SAMPLE.read_bytes()),
    "memoryview": memoryview(SAMPLE.read_bytes()),
    "file in memory": io.BytesIO(SAMPLE.read_bytes()),
}
SAMPLES = {
    "float32": INTEGERS.astype("f4") / 32_768,
    "float64": INTEGERS / 32_768,
    "float64, big endian": (INTEGERS / 32_768).astype(">f8"),
    "int16, big endian": INTEGERS.astype(">i2"),
    "int32": INTEGERS.astype("i4") << 16,
    "not contiguous": every_second(INTEGERS),
    "one column": INTEGERS[:, None],
    "one row": INTEGERS[None],
    "list": (INTEGERS / 32_768).tolist(),
    "array of the standard library": array.array("h", INTEGERS.tolist()),
    "tensor": Tensor(INTEGERS[None]),
}


@pytest.mark.parametrize("source", ENCODED.values(), ids=ENCODED)
def test_content_is_accepted_in_any_form(recognizer, source):
    expected = recognizer.predict(SAMPLE.read_bytes())
    found = recognizer.predict(source)
    assert (found.label, found.probabilities) == (expected.label, expected.probabilities)


@pytest.mark.parametrize("values", SAMPLES.values(), ids=SAMPLES)
def test_samples_are_accepted_in_any_form(recognizer, values):
    expected = recognizer.predict((INTEGERS, RATE))
    for rate in (RATE, float(RATE), numpy.int64(RATE)):
        assert recognizer.predict((values, rate)) == expected
    assert recognizer.predict([(values, RATE)])[0] == expected
    assert recognizer.predict((values, RATE), segments=[(0.0, 1.0)])[0].label


def test_files_are_read_where_they_stand(recognizer):
    with open(SAMPLE, "rb") as file:
        assert recognizer.predict([file, SAD])[0].label == recognizer.predict(SAMPLE).label
        assert recognizer.predict([file])[0].error.kind == "empty", "the file is at its end"
    with open(__file__) as text, pytest.raises(TypeError, match="mode 'rb'"):
        recognizer.predict(text)


def test_several_recordings_are_any_iterable(recognizer):
    pandas, pyarrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    paths = [str(SAMPLE), str(SAD)]
    expected = recognizer.predict(paths)
    table = pandas.DataFrame({"path": paths, "label": ["a", "b"]}, index=[7, 8])
    columns = [numpy.array(paths), table["path"], pyarrow.chunked_array([paths]), (path for path in paths), dict.fromkeys(paths).keys()]
    for source in columns:
        found = recognizer.predict(source)
        assert found == expected and type(found[0].path) is str
    assert recognizer.embed(table["path"]).shape == (2, 128)
    for wrong in (table, pyarrow.table({"path": paths}), {"path": paths}):
        with pytest.raises(TypeError, match="one column"):
            recognizer.predict(wrong)


@pytest.mark.parametrize(
    "source, message",
    [
        ((RATE, INTEGERS), "samples come before their rate"),
        ([(RATE, INTEGERS)], "samples come before their rate"),
        (Tensor(INTEGERS), "rate"),
        ((INTEGERS.tobytes(), RATE), "frombuffer"),
        ((0.5, RATE), "array"),
        ((INTEGERS + 1j, RATE), "not numbers"),
        ((INTEGERS, float("nan")), "integer"),
        ((INTEGERS, -RATE), "sample rate"),
        (None, "a recording is a path"),
        (7, "a recording is a path"),
    ],
)
def test_unclear_recordings_are_refused_with_advice(recognizer, source, message):
    for call in (recognizer.predict, recognizer.embed):
        with pytest.raises((TypeError, ValueError), match=message):
            call(source)


@pytest.mark.parametrize("kind", ["no_samples", "non_finite", "sample_rate"])
def test_samples_that_are_no_sound_are_errors(recognizer, kind):
    source = {
        "no_samples": (numpy.zeros(0), RATE),
        "non_finite": (numpy.full(RATE, numpy.nan), RATE),
        "sample_rate": (numpy.zeros(100), 3),
    }[kind]
    calls = [recognizer.predict, recognizer.embed, recognizer.timeline, lambda s: recognizer.predict(s, segments=[(0.0, 1.0)])]
    for call in calls:
        with pytest.raises(clstm.RecognitionError) as raised:
            call(source)
        assert raised.value.kind == kind
    assert recognizer.predict([source, SAMPLE])[1].label is not None


def test_an_error_of_one_recording_names_its_path(recognizer):
    with pytest.raises(clstm.RecognitionError) as raised:
        recognizer.predict(__file__)
    assert str(raised.value).startswith(f"{__file__}: ")
    assert recognizer.predict([__file__])[0].error.message in str(raised.value)


def test_decoded_samples_can_be_changed():
    samples = clstm.decode(SAMPLE)
    samples *= 0.5
    assert samples.flags.writeable


def test_parts_of_results_are_tables(recognizer):
    predictions = recognizer.predict([SAMPLE, SAD, "missing.wav"])
    part = predictions[1:]
    assert isinstance(part, clstm.Predictions) and part == list(predictions)[1:]
    assert part.columns()["path"] == [str(SAD), "missing.wav"]
    segments = recognizer.predict(SAMPLE, segments=[(0.0, 1.0), (1.0, 2.0)])
    assert segments[:1].path == str(SAMPLE) and len(segments[:1].to_pandas()) == 1
    again = pickle.loads(pickle.dumps(predictions))
    assert again.columns() == predictions.columns()


def test_tables_name_the_package_that_is_missing(recognizer, monkeypatch):
    found = recognizer.predict([SAMPLE])
    for package, table in (("pandas", found.to_pandas), ("pyarrow", found.to_arrow)):
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(ImportError, match=f"pip install {package}"):
            table()


def test_a_pickle_finds_its_files_from_another_folder(recognizer, tmp_path, monkeypatch):
    clstm.run("export", "--format", "huggingface", "--output", tmp_path / "model", log=None)
    (tmp_path / "two.toml").write_text('[labels]\nhappy = "high"\nangry = "high"\nsad = "low"\nneutral = "low"\n')
    monkeypatch.chdir(tmp_path)
    pickled = pickle.dumps(clstm.load("model").with_classes("two.toml"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert pickle.loads(pickled).predict(SAMPLE) == recognizer.predict(SAMPLE, classes=tmp_path / "two.toml")


def test_a_folder_named_like_a_built_in_model_is_not_loaded_instead(tmp_path, monkeypatch):
    clstm.run("export", "--model", "open", "--format", "huggingface", "--output", tmp_path / "multi", log=None)
    monkeypatch.chdir(tmp_path)
    loaded = clstm.load("multi")
    assert loaded.digest == clstm.load().digest == pickle.loads(pickle.dumps(loaded)).digest
    assert clstm.models()[0] == "multi" and loaded.info["name"] == "multi"


def test_settings_may_be_those_of_numpy(recognizer):
    assert recognizer.timeline(SAMPLE, hop=numpy.float32(0.5)) == recognizer.timeline(SAMPLE, hop=0.5)
    arguments = _arguments({"set": {"batch": numpy.int64(8), "augment": numpy.bool_(True)}, "seeds": range(2)})
    assert arguments == ["--set=batch=8", "--set=augment=true", "--seeds=0", "--seeds=1"]
    with pytest.raises(TypeError, match="class of each label"):
        recognizer.with_classes({"happy": None})


def test_segments_of_a_table_or_without_times_are_refused_with_advice(recognizer):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"start": [0.2], "end": [1.9], "speaker": ["anna"]})
    with pytest.raises(TypeError, match="itertuples"):
        recognizer.predict(SAMPLE, segments=table)
    (found,) = recognizer.predict(SAMPLE, segments=table.itertuples(index=False))
    assert (found.start_s, found.speaker) == (0.2, "anna")
    for wrong in ({"start": 0.0, "end": 1.0}, "0-1", (1.0,), ("a", "b"), 5):
        with pytest.raises(ValueError, match="a segment is"):
            recognizer.predict(SAMPLE, segments=[wrong])
