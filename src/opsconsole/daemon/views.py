"""What consoles and scripts look at, computed from one reading of the store.

Always true here: a window ends now while records arrive, else at the newest record, and says which; its length is a
whole number of the axis' steps; two views of one revision agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

import duckdb

from opsconsole import wire
from opsconsole.daemon.measure import Measured
from opsconsole.errors import UsageError
from opsconsole.signals.health import SEVERITY, HealthSettings, judge_service, judge_version, peer_of
from opsconsole.signals.spend import project
from opsconsole.store.queries import Extent, Questions, SpanMemory, TimeAxis, time_axis

DriftOf = Callable[[duckdb.DuckDBPyConnection, str, datetime, datetime, Extent], wire.Drift]
"""Drift of (connection, service, start, end, extent): the daemon remembers it for a few seconds."""

MAX_VERSION_LINES = 5
_LIVE_SLACK = timedelta(minutes=10)


@dataclass(frozen=True)
class Asked:
    """Which view of what: the key under which consoles share a result."""

    kind: str
    window: str
    service: str = ""


@dataclass(frozen=True)
class Context:
    """What a view needs beside the store."""

    revision: int
    environment: str
    now: datetime
    health: HealthSettings
    drift_of: DriftOf
    spans: SpanMemory


class ViewBuilder:
    """Computes views on one connection, for one moment."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, context: Context) -> None:
        self._connection = connection
        self._questions = Questions(connection, context.spans)
        self._context = context
        self._started = perf_counter()
        self._extents = self._questions.extents()
        self._deployments = self._questions.deployments()

    # The window ---------------------------------------------------------------------------------------------------

    def _axis(self, window: str, extents: Sequence[Extent]) -> tuple[TimeAxis, datetime, bool]:
        """(axis, end, is it live) of a window over these services."""
        if window not in wire.WINDOWS:
            raise UsageError(f"there is no window {window!r}", f"Choose one of {', '.join(wire.WINDOWS)}.")
        now, length = self._context.now, timedelta(seconds=wire.WINDOWS[window])
        if not extents:
            return time_axis(now - (length or timedelta(hours=1)), now), now, True
        newest = max(extent.last_at for extent in extents)
        is_live = newest >= now - max(length, _LIVE_SLACK)
        end = max(now, newest) if is_live and length else newest
        start = end - length if length else min(extent.first_at for extent in extents)
        return time_axis(start, end), end, is_live

    def _frame(self, window: str, axis: TimeAxis, end: datetime, is_live: bool) -> dict[str, Any]:
        return {
            "revision": self._context.revision,
            "environment": self._context.environment,
            "now": self._context.now,
            "end": end,
            "is_live": is_live,
            "window": window,
            "axis": wire.Axis(start=axis.start, step_s=axis.step_s, buckets=axis.buckets),
            "query_ms": round((perf_counter() - self._started) * 1000, 1),
        }

    # Views --------------------------------------------------------------------------------------------------------

    def fleet(self, window: str, sources: int, lagging: int, rejects: int) -> wire.FleetView:
        """One row a service."""
        axis, end, is_live = self._axis(window, list(self._extents.values()))
        measured = Measured(axis, self._questions.traffic(axis), self._questions.histograms(axis, only_latency=True))
        rows = (self._row(name, extent, measured, end) for name, extent in self._extents.items())
        services = tuple(sorted(rows, key=lambda row: (SEVERITY[row.state], row.service)))
        return wire.FleetView(
            services=services,
            sources=sources,
            sources_lagging=lagging,
            rejects=rejects,
            **self._frame(window, axis, end, is_live),
        )

    def service(self, name: str, window: str) -> wire.ServiceView:
        """One service with its versions side by side."""
        extent = self._extent(name)
        axis, end, is_live = self._axis(window, [extent])
        whole = _Whole(self, name, extent, axis, end)
        everything = whole.measured.deployments
        return wire.ServiceView(
            service=name,
            state=whole.state,
            reasons=whole.reasons,
            total=whole.total,
            versions=whole.versions,
            lines=whole.measured.lines(everything),
            version_lines=tuple(
                wire.VersionLines(version=v.version, lines=whole.measured.lines((whole.deployment_of(v.version),)))
                for v in whole.versions[:MAX_VERSION_LINES]
            ),
            ttft_p50_ms=whole.measured.quantile_line(everything, "ttft_ms", 0.5),
            spend=whole.spend,
            drift=whole.drift,
            markers=tuple(
                wire.Marker(at=at, kind="release", text=f"{version} first seen")
                for version, at in whole.first_seen[1:]
                if version and axis.start <= at < axis.end
            ),
            users=whole.users,
            not_logged=whole.not_logged,
            requests_per_s=_rate(whole.total.requests, axis, end, extent),
            **self._frame(window, axis, end, is_live),
        )

    def status(self, window: str, sources: tuple[wire.SourceRow, ...]) -> wire.StatusView:
        """Everything about every service, for a page or a script."""
        axis, end, is_live = self._axis(window, list(self._extents.values()))
        services = []
        for name, extent in self._extents.items():
            own_axis, own_end, _ = self._axis(window, [extent]) if not wire.WINDOWS[window] else (axis, end, is_live)
            whole = _Whole(self, name, extent, own_axis, own_end)
            services.append(
                wire.StatusService(
                    service=name,
                    state=whole.state,
                    reasons=whole.reasons,
                    versions=whole.versions,
                    total=whole.total,
                    spend=whole.spend,
                    drift=whole.drift,
                    users=whole.users,
                    not_logged=whole.not_logged,
                )
            )
        return wire.StatusView(services=tuple(services), sources=sources, **self._frame(window, axis, end, is_live))

    # Parts --------------------------------------------------------------------------------------------------------

    def _extent(self, service: str) -> Extent:
        if service not in self._extents:
            known = ", ".join(list(self._extents)[:8]) or "none yet"
            raise UsageError(f"there is no service {service!r}", f"Known services: {known}.")
        return self._extents[service]

    def _row(self, name: str, extent: Extent, measured: Measured, end: datetime) -> wire.ServiceRow:
        ids = tuple(d for d in measured.deployments if self._deployments[d][0] == name)
        counts = measured.counts(ids)
        cost = counts.cost()
        drift = self._context.drift_of(self._connection, name, measured.axis.start, measured.axis.end, extent)
        first_seen = dict(self._questions.first_seen(name)) if len(ids) > 1 else {}
        facts = [
            measured.facts(version, (d,), "", first_seen.get(version))
            for d in ids
            for version in (self._deployments[d][1],)
        ]
        failures = self._questions.failures(measured.axis, name) if counts.errors else {}
        total = measured.facts("", ids, _top_error(failures), None)
        state, reasons = judge_service(total, facts, drift.findings, self._context.health)
        shares = sorted(((f.label, f.requests / max(counts.requests, 1)) for f in facts), key=lambda s: (-s[1], s[0]))
        span_s = _span_s(measured.axis, end, extent)
        return wire.ServiceRow(
            service=name,
            state=state,
            reasons=reasons,
            requests=counts.requests,
            errors=counts.errors,
            pending=counts.pending,
            error_rate=counts.error_rate,
            requests_per_s=_rate(counts.requests, measured.axis, end, extent),
            latency_ms=measured.latency(ids, "latency_ms"),
            usd_per_hour=cost.usd / span_s * 3600 if cost.usd is not None and span_s else None,
            unpriced_tokens=cost.unpriced_tokens,
            worst_drift=drift.findings[0] if drift.findings else None,
            versions=tuple(shares),
            trend=measured.lines(ids),
            first_at=extent.first_at,
            last_at=extent.last_at,
        )


