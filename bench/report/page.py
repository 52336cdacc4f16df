"""RESULTS.md."""

from statistics import median

from . import tables
from .stats import select
from .targets import targets

# More cores than this in other hands, and the numbers are no result: where a thread of a team is kept
# waiting for its core, the barriers of OpenMP make the whole team wait, some systems far more than others.
QUIET_CORES = 0.1

TITLES = {
    "train_step": "Training step",
    "infer": "Inference",
    "recognize": "A recording of 3 s, from its waveform to probabilities (the graph of `clstm export`)",
}


# Before each table of the parts of a training step.
STEP_PARTS = (
    "The preset's recipe without SAM and mixup. Each part runs by itself on the output of the one before; a whole step is the "
    "trainer's own, with augmentation, which a training does on a further thread. Allocations and their size are those of one "
    "step on all threads; buffers of the kernels' pool are none."
)


def markdown(results: dict, cross_validation: dict | None) -> str:
    """The whole page."""
    lines = [*head(results), *warnings(results), *parity(results)]
    if any(select(results, what="gemm")):
        lines += ["## The machine's GEMM", "", "The fastest of a precision, in bold, is its peak.", ""]
        lines += tables.peak(results)
    if any(select(results, group="train")):
        lines += contests(results, "train")
        lines += ["## Share of the GEMM peak", ""]
        lines += [
            "Nominal: the first convolution counted tap by tap, though with transforms it costs less. What is "
            "surely computed as counted is in the last column, where it is left out altogether.",
            "",
        ]
        lines += tables.shares(results)
    lines += contests(results, "infer")
    lines += contests(results, "recognize")
    if any(select(results, group="keras")):
        lines += contests(results, "keras")
    for work in results["layers"]:
        if work["parts"]:
            size = f"batch {work['batch']}, {work['threads']} thread{'s' * (work['threads'] > 1)}"
            title = f"{TITLES[work['what']]} by part"
            network = work["network"].removeprefix("preset-")
            lines += [f"## {title}: `{network}`, {work['precision']}, {size}", ""]
            if work["what"] == "train_step" and "allocations" in work["parts"][0]:
                lines += [STEP_PARTS, ""]
            lines += tables.layers(results, work)
    if any(select(results, group="scaling")):
        lines += ["## How the cost of a training step grows", ""]
        lines += ["`clstm`, batch 32, at the most threads, but for the quantity named.", ""]
        lines += tables.scaling(results)
    lines += ["## Cross-validation", "", *cross_validated(cross_validation), ""]
    lines += ["## Targets", "", *targets(results, cross_validation)]
    return "\n".join(lines)


def head(results: dict) -> list[str]:
    """What was measured on what."""
    machine = results["machine"]
    packages = "; ".join(f"{name} {version}" for name, version in machine["packages"].items())
    lines = [
        "# Results",
        "",
        f"Medians of {results['rounds']} rounds in which the systems take turns, each turn the median of its "
        "steps; in brackets the fastest and slowest round. *Times ours* is the median over the rounds of a "
        "system's time by ours in the same round. How it is measured: `bench/README.md`.",
        "",
        f"- CPU: {machine['cpu']}, {machine['cores']} cores, {' '.join(machine['extensions'])}",
        f"- Memory: {machine['memory_gib']} GiB; {machine['system']}",
        f"- {machine['rustc']}; Python {machine['python']}; {packages}",
        f"- Commit {machine['commit']}, {machine['date']}; {results['minutes']} minutes. Age: `bench/age` prints the days and "
        "commits since",
    ]
    for name, network in results["networks"].items():
        if name in {m["network"] for m in results["measurements"] if m["group"] not in ("scaling", "parity")}:
            lines.append(f"- `{name}`: {network['text']}")
    return [*lines, ""]


def warnings(results: dict) -> list[str]:
    """What makes the numbers less than results."""
    lines = [f"> {results['note']}", ""] if results.get("note") else []
    if results["quick"]:
        lines += ["> **Not a result:** one round of one step, to see that everything runs.", ""]
    turns = [t for m in results["measurements"] for c in m["systems"].values() for t in c["turns"]]
    others = [turn["others_cores"] for turn in turns if "others_cores" in turn]
    if results.get("clock") == "cpu":
        text = "> Times are CPU time of a turn by its steps, on one thread: other work on the machine changes them little."
        lines += [text, ""]
    elif others and median(others) > QUIET_CORES:
        stolen = median(turn["stolen_cores"] for turn in turns if "stolen_cores" in turn)
        lines += [
            f"> **Not a result: the machine was busy.** Other work used {median(others):.2f} cores (median; "
            f"{max(others):.2f} at most; {stolen:.2f} of them were taken by the host). Times and ratios are "
            "distorted, those on several threads most of all.",
            "",
        ]
    left_out = {
        f"> **Left out**: {name} ({m['what']}, `{m['network']}`): {reason}"
        for m in results["measurements"]
        for name, reason in m["left_out"].items()
    }
    not_run = {
        f"> **Not run**: {name}: {reason}."
        for m in results["measurements"]
        for name, reason in m.get("not_run", {}).items()
    }
    return [*lines, *(part for line in sorted(left_out | not_run) for part in (line, ""))]


def parity(results: dict) -> list[str]:
    """The largest differences of the peers' outputs from ours, by preset."""
    found = list(select(results, group="parity"))
    if not found:
        return []
    lines = ["## Outputs of every preset", "", "Largest difference of a peer's logits (`infer`, hand-made graph) or probabilities "]
    lines[-1] += "(`recognize`, the graph of `clstm export`) from ours on eight utterances, with the same weights."
    return [*lines, "", *tables.parity(found)]


def contests(results: dict, group: str) -> list[str]:
    """The tables of a group, one for each work whatever its threads."""
    lines = []
    works = dict.fromkeys((m["what"], m["network"], m["batch"]) for m in select(results, group=group))
    for what, network, batch in works:
        found = list(select(results, group=group, what=what, network=network, batch=batch))
        lines += [f"## {TITLES[what]}: `{network}`, batch {batch}", "", *tables.contest(results, found)]
    return lines


def cross_validated(run: dict | None) -> list[str]:
    """The time of a whole cross-validation."""
    if run is None:
        return ["Not measured yet."]
    return [
        f"{run['what']}: {run['seconds'] / 60:.1f} minutes on {run['threads']} threads in {run['precision']} "
        f"(commit {run['commit']}, {run['date']})."
    ]
