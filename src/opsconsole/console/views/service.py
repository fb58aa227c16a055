"""One service: five panels over one time axis; all of them, or one that fills the screen.

Always true here: charts in one column share their plot's columns and the axis at their foot.
"""

from __future__ import annotations

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import EMPTY, Line, Span, beside, block, ends, fitting, is_wide, line, line_width, span
from opsconsole.console.listing import Listing
from opsconsole.console.panels.spec import BY_DIGIT, PANELS
from opsconsole.console.panels.stack import Place, column, draw, tabs
from opsconsole.console.states import HEALTH, reason_lines

LEFT_COLUMN: tuple[Place, ...] = ((1, 6, 5), (2, 5, 4), (4, 5, 4))
RIGHT_COLUMN: tuple[Place, ...] = ((3, 6, 3), (5, 12, 4))
STACK: tuple[Place, ...] = ((1, 6, 3), (2, 6, 2), (5, 4, 2), (3, 3, 2), (4, 1, 1))
"""Panel, its least rows, and its part of the rows that are left over."""


def listing(frame: Frame) -> Listing | None:
    """That of the panel which is alone on the screen."""
    panel = BY_DIGIT.get(frame.state.panel)
    return panel.listing(frame) if panel is not None and frame.service is not None else None


def paint(frame: Frame, width: int, height: int) -> list[Line]:
    view = frame.service
    if view is None:
        waiting = (Span("   waiting for ", "dim"), span(frame.state.service))
        return block([EMPTY, waiting], width, height)
    head = _head(view, frame, width, height)
    rest = height - len(head)
    panel = BY_DIGIT.get(frame.state.panel)
    if panel is not None:
        line_of_tabs = tabs(PANELS, frame.state.panel, width)
        return [*head, line_of_tabs, *draw(panel, frame, width, rest - 1, has_axis=True)]
    if is_wide(width, height):
        left = (width - 2) * 11 // 20
        gap = (Span("  ", "text"),)
        right = column(BY_DIGIT, RIGHT_COLUMN, frame, width - 2 - left, rest)
        return head + beside(column(BY_DIGIT, LEFT_COLUMN, frame, left, rest), right, gap)
    return head + column(BY_DIGIT, STACK, frame, width, rest)


def _head(view: wire.ServiceView, frame: Frame, width: int, height: int) -> list[Line]:
    """State, name, why: as many facts and reasons as the screen can spare; the name gives way to none of them."""
    users = (Span(f"{numbers.count(view.users)} users", "dim"),) if view.users is not None else ()
    models = (span(", ".join(view.total.models[:2]), "dim"),) if view.total.models else ()
    sign = HEALTH[view.state]
    left = (Span(" ", "text"), sign.span, Span("  ", "text"), span(view.service, "strong"))
    rate = line(Span(f"{numbers.rate(view.requests_per_s)} req/s", "text"))
    n = line(Span(f"n {numbers.count(view.total.requests)}", "dim"))
    facts = fitting((rate, n, users, models), width - line_width(left) - 3)
    reasons = reason_lines(view.reasons, view.state, 1 if height < 30 else 3)
    rows = [ends(left, (*facts, Span(" ", "text")), width), *((Span("   ", "text"), *each) for each in reasons)]
    if height >= 30:
        rows.append(_not_logged(view) if view.not_logged else EMPTY)
    return block(rows, width, len(rows))


def _not_logged(view: wire.ServiceView) -> Line:
    return (Span("   not logged: ", "dim"), span(", ".join(view.not_logged), "dim"))
