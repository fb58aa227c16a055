"""The whole screen: a pure function of a frame and a size.

Always true here: the first line says where, the last says how fresh; a screen that is too small says what it needs.
"""

from __future__ import annotations

from opsconsole.console.frame import Frame
from opsconsole.console.lines import EMPTY, Line, Span, block, line
from opsconsole.console.views import bars, help  # noqa: A004
from opsconsole.console.views.catalog import BY_NAME

LEAST_COLUMNS, LEAST_ROWS = 80, 24


def is_too_small(width: int, height: int) -> bool:
    return width < LEAST_COLUMNS or height < LEAST_ROWS


def paint(frame: Frame, width: int, height: int) -> list[Line]:
    if is_too_small(width, height):
        return too_small(width, height)
    body = help.paint if frame.state.mode == "help" else BY_NAME[frame.state.view].paint
    return [bars.top(frame, width), *body(frame, width, height - 2), bars.bottom(frame, width)]


def too_small(width: int, height: int) -> list[Line]:
    """What is needed, what there is, and how to leave."""
    told: list[Line] = [
        line(Span("opsconsole needs more room", "strong")),
        line(f"have {width}x{height}"),
        line(f"need {LEAST_COLUMNS}x{LEAST_ROWS}"),
        line(Span("q or Esc leaves", "dim")),
    ]
    above = max(0, (height - len(told)) // 2)
    return block([EMPTY] * above + [(Span(" " * min(2, width), "text"), *each) for each in told], width, height)
