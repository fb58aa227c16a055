"""One service with its versions side by side, and everything about every service for a page or a script."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from opsconsole import wire
from opsconsole.daemon.measure import Measured
from opsconsole.daemon.views.reading import Reading, rate
from opsconsole.signals.breaches import breaches
from opsconsole.signals.health import VersionFacts, judge_service, judge_version, peer_of
from opsconsole.signals.spend import project
from opsconsole.store.queries import Extent, TimeAxis

MAX_VERSION_LINES = 5


def service(reading: Reading) -> wire.ServiceView:
    """One service with its versions side by side."""
    name = reading.asked.service
    extent = reading.extent(name)
    axis, end, is_live = reading.axis([extent])
    whole = Whole(reading, name, extent, axis, end)
    everything = whole.measured.deployments
    lines = whole.measured.lines(everything)
    return wire.ServiceView(
        service=name,
        state=whole.state,
        reasons=whole.reasons,
        alerts=reading.alerts(name),
        total=whole.total,
        versions=whole.versions,
        lines=lines,
        breaches=breaches_of(reading, lines, axis, end),
        version_lines=tuple(
            wire.VersionLines(version=v.version, lines=whole.measured.lines((whole.deployment_of(v.version),)))
            for v in whole.versions[:MAX_VERSION_LINES]
        ),
        ttft_p50_ms=whole.measured.quantile_line(everything, "ttft_ms", 0.5),
        spend=whole.spend(),
        drift=whole.drift,
        markers=reading.first_seen(name, axis.start, axis.end),
        users=whole.users(),
        not_logged=whole.not_logged,
        requests_per_s=rate(whole.total.requests, axis, end, extent),
        **reading.frame(axis, end, is_live=is_live),
    )


def breaches_of(reading: Reading, lines: wire.Lines, axis: TimeAxis, end: datetime) -> tuple[wire.Breach, ...]:
    """Spans of the window in which something was worse than the settings allow."""
    health = reading.context.settings.health
    return breaches(
        lines,
        wire.Axis(start=axis.start, step_s=axis.step_s, buckets=axis.buckets),
        warn_error_rate=health.error_rate_warn,
        fail_error_rate=health.error_rate_fail,
        slower_p99=health.slower_p99,
        end=end,
    )


def status(reading: Reading) -> wire.StatusView:
    """Everything about every service, for a page or a script."""
    axis, end, is_live = reading.axis(list(reading.extents.values()))
    services = []
    for name, extent in reading.extents.items():
        own_axis, own_end, _ = (
            reading.axis([extent]) if not wire.WINDOWS[reading.asked.window] else (axis, end, is_live)
        )
        whole = Whole(reading, name, extent, own_axis, own_end)
        services.append(
            wire.StatusService(
                service=name,
                state=whole.state,
                reasons=whole.reasons,
                versions=whole.versions,
                total=whole.total,
                spend=whole.spend(),
                drift=whole.drift,
                users=whole.users(),
                not_logged=whole.not_logged,
            )
        )
    return wire.StatusView(
        services=tuple(services), sources=reading.context.sources(), **reading.frame(axis, end, is_live=is_live)
    )


class Whole:
    """Everything about one service in one window; what the service view and the status page share."""

    def __init__(self, reading: Reading, name: str, extent: Extent, axis: TimeAxis, end: datetime) -> None:
        questions, context = reading.questions, reading.context
        self._questions, self._name, self._axis, self._end = questions, name, axis, end
        self._versions = {
            reading.deployments[d][1]: d for d in reading.deployments if reading.deployments[d][0] == name
        }
        self.measured = Measured(axis, questions.traffic(axis, name), questions.histograms(axis, name))
        self._failures = questions.failures(axis, name)
        self._models = questions.models(axis, name)
        self.first_seen = questions.first_seen(name)
        self.drift = reading.drift(name, axis).drift
        ids = self.measured.deployments
        seen = dict(self.first_seen)
        self._facts = [
            self.measured.facts(version, (d,), top_error({version: self._failures.get(version, {})}), seen.get(version))
            for version, d in self._versions.items()
            if d in ids
        ]
        all_facts = self.measured.facts("", ids, top_error(self._failures), None)
        judged = judge_service(all_facts, self._facts, self.drift.findings, context.health)
        self.state, self.reasons = reading.judged(name, judged)
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

    def deployment_of(self, version: str) -> int:
        return self._versions[version]

    def facts_of(self, version: str) -> VersionFacts:
        return next(each for each in self._facts if each.label == version)

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

    def users(self) -> int | None:
        """Asked of the store when it is wanted, as ``spend`` is: who compares versions does without."""
        return self._questions.users(self._axis, self._name) or None

    def spend(self) -> wire.Spend:
        end, axis = self._end, self._axis
        midnight = end.replace(hour=0, minute=0, second=0, microsecond=0)
        today, _, _ = self._questions.spent(self._name, midnight, axis.end)
        month, unpriced, first = self._questions.spent(self._name, midnight.replace(day=1), axis.end)
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


def top_error(failures: dict[str, dict[str, int]]) -> str:
    return next(iter(_merged(failures)), "")
