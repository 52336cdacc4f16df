"""The tables of the page, each a list of lines."""

from statistics import median

from harness import flops
from harness.systems import OURS

from .format import mebibytes, milliseconds, percent, spread, table, times
from .stats import nominal_gflop, ours, peak_gflops, ratios, seconds, select, share_of_peak

PRECISIONS = ("f32", "bf16")


def peak(results: dict) -> list[str]:
    """What the machine's GEMMs reach."""
    rows = []
    for m in select(results, what="gemm"):
        for name, system in m["systems"].items():
            work = 2 * m["batch"] ** 3 * system["products"]
            rate = work / median(seconds(system)) / 1e9
            best = peak_gflops(results, system["precision"], m["threads"])[1] == name
            name = f"{name.removesuffix(' f32')} (the crate `gemm`)" if system["family"] == OURS else name
            rows.append([str(m["threads"]), name, f"**{rate:.0f}**" if best else f"{rate:.0f}"])
    return table(["threads", "GEMM", "GFLOP/s"], rows)


def parity(measurements: list[dict]) -> list[str]:
    """The differences of outputs, a row a preset and graph."""
    rows = []
    for m in measurements:
        for name, system in m["systems"].items():
            for output, difference in system.get("differences", {}).items():
                rows.append([m["network"].removeprefix("preset-"), m["what"], name, output, f"{difference:.1e}"])
    return table(["preset", "graph", "system", "output", "difference"], rows)


def contest(results: dict, measurements: list[dict]) -> list[str]:
    """The systems of measurements that differ in their threads."""
    head = ["threads", "system", "time", "utterances/s", "times ours f32", "times ours bf16", "peak memory"]
    head += ["share of GEMM peak"]
    rows = []
    for m in measurements:
        base = {precision: ours(m, precision) for precision in PRECISIONS}
        for name, system in m["systems"].items():
            own = seconds(system)
            against = [times(ratios(system, base[p])) if base[p] else "" for p in PRECISIONS]
            if system["family"] == OURS:
                against[PRECISIONS.index(system["precision"])] = "1"
            share = share_of_peak(results, m, system)
            row = [str(m["threads"]), name, spread(own), f"{m['batch'] / median(own):.1f}", *against]
            rows.append([*row, mebibytes(system["peak_mib"]), percent(share)])
    return table(head, rows)


def shares(results: dict) -> list[str]:
    """The share of the GEMM peak that our training step reaches."""
    rows = []
    for m in select(results, group="train"):
        for precision in PRECISIONS:
            system, best = ours(m, precision), peak_gflops(results, precision, m["threads"])
            if not system or not best:
                continue
            work = nominal_gflop(results, m)
            cells = [m["network"], str(m["batch"]), str(m["threads"]), precision, f"{work:.1f}"]
            cells += [f"{work / median(seconds(system)):.0f}", f"{best[0]:.0f}"]
            cells += [percent(share_of_peak(results, m, system))]
            rows.append([*cells, percent(share_of_peak(results, m, system, first_convolution=False))])
    head = ["network", "batch", "threads", "precision", "nominal GFLOP a step", "GFLOP/s", "GEMM peak GFLOP/s"]
    return table([*head, "share", "share without the first convolution"], rows)


def layers(results: dict, work: dict) -> list[str]:
    """Time and allocations by part of one work."""
    network = results["networks"][work["network"]]
    nominal = {part.name: part for part in flops.parts(network["config"], network["segments"])}
    best = peak_gflops(results, work["precision"], work["threads"])
    parts = {part["name"]: part for part in work["parts"]}
    whole = parts.pop("whole")
    step = median(whole["forward"])
    rows, aside, summed = [], [], 0.0
    for name, part in parts.items():
        forward, backward = (median(part[way]) if part[way] else 0.0 for way in ("forward", "backward"))
        cells = [name, milliseconds(forward), milliseconds(backward) if part["backward"] else ""]
        cells += [percent((forward + backward) / step), *_allocated(part)]
        # A block's name lists what is in the same operation.
        if counted := nominal.get(name.split(",")[0]):
            work_done = work["batch"] * counted.forward
            work_done += work["batch"] * counted.backward if part["backward"] else 0.0
            rate = work_done / (forward + backward) / 1e9
            cells += [f"{work_done / 1e9:.2f}", f"{rate:.0f}", percent(rate / best[0]) if best else ""]
        else:
            cells += ["", "", ""]
        if part.get("aside"):
            aside.append(cells)
        else:
            rows.append(cells)
            summed += forward + backward
    rows.append(["sum of the parts", milliseconds(summed), "", percent(summed / step), *[""] * 5])
    rows.append(["whole step", milliseconds(step), "", "100 %", *_allocated(whole), *[""] * 3])
    head = ["part", "forward ms", "backward ms", "of the whole", "allocations", "allocated"]
    head += ["nominal GFLOP", "GFLOP/s", "of GEMM peak"]
    lines = table(head, [*rows, *aside])
    if faults := whole.get("page_faults"):
        lines += [f"Page faults of a whole step: {median(faults):.0f}.", ""]
    return lines


def _allocated(part: dict) -> list[str]:
    """Requests to the allocator in a step and their size; empty in results of before they were counted."""
    if not part.get("allocations"):
        return ["", ""]
    return [f"{median(part['allocations']):.0f}", mebibytes(median(part["allocated_bytes"]) / 2**20)]


def scaling(results: dict) -> list[str]:
    """How the cost of a training step grows."""
    measurements = list(select(results, group="scaling"))
    names = list(dict.fromkeys(name for m in measurements for name in m["systems"]))
    rows = []
    for m in measurements:
        quantity, value = m["varied"]
        work = nominal_gflop(results, m)
        row = [quantity, value, f"{work:.1f}"]
        for name in names:
            system = m["systems"].get(name)
            if system is None:
                row += ["", ""]
                continue
            time = median(seconds(system))
            row += [milliseconds(time), f"{work / time:.0f}"]
        rows.append(row)
    head = ["varied", "value", "nominal GFLOP"]
    for name in names:
        head += [f"{name}, ms", "GFLOP/s"]
    return table(head, rows)
