"""How numbers and tables are written."""

from collections.abc import Iterable
from statistics import median


def table(head: list[str], rows: Iterable[list[str]]) -> list[str]:
    """A table and the empty line behind it."""
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cells) + " |" for cells in lines] + [""]


def milliseconds(time: float) -> str:
    """Three or four digits."""
    time *= 1000
    return f"{time:.0f}" if time >= 100 else f"{time:.1f}" if time >= 10 else f"{time:.2f}"


def spread(times: list[float]) -> str:
    """A time with its fastest and slowest round."""
    low, middle, high = (milliseconds(t) for t in (min(times), median(times), max(times)))
    return f"{middle} ms ({low}-{high})" if len(times) > 1 else f"{middle} ms"


def times(ratio: list[float] | None) -> str:
    """A ratio with its smallest and largest round."""
    if not ratio:
        return ""
    if len(ratio) == 1:
        return f"**{ratio[0]:.2f}**"
    return f"**{median(ratio):.2f}** ({min(ratio):.2f}-{max(ratio):.2f})"


def percent(share: float | None) -> str:
    """A share, or nothing."""
    return "" if share is None else f"{100 * share:.0f} %"


def mebibytes(size: float | None) -> str:
    """A memory size, or nothing."""
    return "" if size is None else f"{size:.0f} MiB"
