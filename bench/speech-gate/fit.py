"""Fits the speech gate, writes its weights, or prints its errors.

usage: fit.py fit TRAIN.bin TRAIN_FOLDER WEIGHTS.npz GATE_WEIGHTS.rs
       fit.py test TEST.bin TEST_FOLDER WEIGHTS.npz
"""
import sys
from collections import defaultdict

import numpy as np

INPUTS, HIDDEN, CLIP, THRESHOLD = 59, 24, 4.0, 0.7
BLOCK_S, MIN_S, MIN_SHARE = 0.064, 0.15, 0.1


def load(binary, folder):
    """Name, kind, summaries `[blocks, INPUTS]`, active `[blocks]`, share of speech in the second before `[blocks]`."""
    raw, at = open(binary, "rb").read(), 0
    for line in open(f"{folder}/meta.csv"):
        name, kind = line.strip().split(",")
        count = int(np.frombuffer(raw, np.uint32, 1, at)[0])
        rows = np.frombuffer(raw, np.float32, count * (INPUTS + 1), at + 4).reshape(count, INPUTS + 1)
        at += 4 + rows.nbytes
        labels = np.fromfile(f"{folder}/{name}.lab", np.uint8)
        share = np.array([labels[max(0, 4 * i - 60) : 4 * i + 4].mean() for i in range(count)])
        yield name, kind, rows[:, :INPUTS], rows[:, INPUTS] > 0, share


def output(weights, x):
    z = np.clip((x - weights["mean"]) * weights["scale"], -CLIP, CLIP)
    return np.tanh(z @ weights["w1"] + weights["b1"]) @ weights["w2"] + weights["b2"]


def fit(binary, folder):
    rng = np.random.default_rng(0)
    inputs, targets, weight = [], [], []
    for _, kind, x, _, share in load(binary, folder):
        speech = share >= 0.2
        use = ~np.isnan(x[:, 0]) & (speech | (share == 0)) & (np.arange(len(x)) >= 1)
        use &= (np.arange(len(x)) + rng.integers(2)) % 2 == 0
        inputs.append(x[use])
        targets.append(speech[use])
        # What precedes an utterance counts less than sound without any speech.
        other = 0.5 if kind in ("speech", "whisper") else 1.0
        weight.append(np.where(speech[use], 1.0, other))
    x, y, weight = np.concatenate(inputs), np.concatenate(targets).astype(float), np.concatenate(weight)
    weight[y == 1] *= weight[y == 0].sum() / weight[y == 1].sum()
    weight /= weight.mean()
    mean, scale = x.mean(0), 1 / (x.std(0) + 1e-3)
    z = np.clip((x - mean) * scale, -CLIP, CLIP)
    p = [rng.normal(size=(INPUTS, HIDDEN)) / INPUTS**0.5, np.zeros(HIDDEN), rng.normal(size=HIDDEN) / HIDDEN**0.5, np.zeros(1)]
    first, second, step, epochs = [0 * q for q in p], [0 * q for q in p], 0, 60
    for epoch in range(epochs):
        rate = 3e-3 * (0.5 + 0.5 * np.cos(np.pi * epoch / epochs)) + 1e-5
        order = rng.permutation(len(z))
        for start in range(0, len(z), 256):
            batch = order[start : start + 256]
            inputs = z[batch] + 0.05 * rng.normal(size=z[batch].shape)
            hidden = np.tanh(inputs @ p[0] + p[1])
            error = 1 / (1 + np.exp(-(hidden @ p[2] + p[3]))) - (0.01 + 0.98 * y[batch])
            error *= weight[batch] / len(batch)
            back = error[:, None] * p[2] * (1 - hidden**2)
            gradients = [inputs.T @ back + 3e-4 * p[0], back.sum(0), hidden.T @ error + 3e-4 * p[2], error.sum(keepdims=True)]
            step += 1
            for k, g in enumerate(gradients):
                first[k] = 0.9 * first[k] + 0.1 * g
                second[k] = 0.999 * second[k] + 0.001 * g**2
                p[k] -= rate * first[k] / (1 - 0.9**step) / (np.sqrt(second[k] / (1 - 0.999**step)) + 1e-8)
    return {"mean": mean, "scale": scale, "w1": p[0], "b1": p[1], "w2": p[2], "b2": p[3]}


def rust(weights):
    def values(array):
        text = [f"{x:.9f}" if "e" in f"{x:.6g}" else f"{x:.6g}" for x in array]
        return ", ".join(x if "." in x else x + ".0" for x in text)

    def constant(doc, name, kind, value):
        return f"/// {doc}\n#[rustfmt::skip]\npub(super) const {name}: {kind} = {value};\n\n"

    rows = "".join(f"    [{values(row)}],\n" for row in weights["w1"])
    return (
        "//! Weights of the speech gate, written by `bench/speech-gate`.\n\nuse super::context::SUMMARY;\n\n"
        + f"/// Units of the hidden layer.\npub(super) const HIDDEN: usize = {HIDDEN};\n\n"
        + constant("Means of the inputs.", "MEAN", "[f32; SUMMARY]", f"[{values(weights['mean'])}]")
        + constant("Reciprocals of the standard deviations of the inputs.", "SCALE", "[f32; SUMMARY]", f"[{values(weights['scale'])}]")
        + constant("Biases of the hidden layer.", "HIDDEN_BIAS", "[f32; HIDDEN]", f"[{values(weights['b1'])}]")
        + constant("Weights of the hidden layer, by input.", "HIDDEN_WEIGHTS", "[[f32; HIDDEN]; SUMMARY]", f"[\n{rows}]")
        + constant("Weights of the output.", "OUTPUT_WEIGHTS", "[f32; HIDDEN]", f"[{values(weights['w2'])}]")
        + f"/// Bias of the output.\npub(super) const OUTPUT_BIAS: f32 = {values(weights['b2'])};\n"
    )


def test(binary, folder, weights):
    """By kind: recordings, blocks that pass, active speech blocks that pass, recordings without a label."""
    results = defaultdict(list)
    for _, kind, x, active, share in load(binary, folder):
        speech = (np.where(np.isnan(x[:, 0]), -9.0, output(weights, np.nan_to_num(x))) > THRESHOLD) & active
        none = speech.mean() < MIN_SHARE or speech.sum() * BLOCK_S < MIN_S
        results[kind].append((speech, active & (share >= 0.2), none))
    print("| kind | recordings | blocks taken for speech | speech blocks found | recordings without a label |")
    print("|---|---|---|---|---|")
    for kind, rows in results.items():
        speech, truth = (np.concatenate([row[i] for row in rows]) for i in (0, 1))
        found = f"{100 * speech[truth].mean():.1f}%" if truth.any() else ""
        none = 100 * np.mean([row[2] for row in rows])
        print(f"| {kind} | {len(rows)} | {100 * speech.mean():.1f}% | {found} | {none:.1f}% |")


if sys.argv[1] == "fit":
    fitted = fit(*sys.argv[2:4])
    np.savez(sys.argv[4], **fitted)
    open(sys.argv[5], "w").write(rust(fitted))
else:
    test(*sys.argv[2:4], np.load(sys.argv[4]))
