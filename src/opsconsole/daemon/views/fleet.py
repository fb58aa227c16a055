"""The fleet: one row a service."""

from __future__ import annotations

from datetime import datetime

from opsconsole import wire
from opsconsole.daemon.measure import Measured
from opsconsole.daemon.views.reading import Reading, rate, span_s
from opsconsole.daemon.views.service import top_error
from opsconsole.signals.health import SEVERITY, judge_service
from opsconsole.store.queries import Extent

LAGGING_S = 60.0


def fleet(reading: Reading) -> wire.FleetView:
    """One row a service."""
    axis, end, is_live = reading.axis(list(reading.extents.values()))
    measured = Measured(axis, reading.questions.traffic(axis), reading.questions.histograms(axis, up_to="latency_ms"))
    rows = (_row(reading, name, extent, measured, end) for name, extent in reading.extents.items())
    sources = reading.context.sources()
    services = tuple(sorted(rows, key=lambda row: (SEVERITY[row.state], row.service)))
    return wire.FleetView(
        services=services,
        sources=len(sources),
        sources_lagging=sum(1 for each in sources if (each.lag_s or 0) > LAGGING_S and each.state == "reading"),
        rejects=sum(each.rejected for each in sources),
        **reading.frame(axis, end, is_live=is_live),
    )


def _row(reading: Reading, name: str, extent: Extent, measured: Measured, end: datetime) -> wire.ServiceRow:
    ids = tuple(d for d in measured.deployments if reading.deployments[d][0] == name)
    counts = measured.counts(ids)
    cost = counts.cost()
    drift = reading.drift(name, measured.axis).drift
    first_seen = dict(reading.questions.first_seen(name)) if len(ids) > 1 else {}
    facts = [
        measured.facts(version, (d,), "", first_seen.get(version))
        for d in ids
        for version in (reading.deployments[d][1],)
    ]
    failures = reading.questions.failures(measured.axis, name) if counts.errors else {}
    total = measured.facts("", ids, top_error(failures), None)
    state, reasons = reading.judged(name, judge_service(total, facts, drift.findings, reading.context.health))
    shares = sorted(((f.label, f.requests / max(counts.requests, 1)) for f in facts), key=lambda s: (-s[1], s[0]))
    seconds = span_s(measured.axis, end, extent)
    return wire.ServiceRow(
        service=name,
        state=state,
        reasons=reasons,
        alerts=reading.alerts(name),
        requests=counts.requests,
        errors=counts.errors,
        pending=counts.pending,
        error_rate=counts.error_rate,
        requests_per_s=rate(counts.requests, measured.axis, end, extent),
        latency_ms=measured.latency(ids, "latency_ms"),
        usd_per_hour=cost.usd / seconds * 3600 if cost.usd is not None and seconds else None,
        unpriced_tokens=cost.unpriced_tokens,
        worst_drift=drift.findings[0] if drift.findings else None,
        versions=tuple(shares),
        trend=measured.lines(ids),
        first_at=extent.first_at,
        last_at=extent.last_at
        if reading.asked.as_of is None
        else counts.last_at() or reading.questions.last_at(name, measured.axis.end),
    )
