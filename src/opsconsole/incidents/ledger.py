"""What is known of incidents: a fold over the journal, so that losing everything else loses no word that was said.

Always true here: a record is frozen and follows from the events alone; what was changed stays in its history; evidence
never moves a milestone that a person set; events about an incident that was never opened change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace as changed

from opsconsole import wire
from opsconsole.journal.walk import Event

OPENED = "incident.opened"
SERIOUS: frozenset[wire.Severity] = frozenset({"SEV-1", "SEV-2", "SEV-3"})
"""Nothing new is brought to a service that has one of these open."""


@dataclass(frozen=True)
class Incidents:
    """Every incident that there was."""

    by_id: Mapping[str, wire.Incident] = field(default_factory=dict)
    """In the order in which they were opened."""

    @property
    def next_id(self) -> str:
        return f"INC-{len(self.by_id) + 1}"

    @property
    def open(self) -> tuple[wire.Incident, ...]:
        return tuple(each for each in self.by_id.values() if is_open(each))

    def serious_of(self, service: str) -> tuple[str, ...]:
        """Open incidents of a service that a release should wait for, in words."""
        return tuple(
            f"{each.incident} {each.severity} {each.title}"
            for each in self.open
            if each.severity in SERIOUS and service in each.services
        )

    def working_on(self, kind: wire.LinkKind, ref: str) -> str:
        """The open incident that this is linked to; empty where none is."""
        return next(
            (each.incident for each in self.open for link in each.links if (link.kind, link.ref) == (kind, ref)), ""
        )


def is_open(incident: wire.Incident) -> bool:
    return incident.status not in ("resolved", "reviewed")


def moment(incident: wire.Incident, milestone: wire.Milestone) -> datetime | None:
    """When a milestone was; None while nobody and nothing says."""
    entry = incident.milestones.get(milestone)
    return entry.at if entry is not None else None


def holder(incident: wire.Incident, role: wire.IncidentRole) -> wire.RoleHeld | None:
    return next((each for each in incident.roles if each.role == role), None)


def worst(incident: wire.Incident) -> wire.Severity:
    """The highest severity that it ever had."""
    return min(change.severity for change in incident.severities)


def fold(events: Iterable[Event], state: Incidents | None = None) -> Incidents:
    """The state after these events."""
    state = state or Incidents()
    for event in events:
        state = after(state, event)
    return state


def after(state: Incidents, event: Event) -> Incidents:
    """The state after one more event; events of other rooms change nothing."""
    if event.kind == OPENED:
        incident = _opened(event)
    else:
        known = state.by_id.get(str(event.data.get("incident")))
        follow = _FOLLOWS.get(event.kind)
        if known is None or follow is None:
            return state
        incident = follow(known, event)
    incident = changed(incident, status=_status(incident))
    return replace(state, by_id={**state.by_id, incident.incident: incident})


def _status(incident: wire.Incident) -> wire.IncidentStatus:
    """Follows from the milestones, so that the two never contradict each other."""
    if moment(incident, "resolved") is not None:
        return "reviewed" if incident.review == "reviewed" else "resolved"
    if moment(incident, "mitigated") is not None:
        return "monitoring"
    since = incident.reopened_at or incident.opened_at
    if any(link.kind == "release" and link.start is not None and link.start >= since for link in incident.links):
        return "mitigating"
    return "identified" if moment(incident, "identified") is not None else "investigating"


# One event, one function ------------------------------------------------------------------------------------------


def _at(event: Event) -> datetime:
    return datetime.fromisoformat(event.at)


def _opened(event: Event) -> wire.Incident:
    data, at = event.data, _at(event)
    severity: wire.Severity = data["severity"]
    incident = wire.Incident(
        incident=data["incident"],
        title=data["title"],
        services=tuple(data["services"]),
        severity=severity,
        status="investigating",
        opened_at=at,
        opened_by=event.actor,
        why=data["why"],
        severities=(wire.SeverityChange(severity=severity, at=at, by=event.actor, why=data["why"]),),
    )
    for link in data["links"]:
        incident = _with_link(incident, link, event)
    if data["links"]:
        return incident
    # A person saw it before any alert did: that is when it was detected, and somebody is at it.
    for milestone in ("detected", "acknowledged"):
        incident = _with_milestone(
            incident,
            wire.MilestoneEntry(
                milestone=milestone, at=at, source="human", evidence="opened by hand", set_at=at, set_by=event.actor
            ),
        )
    return incident


def _renamed(incident: wire.Incident, event: Event) -> wire.Incident:
    return changed(incident, title=event.data["title"], services=tuple(event.data["services"]))


def _severity_set(incident: wire.Incident, event: Event) -> wire.Incident:
    severity: wire.Severity = event.data["severity"]
    change = wire.SeverityChange(severity=severity, at=_at(event), by=event.actor, why=event.data["why"])
    return changed(incident, severity=severity, severities=(*incident.severities, change))


def _role(how: Any) -> Callable[[wire.Incident, Event], wire.Incident]:
    def follow(incident: wire.Incident, event: Event) -> wire.Incident:
        role: wire.IncidentRole = event.data["role"]
        person, at = str(event.data["person"]), _at(event)
        before = holder(incident, role)
        change = wire.RoleChange(
            role=role, how=how, person=person, before=before.person if before else "", at=at, by=event.actor
        )
        others = tuple(each for each in incident.roles if each.role != role)
        held: tuple[wire.RoleHeld, ...] = ()
        if how in ("taken", "accepted"):
            held = (wire.RoleHeld(role=role, person=person, since=at),)
        elif how == "offered" and before is not None:
            held = (changed(before, offered_to=person),)
        order = wire.INCIDENT_ROLES.index
        return changed(
            incident,
            roles=tuple(sorted((*others, *held), key=lambda each: order(each.role))),
            role_history=(*incident.role_history, change),
        )

    return follow


def _milestone_set(incident: wire.Incident, event: Event) -> wire.Incident:
    data = event.data
    entry = wire.MilestoneEntry(
        milestone=data["milestone"],
        at=datetime.fromisoformat(data["at"]) if data["at"] else None,
        source=data["source"],
        evidence=data["evidence"],
        why=data["why"],
        set_at=_at(event),
        set_by=event.actor,
    )
    return _with_milestone(incident, entry)


def _with_milestone(incident: wire.Incident, entry: wire.MilestoneEntry) -> wire.Incident:
    known = incident.milestones.get(entry.milestone)
    is_kept = known is not None and known.source == "human" and entry.source == "auto"
    return changed(
        incident,
        milestones=incident.milestones if is_kept else {**incident.milestones, entry.milestone: entry},
        milestone_history=(*incident.milestone_history, entry),
    )


def _noted(incident: wire.Incident, event: Event) -> wire.Incident:
    note = wire.IncidentNote(
        number=event.seq, at=_at(event), by=event.actor, text=event.data["text"], is_cause=event.data["is_cause"]
    )
    incident = changed(incident, notes=(*incident.notes, note))
    for found in event.data["follow_ups"]:
        incident = _with_follow_up(incident, found, event, "note")
    if not note.is_cause or moment(incident, "identified") is not None:
        return incident
    entry = wire.MilestoneEntry(
        milestone="identified",
        at=note.at,
        source="auto",
        evidence=f"opsconsole incident show {incident.incident}",
        why="a note names the cause",
        set_at=note.at,
        set_by=event.actor,
    )
    return _with_milestone(incident, entry)


def _follow_up_added(incident: wire.Incident, event: Event) -> wire.Incident:
    return _with_follow_up(incident, event.data, event, "person")


def _with_follow_up(incident: wire.Incident, data: Mapping[str, Any], event: Event, source: Any) -> wire.Incident:
    follow_up = wire.FollowUp(
        number=len(incident.follow_ups) + 1,
        text=data["text"],
        owner=data["owner"],
        due=_day(data["due"]),
        source=source,
        at=_at(event),
        by=event.actor,
    )
    return changed(incident, follow_ups=(*incident.follow_ups, follow_up))


def _follow_up_changed(incident: wire.Incident, event: Event) -> wire.Incident:
    data = event.data
    return _of_follow_up(incident, data["number"], text=data["text"], owner=data["owner"], due=_day(data["due"]))


def _follow_up_done(incident: wire.Incident, event: Event) -> wire.Incident:
    return _of_follow_up(incident, event.data["number"], done_at=_at(event), done_by=event.actor)


def _of_follow_up(incident: wire.Incident, number: int, **fields: Any) -> wire.Incident:
    return changed(
        incident,
        follow_ups=tuple(changed(each, **fields) if each.number == number else each for each in incident.follow_ups),
    )


def _day(text: str) -> Any:
    return datetime.fromisoformat(text).date() if text else None


def _updated(incident: wire.Incident, event: Event) -> wire.Incident:
    data = event.data
    update = wire.IncidentUpdate(
        at=_at(event),
        by=event.actor,
        stage=data["stage"],
        audience=data["audience"],
        template=data["template"],
        text=data["text"],
        notifiers=tuple(data["notifiers"]),
    )
    return changed(incident, updates=(*incident.updates, update))


def _linked(incident: wire.Incident, event: Event) -> wire.Incident:
    return _with_link(incident, event.data["link"], event)


def _with_link(incident: wire.Incident, link: Mapping[str, Any], event: Event) -> wire.Incident:
    made = msgspec.convert({**link, "at": event.at, "by": event.actor}, wire.IncidentLink)
    return changed(incident, links=(*incident.links, made))


def _resolved(incident: wire.Incident, event: Event) -> wire.Incident:
    entry = wire.MilestoneEntry(
        milestone="resolved",
        at=datetime.fromisoformat(event.data["at"]),
        source="human",
        why=event.data["why"],
        set_at=_at(event),
        set_by=event.actor,
    )
    return _with_milestone(incident, entry)


def _reopened(incident: wire.Incident, event: Event) -> wire.Incident:
    """It is not over, and what was thought to have helped did not: new evidence may say otherwise later."""
    incident = changed(incident, reopened_at=_at(event), review="none", reviewed_at=None, reviewed_by="")
    for milestone in ("mitigated", "resolved"):
        if moment(incident, milestone) is None:
            continue
        entry = wire.MilestoneEntry(
            milestone=milestone,
            at=None,
            source="auto",
            why=f"reopened: {event.data['why']}",
            set_at=_at(event),
            set_by=event.actor,
        )
        incident = changed(
            incident,
            milestones={**incident.milestones, milestone: entry},
            milestone_history=(*incident.milestone_history, entry),
        )
    return incident


def _review_drafted(incident: wire.Incident, event: Event) -> wire.Incident:
    return incident if incident.review == "reviewed" else changed(incident, review="draft")


def _reviewed(incident: wire.Incident, event: Event) -> wire.Incident:
    return changed(incident, review="reviewed", reviewed_at=_at(event), reviewed_by=event.actor)


_FOLLOWS: dict[str, Callable[[wire.Incident, Event], wire.Incident]] = {
    "incident.renamed": _renamed,
    "incident.severity_set": _severity_set,
    "incident.role_taken": _role("taken"),
    "incident.role_offered": _role("offered"),
    "incident.role_accepted": _role("accepted"),
    "incident.role_left": _role("left"),
    "incident.milestone_set": _milestone_set,
    "incident.noted": _noted,
    "incident.followup_added": _follow_up_added,
    "incident.followup_changed": _follow_up_changed,
    "incident.followup_done": _follow_up_done,
    "incident.updated": _updated,
    "incident.linked": _linked,
    "incident.resolved": _resolved,
    "incident.reopened": _reopened,
    "incident.review_drafted": _review_drafted,
    "incident.reviewed": _reviewed,
}
