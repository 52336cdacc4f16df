"""eGeMAPS and a linear SVM on EmoBox's folds and on corpora outside the training; prints Markdown tables."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from statistics import mean, stdev

import joblib
import numpy as np

sys.dont_write_bytecode = True

import corpora  # noqa: E402
import features  # noqa: E402
import svm  # noqa: E402

# Corpora whose EmoBox folds keep speakers apart: the search for the cost keeps them apart as well.
SPEAKERS_APART = {"ravdess", "savee"}

# The training data of the built-in model `multi`, and what it never saw.
MULTI = ["crema-d", "ravdess", "ravdess-song", "nemo", "ased"]
UNSEEN = ["savee", "tess", "emotale"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench/egemaps/run", description=__doc__)
    parser.add_argument("corpora", type=Path, help="folder with ravdess, savee, crema-d, ..., emobox")
    parser.add_argument("--cache", type=Path, required=True, help="folder of the features")
    parser.add_argument("--only", choices=["emobox", "zero-shot"])
    parser.add_argument("--emobox", nargs="+", choices=list(corpora.EMOBOX), default=list(corpora.EMOBOX), metavar="CORPUS")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="zero-shot: train on every N-th utterance (default all)")
    parser.add_argument("--json", type=Path, help="write every fold to this file")
    parser.add_argument("--save-model", type=Path, help="write the classifier of the zero-shot table to this file (joblib)")
    args = parser.parse_args()
    data = Data(args.corpora, args.cache)
    results = {}
    if args.only != "zero-shot":
        results["emobox"] = emobox(data, args.emobox)
    if args.only != "emobox":
        results["zero_shot"] = zero_shot(data, args.save_model, args.every)
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n")


class Data:
    """Corpora, and the features of those recordings that are asked for."""

    def __init__(self, folder: Path, cache: Path):
        self.folder, self.cache = folder, cache

    def has(self, corpus: str) -> bool:
        """Whether the corpus is there; what is missing is reported."""
        found = (self.folder / corpus).is_dir()
        if not found:
            print(f"no folder {self.folder / corpus}: its rows are left out", file=sys.stderr)
        return found

    def paths(self, corpus: str) -> list[str]:
        """Its recordings."""
        return features.recordings(self.folder / corpus)

    def basic_six(self, corpus: str) -> list[corpora.Utterance]:
        """Its utterances of the six basic classes."""
        return corpora.basic_six(self.folder / corpus, self.paths(corpus))

    def rows(self, corpus: str, utterances: list[corpora.Utterance]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Features `[n, 88]`, labels and speakers."""
        found = features.of_recordings(self.folder / corpus, [u.path for u in utterances], self.cache)
        values = np.stack([found[u.path] for u in utterances])
        values[~np.isfinite(values)] = np.nan
        return values, np.array([u.label for u in utterances]), np.array([u.speaker for u in utterances])


def emobox(data: Data, names: list[str]) -> dict:
    """UA and WA of every fold."""
    print("| corpus | classes | folds | utterances (train / test) | C | UA % | WA % |")
    print("|---|---|---|---|---|---|---|")
    results = {}
    for corpus in names:
        if not data.has(corpus):
            continue
        folds = []
        for training, test in corpora.emobox_folds(data.folder, corpus, data.paths(corpus)):
            x, y, speakers = data.rows(corpus, training)
            model, cost = svm.fit(x, y, speakers if corpus in SPEAKERS_APART else None)
            x, y, _ = data.rows(corpus, test)
            predicted = svm.predict(model, x)
            shared = sorted({u.speaker for u in training} & {u.speaker for u in test})
            folds.append(
                {"train": len(training), "test": len(test), "cost": cost, "ua": svm.ua(y, predicted)}
                | {"wa": svm.wa(y, predicted), "classes": len(set(y)), "shared_speakers": len(shared)}
            )
        results[corpus] = folds
        sizes = f"{folds[0]['train']} / {folds[0]['test']}"
        costs = ", ".join(f"{cost:g}" for cost in sorted({f["cost"] for f in folds}))
        figures = [_percent([f[key] for f in folds]) for key in ("ua", "wa")]
        row = [corpus, str(folds[0]["classes"]), str(len(folds)), sizes, costs, *figures]
        print("| " + " | ".join(row) + " |", flush=True)
    return results


def zero_shot(data: Data, save: Path | None, every: int) -> dict:
    """Trained on every n-th utterance of the corpora of `multi`, tested on corpora and actors outside of them: closed set of basic classes."""
    if not all([data.has(corpus) for corpus in MULTI]):
        sys.exit("the training needs all of " + ", ".join(MULTI))
    parts, groups = [], []
    for corpus in MULTI:
        utterances = data.basic_six(corpus)
        if corpus == "crema-d":
            utterances = [u for u in utterances if not _not_trained(u)]
        utterances = utterances[::every]
        parts.append(data.rows(corpus, utterances))
        # The search for the cost leaves one corpus out at a time; RAVDESS and its song are one.
        groups += [corpus.removesuffix("-song")] * len(utterances)
    x, y, speakers = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    model, cost = svm.fit(x, y, np.array(groups))
    if save:
        joblib.dump(model, save)
    print(f"\ntrained on {len(y)} utterances of {len(set(speakers))} speakers, C = {cost:g}\n")
    print("| corpus | utterances | classes | UA % | WA % |")
    print("|---|---|---|---|---|")
    tests = {corpus: data.basic_six(corpus) for corpus in UNSEEN if data.has(corpus)}
    held_out = [u for u in data.basic_six("crema-d") if u.speaker.split()[1] in corpora.HELD_OUT_ACTORS]
    tests["crema-d"] = held_out
    results = {}
    for corpus, utterances in tests.items():
        x, labels, _ = data.rows(corpus, utterances)
        predicted = svm.predict(model, x, set(labels))
        results[corpus] = {"utterances": len(labels), "classes": len(set(labels))}
        results[corpus] |= {"ua": svm.ua(labels, predicted), "wa": svm.wa(labels, predicted)}
        name = "CREMA-D, 9 held-out actors" if corpus == "crema-d" else corpus
        figures = [f"{100 * results[corpus][key]:.1f}" for key in ("ua", "wa")]
        print("| " + " | ".join([name, str(len(labels)), str(len(set(labels))), *figures]) + " |", flush=True)
    return {"train": len(y), "cost": cost, "tests": results}


def _not_trained(utterance: corpora.Utterance) -> bool:
    held_out = utterance.speaker.split()[1] in corpora.HELD_OUT_ACTORS
    return held_out or Path(utterance.path).stem in corpora.CREMA_D_CONFLICTS


def _percent(values: list[float]) -> str:
    spread = f" ± {100 * stdev(values):.1f}" if len(values) > 1 else ""
    return f"{100 * mean(values):.1f}{spread}"


if __name__ == "__main__":
    main()