class _Whole:
    """Everything about one service in one window; what the service view and the status page share."""

    def __init__(self, builder: ViewBuilder, name: str, extent: Extent, axis: TimeAxis, end: datetime) -> None:
        questions, context = builder._questions, builder._context
        self._versions = {
            builder._deployments[d][1]: d for d in builder._deployments if builder._deployments[d][0] == name
        }
        self.measured = Measured(axis, questions.traffic(axis, name), questions.histograms(axis, name))
        self._failures = questions.failures(axis, name)
        self._models = questions.models(axis, name)
        self.first_seen = questions.first_seen(name)
        self.drift = context.drift_of(builder._connection, name, axis.start, axis.end, extent)
        self.users = questions.users(axis, name) or None
        ids = self.measured.deployments
        seen = dict(self.first_seen)
        self._facts = [
            self.measured.facts(
                version, (d,), _top_error({version: self._failures.get(version, {})}), seen.get(version)
            )
            for version, d in self._versions.items()
            if d in ids
        ]
        all_facts = self.measured.facts("", ids, _top_error(self._failures), None)
        self.state, self.reasons = judge_service(all_facts, self._facts, self.drift.findings, context.health)
        n = max(all_facts.requests, 1)
        self.total = self._summary("", ids, 1.0, (self.state, self.reasons), _merged(self._failures))
        self.versions = tuple(
            self._summary(
                facts.label,
                (self._versions[facts.label],),
                facts.requests / n,
                judge_version(facts, peer_of(facts, self._facts), self.drift.findings, context.health),
                self._failures.get(facts.label, {}),
            )
            for facts in sorted(self._facts, key=lambda f: (-f.requests, f.label))
        )
        self.not_logged = _not_logged(self.total, self.versions)
        self.spend = self._spend(questions, name, axis, end)

    def deployment_of(self, version: str) -> int:
        return self._versions[version]

    def _summary(
        self,
        version: str,
        ids: tuple[int, ...],
        share: float,
        judged: tuple[wire.HealthWord, tuple[str, ...]],
        failures: dict[str, int],
    ) -> wire.VersionSummary:
        counts = self.measured.counts(ids)
        low, high = counts.error_interval()
        mine = [f for f in self.drift.findings if f.version == version or not version]
        return wire.VersionSummary(
            version=version,
            models=tuple(sorted({model for d in ids for model in self._models.get(d, ())})),
            state=judged[0],
            reasons=judged[1],
            share=share,
            requests=counts.requests,
            errors=counts.errors,
            pending=counts.pending,
            unknown=counts.unknown,
            error_rate=counts.error_rate,
            error_rate_low=low,
            error_rate_high=high,
            error_classes=failures,
            latency_ms=self.measured.latency(ids, "latency_ms"),
            ttft_ms=self.measured.latency(ids, "ttft_ms"),
            tokens_per_s=self.measured.latency(ids, "tokens_per_s"),
            tokens=counts.tokens(),
            cost=counts.cost(),
            worst_drift=mine[0] if mine else None,
            first_at=counts.first_at(),
            last_at=counts.last_at(),
        )

    def _spend(self, questions: Questions, name: str, axis: TimeAxis, end: datetime) -> wire.Spend:
        midnight = end.replace(hour=0, minute=0, second=0, microsecond=0)
        until = end + timedelta(hours=1)
        today, _, _ = questions.spent(name, midnight, until)
        month, unpriced, first = questions.spent(name, midnight.replace(day=1), until)
        return project(
            now=end,
            window_s=(end - axis.start).total_seconds(),
            covered_s=(end - first).total_seconds() if first else 0.0,
            window_usd=self.total.cost.usd,
            today_usd=today,
            month_to_date_usd=month,
            unpriced_tokens=unpriced,
        )


