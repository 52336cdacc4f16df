"""Scoring and cross-validation on a cluster of two nodes, one of which is killed in the middle."""

import json
import os
import threading
import time
from pathlib import Path

import clstm
import numpy
import pyarrow.parquet
import pytest
from conftest import RATE, SAD, SAMPLE, TINY_GRU, cross_validate, needs, wav

ray = needs("ray")
needs("ray.data")

from clstm.ray import score  # noqa: E402
from clstm.ray.parts import Parts, part_name  # noqa: E402
from clstm.ray.scorer import recognize_apart  # noqa: E402
from ray.cluster_utils import Cluster  # noqa: E402


class Nodes:
    """A head and a second node on this machine."""

    def __init__(self):
        self.cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        ray.init(address=self.cluster.address, log_to_driver=False)
        self.second = None

    def add(self):
        self.second = self.cluster.add_node(num_cpus=1)
        self.cluster.wait_for_nodes()

    def workers(self, title):
        """Processes below the second node's raylet whose title has this text."""
        raylet = self.second.all_processes["raylet"][0].process.pid
        children = Path(f"/proc/{raylet}/task/{raylet}/children").read_text().split()
        return [pid for pid in children if title in Path(f"/proc/{pid}/cmdline").read_text()]

    def kill_second_when(self, condition):
        """Kills the second node as soon as the condition holds; returns the thread and the number of kills."""
        killed = []

        def run():
            for _ in range(2_400):
                try:
                    if condition():
                        self.cluster.remove_node(self.second, allow_graceful=False)
                        killed.append(time.monotonic())
                        return
                except FileNotFoundError:  # A process that has just ended.
                    pass
                time.sleep(0.05)

        thread = threading.Thread(target=run)
        thread.start()
        return thread, killed

    def close(self):
        ray.shutdown()
        self.cluster.shutdown()


@pytest.fixture(scope="module")
def nodes():
    nodes = Nodes()
    yield nodes
    nodes.close()


def voice(seed, seconds):
    """A tone that changes its pitch and level."""
    times = numpy.arange(int(seconds * RATE)) / RATE
    pitch = 120 + 10 * (seed % 13) + 30 * numpy.sin(2 * numpy.pi * (1 + seed % 3) * times)
    level = 0.2 + 0.15 * numpy.sin(2 * numpy.pi * 3 * times)
    return level * numpy.sign(numpy.sin(2 * numpy.pi * numpy.cumsum(pitch) / RATE))


@pytest.fixture(scope="module")
def voices(tmp_path_factory):
    """Paths of 120 recordings of 6 s, one of which is no audio and one of which does not exist."""
    folder = tmp_path_factory.mktemp("voices")
    paths = []
    for index in range(118):
        paths.append(folder / f"{index}.wav")
        paths[-1].write_bytes(wav(voice(index, 6.0)))
    (folder / "text.wav").write_text("no audio")
    return [str(path) for path in [*paths, folder / "text.wav", folder / "missing.wav"]]


def expected_rows(paths):
    """What one process gives, by path."""
    predictions = clstm.load(min_speech=0.0).predict(paths)
    return {row["path"]: row for row in predictions.to_arrow().to_pylist()}


def test_every_recording_has_one_row_after_a_node_was_killed(nodes, voices, tmp_path):
    nodes.add()
    output = tmp_path / "scores"
    parts = lambda: len(list(output.glob("part-*")))  # noqa: E731
    thread, killed = nodes.kill_second_when(lambda: parts() >= 5 and nodes.workers("MapWorker"))
    scores = score(voices, output=output, min_speech=0.0, batch_size=4, workers=2, log=None)
    thread.join()
    assert killed, "the job ended before the second node had a worker"
    rows = scores.to_arrow().to_pylist()
    assert sorted(row["path"] for row in rows) == sorted(voices)
    assert {row["path"]: row for row in rows} == expected_rows(voices)
    assert (scores.rows, scores.scored, scores.skipped, scores.failed) == (120, 120, 0, 2)
    kinds = {Path(row["path"]).name: row["error_kind"] for row in rows if row["error_kind"]}
    assert kinds["missing.wav"] == "not_found" and set(kinds) == {"missing.wav", "text.wav"}
    assert scores.files_per_second > 0.0 and scores.audio_s == pytest.approx(118 * 6.0)

    again = score(voices, output=output, min_speech=0.0, workers=1, log=None)
    assert (again.rows, again.scored, again.skipped) == (120, 0, 120)


def test_a_second_call_scores_what_is_new_and_keeps_the_settings(nodes, tmp_path):
    lines = []
    first = score([SAMPLE, SAMPLE], output=tmp_path / "scores", workers=1, progress=False, log=lines.append)
    assert (first.rows, first.scored) == (1, 1)
    assert any("1 of 1 recordings" in line for line in lines), lines
    second = score([SAMPLE, SAD], output=tmp_path / "scores", workers=1, log=None)
    assert (second.rows, second.scored, second.skipped) == (2, 1, 1)
    assert dict(second.to_pandas()[["path", "label"]].to_numpy()) == {
        str(path): clstm.load().predict(path).label for path in (SAMPLE, SAD)
    }
    # A path alone is no list of characters.
    again = score(str(SAMPLE), output=tmp_path / "scores", workers=1, log=None)
    assert (again.rows, again.skipped) == (2, 1)
    with pytest.raises(TypeError, match="source is paths"):
        score([SAD, (numpy.zeros(100), RATE)], output=tmp_path / "scores", log=None)
    odd = score([os.fsdecode(b"none-\xff.wav")], output=tmp_path / "scores", workers=1, log=None)
    assert (odd.rows, odd.failed) == (3, 1)
    with pytest.raises(ValueError, match="min_speech differ"):
        score([SAD], output=tmp_path / "scores", min_speech=0.5, log=None)
    with pytest.raises(clstm.ModelError):
        score([SAD], output=tmp_path / "other", model="no-such-model", log=None)


