"""A page of sections: each with a title line, and rows that the cursor goes through from the first section to the last.

Always true here: a row is one line; where all does not fit, whole pages are turned, and how much there is stands in the
last line; a digit shows one section alone; on a wide screen some sections stand beside the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from opsconsole.console.frame import Frame
from opsconsole.console.lines import Line, Span, beside, block, ends, fill, plain, selected, span, whole
from opsconsole.console.listing import Item, Listing, cursor
from opsconsole.console.palette import Ink
from opsconsole.console.place import Place
from opsconsole.console.widgets import table
from opsconsole.console.widgets.listed import matched_words, matching, row_sign
from opsconsole.search import Value

WIDE_FROM = (124, 36)
"""Columns and rows from which sections stand side by side."""
TEXT_CELLS = 78
"""Prose is broken at this width on every screen, so that a row is the same row everywhere."""
LABEL_CELLS = 11


@dataclass(frozen=True)
class Row:
    """One line of a section."""

    key: str
    line: Line
    values: Mapping[str, Value] = field(default_factory=dict)
    """Beside its text and its section."""
    opens: Place | None = None
    page: tuple[str, ...] = ()
    is_fault: bool = False


@dataclass(frozen=True)
class Section:
    """One part of the page."""

    digit: int
    title: str
    rows: tuple[Row, ...]
    told: Line = ()
    """Behind the title."""
    nothing: str = ""
    """What stands there without rows; empty: the section is left out."""
    is_beside: bool = False
    """On a wide screen it stands at the right."""


def listing(name: str, sections: Sequence[Section], panel: int, about: Mapping[str, Value]) -> Listing:
    """The rows of the sections that are on the screen, and what all of them are about: the service that the keys of
    views open, say."""
    return Listing(
        name, "text", tuple(_item(section, row, about) for section in _shown(sections, panel) for row in section.rows)
    )


def _item(section: Section, row: Row, about: Mapping[str, Value]) -> Item:
    values = {"section": section.title, "text": plain(row.line).strip(), **about, **row.values}
    return Item(row.key, values, row.is_fault, row.opens, row.page)


def _shown(sections: Sequence[Section], panel: int) -> list[Section]:
    return [each for each in sections if panel in (0, each.digit)]


def painted(sections: Sequence[Section], items: Sequence[Item], frame: Frame, width: int, height: int) -> list[Line]:
    """The sections with the rows that the filter leaves, as exactly that block."""
    shown = _shown(sections, frame.state.panel)
    kept = {item.key for item in items}
    at = items[cursor(items, frame.state.place.cursor)].key if items else ""
    sides = [[each for each in shown if not each.is_beside], [each for each in shown if each.is_beside]]
    if width < WIDE_FROM[0] or height < WIDE_FROM[1] or frame.state.panel or not all(sides):
        return _column(shown, kept, at, items, frame, width, height)
    left = (width - 2) // 2
    return beside(
        _column(sides[0], kept, at, items, frame, left, height),
        _column(sides[1], kept, at, items, frame, width - 2 - left, height),
        (Span("  ", "text"),),
    )


def _column(
    sections: Sequence[Section], kept: set[str], at: str, items: Sequence[Item], frame: Frame, width: int, height: int
) -> list[Line]:
    """Sections under each other; of what has no room the page that holds the cursor."""
    entries: list[tuple[str, Section | Row | str]] = []
    for section in sections:
        rows = [row for row in section.rows if row.key in kept]
        if not rows and not section.nothing:
            continue
        entries.append(("", section))
        entries += [(row.key, row) for row in rows] or [("", section.nothing)]
    keys = [key for key, _ in entries]
    has_cursor = at in keys and bool(at)
    room = height if len(entries) <= height else height - 1
    page = table.page(keys.index(at) if has_cursor else 0, len(entries), room)
    mine = [key for key in keys[page.start : page.stop] if key]
    if has_cursor and mine:
        first = next(i for i, item in enumerate(items) if item.key == mine[0])
        frame.listings.page = range(first, first + len(mine))
    words = matched_words(frame.state.filter)
    lines = [
        matching(_drawn(key, what, at, mine, frame, width), words) for key, what in entries[page.start : page.stop]
    ]
    if len(entries) > height:
        lines += [()] * (room - len(lines))
        lines.append((Span(f"   lines {page.start + 1}–{page.stop} of {len(entries)}", "dim"),))
    return block(lines, width, height)


def _drawn(key: str, what: Section | Row | str, at: str, page: Sequence[str], frame: Frame, width: int) -> Line:
    if isinstance(what, str):
        return (Span("   ", "text"), span(what, "dim"))
    if isinstance(what, Section):
        left = (Span(f" {what.digit} ", "accent"), Span(f"{what.title}  ", "strong"), *what.told, Span(" ", "text"))
        return ends(left, (Span("──", "faint"),), width, "─", "faint")
    is_selected = key == at
    sign = row_sign(frame, key, page.index(key), is_selected=is_selected)
    line = fill((sign or Span("›" if is_selected else " ", "accent"), *what.line), width)
    return selected(line) if is_selected else line


# Rows -------------------------------------------------------------------------------------------------------------


def labelled(label: str, *told: Span) -> Line:
    """A fact with its name before it."""
    return (Span(f" {label:<{LABEL_CELLS - 1}}", "head"), *told)


def prose(key: str, text: str, ink: Ink = "text", indent: int = 1, **fields: object) -> Iterable[Row]:
    """A text as rows, all of it; every row opens what the first does."""
    for i, line in enumerate(whole(text, TEXT_CELLS - indent, ink)):
        yield Row(f"{key} {i}", (Span(" " * indent, "text"), *line), **fields)  # type: ignore[arg-type]
