"""Incidents in a few cells: severity, state, and what is due, each as a sign and a word.

Always true here: what is overdue says by how much; nothing due is a dash.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import Line, Span, span
from opsconsole.console.palette import Ink
from opsconsole.console.states import INCIDENT_STATES

SEVERITY_INKS: dict[str, Ink] = {"SEV-1": "fail", "SEV-2": "fail", "SEV-3": "warn"}


def severity_span(severity: str, *, is_open: bool = True) -> Span:
    return Span(severity, SEVERITY_INKS.get(severity, "text") if is_open else "dim")


def state_span(status: wire.IncidentStatus) -> Span:
    return INCIDENT_STATES[status].span


def left_s(frame: Frame, view: wire.View, at: datetime) -> float:
    """Seconds until a moment; negative after it."""
    return (at - view.now) / timedelta(seconds=1) - frame.since_s


def timer_words(timer: wire.IncidentTimer, frame: Frame, view: wire.View) -> Span:
    """``✖ update 12m over``, ``▲ update in 4m``, ``◌ update in 20m``."""
    left = left_s(frame, view, timer.due_by)
    if timer.word == "overdue" or left < 0:
        return Span(f"✖ {timer.name} {numbers.age(max(60.0, -left))} over", "fail")
    until = numbers.age(math.ceil(left / 60) * 60)
    return (
        Span(f"▲ {timer.name} in {until}", "warn") if timer.word == "due" else Span(f"◌ {timer.name} in {until}", "dim")
    )


def due_line(due: tuple[wire.IncidentTimer, ...], frame: Frame, view: wire.View) -> Line:
    """The most pressing one, and how many more there are."""
    if not due:
        return (Span(numbers.MISSING, "dim"),)
    first = min(due, key=lambda each: each.due_by)
    more = (Span(f" +{len(due) - 1}", "dim"),) if len(due) > 1 else ()
    return (timer_words(first, frame, view), *more)


def person_span(name: str) -> Span:
    """Who, or that it is nobody."""
    return span(name) if name else Span("nobody", "warn")
