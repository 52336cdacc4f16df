"""Medians, ratios within a round, and looking things up in results.json."""

from collections.abc import Iterator
from statistics import median

from harness import flops
from harness.systems import OURS


def seconds(system: dict) -> list[float]:
    """The time of a step in each round: the median of the turn's steps."""
    return [median(turn["seconds"]) for turn in system["turns"]]


def ratios(system: dict, ours: dict) -> list[float]:
    """How many times as long as ours, round by round."""
    return [time / own for time, own in zip(seconds(system), seconds(ours), strict=True)]


def ours(measurement: dict, precision: str) -> dict | None:
    """Our own turns, where there are some."""
    return measurement["systems"].get(f"{OURS} {precision}")


def select(results: dict, **wanted) -> Iterator[dict]:
    """The measurements with these values."""
    for measurement in results["measurements"]:
        if all(measurement[key] == value for key, value in wanted.items()):
            yield measurement


def first(results: dict, **wanted) -> dict | None:
    """The first measurement with these values."""
    return next(select(results, **wanted), None)


def peak_gflops(results: dict, precision: str, threads: int) -> tuple[float, str] | None:
    """The fastest GEMM with the given number of threads, and its system."""
    found = [
        (2 * m["batch"] ** 3 * system["products"] / median(seconds(system)) / 1e9, name)
        for m in select(results, what="gemm", threads=threads)
        for name, system in m["systems"].items()
        if system["precision"] == precision
    ]
    return max(found, default=None)


def nominal_gflop(results: dict, measurement: dict, first_convolution: bool = True) -> float:
    """Nominal arithmetic of one step of a measurement."""
    network = results["networks"][measurement["network"]]
    one = flops.total(network["config"], network["segments"], measurement["what"], first_convolution)
    return measurement["batch"] * one / 1e9


def share_of_peak(results: dict, measurement: dict, system: dict, first_convolution: bool = True) -> float | None:
    """Nominal FLOP/s of a system by the fastest GEMM of its precision."""
    peak = peak_gflops(results, system["precision"], measurement["threads"])
    if peak is None:
        return None
    work = nominal_gflop(results, measurement, first_convolution)
    return work / median(seconds(system)) / peak[0]
