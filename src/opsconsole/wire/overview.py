"""The views that sum a service up: the fleet, one service, the status page, and the sources they come from."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from opsconsole.wire.base import (
    Drift,
    DriftFinding,
    HealthWord,
    Latency,
    Lines,
    Marker,
    Spend,
    Struct,
    VersionLines,
    VersionSummary,
    View,
)


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
    alerts: tuple[str, ...] = ()
    """What fires of it, worst first: ``!! page A-3: …``; the reasons begin with it."""


class Breach(Struct, frozen=True, kw_only=True):
    """Neighbouring buckets in which users had it worse than they should."""

    start: datetime
    stop: datetime
    state: HealthWord
    what: str
    """``error rate 8.1%``, ``p99 2.4s, 1.9 times the window's``: the worst bucket in words."""


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
    alerts: tuple[str, ...] = ()
    """What fires of it, worst first; the reasons begin with it."""
    breaches: tuple[Breach, ...] = ()
    """Spans of the window in which something was worse than it should be, oldest first."""


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
