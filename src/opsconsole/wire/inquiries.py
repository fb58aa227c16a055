"""The views that answer one question about a service: which version, which requests, what drifted, what it costs, how
full it is, what happened, and what changed.

Always true here: every view says its window, its clock and its n; a list that was cut says how many there are.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from opsconsole.wire.base import (
    Cost,
    Drift,
    DriftFinding,
    HealthWord,
    Lines,
    Marker,
    Spend,
    Struct,
    VersionSummary,
    View,
)

# Versions ---------------------------------------------------------------------------------------------------------

Better = Literal["better", "worse", "same", "unsure", "not logged"]
"""``same``: the interval of the difference lies within what matters; ``unsure``: it holds both."""


class Measure(Struct, frozen=True, kw_only=True):
    """One side of a comparison: a value with its 95 % interval and the values behind it."""

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0


class Comparison(Struct, frozen=True, kw_only=True):
    """One metric of the candidate against the baseline."""

    metric: str
    """``error rate``, ``latency p99``, ``USD a request`` …"""
    unit: Literal["ms", "share", "usd", "tokens", "per s"]
    baseline: Measure
    candidate: Measure
    change: float | None = None
    """Candidate over baseline, less one; for a share the difference in points."""
    change_low: float | None = None
    change_high: float | None = None
    verdict: Better = "unsure"
    is_lower_better: bool = True


class VersionsView(View, frozen=True, kw_only=True):
    """Every version of a service, and two of them metric by metric."""

    service: str
    versions: tuple[VersionSummary, ...]
    """Largest share first."""
    baseline: str = ""
    candidate: str = ""
    """Asked for, or the largest and the newest; equal when there is only one."""
    comparisons: tuple[Comparison, ...] = ()
    baseline_lines: Lines = Lines()
    candidate_lines: Lines = Lines()
    markers: tuple[Marker, ...] = ()


# Requests ---------------------------------------------------------------------------------------------------------

RequestOrder = Literal["newest", "slowest", "dearest", "failing"]
REQUEST_ORDERS: tuple[RequestOrder, ...] = ("newest", "slowest", "dearest", "failing")
MOST_REQUESTS = 10_000
"""Rows of one answer at the most."""


class RequestRow(Struct, frozen=True, kw_only=True):
    """One request: the canonical columns; ``None`` where the log did not say."""

    at: datetime
    key: str
    """``source:offset``: names the request even where its log gives it no id."""
    service: str
    request_id: str | None = None
    provider: str | None = None
    model: str | None = None
    version: str | None = None
    route: str | None = None
    region: str | None = None
    status: int | None = None
    error_type: str | None = None
    latency_ms: float | None = None
    ttft_ms: float | None = None
    queue_ms: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None
    cost_source: str | None = None
    cache_hit: bool | None = None
    user_key: str | None = None
    api_key_id: str | None = None
    finish_reason: str | None = None
    confidence: float | None = None
    prediction: str | None = None


class RequestsView(View, frozen=True, kw_only=True):
    """Single requests of the window: searched by any column, in one of four orders."""

    service: str
    """Empty: of every service."""
    search: str
    order: RequestOrder
    rows: tuple[RequestRow, ...]
    matched: int
    """Requests of the window that the search leaves; more than the rows when the answer was cut."""


class Standing(Struct, frozen=True, kw_only=True):
    """Where one number of a request stands among the requests of its service and version in the window."""

    column: str
    unit: str
    value: float
    rank: float
    """Share of the others that are lower, 0 to 1."""
    p50: float | None
    p99: float | None
    n: int


class RequestView(View, frozen=True, kw_only=True):
    """One request's page."""

    service: str
    row: RequestRow
    features: dict[str, str | float | bool | None]
    standings: tuple[Standing, ...]
    source: str
    """Path of the log that it came from."""
    source_offset: int
    """Bytes (of the decompressed stream) at which its line begins."""
    neighbours: tuple[RequestRow, ...] = ()
    """Of the same user, else of the same version: those just before and after, in time's order, without itself."""
    neighbours_by: Literal["user", "version", "service"] = "service"


# Drift ------------------------------------------------------------------------------------------------------------


class Bin(Struct, frozen=True, kw_only=True):
    """One bar of a distribution, in the window and in the baseline."""

    label: str
    """``200–400`` or a category, ``null``, ``unseen``, ``other``."""
    share: float
    baseline_share: float


class Distribution(Struct, frozen=True, kw_only=True):
    """A feature of a version, in the window against the baseline."""

    feature: str
    version: str
    kind: Literal["numeric", "categorical"]
    n: int
    n_baseline: int
    bins: tuple[Bin, ...]
    """In the order of values, categories by baseline share; both sides add up to one, nulls included."""


class DriftView(View, frozen=True, kw_only=True):
    """Every feature against its baseline, worst first, with its distribution."""

    service: str
    drift: Drift
    distributions: tuple[Distribution, ...]
    """For each finding, in the findings' order; those of features that could not be compared have no bins."""
    markers: tuple[Marker, ...] = ()


# Cost -------------------------------------------------------------------------------------------------------------

COST_DIMENSIONS: tuple[str, ...] = ("model", "version", "user_key", "route", "api_key_id")


class CostSlice(Struct, frozen=True, kw_only=True):
    """What one value of a dimension costs."""

    value: str
    """``(none)`` where the log names none, ``(other)`` for what was cut."""
    requests: int
    errors: int
    usd: float | None
    share: float | None
    """Of the money of the window, 0 to 1."""
    usd_per_request: float | None
    unpriced_tokens: int = 0


