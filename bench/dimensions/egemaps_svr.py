#!/usr/bin/env python3
"""eGeMAPS functionals and support vector regression on the folds of a run with continuous targets.

Folds, true values and ratings are those of RUN/fold-*/predictions.jsonl, so that the figures stand beside those of
RUN/metrics.json. C and epsilon are chosen by the CCC within the training speakers of each fold. Prints a table and writes JSON.

    pip install -r bench/dimensions/requirements.txt
    python bench/dimensions/egemaps_svr.py RUN CORPUS --output egemaps-svr.json
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import opensmile
import soundfile
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

EXTENSIONS = {".wav", ".flac", ".ogg", ".opus"}
GRID = {"svr__C": [0.01, 0.1, 1.0, 10.0], "svr__epsilon": [0.1, 0.3]}
REPLICATES = 10_000


def features(corpus: Path, cache: Path) -> dict[str, np.ndarray]:
    """The 88 functionals of eGeMAPS v02 of each recording, by its name without extension."""
    if cache.exists():
        with np.load(cache) as saved:
            return dict(zip(saved["names"].tolist(), saved["features"], strict=True))
    level = opensmile.FeatureLevel.Functionals
    smile = opensmile.Smile(feature_set=opensmile.FeatureSet.eGeMAPSv02, feature_level=level)
    found = {}
    for path in sorted(path for path in corpus.rglob("*") if path.suffix in EXTENSIONS):
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        found[path.stem] = np.nan_to_num(smile(samples[:, 0], rate).reshape(-1))
        if len(found) % 100 == 0:
            print(f"{len(found)} recordings", file=sys.stderr)
    cache.parent.mkdir(parents=True, exist_ok=True)
    np.savez(cache, names=list(found), features=np.stack(list(found.values())))
    return found


def folds(run: Path) -> list[list[dict]]:
    """The predictions of each fold of a run."""
    files = sorted(run.glob("fold-*/predictions.jsonl"))
    if not files:
        sys.exit(f"{run} has no fold with predictions.jsonl")
    return [[json.loads(line) for line in file.read_text().splitlines()] for file in files]


def figures(predicted: np.ndarray, truth: np.ndarray) -> tuple[float, float, float]:
    """CCC (Lin 1989), Pearson correlation and RMSE."""
    covariance = np.mean((predicted - predicted.mean()) * (truth - truth.mean()))
    spread = predicted.var() + truth.var() + (predicted.mean() - truth.mean()) ** 2
    scale = predicted.std() * truth.std()
    ccc = 2 * covariance / spread if spread > 0 else 0.0
    pearson = covariance / scale if scale > 0 else 0.0
    return float(ccc), float(pearson), float(np.sqrt(np.mean((predicted - truth) ** 2)))


def concordance(truth: np.ndarray, predicted: np.ndarray) -> float:
    """CCC, by which the settings of a regression are chosen."""
    return figures(predicted, truth)[0]


def intervals(predicted: np.ndarray, truth: np.ndarray, speakers: np.ndarray) -> list[dict]:
    """The figures with 95% percentile intervals over speakers."""
    rows = [np.flatnonzero(speakers == speaker) for speaker in np.unique(speakers)]
    random = np.random.default_rng(1)
    drawn = [np.concatenate([rows[i] for i in random.integers(len(rows), size=len(rows))]) for _ in range(REPLICATES)]
    resampled = np.array([figures(predicted[rows], truth[rows]) for rows in drawn])
    low, high = np.quantile(resampled, [0.025, 0.975], axis=0)
    all_figures = zip(figures(predicted, truth), low, high, strict=True)
    return [{"value": value, "low": float(a), "high": float(b)} for value, a, b in all_figures]


def out_of_fold(all_folds: list[list[dict]], table: dict[str, np.ndarray], name: str):
    """Predictions for each fold by regression on the others, with true values and speakers."""
    rows = []
    for number, fold in enumerate(all_folds):
        for line in fold:
            value = next(it["truth"] for it in line["dimensions"] if it["name"] == name)
            if value is not None:
                rows.append((number, table[line["id"]], value, line["speaker"]))
    number = np.array([row[0] for row in rows])
    x = np.stack([row[1] for row in rows])
    truth = np.array([row[2] for row in rows])
    speakers = np.array([row[3] for row in rows])
    predicted = np.empty_like(truth)
    for fold in np.unique(number):
        train, test = number != fold, number == fold
        model = make_pipeline(StandardScaler(), SVR(kernel="rbf"))
        search = GridSearchCV(model, GRID, cv=GroupKFold(4), scoring=make_scorer(concordance))
        search.fit(x[train], truth[train], groups=speakers[train])
        predicted[test] = search.predict(x[test]).clip(truth[train].min(), truth[train].max())
    return predicted, truth, speakers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--cache", type=Path, default=Path("target/bench-egemaps.npz"))
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    all_folds = folds(arguments.run)
    table = features(arguments.corpus, arguments.cache)
    results = []
    for name in [it["name"] for it in all_folds[0][0]["dimensions"]]:
        predicted, truth, speakers = out_of_fold(all_folds, table, name)
        ccc, pearson, rmse = intervals(predicted, truth, speakers)
        results.append({"name": name, "utterances": len(truth), "ccc": ccc, "pearson": pearson, "rmse": rmse})
        shown = [f"{it['value']:.3f} [{it['low']:.3f}, {it['high']:.3f}]" for it in (ccc, pearson, rmse)]
        print(f"{name:12} CCC {shown[0]}  Pearson {shown[1]}  RMSE {shown[2]}")
    arguments.output.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
