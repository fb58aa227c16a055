"""The one widget that touches the screen: lines in, the least possible repaint out.

Always true here: a cell is repainted only when its character or ink changed. The surface keeps the lines that were
sent, compares the new ones cell by cell, and refreshes just the regions that differ; a stock widget would repaint
itself whole. Nothing is painted while the governor says that the link is busy: what is owed is painted anew, from the
newest state, once it is not. Whatever a painter hands over, text that a terminal would obey does not get past
``_segment``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Literal

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.events import Resize
from textual.geometry import Region
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from opsconsole.console.board import Board
from opsconsole.console.glyphs import fold
from opsconsole.console.governor import PART_S, Governor
from opsconsole.console.lines import EMPTY, Line, Span, block, from_cells, line_width, plain
from opsconsole.console.palette import CHART_INKS, SELECTED, ColourMode, Ink, style
from opsconsole.console.text import is_safe, safe
from opsconsole.console.themes import ThemeName
from opsconsole.console.widgets.repaint import CellsCompositor
from opsconsole.console.widgets.scrolling import shift_of, shifted

MERGE_GAP = 6
"""Unchanged cells between two changed runs that are cheaper to repaint than a cursor movement."""

RUN_BYTES, CELL_BYTES = 24, 2
"""About what a run of changed cells takes on the line: where it is, how it looks, and what is in it."""

FIRST_RUNS = 6
"""Of the answer to a key this many runs go ahead of the others: the list, and the cursor in it, are above what the
cursor chooses, and a hand waits for them."""

Painter = Callable[[int, int], Sequence[Line]]
"""Columns and rows → lines."""


class Surface(Widget):
    """Shows what its painter returns, and repaints only what changed since the last ``show``."""

    DEFAULT_CSS = "Surface { width: 1fr; height: 1fr; }"

    def __init__(
        self,
        painter: Painter,
        *,
        mode: ColourMode,
        is_ascii: bool,
        theme: ThemeName = "dark",
        governor: Governor | None = None,
        cells: CellsCompositor | None = None,
    ) -> None:
        super().__init__()
        self._cells = cells or CellsCompositor()
        self._governor = governor or Governor()
        self._owed: Literal["nothing", "data", "an answer"] = "nothing"
        """What was not painted yet."""
        self._timer: Timer | None = None
        self._painter = painter
        self._mode = mode
        self._theme = theme
        self._is_ascii = is_ascii
        self._lines: list[Line] = []
        self._strips: list[Strip] = []

    def on_resize(self, event: Resize) -> None:
        self._lines = []
        self._paint()

    def show(self, *, is_answer: bool = False) -> None:
        """Paint again as soon as the link allows; what stayed the same is not sent. An answer to a key comes first."""
        wait_s = self._governor.wait_s(is_live=not is_answer)
        if not wait_s:
            self._paint(is_answer=is_answer)
            return
        if is_answer or self._owed == "nothing":
            self._owed = "an answer" if is_answer else "data"
        if math.isfinite(wait_s):
            self._come_back(wait_s)

    def settle(self) -> None:
        """Paint what is owed, if anything is: the link has room again."""
        if self._owed != "nothing":
            self.show(is_answer=self._owed == "an answer")

    def _come_back(self, wait_s: float) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(wait_s, self.settle)

    def _paint(self, *, is_answer: bool = False) -> None:
        self._owed = "nothing"
        columns, rows = self.size
        if not columns or not rows:
            return
        lines = block(self._painter(columns, rows), columns, rows)
        if len(lines) != len(self._lines):
            self._lines, self._strips = lines, [self._strip(each) for each in lines]
            self.refresh()
            return
        if self._governor.is_numbers_only and not is_answer:
            lines = [charts_kept(before, after) for before, after in zip(self._lines, lines, strict=True)]
        room = self._governor.part_bytes
        regions: list[Region] = []
        is_first = True
        for y, (before, after) in enumerate(zip(self._shifted(lines), lines, strict=True)):
            if before == after:
                continue
            if room is not None and room <= 0:
                self._owed = "an answer" if is_answer else "data"
                self._come_back(PART_S)
                break
            runs = [(0, columns)] if before is None else list(changed_runs(before, after))
            regions.extend(Region(x, y, length, 1) for x, length in runs)
            self._lines[y], self._strips[y] = after, self._strip(after)
            if is_answer and is_first and len(regions) >= FIRST_RUNS:
                self._send(regions, is_answer=True)
                regions, is_first = [], False
            room = None if room is None else room - sum(RUN_BYTES + CELL_BYTES * length for _, length in runs)
        self._send(regions, is_answer=is_answer)

    def _send(self, regions: Sequence[Region], *, is_answer: bool) -> None:
        """Have these regions repainted: for an answer now, for data with what else is due."""
        if not regions:
            return
        self._cells.owe()
        self.refresh(*regions)
        if is_answer and isinstance(self.screen, Board):
            self.screen.send(self)

    def _shifted(self, lines: Sequence[Line]) -> list[Line | None]:
        """What the terminal shows, once it has shifted by itself the lines that only moved; None for a new line."""
        shift = shift_of(self._lines, lines) if self._cells.is_settled else None
        if shift is None:
            return list(self._lines)
        self._cells.shift(shift)
        shown = shifted(self._lines, shift)
        self._lines = [before if before is not None else EMPTY for before in shown]
        self._strips = [self._strip(before) for before in self._lines]
        self._styles_cache.clear()  # Textual keeps a widget's lines by their row
        return shown

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
        return Segment(fold(text) if self._is_ascii else text, style(piece.ink, self._mode, self._theme))


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
    left, right = _shared_ends(before, after)
    offset = line_width(after[:left])
    old, new = (_cells(each[left : len(each) - right]) for each in (before, after))
    if len(old) != len(new):
        yield offset, max(line_width(before), line_width(after)) - offset
        return
    start = end = -1
    for x in [x for x, (was, now) in enumerate(zip(old, new, strict=True)) if was != now]:
        if start >= 0 and x - end > MERGE_GAP:
            yield _widened(old, new, start, end, offset)
            start = -1
        start = x if start < 0 else start
        end = x + 1
    if start >= 0:
        yield _widened(old, new, start, end, offset)


def _shared_ends(before: Line, after: Line) -> tuple[int, int]:
    """How many spans the lines begin with alike, and how many of the others they end with alike."""
    most = min(len(before), len(after))
    left = next((i for i in range(most) if before[i] != after[i]), most)
    right = next((i for i in range(most - left) if before[-1 - i] != after[-1 - i]), most - left)
    return left, right


def charts_kept(before: Line, after: Line) -> Line:
    """The new line with the marks of its charts left as they were, so that only words and numbers change.

    A chart's stretch of a line is what lies between words and numbers and has a mark in one of the chart inks.
    """
    old, new = _cells(before), _cells(after)
    if before == after or len(old) != len(new):
        return after
    kept: list[tuple[str, Ink]] = []
    for is_word, stretch in groupby(zip(old, new, strict=True), key=_is_word):
        pairs = list(stretch)
        is_chart = not is_word and any(
            ink.rstrip(SELECTED) in CHART_INKS and text.strip() for pair in pairs for text, ink in pair
        )
        kept.extend(was if is_chart else now for was, now in pairs)
    return from_cells(kept)


def _is_word(pair: tuple[tuple[str, Ink], tuple[str, Ink]]) -> bool:
    return any(text.isalnum() for text, _ in pair)


def _cells(spans: Line) -> list[tuple[str, Ink]]:
    """One entry a cell; the second cell of a wide character is empty, combining marks stay with their base."""
    cells: list[tuple[str, Ink]] = []
    for text, ink in spans:
        cells.extend([(character, ink) for character in (text if text.isascii() else _characters(text))])
    return cells


@lru_cache(maxsize=4096)
def _characters(text: str) -> tuple[str, ...]:
    characters: list[str] = []
    for character in text:
        size = cell_len(character)
        if size == 0 and characters:
            characters[-1] += character
        characters.extend((character, "")[:size])
    return tuple(characters)


def _widened(
    old: list[tuple[str, Ink]], new: list[tuple[str, Ink]], start: int, end: int, offset: int
) -> tuple[int, int]:
    while start > 0 and "" in (old[start][0], new[start][0]):
        start -= 1
    while end < len(new) and "" in (old[end][0], new[end][0]):
        end += 1
    return offset + start, end - start
