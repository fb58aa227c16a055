"""One service: five panels over one time axis; all of them, or one that fills the screen.

Always true here: charts in one column share their plot's columns and the axis at their foot.
"""

from __future__ import annotations

from collections.abc import Sequence

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import EMPTY, Line, Span, beside, block, ends, line, line_width, separated, span
from opsconsole.console.listing import Listing
from opsconsole.console.panels.spec import BY_DIGIT, PANELS, draw
from opsconsole.console.states import HEALTH, reason_lines

WIDE_FROM = (124, 36)
"""Columns and rows from which the panels stand side by side."""

LEFT_COLUMN: tuple[tuple[int, int, int], ...] = ((1, 6, 5), (2, 5, 4), (4, 5, 4))
RIGHT_COLUMN: tuple[tuple[int, int, int], ...] = ((3, 6, 3), (5, 12, 4))
STACK: tuple[tuple[int, int, int], ...] = ((1, 6, 3), (2, 6, 2), (5, 4, 2), (3, 3, 2), (4, 1, 1))
"""Panel, its least rows, and its part of the rows that are left over."""


LEAST_CHART = 4
"""Rows of a timed panel from which it draws its chart, and may carry the axis."""


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
        tabs = _tabs(frame.state.panel, width)
        return [*head, tabs, *draw(panel, frame, width, rest - 1, has_axis=True)]
    if width >= WIDE_FROM[0] and height >= WIDE_FROM[1]:
        left = (width - 2) * 11 // 20
        gap = (Span("  ", "text"),)
        return head + beside(
            _column(LEFT_COLUMN, frame, left, rest), _column(RIGHT_COLUMN, frame, width - 2 - left, rest), gap
        )
    return head + _column(STACK, frame, width, rest)


def _head(view: wire.ServiceView, frame: Frame, width: int, height: int) -> list[Line]:
    """State, name, why: as many facts and reasons as the screen can spare; the name gives way to none of them."""
    users = (Span(f"{numbers.count(view.users)} users", "dim"),) if view.users is not None else ()
    models = (span(", ".join(view.total.models[:2]), "dim"),) if view.total.models else ()
    sign = HEALTH[view.state]
    left = (Span(" ", "text"), sign.span, Span("  ", "text"), span(view.service, "strong"))
    rate = line(Span(f"{numbers.rate(view.requests_per_s)} req/s", "text"))
    n = line(Span(f"n {numbers.count(view.total.requests)}", "dim"))
    facts = _fitting((models, users, n, rate), width - line_width(left) - 3)
    reasons = reason_lines(view.reasons, view.state, 1 if height < 30 else 3)
    rows = [ends(left, (*facts, Span(" ", "text")), width), *((Span("   ", "text"), *each) for each in reasons)]
    if height >= 30:
        rows.append(_not_logged(view) if view.not_logged else EMPTY)
    return block(rows, width, len(rows))


def _fitting(facts: tuple[Line, ...], room: int) -> Line:
    """The facts that fit, the first given up first."""
    shown = separated(facts)
    return shown if not facts or line_width(shown) <= room else _fitting(facts[1:], room)


def _not_logged(view: wire.ServiceView) -> Line:
    return (Span("   not logged: ", "dim"), span(", ".join(view.not_logged), "dim"))


def _tabs(panel: int, width: int) -> Line:
    spans: list[Span] = [Span(" 0 ", "accent"), Span("all  ", "dim")]
    for each in PANELS:
        is_open = each.digit == panel
        spans += [
            Span(f"{each.digit} ", "accent"),
            Span(f"[{each.title}]" if is_open else each.title, "strong" if is_open else "dim"),
        ]
        spans.append(Span("  ", "text"))
    return block([tuple(spans)], width, 1)[0]


def _column(places: Sequence[tuple[int, int, int]], frame: Frame, width: int, height: int) -> list[Line]:
    """Panels under each other, one without data as its title alone; the last timed one carries the axis."""
    heights = shared_out(
        [(1, 0) if BY_DIGIT[digit].is_empty(frame) else (least, part) for digit, least, part in places], height
    )
    timed = [i for i, (digit, _, _) in enumerate(places) if BY_DIGIT[digit].is_timed and heights[i] >= LEAST_CHART]
    last_timed = timed[-1] if timed else -1
    rows: list[Line] = []
    for i, (digit, _, _) in enumerate(places):
        rows += draw(BY_DIGIT[digit], frame, width, heights[i], has_axis=i == last_timed)
    return block(rows, width, height)


def shared_out(places: Sequence[tuple[int, int]], total: int) -> list[int]:
    """Rows for (least, part) places: everyone's least, then what is left by parts; the last gives way first."""
    heights = [least for least, _ in places]
    spare = total - sum(heights)
    parts = sum(part for _, part in places)
    if spare >= 0:
        heights = [least + spare * part // max(1, parts) for least, part in places]
        heights[next((i for i, (_, part) in enumerate(places) if part), 0)] += total - sum(heights)
        return heights
    for i in reversed(range(len(heights))):
        given = min(heights[i], -spare)
        heights[i] -= given
        spare += given
        if spare == 0:
            break
    return heights
