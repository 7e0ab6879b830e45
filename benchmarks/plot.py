"""Draws the figures of the benchmarks: `python plot.py <JSON lines> <SVG>`.

Two panels, the first SQL and the whole run, over the number of models of the plain projects; both
axes are logarithmic, so that the same ratio is the same distance everywhere.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

PANELS = {"first_sql": "first SQL", "wall": "whole run"}
COLOURS = {
    "plain cold": "#b5482f",
    "plain warm": "#d99a2b",
    "dbt-factory": "#7a7f87",
    "dbt-runner unpatched": "#7aa7d9",
    "dbt-runner": "#1f5fa8",
}
THEIRS = {"cold": "plain cold", "warm": "plain warm", "factory": "dbt-factory"}
FIGURE = re.compile(r"(first_sql|wall)(_unpatched)?_vs_(cold|warm|factory)_(\d+)")
WIDTH, HEIGHT, LEFT, TOP, BOTTOM, LABELS = 460, 360, 56, 44, 44, 140
"""Of a panel, in pixels; the names of the lines stand in the last ones."""

Series = Mapping[str, Mapping[int, float]]
"""By contender, then by number of models: seconds."""


def main() -> int:
    """Draw."""
    if len(sys.argv) != 3:
        sys.stderr.write("usage: plot.py <JSON lines> <SVG>\n")
        return 2
    source, target = map(Path, sys.argv[1:])
    lines = source.read_text(encoding="utf-8").splitlines()
    target.write_text(draw(json.loads(line) for line in lines if line.strip()), encoding="utf-8")
    return 0


def draw(figures: Iterable[Mapping[str, Any]]) -> str:
    """The picture of figures as `paired.tell` prints them; others are passed over.

    Raises:
        SystemExit: none of them is of a plain project.
    """
    found = _series(figures)
    if not found:
        msg = "no figure of a plain project: run make bench-start or bench-wall first"
        raise SystemExit(msg)
    panels = [(title, found[name]) for name, title in PANELS.items() if name in found]
    width = WIDTH * len(panels)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">'
    )
    parts = [
        head,
        f'<rect width="{width}" height="{HEIGHT}" fill="#ffffff"/>',
        *(
            line
            for number, (title, series) in enumerate(panels)
            for line in _panel(title, series, number * WIDTH)
        ),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _series(figures: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, dict[int, float]]]:
    found: defaultdict[str, defaultdict[str, dict[int, float]]]
    found = defaultdict(lambda: defaultdict(dict))
    for figure in figures:
        match = FIGURE.fullmatch(figure["figure"])
        if match and {"ours", "theirs"} <= figure.keys():
            panel, unpatched, other, models = match.groups()
            ours = "dbt-runner unpatched" if unpatched else "dbt-runner"
            found[panel][ours][int(models)] = figure["ours"]
            found[panel][THEIRS[other]][int(models)] = figure["theirs"]
    return {panel: dict(series) for panel, series in found.items()}


def _panel(title: str, series: Series, shift: int) -> Iterable[str]:
    models = sorted({number for line in series.values() for number in line})
    seconds = [value for line in series.values() for value in line.values()]
    low, high = min(seconds) * 0.8, max(seconds) * 1.2
    right = shift + WIDTH - LABELS

    def x(number: int) -> float:
        return _between(number, models[0] * 0.9, models[-1] * 1.1, shift + LEFT, right)

    def y(value: float) -> float:
        return _between(value, low, high, HEIGHT - BOTTOM, TOP)

    yield _text(shift + LEFT, 20, f"{title}, seconds", size=14)
    for tick in _ticks(low, high):
        yield f'<path d="M{shift + LEFT} {y(tick):.1f}H{right}" stroke="#dddddd"/>'
        yield _text(shift + LEFT - 6, y(tick) + 4, f"{tick:g}", anchor="end")
    for number in models:
        yield _text(x(number), HEIGHT - BOTTOM + 18, f"{number:,}", anchor="middle")
    yield _text((shift + LEFT + right) / 2, HEIGHT - 8, "models", anchor="middle")
    named: list[float] = []
    for name in sorted(series, key=lambda each: -series[each][max(series[each])]):
        points = [(x(number), y(value)) for number, value in sorted(series[name].items())]
        colour = COLOURS[name]
        path = "L".join(f"{left:.1f} {top:.1f}" for left, top in points)
        yield f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        for left, top in points:
            yield f'<circle cx="{left:.1f}" cy="{top:.1f}" r="3" fill="{colour}"/>'
        # names that would lie on one another go below the one before
        named.append(max([points[-1][1] + 4, *(each + 14 for each in named[-1:])]))
        yield _text(right + 8, named[-1], name, colour=colour)


def _between(value: float, low: float, high: float, start: float, end: float) -> float:
    """Where a value lies on a logarithmic axis."""
    return start + (end - start) * math.log(value / low) / math.log(high / low)


def _ticks(low: float, high: float) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [n * 10.0**p for p in powers for n in (1, 2, 5) if low <= n * 10.0**p <= high]


def _text(
    left: float, top: float, text: str, *, anchor: str = "start", size: int = 12, colour: str = ""
) -> str:
    return (
        f'<text x="{left:.1f}" y="{top:.1f}" text-anchor="{anchor}" font-size="{size}" '
        f'fill="{colour or "#333333"}">{escape(text)}</text>'
    )


if __name__ == "__main__":
    sys.exit(main())
