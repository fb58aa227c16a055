"""Filled plots: the band between two quantiles, and bars that are stacked; and the crosshair that lies over any plot.

Always true here: a cell has one ink; what two neighbours in a stack are is told by their fill as well as their ink; a
bucket without a value leaves a gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from opsconsole.console.glyphs import GlyphSet
from opsconsole.console.lines import Line, from_cells
from opsconsole.console.palette import Ink
from opsconsole.console.widgets.plot import OPEN, Series, Values, lines_plot, mean, resampled, slot_of

BAND_FILL = {"braille": "░", "block": "░", "ascii": ":"}
FILLS = "█▓▒░▚▞"
ASCII_FILLS = "#=+-%@"
"""Of the first stack, the second, …: so that they differ without colour."""
CROSS = "│"


@dataclass(frozen=True)
class Stack:
    """One series of a stacked plot."""

    values: Values
    ink: Ink
    label: str


def band_plot(
    low: Values, high: Values, width: int, height: int, top: float, glyphs: GlyphSet, rules: Sequence[int] = ()
) -> list[Line]:
    """p50 and p99 as lines, and what lies between them filled."""
    series = (
        Series(low, "p50", ".", is_dotted=glyphs.name == "braille"),
        Series(high, "p99", "*"),
    )
    rows = [_cells(row) for row in lines_plot(series, width, height, top, glyphs, rules)]
    fill = BAND_FILL[glyphs.name]
    above, below = [-1] * width, [height] * width
    for y, row in enumerate(rows):
        for x, (_, ink) in enumerate(row):
            if ink == "p99":
                above[x] = y
            elif ink == "p50" and below[x] == height:
                below[x] = y
    for x in range(width):
        if above[x] < 0 or below[x] == height:
            continue
        for y in range(above[x] + 1, below[x]):
            if rows[y][x][0] in " ┊":
                rows[y][x] = (fill, "band")
    return [from_cells(row) for row in rows]


def stacked_plot(
    stacks: Sequence[Stack], width: int, height: int, top: float, glyphs: GlyphSet, rules: Sequence[int] = (),
    *, has_open_end: bool = False,
) -> list[Line]:  # fmt: skip
    """Bars of whole cells, the first stack at the bottom; a bar that is not nothing shows at least one cell."""
    columns = [resampled(each.values, width, mean) for each in stacks]
    buckets = max((len(each.values) for each in stacks), default=0)
    open_from = slot_of(buckets - 1, buckets, width) if has_open_end and buckets else width
    marked = {column for column in rules if 0 <= column < width}
    rows: list[list[tuple[str, Ink]]] = [
        [("┊", "marker") if x in marked else (" ", "text") for x in range(width)] for _ in range(height)
    ]
    for x in range(width):
        if x >= open_from:
            for row in rows:
                row[x] = (OPEN, "dim")
        for level, i in enumerate(_filled([column[x] or 0.0 for column in columns], height, top)):
            rows[height - 1 - level][x] = (fill_of(i, glyphs), "open" if x >= open_from else stacks[i].ink)
    return [from_cells(row) for row in rows]


def _filled(values: Sequence[float], height: int, top: float) -> list[int]:
    """Which stack each cell of a bar shows, from the bottom: the one that holds the cell's middle."""
    total = sum(values)
    if total <= 0:
        return []
    n = max(1, min(height, round(total / top * height)))
    shown: list[int] = []
    for level in range(n):
        middle = (level + 0.5) / n * total
        upto, found = 0.0, len(values) - 1
        for i, value in enumerate(values):
            upto += value
            if middle <= upto:
                found = i
                break
        shown.append(found)
    return shown


def fill_of(i: int, glyphs: GlyphSet) -> str:
    """The fill of the stack of this number."""
    fills = ASCII_FILLS if glyphs.is_ascii else FILLS
    return fills[i % len(fills)]


def crossed(rows: Sequence[Line], column: int) -> list[Line]:
    """The plot with the crosshair's rule over one column: what stood there keeps its character."""
    drawn: list[Line] = []
    for row in rows:
        cells = _cells(row)
        if 0 <= column < len(cells):
            character = cells[column][0]
            cells[column] = (CROSS if character in " ┊" else character, "crosshair")
        drawn.append(from_cells(cells))
    return drawn


def _cells(row: Line) -> list[tuple[str, Ink]]:
    """One entry a cell; plots are made of narrow characters only."""
    return [(character, piece.ink) for piece in row for character in piece.text]
