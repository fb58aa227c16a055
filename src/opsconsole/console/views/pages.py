"""Pages that open above a view: plain text to select from, the doctor of keys, an act before it is done.

Always true here: a line that is longer than the screen is broken between its words, and every part of it can be
scrolled to; what is copied is the line as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from opsconsole.console.frame import Frame
from opsconsole.console.lines import EMPTY, Line, Span, block, broken, ends, line, span
from opsconsole.console.text import safe
from opsconsole.console.views import plan
from opsconsole.console.views.catalog import BY_NAME

MOST_OF_LINE = 4_000
"""Characters of one line that are shown; an ellipsis says that there were more."""
PAGE_INDENT = 3
HEAD_ROWS = 2
"""Above the text of a page: what it is and how much of it is out of sight, and an empty line."""


@lru_cache(maxsize=8)
def _rows(texts: tuple[str, ...], cells: int, indent: int) -> tuple[Line, ...]:
    """Texts in lines of at most so many cells; what goes on is indented as its text is."""
    rows: list[Line] = []
    for each in texts:
        shown = safe(each, MOST_OF_LINE)
        hang = indent + min(len(shown) - len(shown.lstrip()), cells // 2)
        rows += broken((Span(" " * indent + shown, "text"),), cells, hang)
    return tuple(rows)


def _page(frame: Frame, width: int) -> tuple[Line, ...]:
    """What is read in the page that is open, in lines."""
    form = frame.state.form
    if frame.state.mode == "form":
        return _rows(form.page, width, PAGE_INDENT) if form is not None else ()
    return _rows(frame.state.page, width, 0)


def scrolled(frame: Frame, by: int) -> int:
    """The first line of the page after it was moved: never further than that the last one is seen."""
    width, height = frame.room
    last = max(0, len(_page(frame, width)) + HEAD_ROWS - height)
    return max(0, min(last, frame.state.choice + by))


def _scrolls(title: Line, frame: Frame, keys: str, width: int, height: int) -> list[Line]:
    """From where the person scrolled to, as much as there is room for, and how much is not seen."""
    rows = _page(frame, width)
    room = height - HEAD_ROWS
    first = min(frame.state.choice, max(0, len(rows) - room))
    hidden = len(rows) - first - room
    more = f"↓ {hidden} more lines" if hidden > 0 else f"↑ {first} lines above" if first else ""
    told = " · ".join(part for part in (more, keys) if part)
    head = ends(title, (Span(f" {told} " if told else "──", "dim"),), width, "─", "faint")
    return block([head, EMPTY, *rows[first:]], width, height)


def text(frame: Frame, width: int, height: int) -> list[Line]:
    """A text to be read, or to be selected from."""
    moves = f"{frame.key('scroll_down')} {frame.key('scroll_up')} scroll"
    told = f"{moves} · {frame.key('copy_text')} copy · {frame.key('close_text')} close"
    return _scrolls((Span("── text ", "strong"),), frame, told, width, height)


def keys(frame: Frame, width: int, height: int) -> list[Line]:
    """What this terminal sends for each key that is pressed, and what never arrives."""
    head = ends((Span("── keys as they arrive ", "strong"),), (Span(" Esc Esc closes ", "dim"),), width, "─", "faint")
    told: list[Line] = [line(Span("   press any key: what is not listed never reached the console", "dim")), EMPTY]
    rows: list[Line] = [(Span("   ", "text"), span(each)) for each in frame.state.page]
    return block([head, *told, *rows], width, height)


def asked(frame: Frame, width: int, height: int) -> list[Line]:
    """What has to be read before the last line is answered; the view where there is nothing to read."""
    form = frame.state.form
    if form is None or not form.page:
        return BY_NAME[frame.state.view].paint(frame, width, height)
    return _scrolls((Span("── ", "faint"), span(f"{form.title} ", "strong")), frame, "", width, height)


PAGES: dict[str, Callable[[Frame, int, int], list[Line]]] = {
    "text": text,
    "keys": keys,
    "plan": plan.paint,
    "outcome": plan.paint,
    "form": asked,
}
