"""A horizontal gauge: how much of something is used, with a mark for where one would expect to be.

Always true here: beyond one the gauge is full, in another ink and with a sign, and the number beside it says how far.
"""

from __future__ import annotations

from opsconsole.console.glyphs import GlyphSet
from opsconsole.console.lines import Line, Span, from_cells

FULL, EMPTY, MARK, OVER = "█", "░", "┃", "▶"
ASCII_FULL, ASCII_EMPTY, ASCII_MARK, ASCII_OVER = "#", "-", "|", ">"


def gauge(part: float | None, width: int, glyphs: GlyphSet, *, mark: float | None = None) -> Line:
    """``part`` and ``mark`` from 0 to 1; None is a gauge that shows nothing."""
    full, empty, tick, over = (
        (ASCII_FULL, ASCII_EMPTY, ASCII_MARK, ASCII_OVER) if glyphs.is_ascii else (FULL, EMPTY, MARK, OVER)
    )
    if width < 1:
        return ()
    if part is None:
        return (Span(" " * width, "text"),)
    is_over = part > 1
    filled = min(width, max(1 if part > 0 else 0, round(part * width)))
    ink = "over" if is_over else "gauge"
    cells = [(full, ink)] * filled + [(empty, "faint")] * (width - filled)
    if mark is not None:
        cells[min(width - 1, max(0, round(mark * (width - 1))))] = (tick, "marker")
    if is_over:
        cells[-1] = (over, ink)
    return from_cells(cells)