def _not_logged(total: wire.VersionSummary, versions: Sequence[wire.VersionSummary]) -> tuple[str, ...]:
    """What no record of the window has."""
    if not total.requests:
        return ()
    logged = {
        "latency_ms": total.latency_ms.n > 0,
        "ttft_ms": total.ttft_ms.n > 0,
        "tokens": (total.tokens.input, total.tokens.output) != (None, None),
        "cost_usd": total.cost.n_known > 0,
        "status": total.unknown < total.requests,
        "model": any(total.models),
        "version": any(version.version for version in versions),
    }
    return tuple(name for name, is_logged in logged.items() if not is_logged)


def _merged(failures: dict[str, dict[str, int]]) -> dict[str, int]:
    merged: dict[str, int] = {}
    for classes in failures.values():
        for name, n in classes.items():
            merged[name] = merged.get(name, 0) + n
    return dict(sorted(merged.items(), key=lambda item: (-item[1], item[0])))


def _top_error(failures: dict[str, dict[str, int]]) -> str:
    return next(iter(_merged(failures)), "")


def _span_s(axis: TimeAxis, end: datetime, extent: Extent) -> float:
    """Seconds of the window in which the service can have had records."""
    return max((min(end, axis.end) - max(axis.start, extent.first_at)).total_seconds(), 0.0)


def _rate(requests: int, axis: TimeAxis, end: datetime, extent: Extent) -> float | None:
    span_s = _span_s(axis, end, extent)
    return requests / span_s if span_s >= 1 else None
