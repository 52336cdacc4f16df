"""`clstm export --format onnx`: ONNX Runtime computes what the library does."""

import json
from pathlib import Path

import clstm
import numpy
import onnx
import onnxruntime
import pytest
from conftest import RATE, ROOT, SAD, SAMPLE, TINY, TINY_GRU, tone

PRESETS = [
    "convlstm-fcn",
    "convlstm-skip-fcn",
    "convlstm-bilstm",
    "convlstm-skip-bilstm",
    "convlstm-bigru",
    "convlstm-skip-bigru",
    "clstm",
    "clstm-plus",
    "clstm-tiny",
]
# The blocks of `clstm-plus` and `clstm-tiny` are not those that `TINY` makes smaller.
SETTINGS = {"clstm": TINY_GRU, "clstm-plus": {"batch": 8}, "clstm-tiny": {"batch": 8}}


def export(folder, model=None, precision="f32"):
    Path(folder).mkdir(parents=True, exist_ok=True)
    path = Path(folder) / f"{precision}.onnx"
    chosen = [] if model is None else ["--model", model]
    clstm.run("export", *chosen, "--format", "onnx", "--precision", precision, "--output", path)
    onnx.checker.check_model(str(path), full_check=True)
    return path


def session(path):
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


class OpenVino:
    """OpenVINO with the interface of a session."""

    def __init__(self, path):
        openvino = pytest.importorskip("openvino")
        core = openvino.Core()
        self.model = core.compile_model(core.read_model(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def run(self, names, inputs):
        outputs = self.model(inputs)
        return [outputs[name] for name in names]


def run(session, recordings):
    """Outputs for a batch of recordings, zeros behind shorter ones."""
    lengths = numpy.array([len(samples) for samples in recordings], numpy.int64)
    waveform = numpy.zeros((len(recordings), lengths.max()), numpy.float32)
    for row, samples in zip(waveform, recordings):
        row[: len(samples)] = samples
    outputs = session.run(["probabilities", "logits", "features"], {"waveform": waveform, "lengths": lengths})
    return outputs


def largest_difference(recognizer, session, recordings, one_by_one=False):
    expected = recognizer.predict([(samples, RATE) for samples in recordings])
    expected = numpy.array([list(prediction.probabilities.values()) for prediction in expected])
    features = recognizer.embed([(samples, RATE) for samples in recordings])
    if one_by_one:
        outputs = [run(session, [samples]) for samples in recordings]
        probabilities, _, deep = (numpy.concatenate(rows) for rows in zip(*outputs))
    else:
        probabilities, _, deep = run(session, recordings)
    assert numpy.abs(deep - features).max() < 1e-3
    return numpy.abs(probabilities - expected).max()


def speech():
    """Recordings of speech of 0.3 to 10 s; real ones where the corpus exists."""
    whole = numpy.concatenate([clstm.decode(path) for path in (SAMPLE, SAD)])
    rng = numpy.random.default_rng(1)
    recordings = [clstm.decode(SAMPLE), clstm.decode(SAD), numpy.tile(whole, 3)[: 10 * RATE]]
    for seconds in (0.3, 0.31, 0.7, 1.9, 2.9, 3.0, 3.1, 4.4, 6.0, 8.7):
        start = rng.integers(len(whole))
        recordings.append(numpy.roll(numpy.tile(whole, 3), -start)[: int(seconds * RATE)])
    corpus = ROOT.parent / "shared/corpora/ravdess"
    files = sorted(corpus.glob("Actor_*/03-*"))[::97]
    return recordings + [clstm.decode(path) for path in files]


def test_the_built_in_model_agrees_on_speech_of_any_length(tmp_path):
    recognizer = clstm.load(min_speech=0.0)
    exported = session(export(tmp_path))
    recordings = speech()
    assert largest_difference(recognizer, exported, recordings) < 1e-4
    assert largest_difference(recognizer, exported, recordings[:4], one_by_one=True) < 1e-4
    louder = [0.01 * recordings[0] + 0.2]
    assert largest_difference(recognizer, exported, louder) < 1e-4
    edges = [numpy.concatenate([numpy.zeros(9_000, "f4"), recordings[1], numpy.zeros(5_555, "f4")])]
    assert largest_difference(recognizer, exported, edges) < 1e-4


def edges_near_the_threshold():
    """Speech between noise of many levels, where rounding in the energies of frames moves the trimmed edges."""
    rng, whole = numpy.random.default_rng(1), clstm.decode(SAD)
    for level in numpy.geomspace(2e-4, 3e-3, 40):
        noise = (level * rng.normal(size=8_000)).astype("f4")
        yield numpy.concatenate([noise, whole, noise])


def test_openvino_agrees_on_speech_of_any_length_and_at_its_edges(tmp_path):
    # It computes `f64` as `f32`.
    recognizer, exported = clstm.load(min_speech=0.0), OpenVino(export(tmp_path))
    assert largest_difference(recognizer, exported, speech()) < 1e-4
    assert largest_difference(recognizer, exported, list(edges_near_the_threshold())) < 1e-4


def test_models_by_name_and_by_file(tmp_path):
    names = [export(tmp_path / name, name) for name in ("open", "ravdess-clstm-plus")]
    files = [export(tmp_path / "files" / name, ROOT / "models" / name / f"{name}.safetensors") for name in ("open", "ravdess-clstm-plus")]
    for name, file in zip(names, files):
        assert name.read_bytes() == file.read_bytes()
    recognizer = clstm.load("ravdess-clstm-plus", min_speech=0.0)
    assert largest_difference(recognizer, session(names[1]), speech()[:5]) < 1e-4


def test_int8_is_small_and_close(tmp_path):
    recognizer = clstm.load(min_speech=0.0)
    exact, small = export(tmp_path), export(tmp_path, precision="int8")
    assert small.stat().st_size < 0.35 * exact.stat().st_size
    recordings = speech()[:8]
    for exported in (session(small), OpenVino(small)):
        probabilities, _, _ = run(exported, recordings)
        expected, _, _ = run(session(exact), recordings)
        assert numpy.abs(probabilities - expected).max() < 0.1
        assert (probabilities.argmax(1) == expected.argmax(1)).mean() >= 0.75
    # The first layer stays as it is; others differ.
    assert numpy.abs(probabilities - expected).max() > 0
    assert recognizer.labels == json.loads(session(small).get_modelmeta().custom_metadata_map["labels"])


@pytest.mark.parametrize("samples", [numpy.zeros(8_000, "f4"), numpy.zeros(0, "f4"), numpy.full(300, 0.25, "f4")])
def test_silence_and_clips_shorter_than_a_frame_have_finite_outputs(samples, tmp_path_factory):
    exported = session(export(tmp_path_factory.mktemp("onnx")))
    probabilities, logits, features = run(exported, [samples])
    assert numpy.isclose(probabilities.sum(), 1.0, atol=1e-5)
    assert numpy.isfinite(logits).all() and numpy.isfinite(features).all()


def test_continuous_targets_agree(model_with_dimensions, tmp_path):
    recognizer = model_with_dimensions.load(min_speech=0.0)
    exported = session(export(tmp_path, model_with_dimensions.model_path))
    assert json.loads(exported.get_modelmeta().custom_metadata_map["dimensions"]) == ["arousal", "valence"]
    for samples in speech()[:6]:
        expected = list(recognizer.predict((samples, RATE)).dimensions.values())
        inputs = {"waveform": samples[None], "lengths": numpy.array([len(samples)], numpy.int64)}
        (found,) = exported.run(["dimensions"], inputs)
        assert numpy.abs(found[0] - expected).max() < 1e-4


@pytest.mark.parametrize("preset", PRESETS)
def test_each_preset_agrees(preset, manifest, tmp_path):
    run_folder = clstm.train(
        corpus="manifest",
        data=manifest,
        preset=preset,
        epochs=1,
        set=SETTINGS.get(preset, TINY_GRU if "bi" in preset else TINY),
        output=tmp_path / "run",
        log=None,
    )
    recognizer = run_folder.load(min_speech=0.0)
    exported = session(export(tmp_path, run_folder.model_path))
    recordings = [tone(300 + 100 * index, index, 0.1 + 0.13 * index) for index in range(5)]
    assert largest_difference(recognizer, exported, recordings) < 1e-4


def test_metadata_and_refusals(tmp_path):
    path = export(tmp_path)
    metadata = session(path).get_modelmeta().custom_metadata_map
    recognizer = clstm.load()
    assert json.loads(metadata["labels"]) == recognizer.labels
    assert metadata["sample_rate"] == "16000" and metadata["license"] == recognizer.info["license"]
    assert metadata["digest"] == recognizer.digest
    assert metadata["precision"] == "f32" and json.loads(metadata["timeline"])["recording"]["hop_s"] == 1.0
    with pytest.raises(clstm.CommandError, match="exists"):
        clstm.run("export", "--output", path, log=None)
