"""A list on the screen: the one body that every view's list has, with its cursor, marks, jump labels and matches.

Always true here: only the rows of the page that holds the cursor are built, however many the list has; rows that have
no room are counted; what a filter found is shown where it was found; a mark and a jump label are signs, not colours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from opsconsole.console.frame import Frame
from opsconsole.console.lines import EMPTY, Line, Span, fill, line, separated, span
from opsconsole.console.listing import Item, cursor
from opsconsole.console.palette import SELECTED
from opsconsole.console.widgets import table
from opsconsole.console.widgets.table import Cell, Column
from opsconsole.errors import UsageError
from opsconsole.search import parse

MARK, MARK_AT_CURSOR = "●", "◉"

JUMP_LETTERS = "asdfghjklqwertyuiopzxcvbnmASDFGHJKLQWERTYUIOPZXCVBNM"
"""The label of the first row of a page, the second, …; rows beyond have none."""


def list_body(
    frame: Frame,
    items: Sequence[Item],
    columns: Sequence[Column],
    cells: Callable[[int], Mapping[str, Cell]],
    width: int,
    height: int,
    *,
    told: Sequence[Line] = (),
    nothing: str = "nothing matches; Esc shows all",
    has_cursor: bool = True,
    is_bare: bool = False,
) -> list[Line]:
    """Header, the rows around the cursor, and a foot: at most ``height`` lines of ``width`` cells.

    ``columns`` are those that are shown at this width (``table.visible``), ``cells`` gives the cells of the row with
    this number. The foot says what is out of sight and marked, and what ``told`` adds; there is none when all is said.
    Where a view shows several lists, one of them has the cursor. A bare list is its rows alone: what stands above it
    says the rest.
    """
    head = [] if is_bare else [table.header(columns, width)]
    if not items:
        rows = [*head, fill(line(Span(f"   {nothing}", "dim")), width)]
        return [*rows, *_foot(separated(told), width)][:height]
    at = cursor(items, frame.state.place.cursor) if has_cursor else -1
    has_foot = not is_bare and (len(items) > height - 1 or bool(told) or bool(frame.state.marks))
    room = max(1, height - len(head) - has_foot)
    shown = table.page(at, len(items), room)
    if has_cursor:
        frame.listings.page = shown
    words = matched_words(frame.state.filter)
    rows = []
    for i in shown:
        sign = row_sign(frame, items[i].key, i - shown.start if has_cursor else None, is_selected=i == at)
        rows.append(matching(table.row(columns, cells(i), width, is_selected=i == at, sign=sign), words))
    if len(items) > room:
        rows += [fill(EMPTY, width)] * (room - len(shown))  # the last page moves nothing below it
    foot = _foot(_counted(frame, items, shown, told), width) if has_foot else []
    return [*head, *rows, *foot][:height]


def rows_above(n_items: int, height: int, least_below: int) -> int:
    """Lines that a list of so many items takes where something stands below it: all, if these rows are left."""
    return max(4, min(n_items + 2, height - min(least_below, height // 2)))


def row_sign(frame: Frame, key: str, row: int | None, *, is_selected: bool) -> Span | None:
    """What stands in a row's first cell: its jump label, its mark, or nothing but what the table puts there.

    ``row`` counts from the top of the page; None where no jump leads.
    """
    if frame.state.mode == "jump" and row is not None:
        return Span(JUMP_LETTERS[row], "jump") if row < len(JUMP_LETTERS) else None
    if key in frame.state.marks:
        return Span(MARK_AT_CURSOR if is_selected else MARK, "mark")
    return None


def _counted(frame: Frame, items: Sequence[Item], shown: range, told: Sequence[Line]) -> Line:
    marks = frame.state.marks
    n_marked = sum(1 for item in items if item.key in marks) if marks else 0
    parts: list[Line] = []
    if len(items) > len(shown):
        parts.append((Span(f"{shown.start + 1:,}–{shown.stop:,} of {len(items):,}", "dim"),))
    if n_marked:
        parts.append((Span(f"{MARK} {n_marked:,} marked", "mark"),))
    return separated([*parts, *told])


def _foot(said: Line, width: int) -> list[Line]:
    return [fill((Span("   ", "text"), *said), width)] if said else []


def matched_words(filter_text: str) -> tuple[str, ...]:
    """The texts, lower case, that a filter looks for and that a row can show; longest first."""
    try:
        terms = parse(filter_text)
    except UsageError:
        return ()
    words = {
        term.value.strip("*")
        for term in terms
        if term.operator in ("has", "=") and not term.is_inverse and term.value.strip("*")
    }
    return tuple(sorted(words, key=len, reverse=True))


def matching(spans: Line, words: Sequence[str]) -> Line:
    """The line with these texts, wherever a span holds them, in the ink ``match``."""
    if not words:
        return spans
    shown: list[Span] = []
    for piece in spans:
        lower = piece.text.lower()
        is_longer = len(lower) != len(piece.text)  # a letter that is two in lower case: places would not agree
        if is_longer or not any(word in lower for word in words):
            shown.append(piece)
        else:
            shown.extend(_split(piece, lower, words))
    return tuple(shown)


def _split(piece: Span, lower: str, words: Sequence[str]) -> Iterator[Span]:
    begin = 0
    ink = "match" + (SELECTED if piece.ink.endswith(SELECTED) else "")
    while (found := _first(lower, words, begin)) is not None:
        at, size = found
        if at > begin:
            yield Span(piece.text[begin:at], piece.ink)
        yield Span(piece.text[at : at + size], ink)
        begin = at + size
    if begin < len(piece.text):
        yield Span(piece.text[begin:], piece.ink)


def _first(lower: str, words: Sequence[str], begin: int) -> tuple[int, int] | None:
    """(where, how long) of the first word at or after ``begin``; of two at one place the longer."""
    places = [(at, -len(word)) for word in words if (at := lower.find(word, begin)) >= 0]
    if not places:
        return None
    at, size = min(places)
    return at, -size


def filter_note(frame: Frame, shown: int, total: int) -> Line:
    """Which filters are on, and how much they hide; empty when none is."""
    parts: list[Line | Span] = []
    if frame.state.is_faults_only:
        parts.append(Span("! faults only", "warn"))
    text = frame.state.filter
    if text:
        parts.append((Span("/", "accent"), span(text, "strong")))
    return separated([*parts, Span(f"{shown} of {total}", "dim")]) if parts else ()
