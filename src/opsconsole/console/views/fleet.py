"""The fleet: one row a service, and below it why the one under the cursor is as it is."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import lru_cache

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.glyphs import GlyphSet
from opsconsole.console.lines import EMPTY, Line, Span, beside, block, ends, fill, line, line_width, separated, span
from opsconsole.console.listing import Item, Listing, cursor
from opsconsole.console.palette import Ink
from opsconsole.console.panels import charts
from opsconsole.console.panels.versions import UNNAMED
from opsconsole.console.place import Place
from opsconsole.console.states import FAULTS, HEALTH, drift_cell, reason_lines
from opsconsole.console.text import told_apart
from opsconsole.console.widgets import plot, table
from opsconsole.console.widgets.listed import filter_note, list_body, rows_above
from opsconsole.console.widgets.table import Cell, Column
from opsconsole.search import Value

WIDE_FROM = 124

NARROW: tuple[Column, ...] = (
    Column("state", "state", 9),
    Column("service", "service", 13, grow=2),
    Column("p50", "p50", 5, is_right=True),
    Column("p99", "p99", 5, is_right=True),
    Column("errors", "errors", 6, is_right=True),
    Column("rate", "req/s", 5, is_right=True),
    Column("cost", "$/h", 8, is_right=True),
    Column("drift", "drift", 6),
    Column("versions", "versions", 10, grow=1),
    Column("age", "age", 3, is_right=True),
)

WIDE: tuple[Column, ...] = (
    Column("state", "state", 9),
    Column("service", "service", 16, grow=2),
    Column("p50", "p50", 5, is_right=True),
    Column("p99", "p99", 5, is_right=True),
    Column("p99_trend", "p99 trend", 14, from_width=150),
    Column("errors", "errors", 6, is_right=True),
    Column("rate", "req/s", 5, is_right=True),
    Column("rate_trend", "traffic trend", 14, from_width=150),
    Column("error_trend", "error trend", 14, from_width=180),
    Column("n", "n", 5, is_right=True),
    Column("cost", "$/h", 8, is_right=True),
    Column("cost_trend", "$ trend", 14, from_width=196),
    Column("drift", "worst drift", 30, grow=1),
    Column("versions", "versions", 20, grow=2),
    Column("age", "age", 3, is_right=True),
)

TREND_CELLS = 14
LABEL_CELLS = 12
MOST_REASONS = 4
LEAST_DETAIL = 9
"""Rows below the table, where there are that many."""
LEAST_CHART = 7
"""Rows that a chart needs to say something."""


def listing(frame: Frame) -> Listing | None:
    """The services, worst first as the daemon has them."""
    fleet = frame.fleet
    if fleet is None:
        return None
    return frame.listings.of(
        ("fleet",), fleet, lambda: Listing("services", "service", tuple(map(_item, fleet.services)))
    )


def _item(row: wire.ServiceRow) -> Item:
    values: dict[str, Value] = {
        "service": row.service,
        "state": row.state,
        "requests": row.requests,
        "requests_per_s": row.requests_per_s,
        "errors": row.errors,
        "error_rate": row.error_rate,
        "p50_ms": numbers.value(row.latency_ms.p50),
        "p99_ms": numbers.value(row.latency_ms.p99),
        "usd_per_hour": row.usd_per_hour,
        "drift": row.worst_drift.feature if row.worst_drift and row.worst_drift.verdict == "drift" else None,
        "versions": " ".join(version for version, _ in row.versions),
        "reasons": "; ".join(row.reasons),
    }
    return Item(row.service, values, row.state in FAULTS, Place("service", row.service))


def paint(frame: Frame, width: int, height: int) -> list[Line]:
    fleet = frame.fleet
    if fleet is None:
        return block([EMPTY, line(Span("   waiting for the first answer", "dim"))], width, height)
    items = frame.shown(listing(frame))
    by_name = {row.service: row for row in fleet.services}
    rows = [by_name[item.key] for item in items]
    is_wide = width >= WIDE_FROM
    columns = table.visible(WIDE if is_wide else NARROW, width)
    note = filter_note(frame, len(rows), len(fleet.services))
    above = [ends((Span(" ", "text"), *note), (), width)] if note else []
    shown = [column.id for column in columns]
    service_cells = table.widths(columns, width)[shown.index("service")]
    names = told_apart([row.service for row in rows], service_cells)
    listed = list_body(
        frame,
        items,
        columns,
        lambda i: _cells(rows[i], names[i], fleet, frame, shown, is_wide=is_wide),
        width,
        rows_above(len(rows), height - len(above), LEAST_DETAIL),
        nothing=_nothing(fleet, frame),
    )
    below = max(0, height - len(above) - len(listed))
    detail = _detail(rows[cursor(items, frame.state.place.cursor)], fleet, frame, width, below) if rows else []
    return block([*above, *listed, *detail], width, height)


def _nothing(fleet: wire.FleetView, frame: Frame) -> str:
    if fleet.services:
        return f"no service matches; {frame.shows_all}"
    return f"no records yet: {frame.key('open_sources')} shows the sources"


def _cells(
    row: wire.ServiceRow, name: str, fleet: wire.FleetView, frame: Frame, trends: Collection[str], *, is_wide: bool
) -> dict[str, Cell]:
    is_quiet = row.state == "quiet"
    ink = "dim" if is_quiet else "text"
    latency = row.latency_ms
    cells: dict[str, Cell] = {
        "state": HEALTH[row.state].span,
        "service": span(name, "dim" if is_quiet else "strong"),
        "p50": Span(numbers.duration(numbers.value(latency.p50)), ink),
        "p99": Span(numbers.duration(numbers.value(latency.p99)), ink),
        "errors": Span(numbers.percent(row.error_rate), "text" if row.errors else ink),
        "rate": Span(numbers.rate(row.requests_per_s), ink),
        "n": Span(numbers.count(row.requests), ink),
        "cost": _cost(row),
        "drift": drift_cell(row.worst_drift, is_long=is_wide),
        "versions": _versions(row, is_wide=is_wide),
        "age": Span(numbers.coarse_age(frame.age_s(row.last_at)), ink),
    }
    return {**cells, **_trends(row, fleet, frame, trends)}


TRENDS: tuple[tuple[str, str, Callable[[wire.Lines], plot.Values]], ...] = (
    ("p99_trend", "p50", lambda lines: lines.p99_ms),
    ("rate_trend", "traffic", lambda lines: lines.requests),
    ("error_trend", "fail", lambda lines: lines.errors),
    ("cost_trend", "cost", lambda lines: lines.usd),
)
"""Column, ink, and which numbers of the row it draws."""


def _trends(row: wire.ServiceRow, fleet: wire.FleetView, frame: Frame, shown: Collection[str]) -> dict[str, Cell]:
    if frame.is_numbers_only:
        return {column: "" for column, _, _ in TRENDS}
    drawn: dict[str, Cell] = {}
    for column, ink, values_of in TRENDS:
        if column in shown:
            values = tuple(values_of(row.trend))
            top = frame.scales.top((f"fleet {column}", row.service, fleet.window), values)
            drawn[column] = _sparkline(values, frame.glyphs, ink, top)
    return drawn


@lru_cache(maxsize=1024)
def _sparkline(values: tuple[float | None, ...], glyphs: GlyphSet, ink: Ink, top: float) -> Line:
    """Remembered, because a list is painted again for every movement of its cursor."""
    return plot.sparkline(values, TREND_CELLS, glyphs, ink, top)


def _cost(row: wire.ServiceRow) -> Cell:
    """Dollars an hour; a plus where part of the tokens has no price; never $0 for tokens that have none."""
    if row.usd_per_hour is None:
        if not row.unpriced_tokens:
            return Span(numbers.MISSING, "dim")
        return Span("unpriced", "warn")
    known = Span(numbers.money(row.usd_per_hour), "text")
    return (known, Span("+", "warn")) if row.unpriced_tokens else known


def _versions(row: wire.ServiceRow, *, is_wide: bool) -> Cell:
    named = [(name or UNNAMED, of_one) for name, of_one in row.versions]
    if not named:
        return Span(numbers.MISSING, "dim")
    shown = named[:3] if is_wide else named[:1]
    text = " ".join(f"{name} {numbers.share(of_one)}" for name, of_one in shown)
    more = f" +{len(named) - len(shown)}" if len(named) > len(shown) else ""
    return (span(text), Span(more, "dim"))


def _detail(row: wire.ServiceRow, fleet: wire.FleetView, frame: Frame, width: int, height: int) -> list[Line]:
    """Why, in words; the numbers with their bounds; and where rows are left, the course of it."""
    if height < 3:
        return block((), width, height)
    age = numbers.coarse_age(frame.age_s(row.last_at))
    left = (Span("── ", "faint"), span(row.service, "strong"), Span(" ", "text"))
    right = (Span(f" n {numbers.count(row.requests)} · {age} ", "dim"),)
    said = _words(row, width)
    rows = [EMPTY, ends(left, right, width, "─", "faint"), *said]
    spare = height - len(rows)
    if spare < LEAST_CHART or frame.is_numbers_only:
        return block(rows, width, height)
    return block(rows, width, height - spare) + _course(charts.of_row(fleet, row), frame, width, spare)


def _words(row: wire.ServiceRow, width: int) -> list[Line]:
    lines = reason_lines(row.reasons, row.state, MOST_REASONS) or [(HEALTH[row.state].span,)]
    pending = f", {numbers.count(row.pending)} pending" if row.pending else ""
    errors = "not logged" if row.error_rate is None else numbers.percent(row.error_rate)
    facts: list[tuple[str, Line]] = [
        ("latency", _quantiles(row.latency_ms, width - LABEL_CELLS)),
        ("errors", line(f"{errors}  ({numbers.count(row.errors)} of {numbers.count(row.requests)}{pending})")),
        ("cost", _cost_words(row)),
        ("drift", _drift_words(row.worst_drift)),
        ("versions", separated(span(f"{name or UNNAMED} {numbers.share(part)}") for name, part in row.versions)),
    ]
    body = [(Span("  ", "text"), *each) for each in lines]
    body += [(Span(f"  {name:<{LABEL_CELLS - 2}}", "head"), *told) for name, told in facts]
    return [each if line_width(each) <= width else block([each], width, 1)[0] for each in body]


def _quantiles(latency: wire.Latency, room: int) -> Line:
    """Each quantile with the bounds of its bin; on a narrow screen p90 does without."""
    if not latency.n:
        return line(Span("not logged", "dim"))
    named = (("p50", latency.p50), ("p90", latency.p90), ("p99", latency.p99))
    texts = [(name, numbers.bounded(each), numbers.duration(numbers.value(each))) for name, each in named if each]
    full = separated(line(Span(f"{name} ", "dim"), Span(bounded, "text")) for name, bounded, _ in texts)
    if line_width(full) <= room:
        return full
    return separated(
        line(Span(f"{name} ", "dim"), Span(short if name == "p90" else bounded, "text"))
        for name, bounded, short in texts
    )


def _cost_words(row: wire.ServiceRow) -> Line:
    unpriced = line(Span(numbers.unpriced(row.unpriced_tokens), "warn")) if row.unpriced_tokens else ()
    if row.usd_per_hour is None:
        return unpriced or line(Span("not logged", "dim"))
    return separated((line(f"{numbers.money(row.usd_per_hour)}/h"), unpriced))


def _drift_words(finding: wire.DriftFinding | None) -> Line:
    if finding is None:
        return line(Span("nothing judged", "dim"))
    because = span(", ".join(finding.reasons), "dim") if finding.reasons else Span("", "text")
    on = span((f"on {finding.version}, " if finding.version else "") + f"n {numbers.count(finding.n)}")
    return separated((drift_cell(finding, is_long=True), line(on), line(because)))


def _course(course: charts.Course, frame: Frame, width: int, height: int) -> list[Line]:
    """Latency, and where there is room traffic, over one axis: beside each other on a wide screen."""
    if not charts.has_latency(course.lines):
        rows = _titled(charts.traffic, course, frame, width, height - 1)
        return block([*rows, charts.axis_line(course, width)], width, height)
    if width >= WIDE_FROM:
        half = (width - 2) // 2
        left = _titled(charts.latency, course, frame, half, height - 1)
        right = _titled(charts.traffic, course, frame, half, height - 1)
        axis = charts.axis_line(course, half)
        return beside([*left, fill(axis, half)], [*right, fill(axis, half)], (Span("  ", "text"),))
    if height < 2 * LEAST_CHART:
        rows = _titled(charts.latency, course, frame, width, height - 1)
    else:
        upper = (height - 1) * 3 // 5
        rows = _titled(charts.latency, course, frame, width, upper)
        rows += _titled(charts.traffic, course, frame, width, height - 1 - upper)
    return block([*rows, charts.axis_line(course, width)], width, height)


TITLES: dict[charts.Chart, Line] = {
    charts.latency: (Span("latency ", "head"), Span("p99", "p99"), Span(" above ", "head"), Span("p50", "p50")),
    charts.traffic: (Span("requests a second", "head"), Span(", errors below", "head")),
}


def _titled(chart: charts.Chart, course: charts.Course, frame: Frame, width: int, height: int) -> list[Line]:
    title = (Span(" " * plot.GUTTER, "text"), *TITLES[chart])
    return [fill(title, width), *chart(course, frame, width, height - 1)]
