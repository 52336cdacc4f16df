"""Recordings of a list at 16 kHz, also cut and joined to other lengths, as WAV files that all runtimes read alike."""

from __future__ import annotations

import csv
import subprocess
import wave
from pathlib import Path

import numpy as np

from runtimes import RATE


def rows(path: Path, count: int | None = None) -> list[tuple[str, str]]:
    """Paths and labels; `count` of them, evenly spaced."""
    with path.open(newline="", encoding="utf-8") as file:
        all_rows = [(str(path.parent / row["path"]), row["label"]) for row in csv.DictReader(file)]
    if count is None or count >= len(all_rows):
        return all_rows
    return [all_rows[index * len(all_rows) // count] for index in range(count)]


def decode(path: str) -> np.ndarray:
    """Samples of 16 bits, by ffmpeg."""
    command = ["ffmpeg", "-v", "error", "-i", path, "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-"]
    return np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, "<i2")


def write(path: Path, samples: np.ndarray) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, len(samples), "NONE", ""))
        file.writeframes(samples.tobytes())
    return path


def of_lengths(utterances: list[np.ndarray], shortest_s: float, longest_s: float) -> list[np.ndarray]:
    """The utterances, cut or joined with the next ones to lengths that are evenly spaced on a logarithmic scale."""
    seconds = np.geomspace(shortest_s, longest_s, len(utterances))
    # Neighbours in the list differ in length.
    seconds = seconds[np.random.default_rng(1).permutation(len(seconds))]
    result = []
    for index, wanted in enumerate(np.round(seconds * RATE).astype(int)):
        following = utterances[index:] + utterances[:index]
        samples, used = following[0], 1
        while len(samples) < wanted:
            samples = np.concatenate([samples, following[used]])
            used += 1
        # From the middle, where the speech is.
        start = (len(samples) - wanted) // 2
        result.append(samples[start : start + wanted])
    return result


def floats(samples: np.ndarray) -> np.ndarray:
    return samples.astype(np.float32) / 32_768
