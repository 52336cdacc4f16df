"""A scatter plot as SVG: accuracy against cost, which has a logarithmic axis."""

from __future__ import annotations

from math import ceil, floor, log10

WIDTH, HEIGHT, MARGIN = 640, 400, 60


def scatter(points: list[tuple[str, float, float]]) -> str:
    """Points `(name, CPU ms per second of sound, UA from 0 to 1)`."""
    costs, scores = [log10(p[1]) for p in points], [p[2] for p in points]
    low, high = floor(min(costs)), max(ceil(max(costs)), floor(min(costs)) + 1)
    bottom, top = floor(10 * min(scores)) / 10, ceil(10 * max(scores)) / 10

    def x(cost: float) -> float:
        return MARGIN + (log10(cost) - low) / (high - low) * (WIDTH - 2 * MARGIN)

    def y(score: float) -> float:
        return HEIGHT - MARGIN - (score - bottom) / (top - bottom) * (HEIGHT - 2 * MARGIN)

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for power in range(low, high + 1):
        at = x(10**power)
        lines.append(f'<path d="M{at:.1f} {MARGIN}V{HEIGHT - MARGIN}" stroke="#ccc"/>')
        lines.append(f'<text x="{at:.1f}" y="{HEIGHT - MARGIN + 18}" text-anchor="middle">{10**power:g}</text>')
    for tenth in range(round(10 * bottom), round(10 * top) + 1):
        at = y(tenth / 10)
        lines.append(f'<path d="M{MARGIN} {at:.1f}H{WIDTH - MARGIN}" stroke="#ccc"/>')
        lines.append(f'<text x="{MARGIN - 8}" y="{at + 4:.1f}" text-anchor="end">{10 * tenth}%</text>')
    for name, cost, score in points:
        lines.append(f'<circle cx="{x(cost):.1f}" cy="{y(score):.1f}" r="5" fill="#1f6feb"/>')
        lines.append(f'<text x="{x(cost) + 9:.1f}" y="{y(score) + 4:.1f}">{name}</text>')
    middle = WIDTH / 2
    lines.append(f'<text x="{middle}" y="{HEIGHT - 15}" text-anchor="middle">CPU ms per second of sound, one core</text>')
    lines.append(f'<text x="{MARGIN}" y="{MARGIN - 20}">UA on SAVEE, zero-shot</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"
