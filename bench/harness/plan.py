"""What is measured, and by whom."""

from dataclasses import dataclass, field

from . import networks
from .systems import CLSTM, COMPILED, EAGER, GEMMS, JAX_ALL, JAX_SCAN, KERAS_TF, ONNX_RUNTIME
from .systems import OPENVINO_RUNTIME, TRACT_RUNTIME, System
from .networks import Network

# Parts of a run, in its order.
GROUPS = ("parity", "peak", "train", "infer", "recognize", "keras", "layers", "scaling")

# Side of the matrices that the machine's peak is measured with: 36 MiB in float32, more than any cache
# of a core, and long enough for a GEMM to reach its best.
SIDE = 1536


@dataclass(frozen=True)
class Measurement:
    """One work of one size; all its systems take turns."""

    group: str
    what: str  # as a system's `--what`
    batch: int
    threads: int
    systems: tuple[System, ...]
    network: Network | None = None
    # Steps before the clock starts and on the clock, in each turn.
    warmup: int = 1
    steps: int = 3
    # What a scaling table changes here: the quantity and its value.
    varied: tuple[str, str] | None = None

    @property
    def label(self) -> str:
        network = f" {self.network.name}" if self.network else ""
        return f"{self.what}{network} batch {self.batch} threads {self.threads}"


@dataclass(frozen=True)
class Layers:
    """Time by layer of one work, of our network alone."""

    what: str
    batch: int
    threads: int
    precision: str
    network: Network = field(default=networks.CLSTM)


def measurements(groups: list[str], threads: list[int]) -> list[Measurement]:
    """Those of the groups asked for."""
    found = {
        "parity": _parity(),
        "peak": [_peak(n) for n in threads],
        "train": [*(_train(n) for n in threads), _train_large(threads[-1])],
        "infer": [
            *(work for n in threads for work in (_latency(n), _throughput(n))),
            *(_latency(n, networks.PLUS) for n in threads),
        ],
        "recognize": [_recognize(networks.unchanged(name), n) for name in ("clstm", "clstm-plus") for n in threads],
        "keras": _keras(threads),
        "scaling": _scaling(threads),
    }
    return [work for group in groups for work in found.get(group, [])]


def layers(groups: list[str], threads: list[int]) -> list[Layers]:
    """Training at the most threads, one clip at the fewest. `clstm-plus` as it is trained, in its batches."""
    if "layers" not in groups:
        return []
    plus = networks.unchanged("clstm-plus")
    sizes = [("train_step", 32, threads[-1], networks.CLSTM), ("train_step", 16, threads[-1], plus)]
    sizes += [("infer", 1, threads[0], network) for network in (networks.CLSTM, plus)]
    return [
        Layers(what, batch, count, system.precision, network)
        for what, batch, count, network in sizes
        for system in CLSTM
        if system.runs_here()
    ]


def _peak(threads: int) -> Measurement:
    return Measurement("peak", "gemm", SIDE, threads, tuple(GEMMS), steps=2)


def _parity() -> list[Measurement]:
    """The outputs of every preset as it is trained: of the hand-made graph, and of the exported one."""
    works = [("infer", (*ONNX_RUNTIME, *OPENVINO_RUNTIME, *TRACT_RUNTIME)), ("recognize", tuple(ONNX_RUNTIME))]
    return [
        Measurement("parity", what, 1, 1, (CLSTM[0], *peers), networks.unchanged(name), steps=1)
        for name in networks.PRESETS
        for what, peers in works
    ]


def _train(threads: int) -> Measurement:
    systems = (*CLSTM, *EAGER, *COMPILED, *JAX_ALL)
    return Measurement("train", "train_step", 32, threads, systems, networks.CLSTM)


def _train_large(threads: int) -> Measurement:
    systems = (*CLSTM, *EAGER, *COMPILED, *JAX_SCAN)
    return Measurement("train", "train_step", 64, threads, systems, networks.LARGE, steps=1)


def _latency(threads: int, network: Network = networks.CLSTM) -> Measurement:
    torch = (*EAGER, *COMPILED, *(JAX_SCAN if network is networks.CLSTM else ()))
    runtimes = (*ONNX_RUNTIME, *OPENVINO_RUNTIME, *(TRACT_RUNTIME if threads == 1 else ()))
    systems = (*CLSTM, *torch, *runtimes)
    return Measurement("infer", "infer", 1, threads, systems, network, warmup=5, steps=40)


def _recognize(network: Network, threads: int) -> Measurement:
    """A recording from its waveform to probabilities: the exported graph. The other runtimes do not run it, see README.md."""
    systems = (*CLSTM, *ONNX_RUNTIME)
    return Measurement("recognize", "recognize", 1, threads, systems, network, warmup=5, steps=20)


def _throughput(threads: int) -> Measurement:
    systems = (*CLSTM, *EAGER, *COMPILED, *ONNX_RUNTIME, *OPENVINO_RUNTIME)
    return Measurement("infer", "infer", 32, threads, systems, networks.CLSTM, steps=4)


def _keras(threads: list[int]) -> list[Measurement]:
    systems = (*CLSTM, *KERAS_TF)
    first, most = threads[0], threads[-1]
    return [
        Measurement("keras", "train_step", 32, most, systems, networks.KERAS),
        Measurement("keras", "infer", 1, first, systems, networks.KERAS, warmup=5, steps=20),
        Measurement("keras", "infer", 32, most, systems, networks.KERAS),
    ]


def _scaling(threads: list[int]) -> list[Measurement]:
    """A training step of `clstm` with one size changed at a time."""
    most = threads[-1]
    # Quantity, value, network, batch, threads.
    sizes = [("threads", str(n), networks.CLSTM, 32, n) for n in threads]
    sizes += [("batch", str(n), networks.CLSTM, n, most) for n in (8, 16, 32, 64)]
    sizes += [("steps", str(n), networks.with_segments(n), 32, most) for n in (12, 24, 48)]
    sizes += [("segment length", str(n), networks.with_length(n), 32, most) for n in (1000, 2000, 4000)]
    sizes += [("filters", f"x{n:g}", networks.with_filters(n), 32, most) for n in (0.5, 1.0, 2.0)]
    systems = (*CLSTM, EAGER[0])
    return [
        Measurement("scaling", "train_step", batch, count, systems, network, steps=2, varied=(key, value))
        for key, value, network, batch, count in sizes
    ]
