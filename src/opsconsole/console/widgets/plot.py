"""Plots of buckets: lines and bars in whatever glyphs the terminal draws, on a fixed, labelled axis.

Always true here: the newest bucket ends at the right edge; a bucket without a value leaves a gap, never a zero; the top
of the axis is a nice number (1, 2, 3 or 5 times a power of ten) that moves only when the data leaves it by far; a cell
has one ink, so a series is one run of colour.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from opsconsole.console.glyphs import GlyphSet
from opsconsole.console.lines import Line, Span, from_cells
from opsconsole.console.palette import Ink
from opsconsole.console.text import fit

GUTTER = 8
"""Cells left of the plot: the axis labels and its rule."""

OPEN = "┆"
"""Stands over the newest bucket while it is not over."""

Values = Sequence[float | None]


@dataclass(frozen=True)
class Series:
    """One line of a plot."""

    values: Values
    ink: Ink
    mark: str
    """Its point where only ASCII is drawn."""
    is_dotted: bool = False
    """Broken into dots, so that two lines differ without colour."""


@dataclass
class Scales:
    """The tops of axes that are in use, so that they do not jump with every update."""

    tops: dict[tuple[str, ...], float] = field(default_factory=dict)

    def top(self, key: tuple[str, ...], values: Values) -> float:
        """The axis' top for these values: kept while the peak is between a fifth and all of it."""
        peak = max((value for value in values if value is not None), default=0.0)
        kept = self.tops.get(key, 0.0)
        if not kept or peak > kept or peak < kept / 5:
            kept = nice_ceiling(peak)
            self.tops[key] = kept
        return kept


_NEXT_TO_NOTHING = 1e-300
"""Below, a power of ten may no longer be a number."""


def nice_ceiling(peak: float) -> float:
    """The least 1, 2, 3 or 5 times a power of ten that is at least ``peak``; 1 for nothing, and for next to nothing."""
    if not peak > _NEXT_TO_NOTHING or not math.isfinite(peak):
        return 1.0
    power: float = 10.0 ** math.floor(math.log10(peak))
    for factor in (1.0, 2.0, 3.0, 5.0, 10.0):
        if peak <= factor * power * (1 + 1e-9):
            return factor * power
    return 10 * power


