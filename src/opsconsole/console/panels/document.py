"""A page of sections: each with a title line, and rows that the cursor goes through from the first section to the last.

Always true here: a row that is longer than the screen is broken between its words, and is one row all the same: to the
cursor, to a filter and to what is copied. Where all does not fit, whole pages are turned, no row is torn apart, and how
much there is stands in the last line; a digit shows one section alone; on a wide screen some sections stand beside the
others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from opsconsole.console.frame import Frame
from opsconsole.console.lines import (
    EMPTY,
    Line,
    Span,
    beside,
    block,
    broken,
    ends,
    fill,
    line_width,
    plain,
    selected,
    span,
    whole,
)
from opsconsole.console.listing import Item, Listing, cursor
from opsconsole.console.palette import Ink
from opsconsole.console.place import Place
from opsconsole.console.widgets.listed import matched_words, matching, row_sign
from opsconsole.search import Value

WIDE_FROM = (124, 36)
"""Columns and rows from which sections stand side by side."""
MOST_CELLS = 440
"""Of a text in one row, so that none is higher than a small screen: prose that is longer is several rows, and what
Enter opens whole ends in an ellipsis."""
LABEL_CELLS = 11
"""Of a fact's name; what it is begins behind them."""
TIME_CELLS = 10
"""Of ``12:55:12`` with its blanks, before what was then."""


@dataclass(frozen=True)
class Row:
    """One entry of a section: a line, and more of them where there is no room for it in one."""

    key: str
    line: Line
    values: Mapping[str, Value] = field(default_factory=dict)
    """Beside its text and its section; ``text`` where the line shows less of it than there is."""
    opens: Place | None = None
    page: tuple[str, ...] = ()
    is_fault: bool = False
    hang: int = 3
    """Cells by which its further lines are indented."""
    beside: Line = ()
    """What stands behind it where there is room."""
    below: Line = ()
    """What stands under it, indented alike."""


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


def not_there(frame: Frame, what: str, listed: str, width: int, height: int) -> list[Line]:
    """In place of a page: that its answer has not come yet, or once the daemon refused it, why and where to go then.

    ``listed``: the command that lists what there is of it.
    """
    if frame.link.word != "refused":
        waiting = (Span(f"   waiting for {what} ", "dim"), span(frame.state.place.choice("key")))
        return block([EMPTY, waiting], width, height)
    rows = [EMPTY, *broken((Span(" ✖ ", "fail"), span(frame.link.message, "strong")), width, 3)]
    if frame.link.remedy:
        rows += broken((Span("   ", "text"), span(frame.link.remedy)), width, 3)
    to = (Span("   ", "text"), Span(f":{listed}", "accent"), Span(" lists what there is", "dim"))
    return block([*rows, EMPTY, to], width, height)


def listing(name: str, sections: Sequence[Section], panel: int, about: Mapping[str, Value]) -> Listing:
    """The rows of the sections that are on the screen, and what all of them are about: the service that the keys of
    views open, say."""
    return Listing(
        name, "text", tuple(_item(section, row, about) for section in _shown(sections, panel) for row in section.rows)
    )


def _item(section: Section, row: Row, about: Mapping[str, Value]) -> Item:
    text = f"{plain(row.line).strip()} {plain(row.below)}".strip()
    values = {"section": section.title, "text": text, **about, **row.values}
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
    laid_out = [_laid_out(what, width) for _, what in entries]
    n_lines = sum(map(len, laid_out))
    room = height if n_lines <= height else height - 1
    titles = [isinstance(what, Section) for _, what in entries]
    page = _page(keys.index(at) if has_cursor else 0, [len(each) for each in laid_out], titles, room)
    mine = [key for key in keys[page.start : page.stop] if key]
    if has_cursor and mine:
        first = next(i for i, item in enumerate(items) if item.key == mine[0])
        frame.listings.page = range(first, first + len(mine))
    words = matched_words(frame.state.filter)
    lines: list[Line] = []
    for i in page:
        key = keys[i]
        sign = row_sign(frame, key, mine.index(key), is_selected=key == at) if key else None
        drawn = _drawn(laid_out[i], sign, width, is_selected=key == at) if key else laid_out[i]
        lines += [matching(each, words) for each in drawn]
    if n_lines > height:
        above = sum(len(each) for each in laid_out[: page.start])
        told = f"   lines {above + 1}–{above + len(lines)} of {n_lines}"
        lines += [()] * (room - len(lines))
        lines = [*lines[:room], (Span(told, "dim"),)]
    return block(lines, width, height)


def _page(at: int, heights: Sequence[int], titles: Sequence[bool], room: int) -> range:
    """The page that holds the entry ``at``: as many entries as fit, the last of them no title."""
    first, taken = 0, 0
    for i, size in enumerate(heights):
        if taken + size > room and i > first:
            stop = i - 1 if titles[i - 1] and i - 1 > first else i
            if at < stop:
                return range(first, stop)
            first, taken = stop, sum(heights[stop:i])
        taken += size
    return range(first, len(heights))


def _laid_out(what: Section | Row | str, width: int) -> tuple[Line, ...]:
    """The lines of an entry; those of a row leave a cell for its sign."""
    if isinstance(what, str):
        return broken((Span("   ", "text"), span(what, "dim")), width, 3)
    if isinstance(what, Section):
        left = (Span(f" {what.digit} ", "accent"), Span(f"{what.title}  ", "strong"), *what.told, Span(" ", "text"))
        return (ends(left, (Span("──", "faint"),), width, "─", "faint"),)
    below = broken((Span(" " * what.hang, "text"), *what.below), width - 1, what.hang) if what.below else ()
    line = (*what.line, *what.beside) if line_width((*what.line, *what.beside)) < width else what.line
    return (*broken(line, width - 1, what.hang), *below)


def _drawn(lines: Sequence[Line], sign: Span | None, width: int, *, is_selected: bool) -> list[Line]:
    """A row with its sign before its first line."""
    first = sign or Span("›" if is_selected else " ", "accent")
    rows = [fill((Span(" ", "text") if i else first, *each), width) for i, each in enumerate(lines)]
    return [selected(each) for each in rows] if is_selected else rows


# Rows -------------------------------------------------------------------------------------------------------------


def labelled(label: str, *told: Span) -> Line:
    """A fact with its name before it."""
    return (Span(f" {label:<{LABEL_CELLS - 1}}", "head"), *told)


def fact(key: str, label: str, *told: Span) -> Row:
    """The same as a row."""
    return Row(key, labelled(label, *told), hang=LABEL_CELLS)


def prose(key: str, text: str, ink: Ink = "text", indent: int = 1, **fields: object) -> Iterable[Row]:
    """A text as rows, all of it; every row opens and copies what the first does."""
    for i, line in enumerate(whole(text, MOST_CELLS, ink)):
        shown = (Span(" " * indent, "text"), *line)
        yield Row(f"{key} {i}", shown, {"text": text}, hang=indent, **fields)  # type: ignore[arg-type]
