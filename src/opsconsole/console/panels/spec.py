"""The panels of the service view, as data: digit, title, what its title line says, and how its body is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import Line, Span, block, ends, line, separated, wrapped
from opsconsole.console.listing import Listing
from opsconsole.console.panels import charts, drift, versions
from opsconsole.console.widgets.plot import GUTTER

ROWS_WITH_FACTS = 12
LEAST_COST_ROWS_WITH_FACTS = 7
"""Rows of a body from which a line of figures stands above its chart."""


@dataclass(frozen=True)
class Panel:
    """One panel."""

    digit: int
    title: str
    summary: Callable[[Frame], Line]
    """What the title line says: a panel of one row still answers."""
    measured: Callable[[Frame], str]
    """How many requests or values stand behind it."""
    body: Callable[[Frame, int, int], list[Line]]
    is_timed: bool
    """Drawn over the shared time axis."""
    is_empty: Callable[[Frame], bool] = lambda frame: False
    """Is there nothing to draw? Then its title line says so, and takes no room from others."""
    listing: Callable[[Frame], Listing | None] = lambda frame: None
    """Of a panel that is a list and has a cursor when it is alone on the screen."""


def _service(frame: Frame) -> wire.ServiceView:
    if frame.service is None:
        raise LookupError("a panel is drawn only when there is a service view")
    return frame.service


def _named(name: str, text: str, ink: str) -> Line:
    return (Span(f"{name} ", "dim"), Span(text, ink))


def _latency_summary(frame: Frame) -> Line:
    latency = _service(frame).total.latency_ms
    if not latency.n:
        return line(Span("not logged", "dim"))
    pairs = (("p50", latency.p50, "p50"), ("p90", latency.p90, "text"), ("p99", latency.p99, "p99"))
    return separated(_named(name, numbers.duration(numbers.value(estimate)), ink) for name, estimate, ink in pairs)


def _latency_body(frame: Frame, width: int, height: int) -> list[Line]:
    view = _service(frame)
    facts = [_latency_bounds(view.total)] if height >= ROWS_WITH_FACTS and view.total.latency_ms.n else []
    return block(facts, width, len(facts)) + charts.latency(charts.of_service(view), frame, width, height - len(facts))


def _latency_bounds(total: wire.VersionSummary) -> Line:
    """Each quantile with the bounds of its bin."""
    latency = total.latency_ms
    named = (("p50", latency.p50), ("p90", latency.p90), ("p99", latency.p99))
    told = separated(_named(name, numbers.bounded(estimate), "text") for name, estimate in named if estimate)
    return (Span(" " * GUTTER, "text"), *told)


def _traffic_summary(frame: Frame) -> Line:
    view = _service(frame)
    total = view.total
    errors = "not logged" if total.error_rate is None else f"{numbers.percent(total.error_rate)}"
    pending = (Span(f"{numbers.count(total.pending)} pending", "unknown"),) if total.pending else ()
    kinds = ", ".join(f"{numbers.count(n)} {name}" for name, n in list(total.error_classes.items())[:2])
    return separated(
        (
            _named("req/s", numbers.rate(view.requests_per_s), "text"),
            _named("errors", errors, "fail" if total.errors else "text"),
            line(kinds),
            pending,
        )
    )


def _traffic_body(frame: Frame, width: int, height: int) -> list[Line]:
    return charts.traffic(charts.of_service(_service(frame)), frame, width, height)


def _cost_summary(frame: Frame) -> Line:
    spend = _service(frame).spend
    unpriced = (Span(numbers.unpriced(spend.unpriced_tokens), "warn"),) if spend.unpriced_tokens else ()
    if spend.usd_per_hour is None and spend.today_usd is None:
        return unpriced or line(Span("not logged", "dim"))
    return separated(
        (
            _named("run rate", f"{numbers.money(spend.usd_per_hour)}/h", "text"),
            _named("today", numbers.money(spend.today_usd), "text"),
            _named("month-end", f"{_about(spend.month_end_usd)}", "text"),
            unpriced,
        )
    )


def _about(usd: float | None) -> str:
    return numbers.MISSING if usd is None else f"≈ {numbers.money(usd)}"


def _cost_body(frame: Frame, width: int, height: int) -> list[Line]:
    view = _service(frame)
    cost = view.total.cost
    if cost.usd is None and cost.unpriced_tokens:
        why = f"{numbers.unpriced(cost.unpriced_tokens)}: the log has no cost and the price table has no such model"
        return block([(), *wrapped(why, width - 6, "warn", 3)], width, height)
    facts: list[Line] = []
    if height >= LEAST_COST_ROWS_WITH_FACTS and cost.n_known:
        known = f"{numbers.count(cost.n_known)} of {numbers.count(view.total.requests)}"
        facts = [
            (
                Span(" " * GUTTER, "text"),
                *separated(
                    (
                        _named("month to date", numbers.money(view.spend.month_to_date_usd), "text"),
                        _named("$/req", numbers.money(cost.usd_per_request), "text"),
                        _named("known for", known, "text"),
                        _named("priced", numbers.count(cost.n_priced), "text"),
                    )
                ),
            )
        ]
    return block(facts, width, len(facts)) + charts.cost(charts.of_service(view), frame, width, height - len(facts))


PANELS: tuple[Panel, ...] = (
    Panel(
        1,
        "latency",
        _latency_summary,
        lambda f: f"n {numbers.count(_service(f).total.latency_ms.n)}",
        _latency_body,
        True,
        lambda f: not charts.has_latency(_service(f).lines),
    ),
    Panel(2, "traffic", _traffic_summary, versions.measured, _traffic_body, True),
    Panel(
        3,
        "drift",
        drift.summary,
        drift.measured,
        drift.body,
        False,
        is_empty=lambda f: not drift.length(f),
        listing=drift.listing,
    ),
    Panel(
        4,
        "cost",
        _cost_summary,
        lambda f: f"n {numbers.count(_service(f).total.cost.n_known)}",
        _cost_body,
        True,
        lambda f: not charts.has_cost(_service(f).lines),
    ),
    Panel(5, "versions", versions.summary, versions.measured, versions.body, False, listing=versions.listing),
)

BY_DIGIT: dict[int, Panel] = {panel.digit: panel for panel in PANELS}


def draw(panel: Panel, frame: Frame, width: int, height: int, *, has_axis: bool = False) -> list[Line]:
    """Title line, body and, at the foot of a stack of timed panels, the axis."""
    rows = [title(panel, frame, width)]
    foot: list[Line] = []
    if panel.is_timed and has_axis and height >= 4:
        foot = [charts.axis_line(charts.of_service(_service(frame)), width)]
    inner = height - 1 - len(foot)
    if inner > 0:
        rows += panel.body(frame, width, inner)
    return block(rows + foot, width, height)


def title(panel: Panel, frame: Frame, width: int) -> Line:
    """``1 latency  p50 … ──── n 44.6k · 5s``: the digit, what it says, its n and its data's age."""
    age = numbers.coarse_age(frame.age_s(_service(frame).total.last_at))
    left = (
        Span(f" {panel.digit} ", "accent"),
        Span(f"{panel.title}  ", "strong"),
        *panel.summary(frame),
        Span(" ", "text"),
    )
    right = (Span(f" {panel.measured(frame)} · {age} ", "dim"),)
    return ends(left, right, width, "─", "faint")
