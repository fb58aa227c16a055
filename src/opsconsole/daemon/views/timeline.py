"""The timeline: everything that people, automation and the data did, newest first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from opsconsole import wire
from opsconsole.daemon.measure import Measured
from opsconsole.daemon.views.reading import Reading
from opsconsole.daemon.views.service import breaches_of
from opsconsole.daemon.views.told import told_of
from opsconsole.store.queries import TimeAxis

MOST_EVENTS = 500
DATA = "data"
"""The actor of what was seen in the logs."""


def timeline_view(reading: Reading) -> wire.TimelineView:
    service = reading.asked.service
    axis, end, is_live = reading.axis(reading.asked_extents())
    names = [service] if service else list(reading.extents)
    measured = Measured(axis, reading.questions.traffic(axis), reading.questions.histograms(axis, up_to="latency_ms"))
    found = [
        event for event in _journal(reading, axis.start, axis.end) if not service or event.service in ("", service)
    ]
    for name in names:
        found += _of_data(reading, name, measured, axis, end)
    found.sort(key=lambda event: event.at, reverse=True)
    ids = tuple(d for d in measured.deployments if reading.deployments[d][0] in names)
    return wire.TimelineView(
        service=service,
        events=tuple(found[:MOST_EVENTS]),
        matched=len(found),
        lines=measured.lines(ids) if ids else wire.Lines(),
        **reading.frame(axis, end, is_live=is_live),
    )


def _of_data(
    reading: Reading, name: str, measured: Measured, axis: TimeAxis, end: datetime
) -> Iterator[wire.TimelineEvent]:
    for version, at in reading.questions.first_seen(name):
        if axis.start <= at < axis.end and version:
            yield wire.TimelineEvent(at=at, kind="release", service=name, actor=DATA, text=f"{version} first seen")
    ids = tuple(d for d in measured.deployments if reading.deployments[d][0] == name)
    if ids:
        for breach in breaches_of(reading, measured.lines(ids), axis, end):
            minutes = (breach.stop - breach.start).total_seconds() / 60
            text = f"{breach.what}, for {minutes:.0f} min"
            yield wire.TimelineEvent(
                at=breach.start, kind="breach", service=name, actor=DATA, text=text, state=breach.state
            )
        drifted = [each for each in reading.drift(name, axis).drift.findings if each.verdict == "drift"]
        if drifted:
            features = ", ".join(each.feature for each in drifted[:3])
            more = f" and {len(drifted) - 3} more" if len(drifted) > 3 else ""
            yield wire.TimelineEvent(
                at=end, kind="drift", service=name, actor=DATA, text=f"inputs drift: {features}{more}", state="warn"
            )


def _journal(reading: Reading, start: datetime, end: datetime) -> list[wire.TimelineEvent]:
    """What people and automation did."""
    events = []
    for event in reading.context.events(start, end):
        at = datetime.fromisoformat(event.at)
        kind, service, text = told_of(event)
        events.append(wire.TimelineEvent(at=at, kind=kind, service=service, actor=event.actor, text=text))
    return events
