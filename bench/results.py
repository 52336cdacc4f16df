"""Turns the raw turns into the table that people read."""

from statistics import median

OURS = "clstm"

TITLES = {
    "train_step": "Training step: forward, backward, Adam",
    "infer_clip": "Inference of one clip",
}

# More cores than this in other hands, and the numbers are no result: where a thread of a team is kept
# waiting for its core, the barriers of OpenMP make the whole team wait, some contenders far more than others.
QUIET_CORES = 0.1


def seconds(turn):
    """A turn's time for one step."""
    return median(turn["seconds"])


def markdown(results):
    """RESULTS.md."""
    machine = results["machine"]
    lines = [
        "# Results",
        "",
        f"Preset `{results['preset']}`, {results['segments']} segments an utterance, float32. "
        f"Median of {results['rounds']} rounds in which the contenders take turns, each turn the median of its "
        "steps; in brackets the fastest and slowest round. *Times ours* is the median over the rounds of the "
        "peer's time by ours in the same round. How it is measured: [README.md](README.md).",
        "",
        f"- CPU: {machine['cpu']}, {machine['cores']} cores, {' '.join(machine['extensions'])}",
        f"- Memory: {machine['memory_gib']} GiB; {machine['system']}",
        f"- {machine['rustc']}; Python {machine['python']}; PyTorch {machine['torch']}",
        f"- Commit {machine['commit']}, {machine['date']}",
        "",
    ]
    lines += noise(results["measurements"])
    for what in dict.fromkeys(m["what"] for m in results["measurements"]):
        measurements = [m for m in results["measurements"] if m["what"] == what]
        batch = measurements[0]["batch"]
        lines += [
            f"## {TITLES[what]} (batch {batch})",
            "",
            "| threads | contender | time | utterances/s | times ours | peak memory |",
            "|---|---|---|---|---|---|",
        ]
        for measurement in measurements:
            lines += rows(measurement)
        lines.append("")
    return "\n".join(lines)


def rows(measurement):
    ours = [seconds(turn) for turn in measurement["contenders"][OURS]]
    for name, turns in measurement["contenders"].items():
        times = [seconds(turn) for turn in turns]
        ratios = [time / own for time, own in zip(times, ours, strict=True)]
        rate = measurement["batch"] / median(times)
        peak = [turn["peak_mib"] for turn in turns if turn.get("peak_mib")]
        cells = [
            str(measurement["threads"]),
            name,
            f"{milliseconds(median(times))} ms ({milliseconds(min(times))}-{milliseconds(max(times))})",
            f"{rate:.1f}",
            "1" if name == OURS else f"**{median(ratios):.2f}** ({min(ratios):.2f}-{max(ratios):.2f})",
            f"{median(peak):.0f} MiB" if peak else "",
        ]
        yield "| " + " | ".join(cells) + " |"


def milliseconds(time):
    return f"{1000 * time:.0f}" if time >= 0.1 else f"{1000 * time:.2f}"


def noise(measurements):
    """A warning where the machine was busy with something else."""
    turns = [turn for m in measurements for turns in m["contenders"].values() for turn in turns]
    others = [turn["others_cores"] for turn in turns if turn["others_cores"] is not None]
    if not others or median(others) <= QUIET_CORES:
        return []
    return [
        f"> **Not a result: the machine was busy.** Other work used {median(others):.2f} cores (median; "
        f"{max(others):.2f} at most). Times and ratios are distorted, those on several threads most of all.",
        "",
    ]
