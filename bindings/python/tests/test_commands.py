"""Training, cross-validation, evaluation and reports; the command itself."""

import signal
import subprocess
import sys

import clstm
import pytest
from clstm.progress import TrainingProgress
from conftest import SAMPLE, TINY_GRU, cross_validate, needs


@pytest.fixture(scope="module")
def cross_validation(manifest, tmp_path_factory):
    lines = []
    output = tmp_path_factory.mktemp("cv") / "run"
    run = cross_validate(output, corpus="manifest", data=manifest, log=lines.append)
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


def test_the_package_has_no_server():
    for command in ("serve", "healthcheck"):
        with pytest.raises(clstm.CommandError, match="no server") as raised:
            clstm.run(command, "--port", "0", log=None)
        assert raised.value.kind == "usage"
    assert "  serve" not in clstm.run("--help")


def test_a_bar_shows_the_epochs_of_trainings():
    tqdm = needs("tqdm.auto").tqdm
    lines = []
    progress = TrainingProgress(lines.append, shown=True)
    progress("reading 16 recordings of mine")
    progress("fold 1/2 epoch 1/3: loss 0.674 (softmax 0.673), train UA 75.0%; 113 clips/s, 0 s left")
    assert isinstance(progress._bar, tqdm) and (progress._bar.n, progress._bar.total) == (1, 3)
    progress("fold 1/2 epoch 3/3: loss 0.5, train UA 80.0%")
    assert progress._bar.n == 3
    progress("fold 2/2 epoch 1/3: loss 0.6, train UA 70.0%")
    assert progress._bar.n == 1 and "2/2" in progress._bar.desc
    progress.close()
    assert lines == ["reading 16 recordings of mine"]
    plain = TrainingProgress(lines.append, shown=False)
    plain("fold 1/2 epoch 1/3: loss 0.674")
    assert lines[-1].startswith("fold 1/2 epoch")
