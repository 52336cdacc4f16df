"""Writes the training or the test material: NAME.f32, NAME.lab (a byte for each 16 ms: 1 is speech), meta.csv, list.

usage: build.py PCM OUT train|test [SCALE]
PCM holds CORPUS__NAME.f32, see `run`. SCALE divides the number of sounds without speech. Test speakers and corpora are not in the training material.
"""
import glob
import os
import sys

import numpy as np

from synth import FAMILIES, SR, band, colored, negative, noise, norm, reverb, whisper

pcm, out, part = sys.argv[1:4]
scale = int(sys.argv[4]) if len(sys.argv) > 4 else 1
seed = {"train": 1, "test": 2}[part]
os.makedirs(out, exist_ok=True)
rng = np.random.default_rng(seed)
NEGATIVES = 2700


def is_test(path):
    corpus, name = os.path.basename(path)[:-4].split("__")
    if corpus in ("rav", "song"):
        return int(name.split("-")[6]) > 16
    if corpus == "crema":
        return int(name[:4]) > 1064
    if corpus == "nemo":
        return name[:3] in ("WR0", "SM0", "KS0")
    if corpus == "savee":
        return name[:2] == "KL"
    if corpus in ("tess", "emotale"):
        return True
    return int(name.split("-")[-1]) > 40


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


recordings = []
for path in sorted(glob.glob(f"{pcm}/*.f32")):
    x = np.fromfile(path, np.float32)
    if is_test(path) == (part == "test") and np.sqrt(np.mean(x * x)) > 1e-4:
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
        if draw < 0.55:
            other, _ = negative(rng, len(x), None if rng.random() < 0.5 else "noise")
            x = x + other * 10 ** (-rng.uniform(0, 30) / 20)
        elif draw < 0.9:
            x = x + norm(colored(rng, len(x), rng.uniform(0, 2))) * 10 ** (-rng.uniform(30, 60) / 20)
        if rng.random() < 0.15:
            x = band(x, 280, 3500, 0.05)
        emit(f"s{index}", x * gain(-35, 6), labels, kind)
    for index in range(NEGATIVES // scale):
        x, family = negative(rng, int(rng.uniform(1.5, 5) * SR))
        emit(f"n{index}", x * gain(-35, 6), np.zeros(len(x) // 256), family)
else:
    for snr in (None, 20, 10, 5, 0):
        for name, x in recordings:
            labels, x = speech_frames(x), norm(x)
            if snr is not None:
                other = colored(rng, len(x), rng.choice([0, 1, 2])) if rng.random() < 0.7 else noise(rng, len(x))
                x = x + norm(other) * 10 ** (-snr / 20)
            emit(f"{name}@{snr}", x, labels, f"speech@{'clean' if snr is None else snr}")
    for name, x in recordings[::3]:
        emit(f"{name}@whisper", norm(whisper(rng, x)), speech_frames(x), "whisper")
    for family in FAMILIES:
        for index in range(60 // scale):
            x, _ = negative(rng, int(rng.uniform(2, 6) * SR), family)
            emit(f"{family}{index}", x * gain(-20, 6), np.zeros(len(x) // 256), family)
