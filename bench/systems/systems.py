"""Whole systems on the same recordings and one core, in turns; a Markdown table and, if asked for, a plot."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import wave
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter

from plot import scatter

# In no training: see bench/egemaps/corpora.py.
HELD_OUT_ACTORS = ("1005", "1015", "1025", "1035", "1045", "1055", "1065", "1075", "1085")

CHUNK = 1 << 20

HEAD = [
    *("system", "UA %, SAVEE", "UA %, CREMA-D, 9 actors", "CPU ms per s of sound", "start-up, one recording"),
    *("resident memory", "size on disk", "gzip"),
]


@dataclass
class System:
    """A program, the files that it consists of, its UA by corpus, and its runs on one recording and on all."""

    name: str
    command: list[str]
    files: list[Path]
    scores: dict[str, float]
    one: list[dict] = field(default_factory=list)
    many: list[dict] = field(default_factory=list)

    def cpu(self, seconds: float) -> float:
        """CPU ms per second of sound, without the start-up, which both kinds of runs have: the median of the rounds."""
        return median(1000 * (many["cpu"] - one["cpu"]) / seconds for many, one in zip(self.many, self.one, strict=True))


def main() -> None:
    args = parse()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        held_out = copy_held_out(args.corpora / "crema-d", work / "crema-d")
        systems = [*(ours(args, model, held_out) for model in args.models), baseline(args)]
        recordings = sorted((held_out / "AudioWAV").iterdir())
        recordings = recordings[:: max(len(recordings) // args.recordings, 1)][: args.recordings]
        timed = [to_wave(path, work) for path in recordings]
        for number in range(args.rounds):
            print(f"round {number + 1} of {args.rounds}", file=sys.stderr)
            for system in systems:
                system.one.append(run(system.command + [str(timed[0])]))
                system.many.append(run(system.command + [str(path) for path in timed]))
        # The first recording is in both kinds of runs.
        seconds = sum(map(duration, timed[1:]))
    print(f"{len(timed)} recordings, {args.rounds} rounds, {cpu_name()}\n")
    print(table(systems, seconds))
    if args.svg:
        args.svg.write_text(scatter([(s.name, s.cpu(seconds), s.scores["savee"]) for s in systems]))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/systems/run", description=__doc__)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--clstm", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--venv", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--svm", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--svm-scores", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--models", nargs="+", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=5, help="runs of each system (default 5)")
    parser.add_argument("--recordings", type=int, default=40, help="recordings of a run (default 40)")
    parser.add_argument("--no-accuracy", action="store_true", help="leave out the UA of our models: cost alone")
    parser.add_argument("--svg", type=Path, help="write a plot of UA against CPU time to this file")
    args = parser.parse_args()
    if args.svg and args.no_accuracy:
        parser.error("--svg plots the UA, which --no-accuracy leaves out")
    return args


def ours(args: argparse.Namespace, model: str, held_out: Path) -> System:
    """A model of ours: the size is that of the command, which contains the built-in models, and of a model file."""
    command = [args.clstm, "predict", "--model", model, "--threads", "1", "--quiet", "--format", "jsonl"]
    scores = {}
    for corpus, data in (("savee", args.corpora / "savee"), ("crema-d", held_out)) if not args.no_accuracy else ():
        evaluate = [args.clstm, "evaluate", "--model", model, "--corpus", corpus, "--data", str(data)]
        evaluate += ["--classes", "basic-six", "--closed-set", "--format", "json", "--quiet"]
        done = subprocess.run(evaluate, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(evaluate)}: {done.stderr.strip()}")
        scores[corpus] = json.loads(done.stdout)["ua"]
    files = [Path(shutil.which(args.clstm) or args.clstm), *([Path(model)] if Path(model).is_file() else [])]
    return System(f"clstm, `{Path(model).stem}`", command, files, scores)


def baseline(args: argparse.Namespace) -> System:
    """eGeMAPS and the SVM: the size is that of the Python packages, without Python and pip."""
    predict = Path(__file__).resolve().parents[1] / "egemaps" / "predict.py"
    tests = json.loads(args.svm_scores.read_text())["zero_shot"]["tests"]
    scores = {corpus: tests[corpus]["ua"] for corpus in ("savee", "crema-d")}
    packages = next((args.venv / "lib").glob("python*/site-packages"))
    unused = ("pip", "setuptools", "pkg_resources", "_distutils_hack")
    files = [
        path
        for path in packages.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.relative_to(packages).parts[0].startswith(unused)
    ]
    command = [str(args.venv / "bin/python"), "-B", str(predict), str(args.svm)]
    return System("eGeMAPS + linear SVM (openSMILE, scikit-learn)", command, [*files, args.svm], scores)


def copy_held_out(corpus: Path, folder: Path) -> Path:
    """CREMA-D with the held-out actors alone."""
    shutil.copytree(corpus / "official", folder / "official")
    (folder / "AudioWAV").mkdir()
    for path in (corpus / "AudioWAV").iterdir():
        if path.name.startswith(HELD_OUT_ACTORS):
            shutil.copy(path, folder / "AudioWAV")
    return folder


def to_wave(path: Path, folder: Path) -> Path:
    """The recording as 16 kHz WAV: decoding Opus is no part of the comparison."""
    target = folder / f"{path.stem}.wav"
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-ac", "1", "-ar", "16000", str(target)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return target


def duration(path: Path) -> float:
    """Seconds of a WAV file."""
    with wave.open(str(path)) as file:
        return file.getnframes() / file.getframerate()


def run(command: list[str]) -> dict:
    """Wall and CPU time in s, and the largest resident memory in MiB, of a process that is held to one core."""
    start = perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=hold)
    errors = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{command[0]} ended with status {child.returncode}: {errors.decode(errors='replace')[-400:]}")
    cpu = usage.ru_utime + usage.ru_stime
    return {"wall": perf_counter() - start, "cpu": cpu, "mib": usage.ru_maxrss / 1024}


def hold() -> None:
    """Holds this process to one core."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def table(systems: list[System], seconds: float) -> str:
    rows = []
    for system in systems:
        scores = [f"{100 * system.scores[corpus]:.1f}" if system.scores else "-" for corpus in ("savee", "crema-d")]
        start = f"{1000 * median(one['wall'] for one in system.one):.0f} ms"
        memory = f"{median(many['mib'] for many in system.many):.0f} MiB"
        disk = sum(path.stat().st_size for path in system.files)
        sizes = [f"{size / 1e6:.0f} MB" for size in (disk, compressed(system.files))]
        rows.append([system.name, *scores, f"{system.cpu(seconds):.1f}", start, memory, *sizes])
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [HEAD, ["---"] * len(HEAD), *rows])


def compressed(files: list[Path]) -> int:
    """Bytes of the files by DEFLATE, as wheels and archives have them."""
    total = 0
    for path in files:
        deflate = zlib.compressobj()
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                total += len(deflate.compress(chunk))
        total += len(deflate.flush())
    return total


def cpu_name() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown processor")


if __name__ == "__main__":
    main()
