"""The networks that are measured, written once for every system by our own program."""

import json
import struct
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

# 3 s at the presets' 125 ms a segment.
SEGMENTS = 24

# The one change that all timed networks share: PyTorch's GRU has no reset gate before the product.
RESET_AFTER = {"network.gflb.reset": '"after"'}


PRESETS = (
    *("convlstm-fcn", "convlstm-skip-fcn", "convlstm-bilstm", "convlstm-skip-bilstm"),
    *("convlstm-bigru", "convlstm-skip-bigru", "clstm", "clstm-plus", "clstm-tiny"),
)


@dataclass(frozen=True)
class Network:
    """A preset with changed settings (`clstm train --set`), and what it is called in the results."""

    name: str
    text: str
    settings: dict = field(default_factory=dict)
    segments: int = SEGMENTS
    preset: str = "clstm"
    # Whether the network's own branch compresses the waveform, as the preset does.
    compression: bool = False


def _blocks(**columns: list) -> dict:
    """Settings of the blocks from a list a setting."""
    return {
        f"network.blocks.{index}.{key}": value
        for key, values in columns.items()
        for index, value in enumerate(values)
    }


def _length(samples: int) -> dict:
    return {"network.segment_length": samples, "frontend.segment_length": samples}


CLSTM = Network(
    "clstm",
    "the preset `clstm`: 24 segments of 2,000 samples, filters 32/64/96/128, first kernel 400 with stride 10",
    RESET_AFTER,
)

LARGE = Network(
    "large",
    "a larger one: 24 segments of 2,000 samples, filters 64/64/96/128, first kernel 400 with stride 40, "
    "every block pooling by 2",
    RESET_AFTER | _blocks(filters=[64, 64, 96, 128], stride=[40, 1, 1, 1], pool=[2, 2, 2, 2]),
)

# What Keras' layers can express. `ConvLSTM1D` has one kernel size; 15 taps for both convolutions of the
# first block are as much arithmetic as the preset's 400 and 3: a position and gate costs
# 15 x 1 + 15 x 32 = 495 products there and 400 x 1 + 3 x 32 = 496 here.
# 2,240 samples make every pool divide its input, as Keras pads elsewhere than we do.
KERAS = Network(
    "keras",
    "the part of `clstm` that Keras can express: no peepholes, no norm of the input-to-state term, first "
    "block with 15 taps for input and state, segments of 2,240 samples",
    RESET_AFTER
    | _length(2240)
    | _blocks(
        kernel_input=[15, 3, 3, 3],
        kernel_state=[15, 3, 3, 3],
        peepholes=['"none"'] * 4,
        input_norm=["false"] * 4,
    ),
)


def unchanged(preset: str) -> Network:
    """A preset as it is trained."""
    return Network(f"preset-{preset}", f"the preset `{preset}` as it is trained", preset=preset, compression=True)


PLUS = Network(
    "clstm-plus",
    "the preset `clstm-plus` with both branches, the compression of the second included: 24 segments of 1,920 samples",
    RESET_AFTER | {"network.branches.0.gflb.reset": '"after"'},
    preset="clstm-plus",
)


def with_segments(count: int) -> Network:
    """`clstm` with another number of steps."""
    return Network(f"clstm-steps-{count}", f"{count} segments", RESET_AFTER, count)


def with_length(samples: int) -> Network:
    """`clstm` with longer or shorter segments."""
    return Network(f"clstm-length-{samples}", f"segments of {samples} samples", RESET_AFTER | _length(samples))


def with_filters(factor: float) -> Network:
    """`clstm` with more or fewer filters in every block."""
    filters = [round(factor * count) for count in (32, 64, 96, 128)]
    return Network(f"clstm-filters-{factor:g}", f"filters x{factor:g}", RESET_AFTER | _blocks(filters=filters))


@dataclass(frozen=True)
class Files:
    """A network on disk: the model file, its ONNX graph as `clstm export` writes it, and inputs with the expected outputs
    that systems are checked against."""

    model: Path
    onnx: Path
    check: Path
    config: dict


def prepare(ours: Path, network: Network, batch: int, folder: Path) -> Files:
    """Writes a network's files, the inputs being enough for a batch."""
    name = f"{network.name}-{batch}"
    model, check = (folder / f"{name}.{kind}.safetensors" for kind in ("model", "check"))
    onnx = folder / f"{name}.onnx"
    command = [ours, "prepare", "--preset", network.preset, "--batch", batch, "--segments", network.segments]
    command += ["--compression", "on" if network.compression else "off"]
    for key, value in network.settings.items():
        command += ["--set", f"{key}={value}"]
    command += ["--save-model", model, "--save-check", check, "--save-onnx", onnx]
    subprocess.run([str(part) for part in command], check=True)
    return Files(model, onnx, check, read_config(model))


def read_config(model: Path) -> dict:
    """The network's sizes from a model file's header."""
    with model.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    return json.loads(header["__metadata__"]["clstm"])["network"]
