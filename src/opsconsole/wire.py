"""What crosses the socket between the daemon and its clients, as frozen structs.

Always true here: a number that was not measured is ``None``, never 0; every estimate carries its n; times are aware UTC
datetimes; durations and money have their unit in the field's name. The console, the CLI and the tests see nothing else.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec


class Struct(msgspec.Struct, frozen=True, kw_only=True):
    """Base of everything on the wire."""


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


class ServiceRow(Struct, frozen=True, kw_only=True):
    """One service in the fleet view."""

    service: str
    state: HealthWord
    reasons: tuple[str, ...]
    """Why, worst first, in words with numbers; empty when ok."""
    requests: int
    errors: int
    pending: int
    error_rate: float | None
    requests_per_s: float | None
    latency_ms: Latency
    usd_per_hour: float | None
    unpriced_tokens: int
    worst_drift: DriftFinding | None
    versions: tuple[tuple[str, float], ...]
    """(version, share of requests), largest first."""
    trend: Lines
    """Over the window, on the view's axis."""
    first_at: datetime | None
    last_at: datetime | None
    """Of the newest record that the store holds for it."""


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
    window: str
    axis: Axis
    query_ms: float
    """What computing this cost."""


class FleetView(View, frozen=True, kw_only=True):
    services: tuple[ServiceRow, ...]
    sources: int
    sources_lagging: int
    rejects: int


class ServiceView(View, frozen=True, kw_only=True):
    service: str
    state: HealthWord
    reasons: tuple[str, ...]
    total: VersionSummary
    """All versions together; its ``version`` is empty."""
    versions: tuple[VersionSummary, ...]
    """Largest share first."""
    lines: Lines
    version_lines: tuple[VersionLines, ...]
    """Of the versions with the largest shares, five at most."""
    ttft_p50_ms: tuple[float | None, ...]
    spend: Spend
    drift: Drift
    markers: tuple[Marker, ...]
    users: int | None
    """Distinct users or tenants; None where none was logged."""
    not_logged: tuple[str, ...]
    """Columns without one value in the window: their panels say so."""
    requests_per_s: float | None


class SourceRow(Struct, frozen=True, kw_only=True):
    """One file, stream or push endpoint that records come from."""

    source_id: int
    path: str
    format: str
    state: Literal["reading", "following", "done", "gone", "failed"]
    size_bytes: int
    offset_bytes: int
    """Of the decompressed stream for gz and zst; then ``size_bytes`` is 0 until its end is known."""
    read_bytes: int
    """Bytes of the file itself that were read: ``read_bytes / size_on_disk_bytes`` is the progress."""
    size_on_disk_bytes: int
    accepted: int
    rejected: int
    reject_reasons: dict[str, int]
    coerced: dict[str, int]
    """Column → values that were not of its type and became "not logged"."""
    first_at: datetime | None
    last_at: datetime | None
    lines_per_s: float
    lag_s: float | None
    """Age of the newest record when it was committed; None for a source that is not live."""
    error: str
    """Why it failed, and the remedy."""
    not_logged: tuple[str, ...]
    notes: tuple[str, ...]


class SourcesView(Struct, frozen=True, kw_only=True):
    revision: int
    sources: tuple[SourceRow, ...]


class AttachRequest(Struct, frozen=True, kw_only=True):
    """Take in these paths (files, directories, globs)."""

    paths: tuple[str, ...]
    follow: bool = True
    """Keep reading what is appended; else stop at the end of what is there now."""
    overrides: tuple[str, ...] = ()
    """``column=path[:unit]``, as given with ``--column``."""
    mapping_yaml: str = ""
    """A pinned mapping, as printed by ``opsconsole map``."""
    service: str = ""
    """Service name for records that name none."""


class Attached(Struct, frozen=True, kw_only=True):
    """What became of each path: a source, or a reason why not."""

    source_ids: tuple[int, ...]
    mapping_yaml: dict[str, str]
    """Path → the mapping that was guessed or pinned."""
    refused: dict[str, str]
    """Path → why, and the remedy."""


class MapRequest(Struct, frozen=True, kw_only=True):
    path: str
    overrides: tuple[str, ...] = ()
    service: str = ""


class MapReply(Struct, frozen=True, kw_only=True):
    mapping_yaml: str


class QueryRequest(Struct, frozen=True, kw_only=True):
    sql: str
    limit: int = 10_000


class QueryReply(Struct, frozen=True, kw_only=True):
    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[list[str | int | float | bool | None]]
    truncated: bool
    """More rows than the limit: never silent."""
    elapsed_ms: float


class BaselineRequest(Struct, frozen=True, kw_only=True):
    """Exactly one of version, start and end, or file."""

    service: str
    version: str = ""
    start: datetime | None = None
    end: datetime | None = None
    file: str = ""


class BaselineReply(Struct, frozen=True, kw_only=True):
    baseline: Baseline
    features: dict[str, int]
    """Feature → values pinned."""


class StatusService(Struct, frozen=True, kw_only=True):
    """One service on the status page: everything, over the window."""

    service: str
    state: HealthWord
    reasons: tuple[str, ...]
    versions: tuple[VersionSummary, ...]
    total: VersionSummary
    spend: Spend
    drift: Drift
    users: int | None
    not_logged: tuple[str, ...]


class StatusView(View, frozen=True, kw_only=True):
    services: tuple[StatusService, ...]
    sources: tuple[SourceRow, ...]


class Health(Struct, frozen=True, kw_only=True):
    """Is the daemon well?"""

    api_version: int
    version: str
    pid: int
    home: str
    environment: str
    started_at: datetime
    revision: int
    store_bytes: int
    requests: int
    sources: int
    consoles: int
    """Clients that are waiting for updates now."""
    journal_events: int
    cpu_s: float
    rss_bytes: int


class Check(Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    name: str
    found: str
    is_ok: bool
    remedy: str = ""


class Diagnosis(Struct, frozen=True, kw_only=True):
    """How the daemon finds itself."""

    checks: tuple[Check, ...]


class Failure(Struct, frozen=True, kw_only=True):
    """An error on its way back: the class of errors.py, what happened, what to do."""

    kind: str
    message: str
    remedy: str = ""
