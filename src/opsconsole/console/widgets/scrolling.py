"""Lines that moved together: the terminal shifts them itself, so a list that runs on sends its new lines only.

Always true here: after ``codes`` the terminal shows what ``shifted`` returns, and of the lines that came in nothing is
taken for granted: they are blank, and painted whole. Only the oldest of sequences are used (DECSTBM, RI and IND of the
VT100), which the Linux console, tmux and screen know alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from opsconsole.console.lines import Line

LEAST_LINES = 4
"""Lines that have to be spared for a shift to be worth its bytes."""
LEAST_SHARE = 0.5
"""Of the block that is shifted, the part that then is as it should be."""


class Shift(NamedTuple):
    """Rows ``top`` to ``bottom`` (exclusive) move by this many lines, down where it is positive."""

    top: int
    bottom: int
    by: int


def shift_of(before: Sequence[Line], after: Sequence[Line]) -> Shift | None:
    """The shift that spares the most lines from being sent anew; None where it would spare too few."""
    if sum(was != now for was, now in zip(before, after, strict=True)) < LEAST_LINES:
        return None
    unique = {line: y for line, y in _places(before).items() if y >= 0}
    moved = {y: unique[line] for y, line in enumerate(after) if line in unique and before[y] != line}
    by, spared = max(Counter(y - was for y, was in moved.items()).items(), key=lambda each: each[1], default=(0, 0))
    if spared < LEAST_LINES:
        return None
    rows = [y for y, was in moved.items() if y - was == by]
    top, bottom = min(*rows, min(rows) - by), max(*rows, max(rows) - by) + 1
    if spared < LEAST_SHARE * (bottom - top):
        return None
    return Shift(top, bottom, by)


def _places(lines: Sequence[Line]) -> dict[Line, int]:
    """Line → its row; -1 where several rows are alike, which tell nothing."""
    places: dict[Line, int] = {}
    for y, line in enumerate(lines):
        places[line] = -1 if line in places else y
    return places


def shifted(lines: Sequence[Line], shift: Shift) -> list[Line | None]:
    """What the terminal shows afterwards; None for a line that came in."""
    block = list(lines[shift.top : shift.bottom])
    incoming: list[Line | None] = [None] * abs(shift.by)
    block_after = [*incoming, *block[: -shift.by]] if shift.by > 0 else [*block[-shift.by :], *incoming]
    return [*lines[: shift.top], *block_after, *lines[shift.bottom :]]


def codes(shift: Shift) -> str:
    """What makes a terminal do it; its cursor is at the top left afterwards."""
    margins = f"\x1b[{shift.top + 1};{shift.bottom}r"
    if shift.by > 0:
        return f"{margins}\x1b[{shift.top + 1};1H" + "\x1bM" * shift.by + "\x1b[r"
    return f"{margins}\x1b[{shift.bottom};1H" + "\x1bD" * -shift.by + "\x1b[r"
