"""Frozen deep features of a model and a linear SVM on EmoBox's folds; prints a Markdown table."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import pyarrow.parquet as parquet

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "egemaps"))

import corpora  # noqa: E402
import svm  # noqa: E402

# Corpora whose EmoBox folds keep speakers apart: the search for the cost keeps them apart as well.
SPEAKERS_APART = {"ravdess", "savee"}

# Corpora of the same people.
SAME_SPEAKERS = [{"ravdess", "ravdess-song"}]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench/frozen-features/run", description=__doc__)
    parser.add_argument("clstm", help="the command")
    parser.add_argument("corpora", type=Path, help="folder with savee, tess, ..., emobox")
    parser.add_argument("model", help="name of a built-in model, or a model file")
    parser.add_argument("--cache", type=Path, required=True, help="folder of the features")
    parser.add_argument("--corpus", nargs="+", choices=list(corpora.EMOBOX), default=["savee", "tess"], metavar="NAME")
    parser.add_argument("--shots", nargs="+", type=int, default=[], metavar="N", help="train on N utterances of each class")
    parser.add_argument("--draws", type=int, default=20, metavar="N", help="draws of the shots")
    parser.add_argument("--json", type=Path, help="write every fold to this file")
    args = parser.parse_args()
    info = inspect(args.clstm, args.model)
    results = {"model": info["name"], "sha256": info["digest"], "corpora": {}}
    print("| corpus | folds | classes | training utterances | UA % | WA % |")
    print("|---|---|---|---|---|---|")
    for corpus in args.corpus:
        check_unseen(info, corpus)
        found = Features(args, info, corpus)
        results["corpora"][corpus] = evaluate(found, corpus, args)
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n")


def inspect(clstm: str, model: str) -> dict:
    """Name, digest and training of a model."""
    command = [clstm, "inspect", model, "--format", "json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def check_unseen(info: dict, corpus: str) -> None:
    """Refuses a corpus whose recordings or speakers the model was trained on."""
    training = info["training"]
    known = {name for joined in [training["corpus"], *training.get("pretraining_corpora", [])] for name in joined.split("+")}
    people = next((group for group in SAME_SPEAKERS if corpus in group), {corpus})
    if both := known & people:
        sys.exit(f"{info['name']} was trained on {', '.join(sorted(both))}: {corpus} cannot be measured with it")


class Features:
    """Deep features and predicted labels of the recordings of a corpus."""

    def __init__(self, args: argparse.Namespace, info: dict, corpus: str):
        folder = args.corpora / corpus
        file = args.cache / f"{info['name']}-{info['digest'][:8]}-{corpus}.parquet"
        if not file.exists():
            args.cache.mkdir(parents=True, exist_ok=True)
            lines = args.cache / f"{file.stem}.jsonl"
            command = [args.clstm, "predict", "--model", args.model, "--min-speech", "0", "--force", "--format", "jsonl"]
            subprocess.run([*command, "--output", lines, "--embeddings", file, folder], check=True)
        table = parquet.read_table(file)
        names = [name for name in table.column_names if name.startswith("e_")]
        values = np.stack([table[name].to_numpy() for name in names], axis=1).astype(np.float64)
        paths = [Path(path) for path in table["path"].to_pylist()]
        self.rows = {path.stem: values[index] for index, path in enumerate(paths)}
        self.predicted = {path.stem: label for path, label in zip(paths, table["label"].to_pylist())}
        self.folds = corpora.emobox_folds(args.corpora, corpus, [str(path) for path in paths])
        self.six = {u.path: u.label for u in corpora.basic_six(folder, [str(path) for path in paths])}

    def of(self, utterances: list[corpora.Utterance]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Features `[n, size]`, labels and speakers."""
        stack = np.stack([self.rows[Path(u.path).stem] for u in utterances])
        return stack, np.array([u.label for u in utterances]), np.array([u.speaker for u in utterances])

    def basic_six(self, utterances: list[corpora.Utterance]) -> list[corpora.Utterance]:
        """The utterances of the six basic classes, with the names of these."""
        known = [u for u in utterances if u.path in self.six]
        return [corpora.Utterance(u.path, self.six[u.path], u.speaker) for u in known]


def evaluate(found: Features, corpus: str, args: argparse.Namespace) -> dict:
    """UA and WA of every fold: all training utterances, then N of each class, and without training on the six basic classes."""
    results = {}
    whole = []
    for training, test in found.folds:
        x, y, speakers = found.of(training)
        model, cost = svm.fit(x, y, speakers if corpus in SPEAKERS_APART else None)
        whole.append(score(found, model, test) | {"train": len(training), "cost": cost})
    results["all"] = whole
    row(corpus, whole, whole[0]["classes"], "all")
    for shots in args.shots:
        for name, choose in [("all classes", list), ("basic six", found.basic_six)]:
            folds = [few_shot(found, choose(training), choose(test), shots, args.draws) for training, test in found.folds]
            results[f"{shots} of each class, {name}"] = folds
            row(corpus, folds, folds[0]["classes"], f"{shots} of each class")
    if args.shots:
        folds = [zero_shot(found, found.basic_six(test)) for _, test in found.folds]
        results["none, basic six"] = folds
        row(corpus, folds, folds[0]["classes"], "none")
    return results


def score(found: Features, model: svm.Pipeline, test: list[corpora.Utterance]) -> dict:
    x, y, _ = found.of(test)
    predicted = svm.predict(model, x)
    return {"test": len(test), "classes": len(set(y)), "ua": svm.ua(y, predicted), "wa": svm.wa(y, predicted)}


def few_shot(found: Features, training: list, test: list, shots: int, draws: int) -> dict:
    """The mean over draws; the cost is chosen by a stratified search in the drawn utterances."""
    scores = []
    for draw in range(1, draws + 1):
        by_label = defaultdict(list)
        for index in np.random.default_rng(draw).permutation(len(training)):
            by_label[training[index].label].append(training[index])
        drawn = [u for label in sorted(by_label) for u in by_label[label][:shots]]
        x, y, _ = found.of(drawn)
        scores.append(score(found, svm.fit(x, y, None)[0], test))
    uas = [s["ua"] for s in scores]
    figures = {"ua": mean(uas), "wa": mean(s["wa"] for s in scores), "ua_draws": uas}
    return {"train": len(drawn), "test": len(test), "classes": scores[0]["classes"]} | figures


def zero_shot(found: Features, test: list[corpora.Utterance]) -> dict:
    """The labels that the model itself predicts."""
    y = np.array([u.label for u in test])
    predicted = np.array([found.predicted[Path(u.path).stem] or "" for u in test])
    return {"train": 0, "test": len(test), "classes": len(set(y)), "ua": svm.ua(y, predicted), "wa": svm.wa(y, predicted)}


def row(corpus: str, folds: list[dict], classes: int, training: str) -> None:
    figures = [percent([fold[key] for fold in folds]) for key in ("ua", "wa")]
    print(f"| {corpus} | {len(folds)} | {classes} | {training} | " + " | ".join(figures) + " |", flush=True)


def percent(values: list[float]) -> str:
    """Mean and, of several folds, standard deviation over the folds."""
    text = f"{100 * mean(values):.1f}"
    return text if len(values) == 1 else f"{text} ± {100 * stdev(values):.1f}"


if __name__ == "__main__":
    main()
