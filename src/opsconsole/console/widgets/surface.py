"""The one widget that touches the screen: lines in, the least possible repaint out.

Always true here: a cell is repainted only when its character or ink changed. The surface keeps the lines of the last
frame, compares the new ones cell by cell, and refreshes just the regions that differ; a stock widget would repaint
itself whole. Whatever a painter hands over, text that a terminal would obey does not get past ``_segment``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.events import Resize
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from opsconsole.console.glyphs import fold
from opsconsole.console.lines import EMPTY, Line, Span, block, plain
from opsconsole.console.palette import ColourMode, Ink, style
from opsconsole.console.text import is_safe, safe

MERGE_GAP = 6
"""Unchanged cells between two changed runs that are cheaper to repaint than a cursor movement."""

Painter = Callable[[int, int], Sequence[Line]]
"""Columns and rows → lines."""


class Surface(Widget):
    """Shows what its painter returns, and repaints only what changed since the last ``show``."""

    DEFAULT_CSS = "Surface { width: 1fr; height: 1fr; }"

    def __init__(self, painter: Painter, *, mode: ColourMode, is_ascii: bool) -> None:
        super().__init__()
        self._painter = painter
        self._mode = mode
        self._is_ascii = is_ascii
        self._lines: list[Line] = []
        self._strips: list[Strip] = []

    def on_resize(self, event: Resize) -> None:
        self._lines = []
        self.show()

    def show(self) -> None:
        """Paint again; what stayed the same is not sent."""
        columns, rows = self.size
        if not columns or not rows:
            return
        lines = block(self._painter(columns, rows), columns, rows)
        if len(lines) != len(self._lines):
            self._lines, self._strips = lines, [self._strip(each) for each in lines]
            self.refresh()
            return
        regions: list[Region] = []
        for y, (before, after) in enumerate(zip(self._lines, lines, strict=True)):
            if before != after:
                regions.extend(Region(x, y, length, 1) for x, length in changed_runs(before, after))
                self._strips[y] = self._strip(after)
        self._lines = lines
        if regions:
            self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        if y < len(self._strips):
            return self._strips[y]
        return self._strip(block([EMPTY], self.size.width, 1)[0])

    def as_text(self) -> str:
        """The screen's text, without inks: what a person could copy."""
        rows = [plain(each) for each in self._lines]
        return "\n".join((fold(row) if self._is_ascii else row).rstrip() for row in rows)

    def _strip(self, spans: Line) -> Strip:
        return Strip(merged([self._segment(piece) for piece in spans]))

    def _segment(self, piece: Span) -> Segment:
        text = piece.text if is_safe(piece.text) else safe(piece.text, len(piece.text))
        return Segment(fold(text) if self._is_ascii else text, style(piece.ink, self._mode))


def merged(segments: Sequence[Segment]) -> list[Segment]:
    """The same cells in fewer segments: a blank has no ink of its own, so it joins a neighbour on its background."""
    runs: list[Segment] = []
    for text, ink, _ in segments:
        if not text:
            continue
        if runs:
            before, before_ink, _ = runs[-1]
            is_blank, was_blank = not text.strip(" "), not before.strip(" ")
            if ink == before_ink or ((is_blank or was_blank) and _is_one_ground(ink, before_ink)):
                runs[-1] = Segment(before + text, before_ink if is_blank else ink)
                continue
        runs.append(Segment(text, ink))
    return runs


def _is_one_ground(one: Style | None, other: Style | None) -> bool:
    """Do blanks look the same in both styles?"""
    if one is None or other is None:
        return one is other
    return one.bgcolor == other.bgcolor and not one.reverse and not other.reverse


def changed_runs(before: Line, after: Line) -> Iterator[tuple[int, int]]:
    """(x, length) of the runs of cells that differ; a run never begins or ends inside a wide character."""
    old, new = _cells(before), _cells(after)
    if len(old) != len(new):
        yield 0, max(len(old), len(new))
        return
    start = end = -1
    for x, (was, now) in enumerate(zip(old, new, strict=True)):
        if was == now:
            continue
        if start >= 0 and x - end > MERGE_GAP:
            yield _widened(old, new, start, end)
            start = -1
        start = x if start < 0 else start
        end = x + 1
    if start >= 0:
        yield _widened(old, new, start, end)


def _cells(spans: Line) -> list[tuple[str, Ink]]:
    """One entry a cell; the second cell of a wide character is empty, combining marks stay with their base."""
    cells: list[tuple[str, Ink]] = []
    for text, ink in spans:
        if text.isascii():
            cells.extend((character, ink) for character in text)
            continue
        for character in text:
            size = cell_len(character)
            if size == 0 and cells:
                cells[-1] = (cells[-1][0] + character, cells[-1][1])
            cells.extend([(character, ink), ("", ink)][:size])
    return cells


def _widened(old: list[tuple[str, Ink]], new: list[tuple[str, Ink]], start: int, end: int) -> tuple[int, int]:
    while start > 0 and "" in (old[start][0], new[start][0]):
        start -= 1
    while end < len(new) and "" in (old[end][0], new[end][0]):
        end += 1
    return start, end - start
