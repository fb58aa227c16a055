"""What changed: a range against its baseline, and the slices that explain the difference."""

from __future__ import annotations

from datetime import datetime
from math import log
from typing import Literal

import duckdb

from opsconsole import wire
from opsconsole.daemon.views.reading import Reading
from opsconsole.durations import rounded
from opsconsole.errors import UsageError
from opsconsole.signals.cells import cells_of
from opsconsole.signals.explain import Explanation, Found, explain, geometric
from opsconsole.store import cube
from opsconsole.store.cube import Range

UNITS: dict[wire.ExplainMetric, Literal["ms", "share", "usd", "per s"]] = {
    "latency": "ms",
    "errors": "share",
    "cost": "usd",
    "traffic": "per s",
}
LEAST_CHANGE: dict[wire.ExplainMetric, float] = {
    "latency": log(1.03),
    "errors": 0.002,
    "cost": log(1.03),
    "traffic": log(1.1),
}
"""What matters: 3 % of duration or money, 0.2 points of failures, 10 % of traffic."""

USUAL_PART = 4
"""Without a range, what came since the newest release of the window is held against what was before it; without a
release, the last quarter of the window against the rest of it."""
LEAST_SIDE = 12
"""A release counts where at least this part of the window lies before it and after it."""
LEAST_BEFORE = 200
"""Requests of a baseline that nobody chose."""
MOST_DRIFTED = 3


def explain_view(reading: Reading) -> wire.ExplainView:
    """Raises UsageError for a metric or a range that is none."""
    asked = reading.asked
    extent = reading.extent(asked.service)
    metric = asked.option("metric", "latency")
    if metric not in wire.EXPLAIN_METRICS:
        raise UsageError(f"there is no metric {metric!r}", f"Choose one of {', '.join(wire.EXPLAIN_METRICS)}.")
    axis, end, is_live = reading.axis([extent])
    after, before, label = ranges(reading, (axis.start, end), extent.first_at)
    explained = explanation(reading.connection, asked.service, metric, before, after)
    drift = reading.drift(asked.service, axis).drift
    length = after[1] - after[0]
    return wire.ExplainView(
        service=asked.service,
        metric=metric,
        unit=UNITS[metric],
        start=after[0],
        stop=after[1],
        baseline_start=before[0],
        baseline_stop=before[1],
        baseline_label=label,
        value=_reported(metric, explained.means[1]),
        baseline_value=_reported(metric, explained.means[0]),
        requests=int(explained.weights[1]),
        baseline_requests=int(explained.weights[0]),
        is_change=explained.is_change,
        slices=tuple(_slice(metric, found) for found in explained.found),
        rest_share=explained.rest_share,
        drifted=tuple(each for each in drift.findings if each.verdict == "drift")[:MOST_DRIFTED],
        markers=reading.first_seen(asked.service, after[0] - length, after[1]),
        looked_at=explained.looked_at,
        **reading.frame(axis, end, is_live=is_live),
    )


def explanation(
    connection: duckdb.DuckDBPyConnection, service: str, metric: wire.ExplainMetric, before: Range, after: Range
) -> Explanation:
    """Which slices of a service explain how a metric differs between two ranges: for a view, and for an alert."""
    columns = cube.cut(connection, service, metric, before, after)
    dimensions = [name for name in wire.EXPLAIN_DIMENSIONS if name in columns]
    seconds = ((before[1] - before[0]).total_seconds(), (after[1] - after[0]).total_seconds())
    cells = cells_of(columns, dimensions, seconds, is_rate=metric != "traffic")
    return explain(cells, least_change=LEAST_CHANGE[metric])


def ranges(reading: Reading, window: Range, first_at: datetime) -> tuple[Range, Range, str]:
    """(the range, its baseline, what the baseline is called). Raises UsageError where one of them is empty."""
    start, stop = reading.moment("start"), reading.moment("stop")
    begin = max(window[0], first_at)
    released = None if start else _release(reading, begin, window[1])
    if start is None:
        start = released.at if released else window[1] - (window[1] - begin) / USUAL_PART
    after = (start, min(stop or window[1], reading.asked.as_of or stop or window[1]))
    if after[1] <= after[0]:
        raise UsageError("the range is empty", "start has to be before stop.")
    given = reading.moment("baseline_start"), reading.moment("baseline_stop")
    if given[0] is not None:
        before = (given[0], given[1] or after[0])
        label = f"{before[0]:%m-%d %H:%M} to {before[1]:%m-%d %H:%M}"
    else:
        since = after[0] - (after[1] - after[0])
        if not reading.asked.option("start"):
            since = min(begin, since)
        before = (_enough(reading, since, after[0], first_at), after[0])
        told = f", before {released.text}" if released else " before"
        label = f"the {rounded(after[0] - before[0])}{told}"
    if before[1] <= before[0]:
        raise UsageError("the baseline is empty", "baseline_start has to be before baseline_stop.")
    return after, before, label


def _release(reading: Reading, begin: datetime, end: datetime) -> wire.Marker | None:
    """The newest release of the window that has some time before and after it."""
    least = (end - begin) / LEAST_SIDE
    markers = reading.first_seen(reading.asked.service, begin + least, end - least)
    return max(markers, key=lambda marker: marker.at, default=None)


def _enough(reading: Reading, since: datetime, until: datetime, first_at: datetime) -> datetime:
    """Since when there are requests enough for a baseline: twice as far back, again and again, while there are few."""
    while since > first_at and cube.count(reading.connection, reading.asked.service, (since, until)) < LEAST_BEFORE:
        since = max(until - 2 * (until - since), first_at)
    return since


def _reported(metric: wire.ExplainMetric, mean: float | None) -> float | None:
    return geometric(mean) if metric == "latency" else mean


def _slice(metric: wire.ExplainMetric, found: Found) -> wire.Slice:
    return wire.Slice(
        where=found.where,
        share=found.share,
        baseline_requests=int(found.requests[0]),
        requests=int(found.requests[1]),
        baseline_traffic_share=found.parts[0],
        traffic_share=found.parts[1],
        baseline_value=_reported(metric, found.means[0]),
        value=_reported(metric, found.means[1]),
        p_value=found.p_value,
    )
