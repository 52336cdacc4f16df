"""What several tests need: the shipped recordings, a tiny corpus of tones, and a recipe that trains in seconds."""

import importlib
import os
import struct
from pathlib import Path

# Ray reports its use over the network.
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

import clstm  # noqa: E402
import numpy  # noqa: E402
import pytest  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]
RATE = 16_000
SAMPLE = ROOT / "assets" / "sample.wav"
SAD = ROOT / "assets" / "sad.wav"

# A network of a few hundred weights.
TINY = {
    "network.segment_length": 400,
    "frontend.segment_length": 400,
    "frontend.min_steps": 4,
    "frontend.max_steps": 8,
    "crop_steps": 6,
    "batch": 8,
    "network.blocks.0.filters": 4,
    "network.blocks.0.kernel_input": 40,
    "network.blocks.1.filters": 4,
    "network.blocks.2.filters": 4,
    "network.blocks.3.filters": 4,
    "network.features": 8,
    "test_every": 1,
    "checkpoint_every": 1,
}
TINY_GRU = {**TINY, "network.gflb.hidden": 4}


def needs(module):
    """Skips the tests of a file without this optional package, unless CLSTM_REQUIRE names it."""
    if module.split(".")[0] in os.environ.get("CLSTM_REQUIRE", "").split(","):
        return importlib.import_module(module)
    return pytest.importorskip(module)


def wav(samples, rate=RATE):
    """A WAV file of 16-bit mono samples."""
    data = (numpy.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes()
    header = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
    return header + struct.pack("<4sI", b"data", len(data)) + data


def tone(pitch_hz, seed, seconds=0.3):
    """A tone with noise: the pitch is the label."""
    times = numpy.arange(int(seconds * RATE)) / RATE
    noise = numpy.random.default_rng(seed).normal(size=len(times))
    return (0.3 * numpy.sin(2 * numpy.pi * pitch_hz * times) + 0.03 * noise).astype(numpy.float32)


def cross_validate(output, **options):
    """Two folds by speaker, one epoch each, unless `options` has others."""
    usual = dict(preset="clstm", split="speaker", folds=2, epochs=1, seed=3, set=TINY_GRU, log=None)
    return clstm.cross_validate(**{**usual, **options}, output=output)


@pytest.fixture(scope="session")
def recognizer():
    return clstm.load()


@pytest.fixture(scope="session")
def tones(tmp_path_factory):
    """Paths, labels and speakers of 16 recordings of two labels and four speakers."""
    folder = tmp_path_factory.mktemp("tones")
    rows = []
    for index in range(16):
        label, speaker = ["happy", "sad"][index % 2], f"s{index // 4}"
        path = folder / f"{index}.wav"
        path.write_bytes(wav(tone([300, 900][index % 2], index)))
        rows.append((str(path), label, speaker))
    return tuple(zip(*rows))


@pytest.fixture(scope="session")
def model_with_dimensions(tones, tmp_path_factory):
    """A training with the continuous targets `arousal` and `valence` beside the label."""
    folder = tmp_path_factory.mktemp("dimensions")
    rows = [
        f"{path},{label},{speaker},{index / 3 + (label == 'happy'):.3f},{-index}\n"
        for index, (path, label, speaker) in enumerate(zip(*tones))
    ]
    (folder / "list.csv").write_text("path,label,speaker,arousal,valence\n" + "".join(rows))
    return clstm.train(
        corpus="manifest", data=folder / "list.csv", target="label,arousal,valence", preset="clstm", epochs=1,
        set=TINY_GRU, output=folder / "run", log=None,
    )


@pytest.fixture(scope="session")
def manifest(tones, tmp_path_factory):
    """The same as a manifest."""
    path = tmp_path_factory.mktemp("manifest") / "list.csv"
    path.write_text("path,label,speaker\n" + "".join(",".join(row) + "\n" for row in zip(*tones)))
    return path
