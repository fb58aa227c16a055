"""What changed? The slices of the traffic that explain why a range differs from what was before it.

Always true here: the shares of the slices and of everything else add up to the whole difference; a difference that
chance gives as well says so before anything else; Enter leads to the requests of the slice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from opsconsole import search, wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.glyphs import GlyphSet
from opsconsole.console.lines import EMPTY, Line, Span, block, ends, fill, separated, span, wrapped
from opsconsole.console.listing import Item, Listing, cursor
from opsconsole.console.palette import Ink
from opsconsole.console.panels.versions import UNNAMED
from opsconsole.console.place import Place
from opsconsole.console.states import drift_cell
from opsconsole.console.widgets import table
from opsconsole.console.widgets.listed import list_body
from opsconsole.console.widgets.table import Cell, Column
from opsconsole.search import Value

METRIC_WORDS: dict[wire.ExplainMetric, str] = {
    "latency": "typical latency",
    "errors": "error rate",
    "cost": "cost of a request",
    "traffic": "requests a second",
}
"""Latency is the geometric mean: one slow request does not move it."""

LEAST_ROWS_WITH_WORDS = 11
"""Rows of the slices from which the one under the cursor is told in words."""

RANGE_OPTIONS = ("start", "stop", "baseline_start", "baseline_stop")

COLUMNS: tuple[Column, ...] = (
    Column("share", "share", 6, is_right=True),
    Column("bar", "of the change", 13, grow=1),
    Column("slice", "slice", 22, grow=3),
    Column("before", "before", 7, is_right=True),
    Column("now", "now", 7, is_right=True),
    Column("traffic_before", "traffic", 7, is_right=True),
    Column("traffic", "→ now", 5, is_right=True),
    Column("n", "n", 5, is_right=True, from_width=100),
    Column("baseline_n", "n before", 8, is_right=True, from_width=100),
    Column("p", "p", 6, is_right=True, from_width=90),
)


def asks(place: Place) -> dict[str, str]:
    """The metric, and the range where one was chosen."""
    return {name: value for name in ("metric", *RANGE_OPTIONS) if (value := place.choice(name))}


def range_of(frame: Frame) -> dict[str, str]:
    """The range that the crosshair stands for, as options of the question: the breach under it, else its bucket.

    Empty without a crosshair: the daemon then takes the end of the window.
    """
    at, view = frame.state.crosshair, frame.view
    if at is None or view is None:
        return {}
    breaches: Sequence[wire.Breach] = view.breaches if isinstance(view, wire.ServiceView) else ()
    for breach in breaches:
        if breach.start <= at < breach.stop:
            return {"start": breach.start.isoformat(), "stop": breach.stop.isoformat()}
    stop = min(at + timedelta(seconds=view.axis.step_s), view.end)
    return {"start": at.isoformat(), "stop": stop.isoformat()} if stop > at else {}


def listing(frame: Frame) -> Listing | None:
    """The slices, that which explains most first."""
    view = frame.answer(wire.ExplainView)
    if view is None:
        return None
    return frame.listings.of(
        ("explain",), view, lambda: Listing("slices", "slice", tuple(_item(view, each) for each in view.slices))
    )


def _item(view: wire.ExplainView, each: wire.Slice) -> Item:
    values: dict[str, Value] = {
        "slice": slice_words(each),
        **dict(each.where),
        "share": each.share,
        "before": each.baseline_value,
        "now": each.value,
        "requests": each.requests,
        "baseline_requests": each.baseline_requests,
        "traffic_share": each.traffic_share,
        "baseline_traffic_share": each.baseline_traffic_share,
        "p_value": each.p_value,
    }
    return Item(slice_filter(each), values, opens=Place("requests", view.service, filter=slice_filter(each)))


def slice_words(each: wire.Slice) -> str:
    """``version v42 · route /v1/chat``."""
    return " · ".join(f"{_dimension(name)} {value or UNNAMED}" for name, value in each.where)


def _dimension(name: str) -> str:
    return {"user_key": "user", "error_type": "error"}.get(name, name)


_STATUS = re.compile(r"HTTP (\d+)")


def slice_filter(each: wire.Slice) -> str:
    """The words that leave the requests of the slice."""
    return " ".join(_filter_word(name, value) for name, value in each.where)


def _filter_word(name: str, value: str) -> str:
    """A failure without a kind is told by its status; no failure by what statuses it has not."""
    if name == "error_type":
        status = _STATUS.fullmatch(value)
        if status is not None:
            return f"status={status[1]} error_type="
        if not value:
            return "!status>=400"
    return search.word(name, value)


def paint(frame: Frame, width: int, height: int) -> list[Line]:
    view = frame.answer(wire.ExplainView)
    if view is None:
        waiting = (Span("   weighing what changed in ", "dim"), span(frame.state.service))
        return block([EMPTY, waiting], width, height)
    head = _head(view, width)
    below = [*_markers(view, width), *_drifted(view, width)]
    below = below[: max(0, height - len(head) - 6)]
    slices = _slices(view, frame, width, height - len(head) - len(below))
    return block([*head, *slices, *below], width, height)


def _head(view: wire.ExplainView, width: int) -> list[Line]:
    """What changed and by how much, in words; the two ranges; the metrics that one can choose."""
    metrics: list[Span] = [Span("m ", "accent")]
    for metric in wire.EXPLAIN_METRICS:
        is_open = metric == view.metric
        metrics += [Span(f"[{metric}]" if is_open else f" {metric} ", "strong" if is_open else "dim")]
    title = (Span(" ", "text"), Span("what changed in ", "dim"), span(view.service, "strong"))
    ranges = (
        Span("   ", "text"),
        Span(_between(view, view.start, view.stop), "text"),
        Span(f" (n {numbers.count(view.requests)}) against ", "dim"),
        Span(_between(view, view.baseline_start, view.baseline_stop), "text"),
        Span(f" (n {numbers.count(view.baseline_requests)})", "dim"),
        span(f" UTC, {view.baseline_label}", "dim"),
    )
    return [
        ends(title, (*metrics, Span(" ", "text")), width),
        fill((Span(" ", "text"), *_headline(view)), width),
        fill(ranges, width),
        fill(EMPTY, width),
    ]


def _headline(view: wire.ExplainView) -> Line:
    """``▲ typical latency 1.18s → 2.11s, +79%``."""
    name = METRIC_WORDS[view.metric]
    if view.value is None or view.baseline_value is None:
        missing = "in the range" if view.value is None else "before it"
        return (Span("? ", "unknown"), Span(f"{name}: not logged {missing}", "text"))
    values = f"{written(view.baseline_value, view.unit)} → {written(view.value, view.unit)}"
    by = difference(view.baseline_value, view.value, view.unit)
    if not view.is_change:
        return (
            Span("✔ ", "ok"),
            Span(f"{name} did not change beyond chance: ", "strong"),
            Span(f"{values}, {by}", "text"),
        )
    ink: Ink = "notice" if view.metric == "traffic" else "worse" if view.value > view.baseline_value else "better"
    sign = "▲ " if view.value > view.baseline_value else "▼ "
    return (Span(sign, ink), Span(f"{name} {values}", "strong"), Span(f", {by}", ink))


def _between(view: wire.ExplainView, start: datetime, stop: datetime) -> str:
    """``12:49–13:04``; with the date where it is not that of the window's end."""
    date = "" if start.date() == view.end.date() else f"{start:%m-%d} "
    return f"{date}{start:%H:%M}–{'' if start.date() == stop.date() else f'{stop:%m-%d} '}{stop:%H:%M}"