def resampled(values: Values, slots: int, merge: Callable[[list[float]], float]) -> list[float | None]:
    """One value a slot: buckets repeat where slots are more, and are merged where they are fewer."""
    n = len(values)
    if not n or not slots:
        return [None] * slots
    if n <= slots:
        return [values[slot * n // slots] for slot in range(slots)]
    merged: list[float | None] = []
    for slot in range(slots):
        group = [v for v in values[slot * n // slots : (slot + 1) * n // slots] if v is not None]
        merged.append(merge(group) if group else None)
    return merged


def mean(group: list[float]) -> float:
    return sum(group) / len(group)


def slot_of(bucket: float, buckets: int, slots: int) -> int:
    """The slot in which a bucket begins."""
    return min(slots - 1, max(0, int(bucket * slots / buckets))) if buckets else 0


def lines_plot(
    series: Sequence[Series], width: int, height: int, top: float, glyphs: GlyphSet, rules: Sequence[int] = ()
) -> list[Line]:
    """Lines over buckets; the last series lies on top. ``rules`` are columns with a vertical mark behind them."""
    across, down = glyphs.dots
    cells = _ruled(width, height, rules)
    for each in series:
        dots: dict[tuple[int, int], int] = {}
        for x, low, high in _strokes(each, width * across, height * down, top):
            for y in range(low, high + 1):
                column, row = x // across, height - 1 - y // down
                dots[column, row] = dots.get((column, row), 0) | _dot_bit(x % across, y % down, across, down)
        for (column, row), bits in dots.items():
            before, _ = cells[row][column]
            cells[row][column] = (_dots_character(bits, before, each.mark, glyphs), each.ink)
    return [from_cells(row) for row in cells]


def _strokes(each: Series, across: int, down: int, top: float) -> list[tuple[int, int, int]]:
    """(x, lowest y, highest y) in dots: steps between neighbours are joined, gaps are left open."""
    heights = _interpolated(each.values, across)
    strokes: list[tuple[int, int, int]] = []
    before: int | None = None
    for x, value in enumerate(heights):
        if value is None:
            before = None
            continue
        y = min(down - 1, max(0, round(value / top * (down - 1))))
        if before is None or abs(before - y) <= 1:
            low = high = y
        else:
            low, high = (before + 1, y) if before < y else (y, before - 1)
        before = y
        if not (each.is_dotted and x % 2 and low == high):
            strokes.append((x, low, high))
    return strokes


def _interpolated(values: Values, slots: int) -> list[float | None]:
    """Values at each slot, straight between the middles of neighbouring buckets."""
    n = len(values)
    if not n or n >= slots:
        return resampled(values, slots, max)
    heights: list[float | None] = []
    for slot in range(slots):
        place = (slot + 0.5) * n / slots
        own = values[int(place)]
        if own is None:
            heights.append(None)
            continue
        toward = place - int(place) - 0.5
        beside = int(place) + (1 if toward > 0 else -1)
        other = values[beside] if 0 <= beside < n else None
        heights.append(own if other is None else own + (other - own) * abs(toward))
    return heights


_BRAILLE_BITS = ((0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08))
"""Of the dots of a cell, left column and right column, from the bottom up."""


def _dot_bit(x: int, y: int, across: int, down: int) -> int:
    return _BRAILLE_BITS[x][y] if (across, down) == (2, 4) else 1 << y


def _dots_character(bits: int, before: str, mark: str, glyphs: GlyphSet) -> str:
    if glyphs.name == "braille":
        joined = bits | (ord(before) - 0x2800 if "\u2800" < before <= "\u28ff" else 0)
        return chr(0x2800 + joined)
    return " ▄▀█"[bits] if glyphs.name == "block" else mark


def bars_plot(
    values: Values,
    width: int,
    height: int,
    top: float,
    ink: Ink,
    glyphs: GlyphSet,
    merge: Callable[[list[float]], float] = mean,
    rules: Sequence[int] = (),
    *,
    has_open_end: bool = False,
) -> list[Line]:
    """One bar a bucket, in eighths of a cell; what is not zero shows at least the smallest mark.

    ``has_open_end``: the newest bucket is not over; its bar is dim and stands before a mark that says so.
    """
    steps = len(glyphs.bars) - 1
    cells = _ruled(width, height, rules)
    open_from = slot_of(len(values) - 1, len(values), width) if has_open_end else width
    for row in cells:
        row[open_from:] = [(OPEN, "dim")] * (width - open_from)
    for column, value in enumerate(resampled(values, width, merge)):
        if not value:
            continue
        filled = max(1, min(height * steps, round(value / top * height * steps)))
        for level in range(height):
            part = min(steps, filled - level * steps)
            if part > 0:
                cells[height - 1 - level][column] = (glyphs.bars[part], "open" if column >= open_from else ink)
    return [from_cells(row) for row in cells]


def sparkline(values: Values, width: int, glyphs: GlyphSet, ink: Ink, top: float) -> Line:
    """One row of bars."""
    return bars_plot(values, width, 1, top, ink, glyphs, max)[0]


def with_axis(rows: Sequence[Line], top: float, unit: Callable[[float], str]) -> list[Line]:
    """The plot behind its labelled axis: the top, the middle where there is room, and zero."""
    last = len(rows) - 1
    labels = {0: unit(top), last: unit(0)}
    if last >= 4 and last % 2 == 0:
        labels[last // 2] = unit(top / 2)
    if last == 0:
        labels = {0: unit(top)}
    return [
        (
            Span(fit(labels.get(y, ""), GUTTER - 2, right=True), "dim"),
            Span(" ┤" if y in labels else " │", "faint"),
            *row,
        )
        for y, row in enumerate(rows)
    ]


def _ruled(width: int, height: int, rules: Sequence[int]) -> list[list[tuple[str, Ink]]]:
    columns = {column for column in rules if 0 <= column < width}
    return [[("┊", "marker") if x in columns else (" ", "text") for x in range(width)] for _ in range(height)]
