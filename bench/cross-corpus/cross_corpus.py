"""A Markdown table of the UA of models (columns) on corpora (rows), by `clstm evaluate --closed-set`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

CORPORA = ["ravdess", "ravdess-song", "crema-d", "savee", "tess", "nemo", "ased", "emotale"]
CLASSES = "basic-six"


def evaluate(clstm: str, model: str, corpus: str, data: Path) -> dict:
    command = [clstm, "evaluate", "--model", model, "--corpus", corpus, "--data", str(data)]
    command += ["--classes", CLASSES, "--closed-set", "--format", "json", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def cell(report: dict) -> str:
    overlap = report["training_overlap"]
    seen = overlap["utterances_trained_on"] or overlap["utterances_unknown"] or overlap["speakers"]
    figure = f"{100 * report['ua']:.1f}"
    return f"({figure})" if seen else f"{figure} (ECE {100 * report['calibration']['ece']:.1f})"


def main() -> None:
    clstm, corpora, models = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    print("| corpus | utterances | classes | " + " | ".join(Path(m).name for m in models) + " |")
    print("|---" * (3 + len(models)) + "|")
    for corpus in CORPORA:
        data = corpora / corpus
        if not data.is_dir():
            continue
        reports = [evaluate(clstm, model, corpus, data) for model in models]
        classes = sum(1 for c in reports[0]["classes"] if c["support"] > 0)
        cells = [corpus, str(reports[0]["utterances"]), str(classes), *map(cell, reports)]
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
