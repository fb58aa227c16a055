"""A list of log entries: when, what kind, who, and what happened, one line each, and below them the one under the
cursor in full.

Always true here: the kind is a sign and a word; a text that is cut is read whole below the list without opening it, so
that moving the cursor never moves a row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from opsconsole.console.lines import EMPTY, Line, Span, block, fill, line, line_width, separated, span, wrapped
from opsconsole.console.palette import Ink
from opsconsole.console.widgets import table
from opsconsole.console.widgets.table import Cell, Column

AT, DATED = Column("at", "UTC", 8), Column("at", "UTC", 14)
COLUMNS: tuple[Column, ...] = (
    Column("kind", "what", 10),
    Column("source", "by", 12, grow=1),
    Column("text", "what happened", 30, grow=4),
)
FULL_ROWS = 2
"""Lines below the list for the text under the cursor."""
LEAST_ROWS_WITH_FULL = 8


@dataclass(frozen=True)
class Entry:
    """One thing that happened."""

    at: datetime
    sign: str
    """With its word: ``▼ release``."""
    ink: Ink
    source: str
    text: str


def log_list(
    entries: Sequence[Entry],
    at: int,
    width: int,
    height: int,
    *,
    has_dates: bool = True,
    sign_of: Callable[[int, int], Span | None] = lambda i, row: None,
) -> list[Line]:
    """The page with entry ``at`` under the cursor, as exactly that block.

    ``sign_of``: the entry's number and its row on the page → what stands in its first cell instead of the cursor.
    """
    columns = [DATED if has_dates else AT, *COLUMNS]
    full = _full(entries[at], columns, width) if height >= LEAST_ROWS_WITH_FULL and entries else []
    shown = page_of(len(entries), at, height)
    rows = [
        table.row(
            columns,
            _cells(entries[i], has_dates=has_dates),
            width,
            is_selected=i == at,
            sign=sign_of(i, i - shown.start),
        )
        for i in shown
    ]
    if len(shown) < len(entries):
        rows += [EMPTY] * (len(page_of(len(entries), 0, height)) - len(shown))  # the last page moves nothing below it
        rows.append(line(Span(f"   {shown.start + 1:,}–{shown.stop:,} of {len(entries):,}", "dim")))
    listed = block([table.header(columns, width), *rows], width, 1 + len(rows))
    return block([*listed, *full], width, height)


def page_of(n: int, at: int, height: int) -> range:
    """Which entries a block of this height shows."""
    room = height - 1 - (FULL_ROWS if height >= LEAST_ROWS_WITH_FULL else 0)
    return table.page(at, n, room if n <= room else room - 1)


def _cells(entry: Entry, *, has_dates: bool) -> dict[str, Cell]:
    return {
        "at": Span(f"{entry.at:%m-%d %H:%M:%S}" if has_dates else f"{entry.at:%H:%M:%S}", "dim"),
        "kind": Span(entry.sign, entry.ink),
        "source": span(entry.source),
        "text": span(entry.text, "strong" if entry.ink in ("fail", "warn") else "text"),
    }


def _full(entry: Entry, columns: Sequence[Column], width: int) -> list[Line]:
    """The text that its row had to cut."""
    told = separated((span(entry.source), span(entry.text)))
    if line_width((span(entry.text),)) <= table.widths(columns, width)[-1]:
        return []
    text = "".join(piece.text for piece in told)
    return [fill((Span("   ", "text"), *row), width) for row in wrapped(text, width - 4)][:FULL_ROWS]
