"""The examples in docstrings and the snippets in `docs/python.md`."""

import doctest
import importlib
import os
import pkgutil
import re
import shutil
import wave

import clstm
import numpy
import pytest
from conftest import ROOT, TINY_GRU, needs

# Modules that need a package which may be missing.
OPTIONAL = {"clstm.ray": "ray", "clstm.live.pipecat": "pipecat", "clstm.live.livekit": "livekit.agents"}

MODULES = ["clstm"] + [
    module.name
    for module in pkgutil.walk_packages(clstm.__path__, "clstm.", onerror=lambda _: None)
    if module.name not in ("clstm.__main__", "clstm._clstm")
]


def load(module):
    """The module, or a skip where its package is missing."""
    for name, package in OPTIONAL.items():
        if module == name or module.startswith(name + "."):
            needs(package)
    return importlib.import_module(module)


@pytest.fixture
def in_the_repository(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings(module, in_the_repository):
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    result = doctest.testmod(load(module), optionflags=flags)
    assert result.failed == 0


def test_most_modules_have_examples():
    required = [module for module in MODULES if not module.startswith(tuple(OPTIONAL))]
    counts = {
        module: sum(len(test.examples) for test in doctest.DocTestFinder().find(importlib.import_module(module)))
        for module in required
    }
    assert sum(count > 0 for count in counts.values()) >= 8, counts


def run_snippets(page, names):
    """Runs all Python snippets of a page as one program."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    snippets = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert snippets
    for snippet in snippets:
        exec(compile(snippet, f"docs/{page}", "exec"), names)
    return names


def copy_recordings(folder, *names):
    for name in names:
        shutil.copy(ROOT / "assets" / name, folder)


def stereo(path, *channels):
    """Writes a recording with those of `channels` as its channels, as long as the shortest."""
    sides = [(clstm.decode(channel, 16_000) * 32_767).astype("<i2") for channel in channels]
    length = min(map(len, sides))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(sides))
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(numpy.stack([side[:length] for side in sides], axis=1).tobytes())


def test_snippets_of_the_page_on_live_agents(tmp_path, monkeypatch):
    needs("pipecat")
    needs("livekit.agents")
    copy_recordings(tmp_path, "sample.wav")
    monkeypatch.chdir(tmp_path)
    names = run_snippets("live-agents.md", {"__name__": "snippets"})
    assert [event.final for event in names["received"]][-1] is True
    assert names["event"].speaker == "anna"


def test_snippets_of_the_page_on_ray(tones, manifest, tmp_path, monkeypatch):
    ray = needs("ray")
    needs("ray.data")
    copy_recordings(tmp_path, "sample.wav", "sad.wav")
    shutil.copy(manifest, tmp_path / "mine.csv")
    monkeypatch.chdir(tmp_path)
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        names = run_snippets("ray.md", {"__name__": "snippets", "settings": TINY_GRU})
        assert names["scores"].rows == 2 and len(names["run"].metrics["folds"]) == 2
    finally:
        ray.shutdown()


def test_snippets_of_the_documentation(tones, manifest, tmp_path, monkeypatch):
    """Runs all of them as one program, beside the recordings that they name."""
    needs("umap")
    needs("matplotlib")
    copy_recordings(tmp_path, "sample.wav", "sad.wav")
    shutil.copy(ROOT / "assets" / "sample.wav", tmp_path / "interview.wav")
    stereo(tmp_path / "call.wav", tmp_path / "sample.wav", tmp_path / "sad.wav")
    shutil.copytree(os.path.dirname(tones[0][0]), tmp_path / "recordings")
    rows = zip([os.path.join("recordings", os.path.basename(path)) for path in tones[0]], *tones[1:])
    (tmp_path / "mine.csv").write_text("path,label,speaker\n" + "".join(",".join(row) + "\n" for row in rows))
    monkeypatch.chdir(tmp_path)
    names = run_snippets("python.md", {"__name__": "snippets"})
    assert names["positions"].shape == (16, 2) and (tmp_path / "map.png").stat().st_size > 1_000
    run_snippets("onnx.md", {"__name__": "snippets"})
