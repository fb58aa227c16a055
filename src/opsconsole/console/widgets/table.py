"""A table of fixed columns, as lines.

Always true here: a column's width depends on the size of the screen and never on the data, so that no update moves a
column; numbers are right-aligned; the list turns whole pages, so that moving the cursor repaints two rows.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    sizes = widths(columns, width)
    cells = [_placed(Span(column.title, "head"), size, column) for column, size in zip(columns, sizes, strict=True)]
    return fill((Span(" ", "head"), *_joined(cells)), width)


def row(columns: Sequence[Column], cells: dict[str, Cell], width: int, *, is_selected: bool = False) -> Line:
    """One row; the selected one has a mark as well as a colour."""
    sizes = widths(columns, width)
    placed = [_placed(cells[column.id], size, column) for column, size in zip(columns, sizes, strict=True)]
    spans = fill((Span("›" if is_selected else " ", "accent"), *_joined(placed)), width)
    return selected(spans) if is_selected else spans


def _placed(cell: Cell, size: int, column: Column) -> Line:
    spans: Line = (span(cell),) if isinstance(cell, str) else (cell,) if isinstance(cell, Span) else cell
    if column.is_right and line_width(spans) <= size:
        return (Span(" " * (size - line_width(spans)), "text"), *spans)
    return fill(spans, size)


def _joined(cells: Sequence[Line]) -> Line:
    joined: list[Span] = []
    for i, cell in enumerate(cells):
        if i:
            joined.append(Span(" ", "text"))
        joined.extend(cell)
    return tuple(joined)
