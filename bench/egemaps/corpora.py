"""Labels, speakers and recordings of the corpora, by the names of their files; EmoBox's folds from its own lists."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

# Folder of EmoBox's lists for each corpus folder.
EMOBOX = {"ravdess": "ravdess", "savee": "savee", "crema-d": "cremad", "tess": "tess", "ased": "ased"}

# The shared test actors of CREMA-D: in no training (docs/results/unseen-corpora).
HELD_OUT_ACTORS = {"1005", "1015", "1025", "1035", "1045", "1055", "1065", "1075", "1085"}

# A silent clip, and three pairs of identical clips with conflicting labels: in no training and in no test, as for our models.
CREMA_D_SILENT = "1076_MTI_SAD_XX"
CREMA_D_CONFLICTS = {
    *("1006_TIE_HAP_XX", "1006_TIE_NEU_XX", "1013_WSI_DIS_XX", "1013_WSI_SAD_XX"),
    *("1017_IWW_ANG_XX", "1017_IWW_FEA_XX"),
}

# Recordings whose file names the releases misspell, and what they are.
MISNAMED = {"OA_bite_neutral": "OAF_bite_neutral", "1040_ITH_SAD_X": "1040_ITH_SAD_XX"}

# Every corpus' own codes, as labels/basic-six.toml names the classes: calm counts as neutral, others are left out.
BASIC_SIX = {
    "ravdess": {"01": "neutral", "02": "neutral", "03": "happy", "04": "sad", "05": "angry", "06": "fearful", "07": "disgust"},
    "savee": {"n": "neutral", "h": "happy", "sa": "sad", "a": "angry", "f": "fearful", "d": "disgust"},
    "crema-d": {"NEU": "neutral", "HAP": "happy", "SAD": "sad", "ANG": "angry", "FEA": "fearful", "DIS": "disgust"},
    "tess": {"neutral": "neutral", "happy": "happy", "sad": "sad", "angry": "angry", "fear": "fearful", "disgust": "disgust"},
    "ased": {"n": "neutral", "h": "happy", "s": "sad", "a": "angry", "f": "fearful"},
    "nemo": {"neutral": "neutral", "happiness": "happy", "sadness": "sad", "anger": "angry", "fear": "fearful"},
    "emotale": {"N": "neutral", "H": "happy", "S": "sad", "A": "angry"},
}
BASIC_SIX["ravdess-song"] = BASIC_SIX["ravdess"]


@dataclass(frozen=True)
class Utterance:
    """A recording by its path in the corpus' folder, its class, and a speaker whose name no other corpus has."""

    path: str
    label: str
    speaker: str


def basic_six(folder: Path, paths: list[str]) -> list[Utterance]:
    """The recordings of a corpus whose label is one of the six basic classes."""
    corpus = folder.name
    codes = _emotale_codes(folder) if corpus == "emotale" else {}
    found = []
    for path in paths:
        stem = Path(path).stem
        code = codes.get(stem) if codes else _code(corpus, stem)
        label = BASIC_SIX[corpus].get(code)
        if label and not (corpus == "crema-d" and stem == CREMA_D_SILENT):
            found.append(Utterance(path, label, speaker(corpus, stem)))
    return found


def speaker(corpus: str, stem: str) -> str:
    """The speaker of a recording; RAVDESS' actors are those of its song."""
    name = {
        "ravdess": lambda: stem[-2:],
        "ravdess-song": lambda: stem[-2:],
        "savee": lambda: stem.split("_")[0],
        "crema-d": lambda: stem[:4],
        "tess": lambda: stem[0],
        "ased": lambda: stem.split("-")[-1],
        "nemo": lambda: stem.split("_")[0],
        "emotale": lambda: stem.split("_")[1],
    }[corpus]()
    return f"{corpus.removesuffix('-song')} {name}"


def emobox_folds(corpora: Path, corpus: str, paths: list[str]) -> list[tuple[list[Utterance], list[Utterance]]]:
    """Training and test utterances of each of EmoBox's folds."""
    by_stem = {_stem(path): path for path in paths}
    lists = corpora / "emobox" / EMOBOX[corpus]
    labels = json.loads((lists / "label_map.json").read_text())

    def read(file: Path) -> list[Utterance]:
        found = []
        for line in file.read_text().splitlines():
            row = json.loads(line)
            stem = _stem(row["wav"])
            if corpus == "crema-d" and stem == CREMA_D_SILENT:
                continue
            found.append(Utterance(by_stem[stem], labels[row["emo"]], speaker(corpus, stem)))
        return found

    folds = sorted(lists.glob("fold_*"))
    return [tuple(read(next(fold.glob(f"*_{part}_*.jsonl"))) for part in ("train", "test")) for fold in folds]


def _stem(path: str) -> str:
    stem = Path(path).stem
    return MISNAMED.get(stem, stem)


def _code(corpus: str, stem: str) -> str:
    """The emotion's code in a file name."""
    return {
        "ravdess": lambda: stem.split("-")[2],
        "ravdess-song": lambda: stem.split("-")[2],
        "savee": lambda: stem.split("_")[-1].rstrip("0123456789"),
        "crema-d": lambda: stem.split("_")[2],
        "tess": lambda: stem.split("_")[-1],
        "ased": lambda: stem[0].lower(),
        "nemo": lambda: stem.split("_")[1],
    }[corpus]()


def _emotale_codes(folder: Path) -> dict[str, str]:
    with (folder / "annotations.csv").open(newline="") as file:
        return {Path(row["file"]).stem: row["gt_emotion"] for row in csv.DictReader(file)}
