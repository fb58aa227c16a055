"""Cost: where the money goes, over time and by who and what, against the month's budget.

Always true here: tokens without a price are named and counted, and never shown as $0; what is spread over (other) is
said; a share is of the money that is known.
"""

from __future__ import annotations

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import EMPTY, Line, Span, block, ends, fill, fitting, line, line_width, separated, span
from opsconsole.console.listing import Item, Listing
from opsconsole.console.panels import charts
from opsconsole.console.place import Place
from opsconsole.console.widgets import areas, plot, table, timeline
from opsconsole.console.widgets.gauge import gauge
from opsconsole.console.widgets.listed import list_body
from opsconsole.console.widgets.table import Cell, Column
from opsconsole.search import Value

TITLES: dict[str, str] = {
    "model": "model", "version": "version", "user_key": "user", "route": "route", "api_key_id": "API key",
}  # fmt: skip
PANELS: tuple[str, ...] = tuple(TITLES[name] for name in wire.COST_DIMENSIONS)
"""A digit chooses what the money is broken down by."""

NAMELESS = frozenset({"(none)", "(other)"})
GAUGE_CELLS = 30
CHART_ROWS = 8
WIDE_FROM = 36
"""Rows from which the chart is taller."""

SHARE_CELLS = 12


def dimension(place: Place) -> str:
    """What the list is by."""
    return wire.COST_DIMENSIONS[max(0, place.panel - 1) % len(wire.COST_DIMENSIONS)]


def listing(frame: Frame) -> Listing | None:
    """The values of the dimension, dearest first; Enter opens their dearest requests."""
    view = frame.answer(wire.CostView)
    if view is None:
        return None
    name = dimension(frame.state.place)
    slices = _breakdown(view, name).slices

    def make() -> Listing:
        return Listing(f"{TITLES[name]}s", name, tuple(_item(each, name, frame.state.service) for each in slices))

    return frame.listings.of(("cost", name), view, make)


def _breakdown(view: wire.CostView, name: str) -> wire.CostBreakdown:
    return next(each for each in view.breakdowns if each.dimension == name)


def _item(each: wire.CostSlice, name: str, service: str) -> Item:
    values: dict[str, Value] = {
        name: each.value,
        "usd": each.usd,
        "share": each.share,
        "requests": each.requests,
        "errors": each.errors,
        "usd_per_request": each.usd_per_request,
        "unpriced_tokens": each.unpriced_tokens,
    }
    words = f'{name}="{each.value}"' if " " in each.value else f"{name}={each.value}"
    opens = None if each.value in NAMELESS else Place("requests", service, filter=words).choosing(order="dearest")
    return Item(each.value, values, each.unpriced_tokens > 0, opens)


