"""The whole screen: a pure function of a frame and a size.

Always true here: the first line says where, the last says how fresh; what a key came to is said whole; a
screen that is too small says what it needs.
"""

from __future__ import annotations

from opsconsole.console.frame import Frame
from opsconsole.console.grammar.keymap import Keymap
from opsconsole.console.lines import EMPTY, Line, Span, block, fill, line
from opsconsole.console.views import bars, help, pages  # noqa: A004
from opsconsole.console.views.catalog import BY_NAME

LEAST_COLUMNS, LEAST_ROWS = 80, 24
BAR_ROWS = 2
"""The first line and the last."""


def is_too_small(width: int, height: int) -> bool:
    return width < LEAST_COLUMNS or height < LEAST_ROWS


def paint(frame: Frame, keymap: Keymap, width: int, height: int) -> list[Line]:
    """The view, or what is open in its place, between the two lines that say where and how fresh."""
    if is_too_small(width, height):
        return too_small(keymap, width, height)
    if frame.state.mode == "help":
        body = help.paint(frame, keymap, width, height - BAR_ROWS)
    elif frame.state.mode in pages.PAGES:
        body = pages.PAGES[frame.state.mode](frame, width, height - BAR_ROWS)
    else:
        body = BY_NAME[frame.state.view].paint(frame, width, height - BAR_ROWS)
    if told := bars.above_bottom(frame, width)[: len(body)]:
        body = [*body[: len(body) - len(told)], *(fill(row, width) for row in told)]
    return [bars.top(frame, width), *body, bars.bottom(frame, keymap, width)]


def too_small(keymap: Keymap, width: int, height: int) -> list[Line]:
    """What is needed, what there is, and how to leave."""
    told: list[Line] = [
        line(Span("opsconsole needs more room", "strong")),
        line(f"have {width}x{height}"),
        line(f"need {LEAST_COLUMNS}x{LEAST_ROWS}"),
        line(Span(f"{' or '.join(keymap.named('give_up'))} leaves", "dim")),
    ]
    above = max(0, (height - len(told)) // 2)
    return block([EMPTY] * above + [(Span(" " * min(2, width), "text"), *each) for each in told], width, height)
