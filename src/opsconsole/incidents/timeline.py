"""The timeline of an incident: what the journal says of its span, its services and its links, each line with its data.

Always true here: nothing is written by hand and nothing is left out because it has no words; each line has a command
that shows the data behind it, at the moment of the line and not of the reader.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from opsconsole import wire
from opsconsole.incidents.ledger import moment
from opsconsole.journal.walk import Event

LEAD = timedelta(minutes=30)
"""What was done so long before the impact is on the timeline, too: that is where causes are found."""
TAIL = timedelta(hours=1)
"""So long after the resolution."""
AFTERMATH = timedelta(minutes=5)
"""A line's data is shown up to so long after it, so that its effect is in the picture."""
_OF_EVERY_SERVICE = ("freeze.", "daemon.", "sources.", "journal.")
_ABOUT: Mapping[str, wire.LinkKind] = {"alert": "alert", "release": "release", "rollout": "release",
                                       "checklist": "checklist"}  # fmt: skip
"""First word of an event's kind → the kind of link that it may be about."""
_REFS = ("alert", "op_id", "run")
"""Where an event names what it is about."""

Told = Callable[[Event], tuple[str, str]]
"""The service that an event is about, and what happened."""


def span(incident: wire.Incident, now: datetime) -> tuple[datetime, datetime]:
    """From before its beginning to after its end, or to now."""
    known = [at for at in (moment(incident, name) for name in wire.MILESTONES) if at is not None]
    resolved = moment(incident, "resolved")
    return min([incident.opened_at, *known]) - LEAD, min(now, resolved + TAIL) if resolved else now


def lines(incident: wire.Incident, events: Iterable[Event], told: Told, now: datetime) -> tuple[wire.IncidentLine, ...]:
    """The lines of those events that belong to it, oldest first; ``events`` are those of its span."""
    linked = {(link.kind, link.ref) for link in incident.links}
    messages: set[str] = set()
    found = []
    for event in events:
        service, text = told(event)
        if _belongs(event, service, incident, linked, messages):
            messages.update(event.data.get("deliveries", {}).values())
            found.append(
                wire.IncidentLine(
                    at=datetime.fromisoformat(event.at),
                    kind=event.kind,
                    service=service,
                    actor=event.actor,
                    text=text,
                    command=_command(event, service, incident, now),
                )
            )
    return tuple(found)


def _belongs(
    event: Event,
    service: str,
    incident: wire.Incident,
    linked: set[tuple[wire.LinkKind, str]],
    messages: set[str],
) -> bool:
    """``messages`` are the deliveries of what was said of it so far: what became of one is on its timeline, too."""
    if event.kind.startswith("incident."):
        return event.data.get("incident") == incident.incident
    if event.kind == "notice.queued":
        labels = event.data["notice"].get("labels", {})
        if labels.get("incident") == incident.incident or ("alert", labels.get("alert")) in linked:
            return True
    elif event.kind.startswith("notice."):
        return event.data["id"] in messages
    about = _ABOUT.get(event.kind.partition(".")[0])
    if about is not None and any((about, ref) in linked for ref in refs(event.data)):
        return True
    services = {service, *event.data.get("services", ())} - {""}
    if services:
        return not services.isdisjoint(incident.services)
    return event.kind.startswith(_OF_EVERY_SERVICE)


def refs(data: Mapping[str, Any]) -> list[str]:
    """What an event is about, by whichever name its room gives it; a plan in it is asked for its own."""
    plan = data.get("plan")
    named = (data, plan if isinstance(plan, Mapping) else {})
    return [each[name] for each in named for name in _REFS if isinstance(each.get(name), str)]


# Data links -------------------------------------------------------------------------------------------------------


def show(view: str, service: str, at: datetime, now: datetime, window: str = "15m") -> str:
    """The command that shows a view as it was just after a moment."""
    until = at + AFTERMATH
    words = ["opsconsole", "show", view, *([service] if service else []), "--window", window]
    if until <= now:
        words += ["--as-of", f"{until:%Y-%m-%dT%H:%M}"]
    return shlex.join(words)


def range_command(view: str, service: str, start: datetime, end: datetime) -> str:
    """The command that shows a view of a range: its end, and the shortest window that holds it."""
    words = ["opsconsole", "show", view, *([service] if service else [])]
    return shlex.join([*words, "--window", window_of(end - start), "--as-of", f"{end:%Y-%m-%dT%H:%M}"])


def window_of(length: timedelta) -> str:
    """The shortest window that holds so much time."""
    seconds = length.total_seconds()
    return next((name for name, holds in wire.WINDOWS.items() if holds >= seconds), "all")


def link_command(link: wire.IncidentLink) -> str:
    """The command that shows what is linked."""
    if link.kind == "query":
        return shlex.join(["opsconsole", "query", link.ref])
    if link.kind == "view":
        if link.start is not None and link.end is not None:
            return range_command(link.ref, link.service, link.start, link.end)
        return show(link.ref, link.service, link.at, link.at + AFTERMATH)
    if link.kind == "release" and link.service:
        return shlex.join(["opsconsole", "release", "history", link.service])
    return _journal(link.start or link.at)


def _journal(at: datetime) -> str:
    """What the journal holds of this very second."""
    until = at + timedelta(seconds=1)
    moments = ["--since", f"{at:%Y-%m-%dT%H:%M:%S}", "--until", f"{until:%Y-%m-%dT%H:%M:%S}"]
    return shlex.join(["opsconsole", "audit", "show", *moments, "--json"])


_VIEW_OF: Mapping[str, str] = {"baseline": "drift", "version": "versions"}
"""First word of an event's kind → the view that shows what it changed, where that is not the service's own."""


def _command(event: Event, service: str, incident: wire.Incident, now: datetime) -> str:
    at = datetime.fromisoformat(event.at)
    if event.kind == "incident.linked":
        return link_command(
            msgspec.convert({**event.data["link"], "at": event.at, "by": event.actor}, wire.IncidentLink)
        )
    if event.kind == "incident.updated":
        return _journal(at)
    if event.kind.startswith("notice."):
        key = event.data["notice"]["key"] if event.kind == "notice.queued" else event.data.get("key", "")
        return shlex.join(["opsconsole", "notify", "deliveries", *(["--key", key] if key else [])])
    if event.kind == "incident.milestone_set" and event.data["source"] == "auto":
        return str(event.data["evidence"])
    first = event.kind.partition(".")[0]
    about = service or (incident.services[0] if incident.services else "")
    if not about:
        return show("fleet", "", at, now)
    return show(_VIEW_OF.get(first, "service"), about, at, now)
