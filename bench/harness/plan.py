"""What is measured, and by whom."""

from dataclasses import dataclass, field

from . import networks
from .contenders import CLSTM, COMPILED, EAGER, GEMMS, KERAS_TF, ONNX_RUNTIME, Contender
from .networks import Network

# Parts of a run, in its order.
GROUPS = ("peak", "train", "infer", "keras", "layers", "scaling")

# Side of the matrices that the machine's peak is measured with: 36 MiB in float32, more than any cache
# of a core, and long enough for a GEMM to reach its best.
SIDE = 1536


@dataclass(frozen=True)
class Measurement:
    """One work of one size; all its contenders take turns."""

    group: str
    what: str  # as a contender's `--what`
    batch: int
    threads: int
    contenders: tuple[Contender, ...]
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
        "peak": [_peak(n) for n in threads],
        "train": [*(_train(n) for n in threads), _train_large(threads[-1])],
        "infer": [work for n in threads for work in (_latency(n), _throughput(n))],
        "keras": _keras(threads),
        "scaling": _scaling(threads),
    }
    return [work for group in groups for work in found.get(group, [])]


def layers(groups: list[str], threads: list[int]) -> list[Layers]:
    """Training at the most threads, one clip at the fewest; in both precisions."""
    if "layers" not in groups:
        return []
    sizes = [("train_step", 32, threads[-1]), ("infer", 1, threads[0])]
    return [Layers(*size, contender.precision) for size in sizes for contender in CLSTM]


def _peak(threads: int) -> Measurement:
    return Measurement("peak", "gemm", SIDE, threads, tuple(GEMMS), steps=2)


def _train(threads: int) -> Measurement:
    contenders = (*CLSTM, *EAGER, *COMPILED)
    return Measurement("train", "train_step", 32, threads, contenders, networks.CLSTM)


def _train_large(threads: int) -> Measurement:
    contenders = (*CLSTM, *EAGER, *COMPILED)
    return Measurement("train", "train_step", 64, threads, contenders, networks.LARGE, steps=1)


def _latency(threads: int) -> Measurement:
    contenders = (*CLSTM, *EAGER, *COMPILED, *ONNX_RUNTIME)
    return Measurement("infer", "infer", 1, threads, contenders, networks.CLSTM, warmup=5, steps=40)


def _throughput(threads: int) -> Measurement:
    contenders = (*CLSTM, *EAGER, *COMPILED, *ONNX_RUNTIME)
    return Measurement("infer", "infer", 32, threads, contenders, networks.CLSTM, steps=4)


def _keras(threads: list[int]) -> list[Measurement]:
    contenders = (*CLSTM, *KERAS_TF)
    first, most = threads[0], threads[-1]
    return [
        Measurement("keras", "train_step", 32, most, contenders, networks.KERAS),
        Measurement("keras", "infer", 1, first, contenders, networks.KERAS, warmup=5, steps=20),
        Measurement("keras", "infer", 32, most, contenders, networks.KERAS),
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
    contenders = (*CLSTM, EAGER[0])
    return [
        Measurement("scaling", "train_step", batch, count, contenders, network, steps=2, varied=(key, value))
        for key, value, network, batch, count in sizes
    ]
