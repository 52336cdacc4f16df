"""The section of the project's README with the fastest of each system, from results.json."""

from statistics import median

from .format import milliseconds, table
from .stats import ours, ratios, seconds, select

BEGIN = "<!-- The table and the sentence above it are written by bench/readme. -->"
END = "<!-- End of what bench/readme writes. -->"

# Columns: families in the order of the table. Keras is timed on a network of its own and stays in RESULTS.md.
FAMILIES = ["PyTorch", "JAX", "ONNX Runtime", "OpenVINO", "tract"]

# Title, and what is selected; the threads follow the title.
ROWS = [
    ("training step of `clstm`, batch 32", {"group": "train", "network": "clstm", "batch": 32}),
    ("one clip of 3 s, `clstm`", {"group": "infer", "network": "clstm", "batch": 1}),
    ("one clip of 3 s, `clstm-plus`", {"group": "infer", "network": "clstm-plus", "batch": 1}),
    ("32 clips, `clstm`", {"group": "infer", "network": "clstm", "batch": 32}),
]


def section(results: dict) -> str:
    """The lines between `BEGIN` and `END`, both included."""
    machine = results["machine"]
    # Where the processor has no bf16, ours in bf16 is f32 with rounded operands.
    precisions = ["f32", "bf16"] if "avx512_bf16" in machine["extensions"] else ["f32"]
    measured = {system["family"] for m in results["measurements"] for system in m["systems"].values()}
    families = [family for family in FAMILIES if family in measured]
    head = ["work", *(f"clstm {precision}" for precision in precisions), *(f"{family} f32" for family in families)]
    rows = [row for title, wanted in ROWS for row in _rows(results, title, wanted, precisions, families)]
    commit = machine["commit"].removesuffix("-dirty")
    place = f"Commit {commit}, {machine['cpu']} ({', '.join(machine['extensions'])}), {machine['cores']} cores, {machine['date'][:10]}."
    clock = "CPU time. " if results.get("clock") == "cpu" else ""
    what = f"{clock}Systems measured alternately, each in its fastest variant; in brackets its time divided by that of clstm in f32."
    lines = [BEGIN, " ".join([place, what, *filter(None, [results.get("note")])]), "", *table(head, rows)[:-1], END]
    return "\n".join(lines)


def replace(readme: str, results: dict) -> str:
    """The README with the section made again.

    Raises `ValueError` if it has no markers."""
    begin, end = readme.find(BEGIN), readme.find(END)
    if begin < 0 or end < begin:
        raise ValueError(f"README.md lacks the lines {BEGIN!r} and {END!r}")
    return readme[:begin] + section(results) + readme[end + len(END) :]


def _rows(results: dict, title: str, wanted: dict, precisions: list[str], families: list[str]) -> list[list[str]]:
    """A row for each number of threads."""
    rows = []
    for m in select(results, **wanted):
        own = [ours(m, precision) for precision in precisions]
        if not all(own):
            continue
        threads = f"{m['threads']} thread{'s' * (m['threads'] > 1)}"
        times = [f"**{milliseconds(median(seconds(system)))} ms**" for system in own]
        rows.append([f"{title}, {threads}", *times, *(_fastest(m, family, own[0]) for family in families)])
    return rows


def _fastest(m: dict, family: str, own: dict) -> str:
    """The time of the fastest system of a family in f32, and the ratio to ours."""
    found = [system for system in m["systems"].values() if system["family"] == family and system["precision"] == "f32"]
    if not found:
        return "-"
    best = min(found, key=lambda system: median(seconds(system)))
    return f"{milliseconds(median(seconds(best)))} ms ({median(ratios(best, own)):.1f}x)"
