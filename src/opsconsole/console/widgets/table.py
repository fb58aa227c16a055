"""A table of fixed columns, as lines.

Always true here: a column's width depends on the size of the screen and never on the data, so that no update moves a
column; numbers are right-aligned; the list turns whole pages, so that moving the cursor repaints two rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from opsconsole.console.lines import Line, Span, fill, line_width, selected, span

Cell: TypeAlias = Line | Span | str


@dataclass(frozen=True)
class Column:
    """One column and its place."""

    id: str
    title: str
    width: int
    """Cells, by the class of its content."""
    is_right: bool = False
    """Numbers stand at the right, under each other."""
    grow: int = 0
    """Its part of the cells that are left over."""
    from_width: int = 0
    """Only shown where the table has at least this many cells."""
    below_width: int = 10_000
    """Only shown where it has fewer than this many."""


def visible(columns: Sequence[Column], width: int) -> list[Column]:
    """The columns that a table of this width shows."""
    return [column for column in columns if column.from_width <= width < column.below_width]


def widths(columns: Sequence[Column], width: int) -> list[int]:
    """Cells of each column: its own width, and its part of what is left over (one blank between columns)."""
    sizes = [column.width for column in columns]
    spare = width - sum(sizes) - len(columns)
    parts = sum(column.grow for column in columns)
    if parts and spare:
        for i, column in enumerate(columns):
            sizes[i] = max(4, sizes[i] + spare * column.grow // parts) if column.grow else sizes[i]
    return sizes


def page(selection: int, rows: int, height: int) -> range:
    """Which rows are shown: the page of ``height`` rows that holds the selection."""
    height = max(1, height)
    first = max(0, selection) // height * height
    return range(first, min(rows, first + height))


def header(columns: Sequence[Column], width: int) -> Line:
    """The line of column titles."""
    titles = {column.id: Span(column.title, "head") for column in columns}
    return _laid_out(Span(" ", "head"), columns, titles, width)


def row(
    columns: Sequence[Column],
    cells: Mapping[str, Cell],
    width: int,
    *,
    is_selected: bool = False,
    sign: Span | None = None,
) -> Line:
    """One row; the selected one has a sign as well as a colour. ``sign`` (of one cell) stands in its place."""
    spans = _laid_out(sign or Span("›" if is_selected else " ", "accent"), columns, cells, width)
    return selected(spans) if is_selected else spans


def _laid_out(first: Span, columns: Sequence[Column], cells: Mapping[str, Cell], width: int) -> Line:
    """The cells in their places; blanks that meet are one span, so that a line has few."""
    sizes = widths(columns, width)
    shown = [first]
    blank = 0
    for column, size in zip(columns, sizes, strict=True):
        cell = _spans(cells[column.id])
        free = size - line_width(cell)
        if free < 0:
            cell, free = fill(cell, size), 0
        if column.is_right:
            blank, free = blank + free, 0
        if blank:
            shown.append(Span(" " * blank, "text"))
        shown.extend(cell)
        blank = free + 1
    if blank > 1:
        shown.append(Span(" " * (blank - 1), "text"))
    return tuple(shown) if sum(sizes) + len(sizes) == width else fill(tuple(shown), width)


def _spans(cell: Cell) -> Line:
    return (span(cell),) if isinstance(cell, str) else (cell,) if isinstance(cell, Span) else cell