def written(value: float | None, unit: str) -> str:
    """A value in its unit."""
    return {"ms": numbers.duration, "share": numbers.percent, "usd": numbers.money, "per s": numbers.rate}[unit](value)


def difference(before: float, now: float, unit: str) -> str:
    """By how much: in percent, and for a share in points."""
    if unit == "share":
        return f"{(now - before) * 100:+.2f} points"
    if not before:
        return "from nothing"
    percent = (now / before - 1) * 100
    return f"{percent:+.1f}%" if abs(percent) < 9.95 else f"{percent:+.0f}%"


def _slices(view: wire.ExplainView, frame: Frame, width: int, height: int) -> list[Line]:
    """The ranked table and what is left over: together the whole."""
    if not view.slices:
        nothing = "no slice stands out" if view.is_change else "nothing to explain"
        return block([(Span(f"   {nothing}", "dim"),)], width, 2)
    columns = table.visible(COLUMNS, width)
    bar_cells = table.widths(columns, width)[1]
    items = frame.shown(listing(frame))
    by_key = {slice_filter(each): each for each in view.slices}
    largest = max(abs(each.share) for each in view.slices)
    longest = max(largest, abs(view.rest_share), 1e-9)

    def cells(i: int) -> dict[str, Cell]:
        each = by_key[items[i].key]
        return {
            **_share_cells(each.share, longest, bar_cells, frame.glyphs, view),
            "slice": span(slice_words(each), "strong"),
            "before": Span(written(each.baseline_value, view.unit), "dim"),
            "now": Span(written(each.value, view.unit), "text"),
            "traffic_before": Span(numbers.share(each.baseline_traffic_share), "dim"),
            "traffic": Span(numbers.share(each.traffic_share), "text"),
            "n": Span(numbers.count(each.requests), "dim"),
            "baseline_n": Span(numbers.count(each.baseline_requests), "dim"),
            "p": Span(_p(each.p_value), "dim"),
        }

    little = "" if view.is_change else ": where the whole did not change, they mean little"
    weighed: list[Line] = [(Span(f"{view.looked_at:,} slices weighed{little}", "dim"),)] if view.looked_at else []
    told = _told(by_key[items[cursor(items, frame.state.place.cursor)].key], view, width) if items else []
    told = told if height >= LEAST_ROWS_WITH_WORDS else []
    body = list_body(
        frame, items, columns, cells, width, height - 2 - len(told), told=weighed, nothing=frame.nothing_matches
    )
    rest: dict[str, Cell] = {column.id: "" for column in columns}
    rest |= _share_cells(view.rest_share, longest, bar_cells, frame.glyphs, view)
    rest["slice"] = Span("everything else", "dim")
    last = len(body) - (1 if weighed else 0)
    rows = [*body[:last], table.row(columns, rest, width), *body[last:]]
    return [*rows, *told, fill(EMPTY, width)]