class CostBreakdown(Struct, frozen=True, kw_only=True):
    """One dimension's values, dearest first."""

    dimension: str
    slices: tuple[CostSlice, ...]
    n_values: int
    """How many values there are; more than the slices when the answer was cut."""
    exact_from: datetime | None = None
    """Where a dimension is only known by the hour, the hour from which it is counted; else None."""


class CostStack(Struct, frozen=True, kw_only=True):
    """One series of the stacked chart."""

    label: str
    usd: tuple[float | None, ...]
    """One number a bucket of the view's axis."""


class Budget(Struct, frozen=True, kw_only=True):
    """The month's budget and where the spending leads."""

    usd_per_month: float | None
    """None: no budget is set."""
    spent_usd: float | None
    month_part: float
    """How much of the calendar month (UTC) has passed, 0 to 1."""
    forecast_usd: float | None
    forecast_low_usd: float | None = None
    forecast_high_usd: float | None = None
    runs_out_at: datetime | None = None
    """When the budget is used up at the present run rate; None when not within this month."""


class CostView(View, frozen=True, kw_only=True):
    """Where the money goes."""

    service: str
    """Empty: of every service."""
    total: Cost
    requests: int
    spend: Spend
    budget: Budget
    breakdowns: tuple[CostBreakdown, ...]
    stacks: tuple[CostStack, ...]
    """By model, dearest first, the last ``(other)`` where there are more than five."""
    unpriced_models: tuple[tuple[str, int], ...] = ()
    """(model, tokens) without a price."""
    markers: tuple[Marker, ...] = ()


# Saturation -------------------------------------------------------------------------------------------------------


class SaturationView(View, frozen=True, kw_only=True):
    """How full a service is: concurrency, waiting, throttling, and latency as load grows."""

    service: str
    requests_per_s: tuple[float | None, ...]
    concurrency: tuple[float | None, ...]
    """Mean requests in progress (Little's law: seconds of latency in a bucket over its seconds)."""
    queue_p50_ms: tuple[float | None, ...]
    queue_p99_ms: tuple[float | None, ...]
    throttled: tuple[int, ...]
    """Requests that were refused for a limit (429, 529, ``rate_limit``)."""
    timeouts: tuple[int, ...]
    tokens_per_s: tuple[float | None, ...]
    """All tokens of a bucket over its seconds."""
    cache_hit_rate: tuple[float | None, ...]
    heat_edges_ms: tuple[float, ...]
    """Edges of the heatmap's latency bands, one more than bands."""
    heat: tuple[tuple[int, ...], ...]
    """A row a band, lowest first: requests of each bucket."""
    pending: int
    knee: tuple[Measure, ...] = ()
    """p99 latency (ms) by load, from the idlest fifth of the buckets to the busiest: ``n`` is its requests."""
    knee_per_s: tuple[float, ...] = ()
    """Requests a second of each of these fifths."""
    not_logged: tuple[str, ...] = ()
    markers: tuple[Marker, ...] = ()


# Timeline ---------------------------------------------------------------------------------------------------------

EventKind = Literal["release", "source", "baseline", "breach", "drift", "daemon", "note", "config"]


class TimelineEvent(Struct, frozen=True, kw_only=True):
    """Something that people, automation or the data did."""

    at: datetime
    kind: EventKind
    service: str
    """Empty: of no single service."""
    actor: str
    """Who: a user's name, ``daemon``, or ``data`` for what was seen in the logs."""
    text: str
    state: HealthWord = "ok"


class TimelineView(View, frozen=True, kw_only=True):
    """Everything that happened in the window, newest first."""

    service: str
    events: tuple[TimelineEvent, ...]
    matched: int
    lines: Lines = Lines()
    """Of the service, or of all together: what the events lie over."""


# What changed? ----------------------------------------------------------------------------------------------------

ExplainMetric = Literal["latency", "errors", "cost", "traffic"]
EXPLAIN_METRICS: tuple[ExplainMetric, ...] = ("latency", "errors", "cost", "traffic")
EXPLAIN_DIMENSIONS: tuple[str, ...] = ("version", "region", "route", "model", "user_key", "error_type")


class Slice(Struct, frozen=True, kw_only=True):
    """A part of the traffic and its part of the difference."""

    where: tuple[tuple[str, str], ...]
    """(dimension, value), one or two."""
    share: float
    """Of the whole difference; the shares of all slices and ``rest_share`` add up to 1. Can be negative."""
    requests: int
    baseline_requests: int
    traffic_share: float
    baseline_traffic_share: float
    value: float | None
    """The metric within the slice, in the range."""
    baseline_value: float | None
    p_value: float | None = None
    """That the slice changed as everything else did."""


class ExplainView(View, frozen=True, kw_only=True):
    """Which slices explain the difference between a range and its baseline."""

    service: str
    metric: ExplainMetric
    unit: Literal["ms", "share", "usd", "per s"]
    start: datetime
    stop: datetime
    baseline_start: datetime
    baseline_stop: datetime
    baseline_label: str
    """``the 15 min before``, ``v41``."""
    value: float | None
    baseline_value: float | None
    requests: int
    baseline_requests: int
    is_change: bool
    """False: the difference is within what chance and ordinary windows give; the slices are then of little meaning."""
    slices: tuple[Slice, ...] = ()
    rest_share: float = 0.0
    drifted: tuple[DriftFinding, ...] = ()
    """Inputs that drifted in the range, worst first, three at the most."""
    markers: tuple[Marker, ...] = ()
    """Releases and events within the range or just before it."""
    looked_at: int = 0
    """Slices that were weighed."""
