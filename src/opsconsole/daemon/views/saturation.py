"""Saturation: concurrency, waiting, throttling, and latency as load grows."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsconsole import bins, wire
from opsconsole.daemon.measure import Measured
from opsconsole.daemon.views.reading import Reading
from opsconsole.signals.quantiles import quantile, quantile_interval
from opsconsole.store import pressure, schema
from opsconsole.store.queries import Columns, TimeAxis

THROTTLED = re.compile(r"429|529|rate.?limit|throttl|quota|too many|overload|capacity", re.IGNORECASE)
TIMED_OUT = re.compile(r"408|504|time.?d?.?out|deadline", re.IGNORECASE)
MOST_BANDS = 16
FIFTHS = 5
LEAST_BUCKETS = 10
"""Buckets with latency from which a knee can be looked for."""

Counts = NDArray[np.float64]


def saturation_view(reading: Reading) -> wire.SaturationView:
    name = reading.asked.service
    axis, end, is_live = reading.axis([reading.extent(name)])
    histograms = reading.questions.histograms(axis, name, up_to="queue_ms")
    measured = Measured(axis, reading.questions.traffic(axis, name), histograms)
    ids = measured.deployments
    load = pressure.load(reading.connection, axis, name)
    seconds = _seconds(axis, end)
    by_class = pressure.failures(reading.connection, axis, name)
    latencies = _of(histograms, "latency_ms")
    edges, heat = _heat(latencies, axis.buckets)
    knee, knee_per_s = _knee(latencies, load["requests"] / seconds, axis.buckets)
    queue_p50, queue_p99 = (measured.quantile_line(ids, "queue_ms", q) for q in (0.5, 0.99))
    return wire.SaturationView(
        service=name,
        requests_per_s=_given(load["requests"] / seconds, load["requests"] >= 0),
        concurrency=_concurrency(latencies, seconds, axis.buckets),
        queue_p50_ms=queue_p50,
        queue_p99_ms=queue_p99,
        throttled=_matching(by_class, THROTTLED, axis.buckets),
        timeouts=_matching(by_class, TIMED_OUT, axis.buckets),
        tokens_per_s=_given(load["tokens"] / seconds, load["with_tokens"] > 0),
        cache_hit_rate=_given(load["cache_hits"] / np.maximum(load["cache_known"], 1), load["cache_known"] > 0),
        heat_edges_ms=edges,
        heat=heat,
        pending=int(load["pending"].sum()),
        knee=knee,
        knee_per_s=knee_per_s,
        not_logged=tuple(
            what
            for what, is_logged in (
                ("latency_ms", len(latencies[0]) > 0),
                ("queue_ms", any(each is not None for each in queue_p50)),
                ("tokens", bool(load["with_tokens"].sum())),
                ("cache_hit", bool(load["cache_known"].sum())),
            )
            if not is_logged
        ),
        markers=reading.first_seen(name, axis.start, axis.end),
        **reading.frame(axis, end, is_live=is_live),
    )


def _seconds(axis: TimeAxis, end: Any) -> Counts:
    """Length of each bucket; of the newest, what has passed of it."""
    seconds = np.full(axis.buckets, float(axis.step_s))
    elapsed = (end - axis.start).total_seconds() - (axis.buckets - 1) * axis.step_s
    seconds[-1] = min(max(elapsed, 1.0), axis.step_s)
    return seconds


def _of(histograms: Columns, metric: str) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """(slots, codes, counts) of one metric, numbers only."""
    chosen = (histograms["metric"] == schema.METRICS[metric]) & (histograms["code"] != bins.NOT_A_NUMBER)
    return histograms["slot"][chosen].astype(np.int64), histograms["code"][chosen], histograms["n"][chosen]


def _concurrency(
    latencies: tuple[NDArray[Any], NDArray[Any], NDArray[Any]], seconds: Counts, buckets: int
) -> tuple[float | None, ...]:
    """Little's law (1961), L = λ·W: seconds of latency that fell into a bucket, over its seconds; a bin's middle stands
    for its values."""
    slots, codes, n = latencies
    distinct, places = np.unique(codes, return_inverse=True)
    middles = np.array([bins.middle(int(code), bins.LATENCY_SCHEMA) for code in distinct])
    busy_s = np.bincount(slots, middles[places] * n / 1000 if len(distinct) else None, buckets)
    return _given(busy_s / seconds, np.bincount(slots, n, buckets) > 0)


def _heat(
    latencies: tuple[NDArray[Any], NDArray[Any], NDArray[Any]], buckets: int
) -> tuple[tuple[float, ...], tuple[tuple[int, ...], ...]]:
    """(edges in ms, requests by band and bucket, lowest band first): bands of equal width on a logarithmic scale."""
    slots, codes, n = latencies
    if not len(codes):
        return (), ()
    numbers = np.maximum(codes.astype(np.int64), bins.BIAS + bins.MIN_EXPONENT * (1 << bins.LATENCY_SCHEMA))
    first, last = int(numbers.min()), int(numbers.max())
    width = max(1, -(-(last - first + 1) // MOST_BANDS))
    bands = (last - first) // width + 1
    table = np.bincount((numbers - first) // width * buckets + slots, n, bands * buckets).reshape(bands, buckets)
    edges = [bins.bounds(first + i * width, bins.LATENCY_SCHEMA)[0] for i in range(bands + 1)]
    return tuple(edges), tuple(tuple(int(cell) for cell in row) for row in table)


def _knee(
    latencies: tuple[NDArray[Any], NDArray[Any], NDArray[Any]], per_s: Counts, buckets: int
) -> tuple[tuple[wire.Measure, ...], tuple[float, ...]]:
    """p99 in each fifth of the buckets, from the idlest to the busiest."""
    slots, codes, n = latencies
    present = np.flatnonzero(np.bincount(slots, n, buckets))
    if len(present) < LEAST_BUCKETS:
        return (), ()
    ordered = present[np.argsort(per_s[present], kind="stable")]
    measures, loads = [], []
    for fifth in np.array_split(ordered, FIFTHS):
        chosen = np.isin(slots, fifth)
        found = quantile(codes[chosen], n[chosen], 0.99, bins.LATENCY_SCHEMA)
        bounds = quantile_interval(codes[chosen], n[chosen], 0.99, bins.LATENCY_SCHEMA)
        if found is not None and bounds is not None:
            measures.append(wire.Measure(value=found.value, low=bounds[0], high=bounds[1], n=found.n))
            loads.append(float(per_s[fifth].mean()))
    return tuple(measures), tuple(loads)


def _matching(by_class: list[tuple[int, str, int]], pattern: re.Pattern[str], buckets: int) -> tuple[int, ...]:
    counts = [0] * buckets
    for slot, name, n in by_class:
        if pattern.search(name) and 0 <= slot < buckets:
            counts[slot] += n
    return tuple(counts)


def _given(values: Counts, is_known: NDArray[np.bool_]) -> tuple[float | None, ...]:
    return tuple(float(value) if known else None for value, known in zip(values, is_known, strict=True))
