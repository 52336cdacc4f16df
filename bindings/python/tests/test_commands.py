"""Training, cross-validation, evaluation and reports; the command itself."""

import signal
import subprocess
import sys
import time

import clstm
import pytest
from conftest import SAMPLE, TINY_GRU


@pytest.fixture(scope="module")
def cross_validation(manifest, tmp_path_factory):
    lines = []
    run = clstm.cross_validate(
        corpus="manifest",
        data=manifest,
        preset="clstm",
        split="speaker",
        folds=2,
        epochs=1,
        seed=3,
        set=TINY_GRU,
        output=tmp_path_factory.mktemp("cv") / "run",
        log=lines.append,
    )
    assert any("epoch 1/1" in line for line in lines), lines
    return run


def test_a_cross_validation_returns_its_run(cross_validation):
    metrics = cross_validation.metrics
    assert len(metrics["folds"]) == 2 and 0.0 <= metrics["mean"]["ua"] <= 1.0
    assert metrics["protocol"]["seed"] == 3


def test_a_training_gives_a_model_and_evaluation_its_figures(manifest, tones, tmp_path):
    run = clstm.train(
        corpus="manifest",
        data=manifest,
        preset="clstm",
        epochs=2,
        set=TINY_GRU,
        output=tmp_path / "run",
        log=None,
    )
    recognizer = run.load(min_speech=0.0)
    assert recognizer.labels == ["happy", "sad"]
    figures = clstm.evaluate(model=run.model_path, corpus="manifest", data=manifest, log=None)
    predicted = [p.label for p in recognizer.predict(tones[0])]
    right = sum(found == label for found, label in zip(predicted, tones[1])) / len(predicted)
    assert figures["wa"] == pytest.approx(right)


def test_a_report_is_written(cross_validation, tmp_path):
    page = clstm.report(cross_validation, output=tmp_path / "report", no_png=True, log=None)
    assert page.read_text().startswith("<!DOCTYPE html>") or "<html" in page.read_text()


def test_wrong_usage_and_failures_are_distinguished(tmp_path):
    with pytest.raises(clstm.CommandError) as raised:
        clstm.train(corpus="ravdess", data="x", preset="no-such-preset", output=tmp_path / "r", log=None)
    assert (raised.value.kind, raised.value.status) == ("usage", 2)
    with pytest.raises(clstm.CommandError) as raised:
        clstm.train(corpus="ravdess", data=tmp_path, preset="clstm", output=tmp_path / "r", log=None)
    assert (raised.value.kind, raised.value.status) == ("failed", 1)
    assert str(tmp_path) in str(raised.value)


def test_an_interrupt_lets_a_training_save_its_work(manifest, tmp_path):
    output = tmp_path / "run"
    code = (
        "import clstm, json, sys\n"
        f"clstm.train(corpus='manifest', data={str(manifest)!r}, preset='clstm', epochs=100000,"
        f" set={TINY_GRU!r}, output={str(output)!r}, log=lambda line: print(line, flush=True))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A job in the background of a shell ignores the interrupt.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    for line in process.stdout:
        if "epoch 2/" in line:
            break
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode != 0 and "KeyboardInterrupt" in errors
    assert (output / "checkpoint.safetensors").exists()


def test_python_m_clstm_is_the_command(recognizer):
    def command(*arguments):
        line = [sys.executable, "-m", "clstm", *map(str, arguments)]
        return subprocess.run(line, capture_output=True, text=True, stdin=subprocess.DEVNULL)

    done = command("predict", SAMPLE)
    assert done.returncode == 0 and recognizer.predict(SAMPLE).label in done.stdout
    assert command("--version").stdout.startswith("clstm ")
    assert command("predict").returncode == 2


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
def test_the_server_decodes_in_processes_of_this_package(tmp_path):
    import json
    import socket
    import urllib.request

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "clstm", "serve", "--port", str(port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}/v1/recognize"
        for _ in range(300):
            try:
                request = urllib.request.Request(address, data=SAMPLE.read_bytes())
                with urllib.request.urlopen(request, timeout=60) as response:
                    prediction = json.load(response)
                break
            except urllib.error.URLError as error:
                if isinstance(error, urllib.error.HTTPError):
                    raise
                time.sleep(0.1)
        assert prediction["label"] == clstm.load().predict(SAMPLE).label
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)
