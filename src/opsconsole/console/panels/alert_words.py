"""Alerts in a few cells: their signs, where their ladder stands, how long ago.

Always true here: severity and state are a sign and a word; a page that nobody has is told from one that somebody has.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import Line, Span, separated, span
from opsconsole.console.palette import Ink
from opsconsole.console.states import ALERT_STATES, SEVERITIES


def severity_span(alert: wire.Alert) -> Span:
    """``✖ PAGE`` while somebody has to get up for it."""
    if alert.state == "resolved":
        return ALERT_STATES["resolved"].span
    return SEVERITIES[alert.severity].span


def told_of(alert: wire.Alert) -> str:
    """The title without the service that stands beside it."""
    return alert.title.removeprefix(f"{alert.subject}: ")


METRICS: tuple[tuple[str, wire.ExplainMetric], ...] = (
    ("errors", "errors"),
    ("provider", "errors"),
    ("throttled", "errors"),
    ("latency", "latency"),
    ("queueing", "latency"),
    ("cost", "cost"),
    ("budget", "cost"),
)
"""Word in a rule's name → the number that is to be explained."""


def metric_of(alert: wire.Alert) -> str:
    """What "what changed?" is asked of an alert, by its worst finding; empty where it is none of the numbers."""
    rule = alert.members[0].rule if alert.members else ""
    return next((metric for word, metric in METRICS if word in rule), "")


def age_s(frame: Frame, view: wire.View, at: datetime) -> float:
    return (view.now - at) / timedelta(seconds=1) + frame.since_s


def in_words(seconds: float) -> str:
    """Until something: ``now``, ``in 4m``; in whole minutes, because each second would be sent."""
    return "now" if seconds < 30 else f"in {numbers.age(math.ceil(seconds / 60) * 60)}"


def standing(alert: wire.Alert, frame: Frame, view: wire.View) -> Line:
    """Who has it, or when the next call is made: ``call 2 in 4m``, ``✔ ann``, ``◌ silenced``."""
    sign = ALERT_STATES[alert.state]
    if alert.state == "acknowledged":
        return (Span(f"{sign.sign} ", sign.ink), span(alert.acknowledged_by))
    if alert.state != "firing":
        return (sign.span,)
    return (call_span(alert, frame, view),)


def call_span(alert: wire.Alert, frame: Frame, view: wire.View) -> Span:
    """The step of its ladder that comes, or that there is none."""
    ink: Ink = "fail" if alert.severity == "page" else "warn"
    if alert.next_at is None:
        return Span("nobody has it" if alert.told else "not told", ink)
    return Span(f"call {len(alert.told) + 1} {in_words(-age_s(frame, view, alert.next_at))}", ink)


def tally(on_call: wire.OnCall | None) -> Line:
    """``✖ 2 pages · ▲ 1 ticket · 1 incident``: empty when nothing is open."""
    if on_call is None:
        return ()
    page: Ink = "fail" if on_call.unanswered else "warn"
    sign = "✖" if on_call.unanswered else "●"
    return separated(
        (
            Span(f"{sign} {counted(on_call.pages, 'page')}" if on_call.pages else "", page),
            Span(f"▲ {counted(on_call.tickets, 'ticket')}" if on_call.tickets else "", "warn"),
            Span(counted(on_call.incidents, "incident") if on_call.incidents else "", "accent"),
        )
    )


def counted(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


DELIVERY_INKS: dict[wire.DeliveryWord, tuple[str, Ink]] = {
    "sent": ("✔ told", "ok"),
    "pending": ("◌ on its way", "quiet"),
    "failed": ("▲ not yet told", "warn"),
    "given up": ("✖ NEVER TOLD", "fail"),
}
"""Word of a delivery → sign and words, and their ink."""
