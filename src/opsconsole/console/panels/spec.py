"""The panels of the service view, as data: digit, title, what its title line says, and how its body is drawn."""

from __future__ import annotations

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import Line, Span, block, line, separated, wrapped
from opsconsole.console.panels import charts, drift, versions
from opsconsole.console.panels.stack import Panel
from opsconsole.console.widgets.plot import GUTTER

ROWS_WITH_FACTS = 12
LEAST_COST_ROWS_WITH_FACTS = 7
"""Rows of a body from which a line of figures stands above its chart."""


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


def _latency_read(frame: Frame, bucket: int) -> Line:
    lines = _service(frame).lines
    return charts.read_out(
        frame, bucket, ("p50", charts.at(lines.p50_ms, bucket), numbers.duration, "p50"),
        ("p99", charts.at(lines.p99_ms, bucket), numbers.duration, "p99"),
    )  # fmt: skip


def _traffic_read(frame: Frame, bucket: int) -> Line:
    lines = _service(frame).lines
    return charts.read_out(
        frame, bucket, ("requests", charts.at(lines.requests, bucket), numbers.count, "text"),
        ("errors", charts.at(lines.errors, bucket), numbers.count, "fail"),
    )  # fmt: skip


def _cost_read(frame: Frame, bucket: int) -> Line:
    return charts.read_out(frame, bucket, ("USD", charts.at(_service(frame).lines.usd, bucket), numbers.money, "text"))


PANELS: tuple[Panel, ...] = (
    Panel(
        1,
        "latency",
        _latency_summary,
        lambda f: f"n {numbers.count(_service(f).total.latency_ms.n)}",
        _latency_body,
        True,
        lambda f: not charts.has_latency(_service(f).lines),
        _latency_read,
    ),
    Panel(2, "traffic", _traffic_summary, versions.measured, _traffic_body, True, read=_traffic_read),
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
        _cost_read,
    ),
    Panel(5, "versions", versions.summary, versions.measured, versions.body, False, listing=versions.listing),
)

LIST_PANELS = frozenset({drift.DIGIT, versions.DIGIT})
"""Digits of the panels that are lists: alone on the screen they have a cursor."""

BY_DIGIT: dict[int, Panel] = {panel.digit: panel for panel in PANELS}
