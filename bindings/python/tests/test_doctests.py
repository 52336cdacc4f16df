"""The examples in docstrings and the snippets in `docs/python.md`."""

import doctest
import importlib
import os
import pkgutil
import re
import shutil

import clstm
import pytest
from conftest import ROOT

MODULES = ["clstm"] + [
    f"clstm.{module.name}"
    for module in pkgutil.iter_modules(clstm.__path__)
    if module.name not in ("__main__", "_clstm")
]


@pytest.fixture
def in_the_repository(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings(module, in_the_repository):
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    result = doctest.testmod(importlib.import_module(module), optionflags=flags)
    assert result.failed == 0


def test_most_modules_have_examples():
    found = [m for m in MODULES if doctest.DocTestFinder().find(importlib.import_module(m))]
    attempted = {
        module: sum(len(test.examples) for test in doctest.DocTestFinder().find(importlib.import_module(module)))
        for module in found
    }
    assert sum(count > 0 for count in attempted.values()) >= 6, attempted


def test_snippets_of_the_documentation(tones, manifest, tmp_path, monkeypatch):
    """Runs all of them as one program, beside the recordings that they name."""
    for name in ("sample.wav", "sad.wav"):
        shutil.copy(ROOT / "assets" / name, tmp_path)
    shutil.copy(ROOT / "assets" / "sample.wav", tmp_path / "interview.wav")
    shutil.copytree(os.path.dirname(tones[0][0]), tmp_path / "recordings")
    rows = zip([os.path.join("recordings", os.path.basename(path)) for path in tones[0]], *tones[1:])
    (tmp_path / "mine.csv").write_text("path,label,speaker\n" + "".join(",".join(row) + "\n" for row in rows))
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    snippets = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert len(snippets) > 5
    names = {"__name__": "snippets"}
    for snippet in snippets:
        exec(compile(snippet, "docs/python.md", "exec"), names)
