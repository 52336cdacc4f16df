"""The annotations, and the stubs of the extension module."""

import os
import subprocess
import sys
from pathlib import Path

import clstm
from conftest import needs


def mypy(module, *arguments, folder):
    needs("mypy")
    # Elsewhere than in the folder of the sources: the installed package is checked.
    line = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, env={**os.environ, "MYPYPATH": ""})
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_package_has_consistent_types(tmp_path):
    mypy("mypy", "--ignore-missing-imports", "--cache-dir", str(tmp_path), "--package", "clstm", folder=tmp_path)


def test_the_stubs_are_those_of_the_extension_module(tmp_path):
    mypy("mypy.stubtest", "clstm._clstm", "--ignore-missing-stub", folder=tmp_path)
    assert (Path(clstm.__file__).parent / "py.typed").exists()


def test_the_return_type_follows_the_arguments(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "from typing import List, Optional\n"
        "import clstm\n"
        "recognizer = clstm.load()\n"
        "one: clstm.Prediction = recognizer.predict('a.wav', channels=1)\n"
        "many: clstm.Predictions = recognizer.predict(['a.wav'], progress=True)\n"
        "each: clstm.Predictions = recognizer.predict('a.wav', channels='each')\n"
        "given: clstm.GivenSegments = recognizer.predict('a.wav', segments=[(0.0, 1.0)])\n"
        "label: Optional[str] = many[0].label\n"
        "some: clstm.Predictions = many[1:]\n"
        "timeline: clstm.Timeline = recognizer.timeline('a.wav', channels=1)\n"
        "timelines: List[clstm.Timeline] = recognizer.timeline('a.wav', channels='each')\n"
        "segment: clstm.Segment = timeline.segments[0]\n"
        "opened: clstm.Prediction = recognizer.predict(open('a.wav', 'rb'))\n"
    )
    mypy("mypy", "--ignore-missing-imports", "--cache-dir", str(tmp_path / "cache"), str(program), folder=tmp_path)