def _told(each: wire.Slice, view: wire.ExplainView, width: int) -> list[Line]:
    """The slice under the cursor in words: its name may be longer than its column."""
    parts = [
        f"{slice_words(each)}: {each.share * 100:.0f}% of the change",
        f"{written(each.baseline_value, view.unit)} → {written(each.value, view.unit)}",
        f"traffic {numbers.share(each.baseline_traffic_share)} → {numbers.share(each.traffic_share)}",
        f"n {numbers.count(each.requests)} against {numbers.count(each.baseline_requests)}",
        f"p {_p(each.p_value)}",
    ]
    rows = wrapped(" · ".join(parts), width - 6)[:3]
    return [fill(EMPTY, width), *(fill((Span("   ", "text"), *row), width) for row in rows)]


def _share_cells(share: float, longest: float, cells: int, glyphs: GlyphSet, view: wire.ExplainView) -> dict[str, Cell]:
    """The share and its bar; one that works against the whole is dotted."""
    size = round(abs(share) / longest * cells)
    mark, ink = (glyphs.bars[-1], "first") if share >= 0 else ("╌", "dim")
    return {
        "share": Span(f"{share * 100:.0f}%", "strong" if view.is_change else "dim"),
        "bar": Span(mark * size, ink if view.is_change else "dim"),
    }


def _p(value: float | None) -> str:
    if value is None:
        return numbers.MISSING
    return f"{value:.3f}" if value >= 0.001 else "<.001"


def _markers(view: wire.ExplainView, width: int) -> list[Line]:
    """Releases within the range or just before it."""
    rows: list[Line] = []
    for marker in view.markers:
        before_s = (view.start - marker.at) / timedelta(seconds=1)
        when = (
            f"{numbers.age(before_s)} before the range" if before_s > 0 else f"{numbers.age(-before_s)} into the range"
        )
        told = (Span("   ▼ ", "marker"), Span(f"{marker.at:%m-%d %H:%M} ", "dim"), span(marker.text))
        rows.append(fill((*told, Span(f", {when}", "dim")), width))
    return [_rule("releases and events", width), *rows] if rows else []


def _drifted(view: wire.ExplainView, width: int) -> list[Line]:
    """Inputs that are not what they were."""
    rows = [
        fill(
            (
                Span("   ", "text"),
                *separated(
                    (
                        drift_cell(each, is_long=True),
                        span(f"on {each.version}" if each.version else ""),
                        span(", ".join(each.reasons), "dim"),
                        Span(f"n {numbers.count(each.n)}", "dim"),
                    )
                ),
            ),
            width,
        )
        for each in view.drifted
    ]
    return [_rule("inputs that drifted", width), *rows] if rows else []


def _rule(title: str, width: int) -> Line:
    return ends((Span("── ", "faint"), Span(f"{title} ", "head")), (Span("──", "faint"),), width, "─", "faint")
