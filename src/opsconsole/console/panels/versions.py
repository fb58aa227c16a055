"""The versions panel: versions side by side, metric by metric, or a row each where there is little room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import EMPTY, Line, Span, block, line, span
from opsconsole.console.listing import Item, Listing, cursor
from opsconsole.console.states import FAULTS, HEALTH, drift_cell
from opsconsole.console.text import fit
from opsconsole.console.widgets import table
from opsconsole.console.widgets.listed import list_body
from opsconsole.console.widgets.table import Cell, Column
from opsconsole.search import Value

UNNAMED = "(none)"

COLUMNS: tuple[Column, ...] = (
    Column("state", "state", 9),
    Column("version", "version", 8, grow=1),
    Column("share", "share", 5, is_right=True),
    Column("n", "n", 5, is_right=True),
    Column("errors", "errors", 6, is_right=True),
    Column("p50", "p50", 5, is_right=True),
    Column("p99", "p99", 5, is_right=True),
    Column("cost", "$/req", 8, is_right=True),
    Column("drift", "drift", 16, grow=2),
)


@dataclass(frozen=True)
class Metric:
    """One row of the comparison."""

    title: str
    text: Callable[[wire.VersionSummary], Cell]


def _interval(summary: wire.VersionSummary) -> str:
    if summary.error_rate is None or summary.error_rate_low is None or summary.error_rate_high is None:
        return numbers.MISSING
    low, high = numbers.percent(summary.error_rate_low), numbers.percent(summary.error_rate_high)
    return f"{numbers.percent(summary.error_rate)} ({low.rstrip('%')}–{high.rstrip('%')})"


def _outcomes(summary: wire.VersionSummary) -> str:
    parts = [f"{numbers.count(summary.errors)} of {numbers.count(summary.requests)}"]
    parts += [f"{numbers.count(n)} {word}" for n, word in _open(summary) if n]
    return ", ".join(parts)


def _open(summary: wire.VersionSummary) -> tuple[tuple[int, str], ...]:
    return ((summary.pending, "pending"), (summary.unknown, "no outcome"))


def _per_second(latency: wire.Latency) -> str:
    return numbers.MISSING if latency.p50 is None else f"{numbers.count(latency.p50.value)}/s"


def _tokens(summary: wire.VersionSummary) -> str:
    tokens = summary.tokens
    return f"{numbers.count(tokens.input)} in {numbers.count(tokens.output)} out"


def _other_tokens(summary: wire.VersionSummary) -> str:
    tokens = summary.tokens
    named = ((tokens.cached, "cached"), (tokens.cache_write, "cache write"), (tokens.reasoning, "reasoning"))
    return ", ".join(f"{numbers.count(n)} {name}" for n, name in named if n is not None) or numbers.MISSING


def _cost(summary: wire.VersionSummary) -> Cell:
    cost = summary.cost
    if cost.usd_per_request is None:
        return Span(numbers.unpriced(cost.unpriced_tokens), "warn") if cost.unpriced_tokens else numbers.MISSING
    return numbers.money(cost.usd_per_request) + ("+" if cost.unpriced_tokens else "")


def _error_classes(summary: wire.VersionSummary) -> str:
    classes = list(summary.error_classes.items())[:2]
    return ", ".join(f"{numbers.count(n)} {name}" for name, n in classes) or numbers.MISSING


METRICS: tuple[Metric, ...] = (
    Metric("state", lambda v: HEALTH[v.state].span),
    Metric("share", lambda v: numbers.share(v.share)),
    Metric("errors", _outcomes),
    Metric("error rate", _interval),
    Metric("p50", lambda v: numbers.bounded(v.latency_ms.p50)),
    Metric("p90", lambda v: numbers.bounded(v.latency_ms.p90)),
    Metric("p99", lambda v: numbers.bounded(v.latency_ms.p99)),
    Metric("n latency", lambda v: numbers.count(v.latency_ms.n)),
    Metric("ttft p50", lambda v: numbers.bounded(v.ttft_ms.p50)),
    Metric("ttft p99", lambda v: numbers.bounded(v.ttft_ms.p99)),
    Metric("tok/s p50", lambda v: _per_second(v.tokens_per_s)),
    Metric("tokens", _tokens),
    Metric("of classes", _other_tokens),
    Metric("$/request", _cost),
    Metric("n cost", lambda v: numbers.count(v.cost.n_known)),
    Metric("drift", lambda v: drift_cell(v.worst_drift, is_long=True)),
    Metric("error kinds", _error_classes),
    Metric("models", lambda v: ", ".join(v.models) or numbers.MISSING),
    Metric("first seen", lambda v: numbers.MISSING if v.first_at is None else numbers.minute(v.first_at)),
    Metric("last seen", lambda v: numbers.MISSING if v.last_at is None else numbers.minute(v.last_at)),
)

LABEL_CELLS = 13
VERSION_CELLS = 24
"""The least that one version takes beside others."""
LEAST_ROWS_SIDE_BY_SIDE = 10
LEAST_ROWS_WITH_FOOT = 4
"""Rows of a table from which one is spared to say how many more there are; the title line says it too."""
LEAST_LIST_ROWS = 8

DIGIT = 5
RANK: dict[str, int] = {"fail": 0, "warn": 1, "unknown": 2, "ok": 2, "quiet": 3}


def summary(frame: Frame) -> Line:
    """Who serves which part."""
    versions = frame.service.versions if frame.service else ()
    shown = ", ".join(f"{each.version or UNNAMED} {numbers.share(each.share)}" for each in versions[:3])
    return (span(shown + (f", {len(versions) - 3} more" if len(versions) > 3 else "")),)


def measured(frame: Frame) -> str:
    return f"n {numbers.count(frame.service.total.requests)}" if frame.service else ""


def listing(frame: Frame) -> Listing | None:
    """The versions, as the panel ranks them."""
    view = frame.service
    if view is None:
        return None
    make = lambda: Listing("versions", "version", tuple(map(item, ranked(view.versions))))  # noqa: E731
    return frame.listings.of(("service", "versions"), view, make)


def item(summary: wire.VersionSummary) -> Item:
    values: dict[str, Value] = {
        "version": summary.version,
        "state": summary.state,
        "share": summary.share,
        "requests": summary.requests,
        "errors": summary.errors,
        "error_rate": summary.error_rate,
        "p50_ms": numbers.value(summary.latency_ms.p50),
        "p99_ms": numbers.value(summary.latency_ms.p99),
        "usd_per_request": summary.cost.usd_per_request,
        "reasons": "; ".join(summary.reasons),
    }
    return Item(summary.version, values, summary.state in FAULTS)


def ranked(versions: tuple[wire.VersionSummary, ...]) -> tuple[wire.VersionSummary, ...]:
    """The largest, then those with a fault, then the others: who is hurt never hides behind who is large."""
    return (*versions[:1], *sorted(versions[1:], key=lambda each: RANK[each.state]))


def body(frame: Frame, width: int, height: int) -> list[Line]:
    """Side by side where there are rows for the metrics, else a row a version; alone and too many: both, in turn."""
    versions = ranked(frame.service.versions) if frame.service else ()
    if frame.state.panel == DIGIT and len(versions) > _fitting(width):
        return _alone(frame, versions, width, height)
    if height >= LEAST_ROWS_SIDE_BY_SIDE:
        return block(_side_by_side(versions, width), width, height)
    columns = table.visible(COLUMNS, width)
    rows = [table.row(columns, cells(each), width) for each in versions]
    if len(rows) > height - 1 >= LEAST_ROWS_WITH_FOOT:
        hidden = len(rows) - height + 2
        rows = [*rows[: height - 2], line(Span(f"   … {hidden} more: {DIGIT} shows all", "dim"))]
    return block([table.header(columns, width), *rows], width, height)


def _alone(frame: Frame, all_versions: tuple[wire.VersionSummary, ...], width: int, height: int) -> list[Line]:
    """A list with a cursor; where there is room, the version under it side by side with the largest."""
    columns = table.visible(COLUMNS, width)
    items = frame.shown(listing(frame))
    by_name = {each.version: each for each in all_versions}
    largest, second = all_versions[0], all_versions[min(1, len(all_versions) - 1)]
    chosen = by_name[items[cursor(items, frame.state.place.cursor)].key] if items else second
    compared = [EMPTY, *_side_by_side((largest, chosen if chosen is not largest else second), width)]
    if height - len(compared) < LEAST_LIST_ROWS:
        compared = []
    room = height - len(compared)
    listed = list_body(
        frame, items, columns, lambda i: cells(by_name[items[i].key]), width, room, nothing=frame.nothing_matches
    )
    return block([*listed, *compared], width, height)


def _fitting(width: int) -> int:
    """How many versions stand beside each other."""
    return max(1, (width - LABEL_CELLS) // VERSION_CELLS)


def _side_by_side(versions: tuple[wire.VersionSummary, ...], width: int) -> list[Line]:
    shown = versions[: _fitting(width)]
    if not shown:
        return [line(Span("   no requests in this window", "dim"))]
    cells = min(40, (width - LABEL_CELLS) // len(shown))
    heads = [Span(fit(each.version or UNNAMED, cells), "strong") for each in shown]
    rows: list[Line] = [(Span(" " * LABEL_CELLS, "text"), *heads)]
    for metric in METRICS:
        row = [Span(fit(f" {metric.title}", LABEL_CELLS), "head")]
        for each in shown:
            row.extend(_exactly(metric.text(each), cells))
        rows.append(tuple(row))
    if len(shown) < len(versions):
        rows.append(line(Span(f" … {len(versions) - len(shown)} more: {DIGIT} shows all", "dim")))
    return rows


def _exactly(cell: Cell, cells: int) -> Line:
    spans: Line = (span(cell),) if isinstance(cell, str) else (cell,) if isinstance(cell, Span) else cell
    return (*block([spans], cells - 1, 1)[0], Span(" ", "text"))


def cells(summary: wire.VersionSummary) -> dict[str, Cell]:
    """The cells of COLUMNS."""
    return {
        "state": HEALTH[summary.state].span,
        "version": span(summary.version or UNNAMED, "strong"),
        "share": numbers.share(summary.share),
        "n": numbers.count(summary.requests),
        "errors": numbers.percent(summary.error_rate),
        "p50": numbers.duration(numbers.value(summary.latency_ms.p50)),
        "p99": numbers.duration(numbers.value(summary.latency_ms.p99)),
        "cost": _short_cost(summary),
        "drift": drift_cell(summary.worst_drift, is_long=True),
    }


def _short_cost(summary: wire.VersionSummary) -> Cell:
    if summary.cost.usd_per_request is None and summary.cost.unpriced_tokens:
        return Span("unpriced", "warn")
    return _cost(summary)
