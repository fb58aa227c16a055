"""Drift: every feature against its baseline, worst first, with both distributions."""

from __future__ import annotations

from opsconsole import wire
from opsconsole.daemon.views.reading import Reading
from opsconsole.signals.distributions import distribution


def drift_view(reading: Reading) -> wire.DriftView:
    name = reading.asked.service
    axis, end, is_live = reading.axis([reading.extent(name)])
    found = reading.drift(name, axis)
    return wire.DriftView(
        service=name,
        drift=found.drift,
        distributions=tuple(
            distribution(each.feature, each.version, found.comparisons[each.feature, each.version])
            for each in found.drift.findings
        ),
        markers=reading.first_seen(name, axis.start, axis.end),
        **reading.frame(axis, end, is_live=is_live),
    )
