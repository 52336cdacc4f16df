"""Corpora of 1,000 to 1,000,000 utterances, simulated with hard links to one short clip: start-up and memory."""

import os
import shutil
import tempfile
import wave
from pathlib import Path

from process import measured, until_line
from tables import figure, head, row

SIZES = (1_000, 10_000, 100_000, 1_000_000)
# Utterances whose clips a training holds in memory: 0.3 MB each, and the machine has an end.
TRAINING_SIZES = (100, 1_000, 10_000)
FOLDS = (2, 5, 10)
# Utterances of the corpus for the folds.
FOLD_UTTERANCES = 200
CLIP_S = 0.5
# Rows of `predict` after which its memory is read: its start is over, and the rest would only take time.
ROWS = 200
# ext4 has at most 65,000 names for a file.
LINKS = 50_000
PER_FOLDER = 1_000
LABELS = ("angry", "calm", "happy", "sad")
SPEAKERS = 20
# The smallest network, one epoch.
TINY = ["--preset", "clstm-tiny", "--epochs", "1", "--set", "optimizer.sam_rho=0"]


def _clip(source, target, number):
    """The first part of a recording; copies differ by a sample, so that they are no duplicates."""
    with wave.open(str(source)) as file, wave.open(str(target), "wb") as clip:
        clip.setparams(file.getparams())
        samples = bytearray(file.readframes(int(CLIP_S * file.getframerate())))
        samples[-4:-2] = (number % 20_000).to_bytes(2, "little")
        clip.writeframes(bytes(samples))


def corpus(folder, speech, size, linked=True):
    """Writes a corpus of utterances and its manifest, whose path is returned; without links every utterance is another recording."""
    manifest, clip = folder / "corpus.csv", None
    with manifest.open("w") as lines:
        lines.write("path,label,speaker\n")
        for number in range(size):
            place = Path(f"{number // PER_FOLDER:04}")
            if number % PER_FOLDER == 0:
                (folder / place).mkdir()
            name = place / f"{number:07}.wav"
            if not linked or number % LINKS == 0:
                clip = folder / name
                _clip(speech, clip, number)
            else:
                os.link(clip, folder / name)
            lines.write(f"{name},{LABELS[number % len(LABELS)]},speaker {number % SPEAKERS}\n")
    return manifest


class _Corpus:
    """A corpus in a folder of its own, which is removed at the end."""

    def __init__(self, args, size, linked=True):
        self.folder = Path(tempfile.mkdtemp(dir=args.work))
        self.manifest = corpus(self.folder, args.speech[0], size, linked)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)


def corpora(args):
    """Prints a row for each size: start-up of `predict`, and `corpus check`."""
    columns = ("utterances", "`predict` to its first row", f"peak MiB after {ROWS} rows", "`corpus check`", "CPU ms an utterance", "peak MiB")
    head(f"Corpora of clips of {CLIP_S:g} s", *columns)
    for size in (size for size in SIZES if size <= args.largest):
        with _Corpus(args, size) as made:
            # One line a recording, none before the first.
            command = [args.clstm, "predict", made.folder, "--format", "jsonl", *args.threads_option]
            start = until_line(command, lambda line: line.startswith("{"), last=ROWS)
            # Links are copies of a recording, which the check reports with status 1.
            command = [args.clstm, "corpus", "check", "manifest", "--data", made.manifest, "--format", "json", *args.threads_option]
            check = measured(command, statuses=(0, 1))
            row(f"{size:,}", f"{figure(start.line_seconds)} s", figure(start.peak_mib), f"{figure(check.seconds)} s",
                figure(1000 * check.cpu_seconds / size), figure(check.peak_mib))


def trainings(args):
    """Prints a row for each size: a training up to its first step."""
    head("Trainings up to their first step", "utterances", "time", "peak MiB", "KiB an utterance more")
    before = None
    for size in (size for size in TRAINING_SIZES if size <= args.largest):
        with _Corpus(args, size, linked=False) as made:
            command = [args.clstm, "train", "--corpus", "manifest", "--data", made.manifest, *TINY]
            command += ["--output", made.folder / "run", *args.threads_option]
            start = until_line(command, lambda line: "epochs of" in line, stderr=True)
        more = "" if before is None else figure(1024 * (start.peak_mib - before[1]) / (size - before[0]))
        row(f"{size:,}", f"{figure(start.line_seconds)} s", figure(start.peak_mib), more)
        before = (size, start.peak_mib)


def folds(args):
    """Prints a row for each number of folds."""
    title = f"Folds: `clstm cv` of {FOLD_UTTERANCES} utterances, one epoch of `clstm-tiny`"
    head(title, "folds", "time", "CPU s", "CPU ms an utterance and fold of the training parts", "peak MiB")
    for count in FOLDS:
        with _Corpus(args, FOLD_UTTERANCES, linked=False) as made:
            command = [args.clstm, "cv", "--corpus", "manifest", "--data", made.manifest, *TINY, "--split", "random"]
            command += ["--folds", count, "--jobs", 1, "--output", made.folder / "run", *args.threads_option]
            cost = measured(command)
        utterances = FOLD_UTTERANCES * (count - 1)
        row(count, f"{figure(cost.seconds)} s", figure(cost.cpu_seconds), figure(1000 * cost.cpu_seconds / utterances), figure(cost.peak_mib))


def threads(args):
    """Prints a row for each number of threads: labels, a timeline and a training."""
    head("Threads", "threads", "`predict` of 200 clips", "CPU s", "an epoch of `clstm-tiny`", "CPU s")
    with _Corpus(args, FOLD_UTTERANCES, linked=False) as made:
        for count in range(1, os.cpu_count() + 1):
            predict = measured([args.clstm, "predict", made.folder, "--format", "csv", "--threads", count])
            command = [args.clstm, "train", "--corpus", "manifest", "--data", made.manifest, *TINY, "--threads", count]
            train = measured([*command, "--output", made.folder / f"run-{count}"])
            row(count, f"{figure(predict.seconds)} s", figure(predict.cpu_seconds), f"{figure(train.seconds)} s", figure(train.cpu_seconds))
