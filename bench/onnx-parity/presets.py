"""A small network of each preset, trained for one epoch on tones: random enough to show a layer that is exported wrongly."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np

from recordings import write
from runtimes import RATE

PRESETS = [
    "convlstm-fcn", "convlstm-skip-fcn", "convlstm-bilstm", "convlstm-skip-bilstm", "convlstm-bigru", "convlstm-skip-bigru", "clstm", "clstm-plus",
    "clstm-tiny",
]


def manifest(folder: Path) -> Path:
    """Sixteen tones of two labels and four speakers."""
    lines = ["path,label,speaker"]
    noise = np.random.default_rng(1)
    for index in range(16):
        times = np.arange(RATE) / RATE
        samples = 0.3 * np.sin(2 * np.pi * [300, 900][index % 2] * times) + 0.03 * noise.normal(size=RATE)
        path = write(folder / f"tone-{index}.wav", (32_767 * samples).astype("<i2"))
        lines.append(f"{path},{['happy', 'sad'][index % 2]},s{index // 4}")
    path = folder / "tones.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def train(clstm: str, preset: str, data: Path, folder: Path) -> str:
    """The model file."""
    run = folder / preset
    options = ["--corpus", "manifest", "--data", data, "--preset", preset, "--epochs", "1", "--set", "batch=8", "--output", run]
    subprocess.run([clstm, "train", "--quiet", *options], check=True)
    return str(run / "model.safetensors")
