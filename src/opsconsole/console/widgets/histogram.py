"""A distribution in the window against the baseline: a bar each, with a mark where the baseline's would end.

Always true here: both shares are there as numbers; bars that have no room are those that differ least, and are counted.
"""

from __future__ import annotations

from collections.abc import Sequence

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.glyphs import GlyphSet
from opsconsole.console.lines import Line, Span, block, fill, from_cells, line
from opsconsole.console.text import fit

LABEL_CELLS = 14
SHARES_CELLS = 16
BASELINE_MARK = "┃"
ASCII_MARK = "|"


def histogram(bins: Sequence[wire.Bin], width: int, height: int, glyphs: GlyphSet) -> list[Line]:
    """One row a bin: label, bar of the window with the baseline's mark, and both shares."""
    if not bins or height < 1:
        return block((), width, height)
    shown = _shown(bins, height)
    top = max(max(each.share, each.baseline_share) for each in shown) or 1.0
    room = max(4, width - LABEL_CELLS - SHARES_CELLS - 3)
    rows = [_row(each, room, top, glyphs) for each in shown]
    if len(shown) < len(bins):
        rows.append(line(Span(f"   … {len(bins) - len(shown)} more, that differ less", "dim")))
    return [fill(row, width) for row in block(rows, width, height)]


def _shown(bins: Sequence[wire.Bin], height: int) -> list[wire.Bin]:
    """Those that differ most, in the order in which they stand."""
    if len(bins) <= height:
        return list(bins)
    by_difference = sorted(range(len(bins)), key=lambda i: -abs(bins[i].share - bins[i].baseline_share))
    return [bins[i] for i in sorted(by_difference[: max(1, height - 1)])]


def _row(each: wire.Bin, room: int, top: float, glyphs: GlyphSet) -> Line:
    cells = [(character, "window") for character in _bar(each.share, top, room, glyphs)]
    at = min(room - 1, round(each.baseline_share / top * (room - 1)))
    cells[at] = (ASCII_MARK if glyphs.is_ascii else BASELINE_MARK, "baseline")
    is_more = each.share > each.baseline_share
    sign = " " if abs(each.share - each.baseline_share) < 0.01 else "▲" if is_more else "▼"
    return (
        Span(fit(each.label, LABEL_CELLS, right=True), "text"),
        Span(" ", "text"),
        *from_cells(cells),
        Span(f" {numbers.percent(each.share):>6}", "window"),
        Span(f" {sign} ", "warn" if sign.strip() else "dim"),
        Span(f"{numbers.percent(each.baseline_share):>6}", "baseline"),
    )


def _bar(share: float, top: float, room: int, glyphs: GlyphSet) -> str:
    """A horizontal bar in whole and half cells; what is not nothing shows."""
    halves = round(share / top * room * 2)
    if share > 0:
        halves = max(1, halves)
    if glyphs.is_ascii:
        return ("#" * max(1 if share > 0 else 0, halves // 2)).ljust(room)[:room]
    return ("█" * (halves // 2) + "▌" * (halves % 2)).ljust(room)[:room]


def legend(glyphs: GlyphSet) -> Line:
    """What bar and mark are."""
    mark, bar = (ASCII_MARK, "#") if glyphs.is_ascii else (BASELINE_MARK, "█")
    return (Span(f"{bar} ", "window"), Span("window  ", "dim"), Span(f"{mark} ", "baseline"), Span("baseline", "dim"))
