"""Measures a model on degraded copies of labelled recordings; prints and writes a Markdown table."""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

import numpy as np

from conditions import LEVEL, RATE, conditions, rms

SEED = 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clstm", default="target/release/clstm", help="the command")
    parser.add_argument("--model", help="name or file of the model [default: the built-in one]")
    parser.add_argument("--list", required=True, help="CSV with the columns path and label")
    parser.add_argument("--count", type=int, default=200, help="recordings, drawn evenly from the classes")
    parser.add_argument("--only", help="groups of conditions, separated by commas")
    parser.add_argument("--classes", help="as of clstm predict")
    parser.add_argument("--output", help="file for the table")
    args = parser.parse_args()

    rows = draw(Path(args.list), args.count)
    clean = [decode(path) for path, _ in rows]
    clean = [samples / max(rms(samples), 1e-12) * LEVEL for samples in clean]
    labels = [label for _, label in rows]
    only = set(args.only.split(",")) | {"clean"} if args.only else None
    lines = [
        f"{len(rows)} recordings of {Path(args.list).name}, model {args.model or 'the built-in one'}",
        "",
        "| group | condition | UA % | change | labels changed % | no speech % |",
        "|---|---|---|---|---|---|",
    ]
    print("\n".join(lines), flush=True)
    reference = None
    for condition in conditions():
        if only and condition.group not in only:
            continue
        random = np.random.default_rng(SEED)
        with tempfile.TemporaryDirectory() as folder:
            for index, samples in enumerate(clean):
                others = clean[:index] + clean[index + 1 :]
                write(Path(folder) / f"{index:05}.wav", condition.apply(samples, random, others))
            predicted = predict(args, Path(folder), len(clean))
        reference = reference or (predicted, ua(predicted, labels))
        changed = np.mean([a != b for a, b in zip(predicted, reference[0])])
        speechless = np.mean([label is None for label in predicted])
        accuracy = ua(predicted, labels)
        line = (
            f"| {condition.group} | {condition.name} | {100 * accuracy:.1f} | "
            f"{100 * (accuracy - reference[1]):+.1f} | {100 * changed:.1f} | {100 * speechless:.1f} |"
        )
        print(line, flush=True)
        lines.append(line)
    if args.output:
        Path(args.output).write_text("\n".join(lines) + "\n")


def draw(path: Path, count: int) -> list[tuple[Path, str]]:
    """The same number of recordings of each class, in a fixed random order."""
    with path.open(newline="") as file:
        rows = [(path.parent / row["path"], row["label"]) for row in csv.DictReader(file)]
    np.random.default_rng(SEED).shuffle(rows)
    classes = sorted({label for _, label in rows})
    each = -(-count // len(classes))
    taken = {label: 0 for label in classes}
    chosen = []
    for row in rows:
        if taken[row[1]] < each:
            taken[row[1]] += 1
            chosen.append(row)
    return chosen


def decode(path: Path) -> np.ndarray:
    command = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-i", str(path)]
    command += ["-f", "f32le", "-ar", str(RATE), "-ac", "1", "pipe:1"]
    found = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(found, "<f4").astype(np.float64)


def write(path: Path, samples: np.ndarray) -> None:
    """16-bit PCM; louder recordings are scaled down, not clipped."""
    peak = float(np.max(np.abs(samples), initial=0.0))
    samples = samples / peak if peak > 1.0 else samples
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, len(samples), "NONE", ""))
        file.writeframes((samples * 32767).round().astype("<i2").tobytes())


def predict(args: argparse.Namespace, folder: Path, count: int) -> list[str | None]:
    command = [args.clstm, "predict", str(folder), "--format", "jsonl", "--quiet"]
    command += ["--model", args.model] if args.model else []
    command += ["--classes", args.classes] if args.classes else []
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: {done.stderr.strip()}")
    labels: dict[int, str | None] = {}
    for line in done.stdout.splitlines():
        row = json.loads(line)
        labels[int(Path(row["path"]).stem)] = row["label"]
    assert len(labels) == count, f"{len(labels)} predictions for {count} recordings"
    return [labels[index] for index in range(count)]


def ua(predicted: list[str | None], labels: list[str]) -> float:
    """Mean recall of the classes; a recording without a prediction counts as wrong."""
    recalls = []
    for name in sorted(set(labels)):
        own = [p for p, label in zip(predicted, labels) if label == name]
        recalls.append(np.mean([p == name for p in own]))
    return float(np.mean(recalls))


if __name__ == "__main__":
    main()