def test_datasets_of_bytes_are_scored_and_continued(nodes, tmp_path):
    rows = [{"path": path.name, "bytes": path.read_bytes()} for path in (SAMPLE, SAD)]
    dataset = ray.data.from_items([*rows, {"path": "none", "bytes": None}])
    scores = score(dataset, output=tmp_path / "scores", content="bytes", workers=1, log=None)
    found = {row["path"]: row for row in scores.to_arrow().to_pylist()}
    assert {name: row["error_kind"] for name, row in found.items()} == {
        "sample.wav": None, "sad.wav": None, "none": "empty"
    }
    assert found["sad.wav"]["label"] == clstm.load().predict(SAD).label
    # A column of the `datasets` library.
    audio = [{"audio": row} for row in [*rows, {"path": "more.wav", "bytes": SAD.read_bytes()}]]
    more = score(
        ray.data.from_items(audio), output=tmp_path / "scores", path="audio", content="audio", workers=1, log=None
    )
    assert (more.rows, more.scored) == (4, 1)


def test_a_model_file_need_not_be_on_the_nodes(nodes, tmp_path, manifest):
    run = clstm.train(
        corpus="manifest", data=manifest, preset="clstm", epochs=1, set=TINY_GRU, output=tmp_path / "run", log=None
    )
    scores = score([SAMPLE], output=tmp_path / "scores", model=run.model_path, min_speech=0.0, workers=1, log=None)
    assert scores.to_pandas()["label"][0] == run.load(min_speech=0.0).predict(SAMPLE).label


def ends_the_process(model, recordings):
    """A recognition that crashes."""
    if recordings == ["crash"]:
        os._exit(11)
    return [clstm.Prediction(recordings[0], 1.0, 1.0, None, None, None)]


def test_a_recording_that_ends_its_process_gets_an_error(tmp_path):
    found = recognize_apart(dict, ["a", "crash", "b"], ends_the_process)
    assert [item.path for item in found] == ["a", None, "b"]
    assert [item.error and item.error.kind for item in found] == [None, "crash", None]
    parts = Parts(str(tmp_path / "out"))
    parts.prepare({})
    name = part_name(["a"])
    assert [parts.attempts(name), parts.attempts(name)] == [0, 1]
    parts.finished(name)
    assert parts.attempts(name) == 0


def cross_validation(manifest, output, **more):
    return cross_validate(output, corpus="manifest", data=manifest, epochs=120, **more)


def figures(run):
    """The figures without the times."""
    metrics = run.metrics
    for fold in metrics["folds"]:
        fold.pop("seconds")
    return metrics


def test_folds_are_those_of_one_machine_after_a_node_was_killed(nodes, manifest, tmp_path):
    nodes.add()
    output = tmp_path / "ray"
    checkpoints = lambda: len(list(output.glob("fold-*/checkpoint.safetensors")))  # noqa: E731
    thread, killed = nodes.kill_second_when(lambda: checkpoints() == 2 and nodes.workers("_fold"))
    lines = []
    run = cross_validation(manifest, output, on="ray", log=lines.append)
    thread.join()
    assert killed, "the folds ended before the second node was killed"
    local = cross_validation(manifest, tmp_path / "local", threads=1, log=None)
    assert figures(run) == figures(local)
    for fold in ("fold-1", "fold-2"):
        assert (run.path / fold / "model.safetensors").read_bytes() == (
            local.path / fold / "model.safetensors"
        ).read_bytes()
    with pytest.raises(clstm.CommandError, match="holds a run already"):
        cross_validation(manifest, output, on="ray", log=None)
    assert figures(cross_validation(manifest, output, on="ray", resume=True, log=None)) == figures(local)


def test_an_ablation_and_the_errors_of_folds(nodes, manifest, tmp_path):
    options = dict(
        corpus="manifest", data=manifest, split="speaker", folds=2, epochs=1, seed=3, set=TINY_GRU,
        rows=["clstm", "convlstm-skip-bigru"], log=None,
    )
    run = clstm.ablate(output=tmp_path / "ray", on="ray", **options)
    local = clstm.ablate(output=tmp_path / "local", threads=1, **options)
    for row in ("clstm", "convlstm-skip-bigru"):
        found, expected = (json.loads((r.path / row / "metrics.json").read_text()) for r in (run, local))
        assert found["mean"] == expected["mean"]
    assert run.ablation.keys() == local.ablation.keys()
    with pytest.raises(clstm.CommandError, match="2 of 2 folds failed: fold 1: .*no-such"):
        clstm.ablate(output=tmp_path / "bad", on="ray", **{**options, "corpus": "no-such"})
    for wrong in ({"folds": None}, {"fold": 1}):
        with pytest.raises(ValueError, match="on=.ray"):
            clstm.ablate(output=tmp_path / "wrong", on="ray", **{**options, **wrong})
    with pytest.raises(ValueError, match="not .local. or .ray."):
        clstm.ablate(output=tmp_path / "wrong", on="slurm", **options)


def test_parts_are_plain_parquet(nodes, tmp_path):
    score([SAMPLE], output=tmp_path / "scores", workers=1, log=None)
    (part,) = (tmp_path / "scores").glob("part-*.parquet")
    clstm.run("predict", SAMPLE, "--format", "parquet", "--output", tmp_path / "command.parquet", log=None)
    command = pyarrow.parquet.read_table(tmp_path / "command.parquet")
    table = pyarrow.parquet.read_table(part)
    assert table.column_names == command.column_names
    assert table.to_pylist() == command.to_pylist()
