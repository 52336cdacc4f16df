"""Writes the material of the fit, of the choice of the threshold, or of the test: NAME.f32, NAME.lab (a byte for each 16 ms: 1 is
speech), meta.csv, list.

usage: build.py PCM OUT train|validation|test [SCALE]
PCM holds CORPUS__NAME.f32, see `run`. SCALE divides the number of sounds without speech. No speaker is in two of the three parts. The
sounds without speech of the test are of two kinds: new ones of the generators of the fit (synth.py), and those of generators that
the fit never uses (unseen.py).
"""
import glob
import os
import sys

import numpy as np

from synth import FAMILIES, SR, band, colored, negative, noise, norm, reverb, whisper
from unseen import UNSEEN

pcm, out, part = sys.argv[1:4]
scale = int(sys.argv[4]) if len(sys.argv) > 4 else 1
seed = {"train": 1, "test": 2, "validation": 3}[part]
os.makedirs(out, exist_ok=True)
rng = np.random.default_rng(seed)
NEGATIVES = 4200
SNRS = (20, 10, 5, 0)


def part_of(path):
    """The part that a recording belongs to, by its speaker."""
    corpus, name = os.path.basename(path)[:-4].split("__")
    if corpus in ("tess", "emotale"):
        return "test"
    speaker, validation, test = {
        "rav": lambda: (int(name.split("-")[6]), range(13, 17), range(17, 25)),
        "song": lambda: (int(name.split("-")[6]), range(13, 17), range(17, 25)),
        "crema": lambda: (int(name[:4]), range(1056, 1065), range(1065, 1100)),
        "nemo": lambda: (name[:3], ("MK0",), ("WR0", "SM0", "KS0")),
        "savee": lambda: (name[:2], ("JK",), ("KL",)),
        "ased": lambda: (int(name.split("-")[-1]), range(33, 41), range(41, 1000)),
    }[corpus]()
    return "test" if speaker in test else "validation" if speaker in validation else "train"


def speech_frames(x):
    frames = x[: len(x) // 256 * 256].reshape(-1, 256)
    level = 10 * np.log10((frames**2).mean(1) + 1e-12)
    return level > max(level.max() - 30, -70)


meta, names = open(f"{out}/meta.csv", "w"), open(f"{out}/list", "w")


def emit(name, x, labels, kind):
    np.clip(x, -1, 1).astype(np.float32).tofile(f"{out}/{name}.f32")
    labels.astype(np.uint8).tofile(f"{out}/{name}.lab")
    meta.write(f"{name},{kind}\n")
    names.write(f"{out}/{name}.f32\n")


def gain(low, high):
    return 10 ** (rng.uniform(low, high) / 20)


def unseen(kind, n):
    """A sound that the fit never uses."""
    makers = UNSEEN[kind]
    return norm(makers[rng.integers(len(makers))](rng, n)).astype(np.float32)


def material(n, kind):
    """Noise beside speech, by kind."""
    if kind in UNSEEN:
        return unseen(kind, n)
    slopes = {"white": 0, "pink": 1, "brown": 2}
    return norm(colored(rng, n, slopes[kind]) if kind in slopes else noise(rng, n))


recordings = []
for path in sorted(glob.glob(f"{pcm}/*.f32")):
    x = np.fromfile(path, np.float32)
    if part_of(path) == part and np.sqrt(np.mean(x * x)) > 1e-4:
        recordings.append((os.path.basename(path)[:-4], x))

if part == "train":
    for index, (_, x) in enumerate(recordings):
        lead, tail = (rng.uniform(0, 1.5, 2) * (rng.random(2) < 0.6) * SR).astype(int) // 256 * 256
        spoken, kind = speech_frames(x), "speech"
        if rng.random() < 0.1:
            x, kind = whisper(rng, x), "whisper"
        if rng.random() < 0.15:
            x = reverb(rng, x)
        x = np.concatenate([np.zeros(lead), norm(x), np.zeros(tail)])
        labels = np.zeros(len(x) // 256, bool)
        labels[lead // 256 : lead // 256 + len(spoken)] = spoken[: len(labels) - lead // 256]
        draw = rng.random()
        if draw < 0.65:
            other, _ = negative(rng, len(x), None if rng.random() < 0.5 else "noise")
            x = x + other * 10 ** (-rng.uniform(-2, 30) / 20)
        elif draw < 0.9:
            x = x + norm(colored(rng, len(x), rng.uniform(0, 2))) * 10 ** (-rng.uniform(30, 60) / 20)
        if rng.random() < 0.15:
            x = band(x, 280, 3500, 0.05)
        emit(f"s{index}", x * gain(-35, 6), labels, kind)
    for index in range(NEGATIVES // scale):
        x, family = negative(rng, int(rng.uniform(1.5, 5) * SR))
        emit(f"n{index}", x * gain(-35, 6), np.zeros(len(x) // 256), family)
else:
    # The noise of the validation is that of the fit; the test also has sounds that the fit never uses.
    kinds = ["white", "pink", "brown", "noise"]
    if part == "test":
        kinds += ["engines (diesel, motorcycle)", "fans, vacuum cleaners", "rain, surf", "drums, piano"]
    for name, x in recordings:
        emit(f"{name}@clean", norm(x), speech_frames(x), "speech, clean")
    for place, snr in enumerate(SNRS):
        for index, (name, x) in enumerate(recordings):
            kind = kinds[(index + place) % len(kinds)]
            noisy = norm(x) + material(len(x), kind) * 10 ** (-snr / 20)
            emit(f"{name}@{snr}", noisy, speech_frames(x), f"speech, {snr} dB; {kind.replace(',', ' and')}")
    for name, x in recordings[::3]:
        emit(f"{name}@whisper", norm(whisper(rng, x)), speech_frames(x), "whisper")
    for family in FAMILIES:
        for index in range(60 // scale):
            x, _ = negative(rng, int(rng.uniform(2, 6) * SR), family)
            emit(f"{family}{index}", x * gain(-20, 6), np.zeros(len(x) // 256), f"other: {family}")
    if part == "test":
        for number, kind in enumerate(UNSEEN):
            for index in range(120 // scale):
                x = unseen(kind, int(rng.uniform(2, 6) * SR))
                emit(f"unseen{number}-{index}", x * gain(-20, 6), np.zeros(len(x) // 256), f"unseen: {kind.replace(',', ' and')}")
