"""Exported models against the command: `agree` compares probabilities, `int8` measures what 8-bit weights cost, `snippet` runs the C++ of
docs/onnx.md."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import presets
import recordings
import runtimes

# Largest difference of a probability from the command's.
TOLERANCE = 1e-4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=list(ACTIONS))
    parser.add_argument("--clstm", default="target/release/clstm", help="the command")
    parser.add_argument("--list", type=Path, required=True, help="CSV with the columns path and label")
    parser.add_argument("--model", action="append", help="name or file [default: the built-in one]; agree: several")
    parser.add_argument("--presets", action="store_true", help="agree: also a small training of each preset")
    parser.add_argument("--count", type=int, help="recordings [default: agree 200, int8 all]")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(ACTIONS[args.what](args, Path(folder)))


def agree(args: argparse.Namespace, folder: Path) -> int:
    utterances = [recordings.decode(path) for path, _ in recordings.rows(args.list, args.count or 200)]
    samples = recordings.of_lengths(utterances, 0.3, 10.0)
    paths = [recordings.write(folder / f"{index}.wav", item) for index, item in enumerate(samples)]
    seconds = np.array([len(item) for item in samples]) / runtimes.RATE
    models = list(args.model or [None])
    if args.presets:
        tones = presets.manifest(folder)
        models += [presets.train(args.clstm, preset, tones, folder) for preset in presets.PRESETS]
    print(f"{len(samples)} recordings of {seconds.min():.1f} to {seconds.max():.1f} s; largest difference of a probability from the command's\n")
    print("| model | ONNX Runtime | OpenVINO |\n|---|---|---|")
    worst = 0.0
    for model in models:
        _, expected = runtimes.command(args.clstm, model, paths)
        exported = runtimes.export(args.clstm, model, folder)
        differences = []
        for runtime in (runtimes.onnx_runtime, runtimes.openvino_cpu):
            run = runtime(exported)
            # Batches of different lengths; the last one is not full.
            batches = [samples[start : start + 7] for start in range(0, len(samples), 7)]
            found = np.concatenate([run([recordings.floats(item) for item in batch]) for batch in batches])
            differences.append(np.abs(found - expected).max())
        worst = max(worst, *differences)
        # Trained models are files of one name in folders of their own.
        path = Path(model or "built-in")
        name = path.parent.name if path.stem == "model" else path.stem
        print(f"| {name} | " + " | ".join(f"{difference:.1e}" for difference in differences) + " |", flush=True)
    return int(not worst <= TOLERANCE)


def int8(args: argparse.Namespace, folder: Path) -> int:
    rows = recordings.rows(args.list, args.count)
    model = (args.model or [None])[0]
    samples = [recordings.decode(path) for path, _ in rows]
    paths = [recordings.write(folder / f"{index}.wav", item) for index, item in enumerate(samples)]
    labels, expected = runtimes.command(args.clstm, model, paths)
    truth = np.array([labels.index(label) for _, label in rows])
    print(f"{len(rows)} recordings of {args.list.name}, without the speech gate; ONNX Runtime, one thread\n")
    print("| weights | MB | UA % | labels changed % | mean difference of the top probability | s |\n|---|---|---|---|---|---|")
    print(f"| command, f32 | | {uar(expected, truth):.1f} | | | |")
    for precision in ("f32", "int8"):
        path = runtimes.export(args.clstm, model, folder, precision)
        run = runtimes.onnx_runtime(path, threads=1)
        began = time.perf_counter()
        found = np.concatenate([run([recordings.floats(item)]) for item in samples])
        took = time.perf_counter() - began
        changed = 100 * np.mean(found.argmax(1) != expected.argmax(1))
        top = np.abs(found - expected)[np.arange(len(rows)), expected.argmax(1)].mean()
        print(f"| {precision} | {path.stat().st_size / 1e6:.1f} | {uar(found, truth):.1f} | {changed:.1f} | {top:.4f} | {took:.0f} |", flush=True)
    return 0


def snippet(args: argparse.Namespace, folder: Path) -> int:
    page = (Path(__file__).parents[2] / "docs/onnx.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"```cpp\n(.*?)```", page, flags=re.DOTALL)
    (folder / "example.cpp").write_text(source, encoding="utf-8")
    openvino = runtimes.openvino_folder()
    libraries = [path for path in (openvino / "libs").glob("libopenvino.so.*")]
    build = ["g++", "-std=c++17", "-O1", "-I", openvino / "include", folder / "example.cpp", *libraries, f"-Wl,-rpath,{openvino / 'libs'}"]
    subprocess.run([*build, "-o", folder / "example"], check=True)
    model = (args.model or [None])[0]
    samples = recordings.decode(recordings.rows(args.list, 1)[0][0])
    recordings.floats(samples).tofile(folder / "talk.f32")
    _, expected = runtimes.command(args.clstm, model, [recordings.write(folder / "talk.wav", samples)])
    exported = runtimes.export(args.clstm, model, folder)
    printed = subprocess.run([folder / "example", exported, folder / "talk.f32"], check=True, capture_output=True, text=True).stdout
    difference = np.abs(np.array(printed.split(), float) - expected[0]).max()
    print(f"largest difference of a probability: {difference:.1e}")
    return int(not difference <= TOLERANCE)


ACTIONS = {"agree": agree, "int8": int8, "snippet": snippet}


def uar(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """The unweighted average recall, in %."""
    correct = probabilities.argmax(1) == truth
    return 100 * float(np.mean([correct[truth == label].mean() for label in np.unique(truth)]))


if __name__ == "__main__":
    main()
