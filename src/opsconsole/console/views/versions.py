"""Versions compared: the baseline against a candidate, metric by metric, with intervals; and every version to choose.

Always true here: a verdict is a sign and a word, with the interval that it rests on; "better" and "worse" are only said
where the whole interval is on one side.
"""

from __future__ import annotations

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import EMPTY, Line, Span, block, ends, fill, line, separated, span
from opsconsole.console.listing import Item, Listing
from opsconsole.console.panels import charts, versions
from opsconsole.console.place import Place
from opsconsole.console.states import BETTER
from opsconsole.console.text import fit
from opsconsole.console.widgets import plot, table, timeline
from opsconsole.console.widgets.listed import list_body
from opsconsole.console.widgets.table import Cell, Column

COLUMNS: tuple[Column, ...] = (
    Column("verdict", "", 12),
    Column("metric", "metric", 15),
    Column("baseline", "baseline", 8, is_right=True),
    Column("baseline_interval", "95 %", 15, from_width=120),
    Column("candidate", "candidate", 9, is_right=True),
    Column("candidate_interval", "95 %", 15, from_width=120),
    Column("change", "change", 8, is_right=True),
    Column("interval", "95 % interval", 17, grow=1),
    Column("n", "n", 5, is_right=True, from_width=100),
)

LEAST_CHART, LEAST_CHARTS = 7, 14
"""Rows below the lists from which p99 of both versions is drawn, and p50 as well."""
MOST_LISTED = 8


def asks(place: Place) -> dict[str, str]:
    """The two versions, where they were chosen."""
    return {name: place.choice(name) for name in ("baseline", "candidate") if place.choice(name)}


def with_baseline(place: Place, version: str) -> Place:
    """The place with this version as the baseline; if it was the candidate, they change sides."""
    swapped = {"candidate": place.choice("baseline")} if place.choice("candidate") == version else {}
    return place.choosing(baseline=version, **swapped)


def with_candidate(place: Place, version: str) -> Place:
    """The place with this version as the candidate; if it was the baseline, they change sides."""
    swapped = {"baseline": place.choice("candidate")} if place.choice("baseline") == version else {}
    return place.choosing(candidate=version, **swapped)


def listing(frame: Frame) -> Listing | None:
    """The versions; Enter makes the one under the cursor the candidate."""
    view = frame.answer(wire.VersionsView)
    if view is None:
        return None
    place = frame.state.place
    known = place.choosing(baseline=view.baseline, candidate=view.candidate)

    def make() -> Listing:
        return Listing("versions", "version", tuple(_item(each, known) for each in versions.ranked(view.versions)))

    return frame.listings.of(("versions", place.choice("baseline"), place.choice("candidate")), view, make)


def _item(summary: wire.VersionSummary, place: Place) -> Item:
    plain = versions.item(summary)
    opens = with_candidate(place, summary.version).changed(cursor=summary.version)
    return Item(plain.key, plain.values, plain.is_fault, opens if summary.version else None)


def paint(frame: Frame, width: int, height: int) -> list[Line]:
    view = frame.answer(wire.VersionsView)
    if view is None:
        return block([EMPTY, (Span("   waiting for ", "dim"), span(frame.state.service))], width, height)
    items = frame.shown(listing(frame))
    by_name = {each.version: each for each in view.versions}
    columns = table.visible(versions.COLUMNS, width)

    def cells(i: int) -> dict[str, Cell]:
        return versions.cells(by_name[items[i].key])

    compared = _compared(view, width)
    room = min(max(len(items), 1), MOST_LISTED) + 1 + (len(items) > MOST_LISTED)
    listed = list_body(
        frame,
        items,
        columns,
        cells,
        width,
        max(3, min(room, height - len(compared) - 1)),
        nothing=frame.nothing_matches,
    )
    listed = block(listed, width, len(listed))
    rows = [_head(view, frame, width), *listed, *compared]
    spare = height - len(rows)
    if spare >= LEAST_CHART and view.comparisons:
        rows += _charts(view, frame, width, spare)
    return block(rows, width, height)


def _head(view: wire.VersionsView, frame: Frame, width: int) -> Line:
    left = (Span(" versions of ", "head"), span(view.service, "strong"))
    told = f"{frame.key('enter')} candidate · {frame.key('baseline')} baseline "
    return ends(left, (Span(told, "dim"),) if len(view.versions) > 2 else (), width)


