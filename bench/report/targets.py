"""The targets that the project has set itself, and whether this run meets them."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from harness.systems import OURS, TORCH

from .format import table
from .stats import first, ours, ratios, select, share_of_peak

# Where a target names no threads, it means two.
THREADS = 2

# A cross-validation may take an hour.
HOUR = 3600.0


@dataclass(frozen=True)
class Figure:
    """A measured value and whether it is good enough."""

    text: str
    met: bool | None


UNKNOWN = Figure("not measured", None)


def targets(results: dict, cross_validation: dict | None) -> list[str]:
    """The table, a row a target and network."""
    rows = []
    for network, batch in (("clstm", 32), ("large", 64)):
        m = first(results, group="train", network=network, batch=batch, threads=THREADS)
        for work, target, figure in _training(results, m):
            rows.append([f"{work} (`{network}`, batch {batch})", target, figure])
    rows += [list(row) for row in _inference(results)]
    figure = _hour(cross_validation)
    rows.append(["5-fold cross-validation of the default recipe on RAVDESS, 2 cores", "under an hour", figure])
    marks = {True: "met", False: "**not met**", None: "open"}
    cells = [[work, target, figure.text, marks[figure.met]] for work, target, figure in rows]
    return table(["work", "target", "measured", ""], cells)


def _training(results: dict, m: dict | None) -> list[tuple[str, str, Figure]]:
    """Those of a training step."""
    return [
        ("training step, f32", ">= 60 % of the f32 GEMM peak", _share(results, m)),
        ("training step, f32", ">= 4x PyTorch eager f32", _least(results, m, "f32", 4.0, _eager("f32"), False)),
        ("training step, f32", ">= 2.5x the fastest f32 peer", _least(results, m, "f32", 2.5, _any("f32"))),
        ("training step, bf16", ">= 10x PyTorch eager, the faster", _least(results, m, "bf16", 10.0, _eager(), False)),
        ("training step, bf16", ">= 5x the fastest peer of all", _least(results, m, "bf16", 5.0, _any())),
        ("training step, f32", "peak memory <= 1/2 of PyTorch's", _memory(m)),
    ]


def _inference(results: dict) -> list[tuple[str, str, Figure]]:
    """Those of one clip on one thread: our f32 against theirs."""
    m = first(results, group="infer", network="clstm", batch=1, threads=1)
    plus = first(results, group="infer", network="clstm-plus", batch=1, threads=1)
    work = "inference, one clip, one thread, f32 "
    torch = _least(results, m, "f32", 5.0, lambda name, c: c["family"] == TORCH and c["precision"] == "f32", False)
    return [
        (work + "(`clstm`)", "<= 1/3 of the fastest f32 peer's time", _least(results, m, "f32", 3.0, _any("f32"), False)),
        (work + "(`clstm-plus`)", "<= 1/3 of the fastest f32 peer's time", _least(results, plus, "f32", 3.0, _any("f32"), False)),
        (work + "(`clstm`)", "<= 1/5 of PyTorch's, the faster", torch),
    ]


def _share(results: dict, m: dict | None) -> Figure:
    system = ours(m, "f32") if m else None
    share = share_of_peak(results, m, system) if system else None
    if share is None:
        return UNKNOWN
    without = share_of_peak(results, m, system, first_convolution=False)
    text = f"{100 * share:.0f} % nominal, {100 * without:.0f} % without the first convolution"
    return Figure(text, share >= 0.6)


Wanted = Callable[[str, dict], bool]


def _eager(precision: str | None = None) -> Wanted:
    return lambda name, c: name.startswith("PyTorch eager") and c["precision"] in (precision or c["precision"])


def _any(precision: str | None = None) -> Wanted:
    return lambda _, c: c["family"] != OURS and c["precision"] == (precision or c["precision"])


def _least(results: dict, m: dict | None, precision: str, bound: float, wanted: Wanted, keras: bool = True) -> Figure:
    """The smallest ratio of a peer to ours. Keras is timed on a network of its own, so that its ratio comes
    from there."""
    places = [m, *(select(results, group="keras", what="train_step", threads=THREADS) if keras else [])]
    found = [
        (median(ratios(system, ours(place, precision))), name)
        for place in places
        if place and ours(place, precision)
        for name, system in place["systems"].items()
        if wanted(name, system)
    ]
    if not found:
        return UNKNOWN
    ratio, name = min(found)
    return Figure(f"{ratio:.2f}x ({name})", ratio >= bound)


def _memory(m: dict | None) -> Figure:
    own = ours(m, "f32") if m else None
    theirs = [c["peak_mib"] for c in m["systems"].values() if c["family"] == TORCH] if m else []
    if not own or not own["peak_mib"] or not theirs:
        return UNKNOWN
    share = own["peak_mib"] / min(theirs)
    return Figure(f"{own['peak_mib']:.0f} MiB of {min(theirs):.0f} MiB: {share:.2f}", share <= 0.5)


def _hour(run: dict | None) -> Figure:
    if run is None:
        return UNKNOWN
    text = f"{run['seconds'] / 60:.0f} minutes ({run['precision']}, commit {run['commit']})"
    return Figure(text, run["seconds"] < HOUR)
