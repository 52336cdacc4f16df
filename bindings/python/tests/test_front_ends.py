"""The package, the command, the server, ONNX Runtime and the page in the browser on the same 50 utterances.

Needs the program (`CLSTM`, by default that in `target/release`), Node.js 20 with npm, Chromium, and the corpus CREMA-D. Missing ones skip the
test, but fail it where `CLSTM_REQUIRE` names `program`, `browser` or `corpora`. It prints a table.
"""

import json
import os
import re
import shutil
import subprocess
import urllib.request
from pathlib import Path

import clstm
import numpy
import onnxruntime
import pytest
from conftest import RATE, ROOT, wav

CORPUS = ROOT.parent / "shared/corpora/crema-d/AudioWAV"
UTTERANCES = 50
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Largest difference of a probability from the command's.
BOUNDS = {"package": 0.0, "server": 0.0, "ONNX Runtime": 1e-4, "browser": 1e-3}


def required(name, found, what):
    """`found`, or a skip where it is missing, or a failure where `CLSTM_REQUIRE` names it."""
    if found:
        return found
    if name in os.environ.get("CLSTM_REQUIRE", "").split(","):
        pytest.fail(f"CLSTM_REQUIRE names {name}, but {what}")
    pytest.skip(what)


@pytest.fixture(scope="module")
def program():
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    path = Path(os.environ.get("CLSTM", target / "release" / "clstm"))
    return str(required("program", path.is_file() and path.resolve(), f"there is no program {path}; set CLSTM"))


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """WAV files at the model's rate: another resampler would change the probabilities."""
    files = sorted(path for path in CORPUS.glob("*") if path.suffix in (".wav", ".opus")) if CORPUS.is_dir() else []
    required("corpora", len(files) >= UTTERANCES, f"the corpus {CORPUS} is missing")
    folder = tmp_path_factory.mktemp("utterances")
    paths = []
    for index in range(UTTERANCES):
        file = files[index * len(files) // UTTERANCES]
        path = folder / f"{file.stem}.wav"
        path.write_bytes(wav(clstm.decode(file, RATE)))
        paths.append(str(path))
    return paths


def of_command(program, paths, _):
    options = ["predict", "--quiet", "--precision", "f32", "--format", "jsonl"]
    done = subprocess.run([program, *options, *paths], check=True, capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def of_package(_, paths, __):
    predictions = clstm.load().predict(paths, progress=False)
    return [{"label": item.label, "probabilities": item.probabilities} for item in predictions]


def of_server(program, paths, _):
    command = [program, "serve", "--host", "127.0.0.1", "--port", "0", "--precision", "f32"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL) as server:
        try:
            lines = iter(server.stderr.readline, "")
            address = next(found[1] for line in lines if (found := re.search(r"listening on (http://[\d.:]+)", line)))
            results = []
            for path in paths:
                request = urllib.request.Request(f"{address}/v1/recognize", data=Path(path).read_bytes())
                with urllib.request.urlopen(request, timeout=120) as response:
                    results.append(json.load(response))
            return results
        finally:
            server.terminate()


def of_onnx_runtime(program, paths, folder):
    model = folder / "model.onnx"
    subprocess.run([program, "export", "--quiet", "--format", "onnx", "--output", model], check=True)
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    labels = json.loads(session.get_modelmeta().custom_metadata_map["labels"])
    results = []
    for path in paths:
        waveform = clstm.decode(path, RATE)[None]
        inputs = {"waveform": waveform, "lengths": numpy.array([waveform.shape[1]])}
        (probabilities,) = session.run(["probabilities"], inputs)[0]
        results.append({"label": labels[probabilities.argmax()], "probabilities": dict(zip(labels, probabilities.tolist()))})
    return results


def of_browser(program, paths, folder):
    browser = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    required("browser", browser and shutil.which("npm"), "Chromium or npm is not installed")
    page = folder / "page"
    environment = {**os.environ, "CLSTM": program}
    subprocess.run([ROOT / "docs/demo/build", page], check=True, env=environment, stdin=subprocess.DEVNULL, timeout=600)
    command = ["node", ROOT / "docs/demo/test/recognize.mjs", page, *paths]
    done = subprocess.run(command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=900)
    return [json.loads(line) for line in done.stdout.splitlines()]


FRONT_ENDS = {"package": of_package, "server": of_server, "ONNX Runtime": of_onnx_runtime, "browser": of_browser}


def compare(expected, found):
    """Equal labels, and the largest difference of a probability. Utterances without speech have neither."""
    labels, largest = 0, 0.0
    for ours, theirs in zip(expected, found, strict=True):
        labels += ours["label"] == theirs["label"]
        if ours["label"] is None or theirs["label"] is None:
            continue
        assert list(ours["probabilities"]) == list(theirs["probabilities"])
        differences = [abs(theirs["probabilities"][label] - p) for label, p in ours["probabilities"].items()]
        largest = max(largest, *differences)
    return labels, largest


def test_all_front_ends_agree_on_the_same_utterances(program, recordings, tmp_path, capsys):
    expected = of_command(program, recordings, tmp_path)
    speech = [item["label"] is not None for item in expected]
    rows, wrong = [], []
    for name, recognize in FRONT_ENDS.items():
        found = recognize(program, recordings, tmp_path)
        # The graph has no speech gate: only what has speech is compared.
        pairs = [(a, b) for a, b, is_speech in zip(expected, found, speech) if is_speech or name != "ONNX Runtime"]
        labels, largest = compare(*zip(*pairs))
        rows.append(f"| {name} | {labels} of {len(pairs)} | {largest:.1e} |")
        if labels < len(pairs) or largest > BOUNDS[name]:
            wrong.append(name)
    with capsys.disabled():
        print("\n".join(["", "| front end | labels as the command's | largest difference of a probability |", "|---|---|---|", *rows]))
    assert not wrong
