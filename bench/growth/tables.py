"""Markdown tables whose rows are printed as they are measured."""


def head(title, *columns):
    """Prints a title and the head of a table."""
    print(f"\n### {title}\n\n| " + " | ".join(columns) + " |\n|" + "---|" * len(columns), flush=True)


def row(*cells):
    """Prints a row."""
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def duration(seconds):
    """A length of time in the largest unit that divides it."""
    for unit, name in ((3600, "h"), (60, "min")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds // unit:g} {name}"
    return f"{seconds:g} s"


def figure(value, digits=3):
    """A number with some significant digits."""
    if value == 0:
        return "0"
    if value >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"
