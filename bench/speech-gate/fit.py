"""Fits the speech gate, writes its weights, chooses its threshold, or prints its errors.

usage: fit.py fit TRAIN.bin TRAIN_FOLDER GATE_WEIGHTS.rs GATE.rs
       fit.py threshold VALIDATION.bin VALIDATION_FOLDER GATE_WEIGHTS.rs GATE.rs
       fit.py test TEST.bin TEST_FOLDER GATE_WEIGHTS.rs GATE.rs

`threshold` writes the threshold into GATE.rs. Its recordings are of speakers that are neither in the fit nor in the test, so that
`test` reports speakers, corpora and sounds that neither the weights nor the threshold have seen.
"""
import re
import sys
from collections import defaultdict

import numpy as np

INPUTS, HIDDEN, CLIP = 59, 24, 4.0
# Share of the sounds without speech that may get a label: the threshold is the lowest that keeps to it.
LABELLED = 0.01
BLOCK_S, MIN_S, MIN_SHARE = 0.064, 0.15, 0.1


def load(binary, folder):
    """Name, kind, summaries `[blocks, INPUTS]`, active `[blocks]`, share of speech in the second before `[blocks]`."""
    raw, at = open(binary, "rb").read(), 0
    for line in open(f"{folder}/meta.csv"):
        name, kind = line.strip().split(",", 1)
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
        other = 0.5 if has_speech(kind) else 1.0
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


def read_rust(path):
    """The weights in the Rust source."""
    source = open(path, encoding="utf-8").read()

    def constant(name):
        text = re.search(rf"const {name}: [^=]*= ([^;]*);", source)[1]
        return np.array([float(number) for number in re.findall(r"-?[0-9]+\.[0-9]*", text)])

    names = {"mean": "MEAN", "scale": "SCALE", "b1": "HIDDEN_BIAS", "w1": "HIDDEN_WEIGHTS", "w2": "OUTPUT_WEIGHTS", "b2": "OUTPUT_BIAS"}
    weights = {key: constant(name) for key, name in names.items()}
    return {**weights, "w1": weights["w1"].reshape(INPUTS, HIDDEN)}


def has_speech(kind):
    return kind.startswith(("speech", "whisper"))


def outputs(binary, folder, weights):
    """Kind, output for each active block (-9 for others), whether each block has speech."""
    for _, kind, x, active, share in load(binary, folder):
        logits = np.where(np.isnan(x[:, 0]) | ~active, -9.0, output(weights, np.nan_to_num(x)))
        yield kind, logits, active & (share >= 0.2)


def is_labelled(logits, threshold):
    passing = logits > threshold
    return passing.mean() >= MIN_SHARE and passing.sum() * BLOCK_S >= MIN_S


def threshold(binary, folder, weights, gate):
    """Chooses the lowest threshold at which at most LABELLED of the sounds without speech get a label."""
    rows = list(outputs(binary, folder, weights))
    other, speech = ([row for row in rows if has_speech(row[0]) == wanted] for wanted in (False, True))
    chosen = None
    for value in np.arange(-1, 4.01, 0.1):
        false = np.mean([is_labelled(logits, value) for _, logits, _ in other])
        missed = np.mean([not is_labelled(logits, value) for _, logits, _ in speech])
        chosen = value if chosen is None and false <= LABELLED else chosen
        print(f"{value:5.2f}: {100 * false:.1f}% of {len(other)} sounds labelled, {100 * missed:.2f}% of {len(speech)} recordings missed")
    if chosen is None:
        sys.exit("no threshold keeps to the share of sounds that may get a label")
    source = open(gate, encoding="utf-8").read()
    source, count = re.subn(r"const THRESHOLD: f32 = [^;]*;", f"const THRESHOLD: f32 = {chosen:.1f};", source)
    assert count == 1
    open(gate, "w", encoding="utf-8").write(source)
    print(f"chosen: {chosen:.1f}")


def read_threshold(gate):
    return float(re.search(r"const THRESHOLD: f32 = ([^;]*);", open(gate, encoding="utf-8").read())[1])


def test(binary, folder, weights, gate):
    """By kind: recordings, blocks that pass, active speech blocks that pass, recordings with a label."""
    limit, results = read_threshold(gate), defaultdict(list)
    for kind, logits, truth in outputs(binary, folder, weights):
        for name in [kind, kind.split(";")[0]] if ";" in kind else [kind]:
            results[name].append((logits > limit, truth, is_labelled(logits, limit)))
    print("| kind | recordings | blocks taken for speech | speech blocks found | with a label |")
    print("|---|---|---|---|---|")
    for kind, rows in sorted(results.items()):
        passing, truth = (np.concatenate([row[i] for row in rows]) for i in (0, 1))
        found = f"{100 * passing[truth].mean():.1f}%" if truth.any() else ""
        labelled = sum(row[2] for row in rows)
        print(f"| {kind} | {len(rows)} | {100 * passing.mean():.1f}% | {found} | {labelled} ({100 * labelled / len(rows):.1f}%) |")


task, binary, folder, source, gate = sys.argv[1:6]
if task == "fit":
    open(source, "w", encoding="utf-8").write(rust(fit(binary, folder)))
else:
    {"threshold": threshold, "test": test}[task](binary, folder, read_rust(source), gate)