def paint(frame: Frame, width: int, height: int) -> list[Line]:
    view = frame.answer(wire.CostView)
    if view is None:
        return block([EMPTY, line(Span("   waiting for the costs", "dim"))], width, height)
    head = [_head(view, width), _budget(view, frame, width)]
    if view.unpriced_models:
        head.append(_unpriced(view))
    chart_rows = max(CHART_ROWS, (height - len(head)) * 2 // 5) if height >= WIDE_FROM else CHART_ROWS
    chart = _chart(view, frame, width, chart_rows)
    name = dimension(frame.state.place)
    above = [*head, *chart, _tabs(view, name, width)]
    items = frame.shown(listing(frame))
    slices = {each.value: each for each in _breakdown(view, name).slices}
    columns = table.visible(_columns(name), width)
    listed = list_body(
        frame,
        items,
        columns,
        lambda i: _cells(slices[items[i].key], name, frame),
        width,
        max(3, height - len(above)),
        told=_told(view, name),
        nothing=f"no {TITLES[name]} was logged" if not slices else frame.nothing_matches,
    )
    return block([fill(each, width) for each in above] + listed, width, height)


def _columns(name: str) -> tuple[Column, ...]:
    return (
        Column("value", TITLES[name], 18, grow=2),
        Column("usd", "USD", 9, is_right=True),
        Column("share", "share", 6, is_right=True),
        Column("bar", "", SHARE_CELLS),
        Column("per_request", "$/req", 9, is_right=True),
        Column("requests", "requests", 8, is_right=True),
        Column("errors", "errors", 6, is_right=True, from_width=100),
        Column("unpriced", "unpriced", 9, is_right=True),
    )


def _cells(each: wire.CostSlice, name: str, frame: Frame) -> dict[str, Cell]:
    return {
        "value": span(each.value, "dim" if each.value in NAMELESS else "strong"),
        "usd": Span(numbers.money(each.usd), "text"),
        "share": Span(numbers.percent(each.share), "text"),
        "bar": gauge(each.share, SHARE_CELLS, frame.glyphs),
        "per_request": Span(numbers.money(each.usd_per_request), "text"),
        "requests": Span(numbers.count(each.requests), "text"),
        "errors": Span(numbers.count(each.errors), "text" if each.errors else "dim"),
        "unpriced": Span(f"{numbers.count(each.unpriced_tokens)} tok", "warn")
        if each.unpriced_tokens
        else Span("", "dim"),
    }


def _head(view: wire.CostView, width: int) -> Line:
    of = span(view.service, "strong") if view.service else Span("all services", "strong")
    left: Line = (Span(" cost of ", "head"), of)
    facts = (
        _named("run rate", f"{numbers.money(view.spend.usd_per_hour)}/h"),
        _named("window", numbers.money(view.total.usd)),
        _named("today", numbers.money(view.spend.today_usd)),
        _named("$/req", numbers.money(view.total.usd_per_request)),
        _named("known for", f"{numbers.count(view.total.n_known)} of {numbers.count(view.requests)}"),
    )
    shown = fitting(facts, width - line_width(left) - 3)
    return ends(left, (*shown, Span(" ", "text")), width)


def _budget(view: wire.CostView, frame: Frame, width: int) -> Line:
    """The month: the budget as a gauge, when it is used up, spent, and the forecast with its interval."""
    budget = view.budget
    forecast = _named("forecast", _forecast(budget))
    if budget.usd_per_month is None:
        parts = (_named("month to date", numbers.money(budget.spent_usd)), forecast, (Span("no budget is set", "dim"),))
        return (Span(" ", "text"), *separated(parts))
    part = budget.spent_usd / budget.usd_per_month if budget.spent_usd is not None else None
    bar = gauge(part, min(GAUGE_CELLS, max(8, width // 6)), frame.glyphs, mark=budget.month_part)
    used = f" {numbers.percent(part)} of {numbers.money(budget.usd_per_month)}  "
    left: Line = (Span(" ", "text"), *bar, Span(used, "text"))
    told = (_runs_out(budget), forecast, _named("spent", numbers.money(budget.spent_usd)))
    return (*left, *fitting([each for each in told if each], width - line_width(left)))


def _runs_out(budget: wire.Budget) -> Line:
    """When the budget is used up; empty when it lasts the month."""
    at = budget.runs_out_at
    if at is None:
        return ()
    if budget.spent_usd is not None and budget.usd_per_month is not None and budget.spent_usd >= budget.usd_per_month:
        return (Span("✖ used up", "fail"),)
    return (Span(f"▲ used up {at:%m-%d %H:%M}", "warn"),)


def _forecast(budget: wire.Budget) -> str:
    if budget.forecast_usd is None:
        return numbers.MISSING
    if budget.forecast_low_usd is None or budget.forecast_high_usd is None:
        return f"≈ {numbers.money(budget.forecast_usd)}"
    low, high = numbers.money(budget.forecast_low_usd), numbers.money(budget.forecast_high_usd)
    return f"≈ {numbers.money(budget.forecast_usd)} ({low}–{high})"


def _unpriced(view: wire.CostView) -> Line:
    named = ", ".join(f"{model} {numbers.count(tokens)} tok" for model, tokens in view.unpriced_models[:3])
    more = f" and {len(view.unpriced_models) - 3} more" if len(view.unpriced_models) > 3 else ""
    return (Span(" ▲ without a price: ", "warn"), span(named + more, "text"))


def _chart(view: wire.CostView, frame: Frame, width: int, height: int) -> list[Line]:
    """Dollars an hour, stacked by model, over the time axis."""
    if not view.stacks:
        return charts.absent("no request in this window has a known cost", width, 3)
    cells = width - plot.GUTTER
    per_hour = 3600 / view.axis.step_s
    stacks = [
        areas.Stack([None if usd is None else usd * per_hour for usd in each.usd], f"stack{i + 1}", each.label)
        for i, each in enumerate(view.stacks)
    ]
    totals = [sum(each.values[i] or 0.0 for each in stacks) for i in range(view.axis.buckets)]
    top = frame.scales.top(("cost by model", view.service, view.window), totals)
    is_open = view.is_live and charts.elapsed_of_newest(view) < 1
    rows = areas.stacked_plot(
        stacks, cells, height - 2, top, frame.glyphs, timeline.rules_of(view.markers, view.axis, cells),
        has_open_end=is_open,
    )  # fmt: skip
    rows = charts.with_crosshair(rows, view.axis, frame, cells)
    axis = timeline.axis_line(
        view.axis, cells, view.now, crosshair=frame.state.crosshair, is_past=view.as_of is not None
    )
    drawn = plot.with_axis(rows, top, lambda usd: f"${numbers.tick(usd)}/h" if usd else "0")
    return block([_legend(stacks, frame), *drawn, axis], width, height)


def _legend(stacks: list[areas.Stack], frame: Frame) -> Line:
    bucket = charts.bucket_of(frame)
    told: list[Line] = []
    for i, each in enumerate(stacks):
        read = f" {numbers.money(charts.at(each.values, bucket))}/h" if bucket is not None else ""
        told.append(
            (Span(f"{areas.fill_of(i, frame.glyphs)} ", each.ink), span(each.label, "dim"), Span(read, "crosshair"))
        )
    return (Span(" " * plot.GUTTER, "text"), *separated(told, "  "))


def _tabs(view: wire.CostView, name: str, width: int) -> Line:
    spans: list[Span] = [Span("── by ", "faint")]
    for i, each in enumerate(wire.COST_DIMENSIONS):
        is_open = each == name
        spans += [
            Span(f"{i + 1} ", "accent"),
            Span(f"[{TITLES[each]}]" if is_open else TITLES[each], "strong" if is_open else "dim"),
            Span("  ", "text"),
        ]
    n = _breakdown(view, name).n_values
    return ends(tuple(spans), (Span(f" {n:,} {TITLES[name]}{'' if n == 1 else 's'} ", "dim"),), width, "─", "faint")


def _told(view: wire.CostView, name: str) -> list[Line]:
    """What the list leaves out."""
    found = _breakdown(view, name)
    told: list[Line] = []
    if found.n_values > len(found.slices):
        told.append((Span(f"the {len(found.slices)} dearest of {found.n_values:,}", "dim"),))
    if found.exact_from is not None:
        told.append((Span(f"known by the hour: counted from {found.exact_from:%m-%d %H:%M}", "dim"),))
    return told


def _named(name: str, text: str) -> Line:
    return (Span(f"{name} ", "dim"), Span(text, "text"))