def _compared(view: wire.VersionsView, width: int) -> list[Line]:
    if not view.comparisons:
        told = "no requests in this window" if not view.versions else "one version only: nothing to compare it with"
        return [EMPTY, line(Span(f"   {told}", "dim"))]
    n = {each.version: each.requests for each in view.versions}
    left = (
        Span("── ", "faint"),
        span(view.candidate or versions.UNNAMED, "strong"),
        Span(" against ", "dim"),
        span(view.baseline or versions.UNNAMED, "strong"),
        Span(" ", "text"),
    )
    counted = f" n {numbers.count(n[view.candidate])} against {numbers.count(n[view.baseline])} "
    columns = table.visible(COLUMNS, width)
    rows = [table.row(columns, comparison_cells(each), width) for each in view.comparisons]
    return [ends(left, (Span(counted, "dim"),), width, "─", "faint"), table.header(columns, width), *rows]


def comparison_cells(each: wire.Comparison) -> dict[str, Cell]:
    """The cells of COLUMNS."""
    sign = BETTER[each.verdict]
    return {
        "verdict": sign.span,
        "metric": Span(each.metric, "text"),
        "baseline": Span(written(each.baseline.value, each.unit), "text"),
        "baseline_interval": Span(_between(each.baseline.low, each.baseline.high, each.unit), "dim"),
        "candidate": Span(written(each.candidate.value, each.unit), "strong"),
        "candidate_interval": Span(_between(each.candidate.low, each.candidate.high, each.unit), "dim"),
        "change": Span(changed(each.change, each.unit), sign.ink),
        "interval": Span(_range(each), "dim"),
        "n": Span(numbers.count(min(each.baseline.n, each.candidate.n)), "dim"),
    }


def written(value: float | None, unit: str) -> str:
    """A value in its unit."""
    if unit == "ms":
        return numbers.duration(value)
    if unit == "share":
        return numbers.percent(value)
    return numbers.money(value) if unit == "usd" else numbers.count(value)


def changed(change: float | None, unit: str) -> str:
    """``+12%``, ``-3.1pt``: with its sign; shares differ in points."""
    if change is None:
        return numbers.MISSING
    if unit == "share":
        return f"{change * 100:+.2f}pt"
    return f"{change:+.0%}" if abs(change) >= 0.0995 else f"{change:+.1%}"


def _range(each: wire.Comparison) -> str:
    if each.change_low is None or each.change_high is None:
        return numbers.MISSING
    return f"{changed(each.change_low, each.unit)} to {changed(each.change_high, each.unit)}"


def _between(low: float | None, high: float | None, unit: str) -> str:
    return numbers.MISSING if low is None or high is None else f"{written(low, unit)}–{written(high, unit)}"


def _charts(view: wire.VersionsView, frame: Frame, width: int, height: int) -> list[Line]:
    """p99 and p50 of both over one axis."""
    cells = width - plot.GUTTER
    rules = timeline.rules_of(view.markers, view.axis, cells)
    above = [timeline.marker_line(view.markers, view.axis, cells)] if view.markers else []
    room = height - len(above) - 2
    upper = room * 3 // 5 if height >= LEAST_CHARTS else room
    rows: list[Line] = [EMPTY, *above]
    for name, whole, dotted, here in (
        ("p99", view.baseline_lines.p99_ms, view.candidate_lines.p99_ms, upper),
        ("p50", view.baseline_lines.p50_ms, view.candidate_lines.p50_ms, room - upper),
    ):
        if here < 2:
            continue
        top = frame.scales.top((f"versions {name}", view.service, view.window), (*whole, *dotted))
        series = (
            plot.Series(whole, "first", "*"),
            plot.Series(dotted, "second", "+", is_dotted=not frame.glyphs.is_ascii),
        )
        drawn = plot.lines_plot(series, cells, here - 1, top, frame.glyphs, rules)
        drawn = charts.with_crosshair(drawn, view.axis, frame, cells)
        rows += [_legend(name, view, frame), *plot.with_axis(drawn, top, numbers.tick_duration)]
    axis = timeline.axis_line(
        view.axis, cells, view.now, crosshair=frame.state.crosshair, is_past=view.as_of is not None
    )
    return block([*rows, fill(axis, width)], width, height)


def _legend(name: str, view: wire.VersionsView, frame: Frame) -> Line:
    looks = charts.LEGENDS[frame.glyphs.name]
    bucket = charts.bucket_of(frame)
    told: list[Line] = []
    for look, ink, version, lines in (
        (looks[0], "first", view.baseline, view.baseline_lines),
        (looks[1], "second", view.candidate, view.candidate_lines),
    ):
        values = lines.p99_ms if name == "p99" else lines.p50_ms
        read = f" {numbers.duration(charts.at(values, bucket))}" if bucket is not None else ""
        told.append((Span(f"{look} ", ink), span(version or versions.UNNAMED, ink), Span(read, "crosshair")))
    return (Span(fit("", plot.GUTTER) + f"{name}  ", "head"), *separated(told))
