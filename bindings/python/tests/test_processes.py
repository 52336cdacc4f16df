"""Forks, signals, and the end of the calling process."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import SAD, SAMPLE, TINY_GRU


def python(code):
    """Another Python, which Ctrl-C reaches also from a job in the background of a shell."""
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.skipif(sys.platform == "win32", reason="no forks")
def test_a_forked_process_recognizes_what_its_parent_does():
    code = f"""
import multiprocessing, clstm

recognizer = clstm.load()

def labels(paths):
    timeline = recognizer.timeline(paths[0])
    return [found.label for found in recognizer.predict(paths)] + [segment.label for segment in timeline.segments]

paths = [{str(SAMPLE)!r}, {str(SAD)!r}]
expected = labels(paths)
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert pool.map(labels, [paths] * 4) == [expected] * 4
assert labels(paths) == expected
print("done")
"""
    process = python(code)
    try:
        output, errors = process.communicate(timeout=120)
    finally:
        process.kill()
    assert output == "done\n", errors


# Each takes minutes without an interrupt.
CALLS = {
    "predict": "recognizer.predict([(samples, 16_000)] * 100_000)",
    "timeline": "recognizer.timeline((numpy.tile(samples, 200), 16_000), hop=0.1)",
    "timeline of a file": "recognizer.timeline(wav(numpy.tile(samples, 200).tobytes(), 16_000), hop=0.1)",
    "segments": "recognizer.predict((numpy.tile(samples, 200), 16_000), segments=[(i / 10, i / 10 + 3) for i in range(10_000)])",
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_an_interrupt_ends_a_recognition(call):
    code = f"""
import clstm, numpy
from clstm.recordings import wav

recognizer = clstm.load()
samples = numpy.tile(clstm.decode({str(SAMPLE)!r}), 3)
print("begins", flush=True)
{call}
print("not interrupted")
"""
    process = python(code)
    try:
        assert process.stdout.readline() == "begins\n"
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert output == "" and "KeyboardInterrupt" in errors, errors


def is_running(pid):
    """Whether a process exists and has not ended; without a parent nothing may collect it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
def test_a_training_ends_with_its_caller_and_saves_its_work(manifest, tmp_path):
    output = tmp_path / "run"
    code = (
        "import clstm\n"
        f"clstm.train(corpus='manifest', data={str(manifest)!r}, preset='clstm', epochs=100000,"
        f" set={ {**TINY_GRU, 'checkpoint_every': 1000}!r}, output={str(output)!r}, log=lambda line: print(line, flush=True))"
    )
    caller = python(code)
    try:
        for line in caller.stdout:
            if "epoch 2/" in line:
                break
        (training,) = Path(f"/proc/{caller.pid}/task/{caller.pid}/children").read_text().split()
    finally:
        caller.kill()
    caller.communicate()
    for _ in range(600):
        if not is_running(training):
            break
        time.sleep(0.1)
    assert not is_running(training)
    assert (output / "checkpoint.safetensors").exists()
