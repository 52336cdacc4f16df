"""The command, ONNX Runtime and OpenVINO behind one function each: from recordings to probabilities `[recordings, labels]`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import openvino

RATE = 16_000


def export(clstm: str, model: str | None, folder: Path, precision: str = "f32") -> Path:
    """Exports a model and checks the file."""
    path = folder / f"{Path(model or 'default').stem}-{precision}.onnx"
    chosen = ["--model", model] if model else []
    subprocess.run([clstm, "export", "--quiet", *chosen, "--precision", precision, "--force", "--output", path], check=True)
    onnx.checker.check_model(str(path), full_check=True)
    return path


def command(clstm: str, model: str | None, paths: list[Path]) -> tuple[list[str], np.ndarray]:
    """The labels, and the probabilities of `clstm predict` without the speech gate."""
    chosen = ["--model", model] if model else []
    options = ["--min-speech", "0", "--precision", "f32", "--format", "jsonl"]
    done = subprocess.run([clstm, "predict", "--quiet", *chosen, *options, *paths], check=True, capture_output=True, text=True)
    rows = [json.loads(line)["probabilities"] for line in done.stdout.splitlines()]
    return list(rows[0]), np.array([list(row.values()) for row in rows])


def onnx_runtime(path: Path, threads: int = 0):
    """A function of a list of recordings."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda recordings: session.run(["probabilities"], inputs(recordings))[0]


def openvino_cpu(path: Path):
    """A function of a list of recordings; in `f32`, which OpenVINO does not choose on every processor."""
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda recordings: compiled(inputs(recordings))["probabilities"]


def openvino_folder() -> Path:
    """Its headers and libraries."""
    return Path(openvino.__file__).parent


def inputs(recordings: list[np.ndarray]) -> dict[str, np.ndarray]:
    lengths = np.array([len(samples) for samples in recordings], np.int64)
    waveform = np.zeros((len(recordings), lengths.max()), np.float32)
    for row, samples in zip(waveform, recordings):
        row[: len(samples)] = samples
    return {"waveform": waveform, "lengths": lengths}
