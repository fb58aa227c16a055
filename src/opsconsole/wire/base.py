"""What the structs on the wire have in common: estimates, money, verdicts, the time axis, and what every view says."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec


class Struct(msgspec.Struct, frozen=True, kw_only=True):
    """Base of everything on the wire."""


QueryValue = str | int | float | bool | None
"""A cell of an answer to SQL."""

API_VERSION = 1

WINDOWS: dict[str, int] = {"15m": 900, "1h": 3600, "6h": 21_600, "24h": 86_400, "7d": 604_800, "all": 0}
"""Name → seconds; ``all`` reaches from the first record to the last."""
DEFAULT_WINDOW = "1h"

HealthWord = Literal["ok", "warn", "fail", "quiet", "unknown"]
"""ok: nothing found; warn: worse than it should be; fail: users are hurt; quiet: no records in the window;
unknown: too few requests to say."""


class Estimate(Struct, frozen=True, kw_only=True):
    """A quantile read from bins: the bin's geometric middle, its bounds, and how many values stand behind it."""

    value: float
    low: float
    high: float
    n: int


class Latency(Struct, frozen=True, kw_only=True):
    """Quantiles of one duration or rate; ``None`` where no value was logged."""

    n: int
    p50: Estimate | None = None
    p90: Estimate | None = None
    p99: Estimate | None = None


class Cost(Struct, frozen=True, kw_only=True):
    """Money of a window. ``usd`` is None when no request of it has a known cost."""

    usd: float | None = None
    usd_per_request: float | None = None
    n_known: int = 0
    """Requests whose cost was logged or priced."""
    n_priced: int = 0
    """Of these, how many were priced from the price table."""
    unpriced_tokens: int = 0
    """Tokens of requests whose model has no price: never counted as $0."""


class Spend(Struct, frozen=True, kw_only=True):
    """Where the money goes in time, for one service."""

    today_usd: float | None = None
    usd_per_hour: float | None = None
    """Run rate over the window."""
    month_to_date_usd: float | None = None
    month_end_usd: float | None = None
    """Month to date plus the run rate for the rest of the month; None when less than an hour is known."""
    unpriced_tokens: int = 0


class Tokens(Struct, frozen=True, kw_only=True):
    """Disjoint token classes, summed; ``None`` for a class that was never logged."""

    input: int | None = None
    output: int | None = None
    cached: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None


class DriftFinding(Struct, frozen=True, kw_only=True):
    """One feature of one version against the baseline."""

    feature: str
    kind: Literal["numeric", "categorical"]
    version: str
    verdict: Literal["drift", "ok", "too few", "no baseline"]
    n: int
    """Values in the window."""
    n_baseline: int
    p_value: float | None = None
    """Benjamini-Hochberg adjusted over every column and test of this look."""
    effect: float | None = None
    """Bias-corrected Jensen-Shannon distance, 0 to about 0.83 (square root of nats)."""
    phi: float | None = None
    """Dispersion: how much more neighbouring ordinary windows differ than independent draws would; 1 is none."""
    median_ratio: float | None = None
    """For a number: window median over baseline median."""
    null_rate: float | None = None
    null_rate_baseline: float | None = None
    unseen_rate: float | None = None
    """Share of values whose category, or range, the baseline never had."""
    reasons: tuple[str, ...] = ()
    """In words: ``shape``, ``nulls 0.1% → 12%``, ``unseen 'zz' 0.5%``, ``out of range 3%``."""


class Baseline(Struct, frozen=True, kw_only=True):
    """What drift is measured against."""

    kind: Literal["version", "range", "file", "auto", "none"]
    label: str
    """For a person: ``v41``, ``2024-11-15 … 2024-11-20``, ``train.parquet``, ``the 23 h before (auto)``."""
    set_at: datetime | None = None
    set_by: str = ""


class Drift(Struct, frozen=True, kw_only=True):
    """Every finding of a service's window, worst first."""

    baseline: Baseline
    findings: tuple[DriftFinding, ...] = ()
    n_tests: int = 0


class VersionSummary(Struct, frozen=True, kw_only=True):
    """One version of one service in the window."""

    version: str
    """Empty when the log names none."""
    models: tuple[str, ...]
    state: HealthWord
    reasons: tuple[str, ...]
    share: float
    """Of the service's requests in the window, 0 to 1."""
    requests: int
    errors: int
    pending: int
    unknown: int
    """Requests whose outcome was not logged."""
    error_rate: float | None
    """errors / (requests − pending − unknown); None where no outcome was logged."""
    error_rate_low: float | None
    error_rate_high: float | None
    """Wilson 95 % interval."""
    error_classes: dict[str, int]
    """Error class → count, largest first."""
    latency_ms: Latency
    ttft_ms: Latency
    tokens_per_s: Latency
    tokens: Tokens
    cost: Cost
    worst_drift: DriftFinding | None
    first_at: datetime | None
    last_at: datetime | None


class Marker(Struct, frozen=True, kw_only=True):
    """Something that happened, to be drawn on a time axis."""

    at: datetime
    kind: Literal["release", "note"]
    text: str
    """``v42 first seen``."""


class Axis(Struct, frozen=True, kw_only=True):
    """The shared time axis: bucket i covers start + i·step to start + (i+1)·step."""

    start: datetime
    step_s: int
    buckets: int


class Lines(Struct, frozen=True, kw_only=True):
    """One number a bucket; ``None`` where nothing was measured."""

    requests: tuple[int, ...] = ()
    errors: tuple[int, ...] = ()
    p50_ms: tuple[float | None, ...] = ()
    p99_ms: tuple[float | None, ...] = ()
    usd: tuple[float | None, ...] = ()


class VersionLines(Struct, frozen=True, kw_only=True):
    version: str
    lines: Lines


class View(Struct, frozen=True, kw_only=True):
    """What every view says about itself."""

    revision: int
    """Grows with every commit; ask again with ``after=revision`` to wait for a newer one."""
    environment: str
    now: datetime
    """The daemon's clock when this was computed."""
    end: datetime
    """End of the window: ``now`` while records are arriving, else the newest record."""
    is_live: bool
    """False when the newest record is older than the window: the view then shows the end of the data."""
    as_of: datetime | None = None
    """The moment that was asked for; None when the view is of now."""
    window: str
    axis: Axis
    query_ms: float
    """What computing this cost."""
