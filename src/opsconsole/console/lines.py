"""Lines: what painters return. A line is a tuple of spans, a span is text in one ink.

Always true here: text in a span is safe (``span`` is the only way to make one from data), and ``fill`` makes a line of
exactly the width that is asked for, so painters can be put beside each other without looking.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from opsconsole.console.palette import SELECTED, Ink
from opsconsole.console.text import DEFAULT_LIMIT, ELLIPSIS, cut, safe, width


class Span(NamedTuple):
    text: str
    ink: Ink


Line: TypeAlias = tuple[Span, ...]

EMPTY: Line = ()
WIDE_FROM = (124, 36)
"""Columns and rows from which the parts of a view stand beside each other."""


def span(text: str, ink: Ink = "text", limit: int = DEFAULT_LIMIT) -> Span:
    """Text made safe, in one ink, and at most ``limit`` characters of it."""
    return Span(safe(text, limit), ink)


def line(*spans: Span | str) -> Line:
    """A line; plain strings are in the ink ``text``."""
    return tuple(part if isinstance(part, Span) else span(part) for part in spans)


def separated(parts: Iterable[Line | Span], between: str = " · ") -> Line:
    """Parts with a dim separator between those that are not empty."""
    joined: list[Span] = []
    for part in parts:
        spans = (part,) if isinstance(part, Span) else part
        if not any(piece.text for piece in spans):
            continue
        if joined:
            joined.append(Span(between, "faint"))
        joined.extend(spans)
    return tuple(joined)


def fitting(parts: Sequence[Line], room: int, between: str = " · ") -> Line:
    """The parts that fit beside each other, the last given up first."""
    for n in range(len(parts), 0, -1):
        shown = separated(parts[:n], between)
        if line_width(shown) <= room:
            return shown
    return ()


def line_width(spans: Line) -> int:
    taken = 0
    for text, _ in spans:  # a loop, and no call for ASCII: this is asked of every span of every frame
        taken += len(text) if text.isascii() else width(text)
    return taken


def fill(spans: Line, cells: int, ink: Ink = "text") -> Line:
    """Exactly ``cells`` cells: cut with an ellipsis, or padded with blanks."""
    taken = line_width(spans)
    if taken <= cells:
        return (*spans, Span(" " * (cells - taken), ink)) if taken < cells else spans
    kept: list[Span] = []
    left = cells
    for piece in spans:
        size = width(piece.text)
        if size >= left:
            kept.append(Span(cut(piece.text + ELLIPSIS, left), piece.ink))
            left -= width(kept[-1].text)
            break
        kept.append(piece)
        left -= size
    return (*kept, Span(" " * left, ink)) if left > 0 else tuple(kept)


def ends(left: Line, right: Line, cells: int, between: str = " ", ink: Ink = "text") -> Line:
    """``left`` and ``right`` at the two ends of a line; the left end gives way when they would touch."""
    room = cells - line_width(right)
    if room < 8 or not right:
        return fill(left, cells)
    taken = line_width(left)
    if taken > room - 1:
        return (*fill(left, room - 1), Span(" ", "text"), *right)
    return (*left, Span(between * (room - taken), ink), *right)


def block(lines: Sequence[Line], cells: int, rows: int) -> list[Line]:
    """Exactly ``rows`` lines of exactly ``cells`` cells."""
    shown = [fill(each, cells) for each in lines[:rows]]
    return shown + [fill(EMPTY, cells)] * (rows - len(shown))


def beside(left: Sequence[Line], right: Sequence[Line], gap: Line) -> list[Line]:
    """Two blocks of the same height next to each other."""
    return [(*a, *gap, *b) for a, b in zip(left, right, strict=True)]


def is_wide(width: int, height: int) -> bool:
    """Is there so much room that the parts of a view stand beside each other?"""
    return width >= WIDE_FROM[0] and height >= WIDE_FROM[1]


def selected(spans: Line) -> Line:
    """The line in the inks of the selected row."""
    return tuple(Span(piece.text, piece.ink + SELECTED) for piece in spans)


def from_cells(cells: Iterable[tuple[str, Ink]]) -> Line:
    """Runs of neighbouring cells in one ink become one span."""
    return tuple(
        Span("".join([character for character, _ in run]), ink) for ink, run in groupby(cells, key=itemgetter(1))
    )


def wrapped(text: str, cells: int, ink: Ink = "text", indent: int = 0) -> list[Line]:
    """Safe text broken at blanks into lines of at most ``cells`` cells; later lines are indented."""
    rows: list[Line] = []
    current = ""
    room = cells
    for word in safe(text).split(" "):
        candidate = f"{current} {word}" if current else word
        if width(candidate) <= room or not current:
            current = candidate
            continue
        rows.append((Span(" " * (indent if rows else 0) + current, ink),))
        current, room = word, cells - indent
    rows.append((Span(" " * (indent if rows else 0) + current, ink),))
    return [fill(row, cells) if line_width(row) > cells else row for row in rows]


def whole(text: str, cells: int, ink: Ink = "text", limit: int = 4_000) -> list[Line]:
    """Safe text in lines of at most ``cells`` cells, nothing of it lost: broken at blanks, and where there are none,
    anywhere; beyond ``limit`` characters an ellipsis."""
    first, *words = safe(text, limit).split(" ")
    rows = pieces(first, cells)
    for word in words:
        if width(rows[-1]) + 1 + width(word) <= cells:
            rows[-1] += f" {word}"
        else:
            rows += pieces(word, cells)
    return [(Span(row, ink),) for row in rows]


@lru_cache(maxsize=2048)
def broken(spans: Line, cells: int, hang: int = 0, most: int = 0) -> tuple[Line, ...]:
    """The line in lines of at most ``cells`` cells, in its inks: broken at blanks, and where there are none, anywhere;
    later ones are indented by ``hang``. Of more than ``most`` (0: any number) the last holds what is left, too
    long, so that ``fill`` cuts it where it is seen. Remembered, because ages alone have it painted each second."""
    if line_width(spans) <= cells:
        return (spans,)
    characters = [(character, ink) for text, ink in spans for character in text]
    rows: list[Line] = []
    begin = 0
    while begin < len(characters):
        before = (Span(" " * hang, "text"),) if rows and hang else ()
        end = len(characters) if len(rows) + 1 == most else _break(characters, begin, cells - line_width(before))
        rows.append((*before, *from_cells(characters[begin:end])))
        begin = next((i for i in range(end, len(characters)) if characters[i][0] != " "), len(characters))
    return tuple(rows)


def _break(characters: Sequence[tuple[str, Ink]], begin: int, cells: int) -> int:
    """Where the line that begins there ends: at the last blank behind a word, or where its room does."""
    taken, last, has_word = 0, 0, False
    for i in range(begin, len(characters)):
        character = characters[i][0]
        size = width(character)
        if taken + size > cells and i > begin:
            return i if character == " " else last or i
        if character != " ":
            has_word = True
        elif has_word:
            last = i
        taken += size
    return len(characters)


def pieces(text: str, cells: int) -> list[str]:
    """Safe text in pieces of at most ``cells`` cells; one at least."""
    found, taken = [""], 0
    for character in text:
        size = width(character)
        if taken + size > cells and found[-1]:
            found.append("")
            taken = 0
        found[-1] += character
        taken += size
    return found


def plain(spans: Line) -> str:
    """The line's text alone."""
    return "".join(piece.text for piece in spans)
