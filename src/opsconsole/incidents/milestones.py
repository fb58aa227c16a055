"""The milestones of an incident: what evidence says of them, which order they have, and how long lay between them.

Always true here: the impact's start is the earliest, and no other order is asked for; evidence sets what nobody set,
may move what evidence set to an earlier moment, and never touches what a person set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple, Protocol

from opsconsole import wire
from opsconsole.errors import UsageError
from opsconsole.incidents.ledger import moment


class Seen(NamedTuple):
    """Something that happened, and a command that shows it."""

    at: datetime
    command: str


class Evidence(Protocol):
    """What the other rooms know of an incident's links; None for what has not happened."""

    def alert_fired(self, alert: str) -> Seen | None: ...

    def alert_acknowledged(self, alert: str) -> Seen | None: ...

    def alert_resolved(self, alert: str) -> Seen | None:
        """When the alert was last resolved; None while it fires."""
        ...

    def decided(self, run: str) -> Seen | None:
        """The first decision in a run of a checklist."""
        ...

    def effective(self, op_id: str) -> Seen | None:
        """When a release was found to have its effect."""
        ...

    def well_since(self, service: str, since: datetime) -> Seen | None:
        """Since when, after this moment, the service's signals are within their thresholds again; None while not."""
        ...

    def worse_since(self, service: str, before: datetime) -> Seen | None:
        """When what was wrong with the service at this moment began."""
        ...


def news(incident: wire.Incident, milestone: wire.Milestone, evidence: Evidence) -> Seen | None:
    """What evidence says of a milestone, where no person has set it and it is not known yet."""
    seen = SOURCES[milestone](incident, evidence)
    return seen if seen is not None and _is_news(incident, milestone, seen.at) else None


def _is_news(incident: wire.Incident, milestone: wire.Milestone, at: datetime) -> bool:
    known = incident.milestones.get(milestone)
    if known is not None and known.source == "human":
        return False
    return known is None or known.at is None or at < known.at


def _linked(incident: wire.Incident, kind: wire.LinkKind) -> list[str]:
    return list(dict.fromkeys(link.ref for link in incident.links if link.kind == kind))


def _first(seen: Iterator[Seen | None]) -> Seen | None:
    return min((each for each in seen if each is not None), key=lambda each: each.at, default=None)


def _impact_start(incident: wire.Incident, evidence: Evidence) -> Seen | None:
    """Looked for once, as soon as it is known when the impact was seen."""
    detected = moment(incident, "detected")
    if detected is None or "impact_start" in incident.milestones:
        return None
    return _first(evidence.worse_since(service, detected) for service in incident.services)


def _detected(incident: wire.Incident, evidence: Evidence) -> Seen | None:
    return _first(evidence.alert_fired(alert) for alert in _linked(incident, "alert"))


def _acknowledged(incident: wire.Incident, evidence: Evidence) -> Seen | None:
    return _first(evidence.alert_acknowledged(alert) for alert in _linked(incident, "alert"))


def _identified(incident: wire.Incident, evidence: Evidence) -> Seen | None:
    """A decision in a checklist; a note that names the cause sets it by itself."""
    return _first(evidence.decided(run) for run in _linked(incident, "checklist"))


def _mitigated(incident: wire.Incident, evidence: Evidence) -> Seen | None:
    """A release took effect, and after it every signal came back: of the linked alerts, else of the services."""
    if moment(incident, "mitigated") is not None:
        return None
    since = incident.reopened_at or incident.opened_at
    effects = [evidence.effective(op_id) for op_id in _linked(incident, "release")]
    effect = _first(iter([each for each in effects if each is not None and each.at >= since]))
    if effect is None:
        return None
    back: Sequence[Seen | None]
    if alerts := _linked(incident, "alert"):
        back = [evidence.alert_resolved(alert) for alert in alerts]
    else:
        back = [evidence.well_since(service, effect.at) for service in incident.services]
    known = [each for each in back if each is not None]
    if not known or len(known) < len(back):
        return None
    last = max(known, key=lambda each: each.at)
    return last if last.at >= effect.at else effect


SOURCES: dict[wire.Milestone, Callable[[wire.Incident, Evidence], Seen | None]] = {
    "detected": _detected,
    "acknowledged": _acknowledged,
    "impact_start": _impact_start,
    "identified": _identified,
    "mitigated": _mitigated,
}
"""Milestone → what sets it, in the order in which they are looked for; whether it is over is for a person to say."""

# Order ------------------------------------------------------------------------------------------------------------


def out_of_order(incident: wire.Incident, milestone: wire.Milestone, at: datetime) -> str:
    """How a milestone at this moment would contradict the impact's start; empty when it would not."""
    if milestone != "impact_start":
        start = moment(incident, "impact_start")
        return _told(milestone, at, start) if start is not None and at < start else ""
    for other in wire.MILESTONES[1:]:
        there = moment(incident, other)
        if there is not None and there < at:
            return _told(other, there, at)
    return ""


def _told(milestone: wire.Milestone, at: datetime, start: datetime) -> str:
    return f"{milestone} at {at:%Y-%m-%d %H:%M:%S} is before the impact's start at {start:%Y-%m-%d %H:%M:%S}"


def require_order(incident: wire.Incident, milestone: wire.Milestone, at: datetime) -> None:
    """Raises UsageError when a milestone at this moment would contradict the impact's start."""
    if trouble := out_of_order(incident, milestone, at):
        raise UsageError(f"{incident.incident}: {trouble}", "Only the impact's start has to be first: set it earlier.")


# Durations --------------------------------------------------------------------------------------------------------


def metrics(incident: wire.Incident) -> wire.IncidentMetrics:
    """How long it took, in seconds; None where a milestone is missing."""
    start, resolved = moment(incident, "impact_start"), moment(incident, "resolved")
    detected = moment(incident, "detected")
    told = [incident.opened_at, *(update.at for update in incident.updates)]
    if resolved is not None:
        told.append(max(resolved, told[-1]))
    return wire.IncidentMetrics(
        detect_s=_between(start, detected),
        acknowledge_s=_between(detected, moment(incident, "acknowledged")),
        identify_s=_between(start, moment(incident, "identified")),
        mitigate_s=_between(start, moment(incident, "mitigated")),
        resolve_s=_between(start, resolved),
        first_update_s=_between(incident.opened_at, incident.updates[0].at if incident.updates else None),
        longest_silence_s=max(((b - a).total_seconds() for a, b in pairwise(told)), default=None)
        if incident.updates
        else None,
    )


def _between(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else (end - start).total_seconds()
