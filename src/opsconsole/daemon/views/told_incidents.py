"""What timelines say of the events of an incident: one function a kind.

Always true here: the text is one line, as it was said; whoever puts it on a terminal makes it safe.
"""

from __future__ import annotations

from collections.abc import Callable

from opsconsole import wire
from opsconsole.clipping import clipped
from opsconsole.journal.chain import Event

_SHOWN = 160
"""Characters of a note or a message in a timeline; the incident has all of it."""

Told = tuple[wire.EventKind, str, str]


def _about(words: Callable[[Event], str]) -> Callable[[Event], Told]:
    def told(event: Event) -> Told:
        return "note", str(event.data.get("service", "")), f"{event.data['incident']} {words(event)}"

    return told


def _line(text: str) -> str:
    return clipped(" ".join(text.split()), _SHOWN)


def _because(event: Event) -> str:
    return f": {_line(event.data['why'])}" if event.data.get("why") else ""


def _milestone(event: Event) -> str:
    data = event.data
    name = str(data["milestone"]).replace("_", " ")
    at = f"at {data['at'][:19].replace('T', ' ')}" if data["at"] else "taken back"
    return f"{name} {at}, by {'evidence' if data['source'] == 'auto' else 'hand'}{_because(event)}"


def _follow_up(event: Event) -> str:
    data = event.data
    owner = f" @{data['owner']}" if data["owner"] else ""
    due = f" due {data['due']}" if data["due"] else ""
    return f"follow-up: {_line(data['text'])}{owner}{due}"


def _noted(event: Event) -> str:
    data = event.data
    found = f" (follow-ups: {len(data['follow_ups'])})" if data["follow_ups"] else ""
    return f"{'cause' if data['is_cause'] else 'note'}: {_line(data['text'])}{found}"


def _updated(event: Event) -> str:
    data = event.data
    by = ", ".join(data["notifiers"]) or "nobody: written down alone"
    title = _line(data["text"].partition("\n")[0])
    return f"{data['audience']} message ({data['stage']}) through {by}: {title}"


def _linked(event: Event) -> str:
    link = event.data["link"]
    return f"linked {link['kind']} {_line(link['ref'])}"


def _offered(event: Event) -> str:
    return f"{event.data['role']} offered to {event.data['person']}"


INCIDENTS: dict[str, Callable[[Event], Told]] = {
    "incident.opened": _about(
        lambda event: f"opened, {event.data['severity']}: {_line(event.data['title'])}{_because(event)}"
    ),
    "incident.renamed": _about(
        lambda event: f"is {_line(event.data['title'])}, at {', '.join(event.data['services']) or 'no service'}"
    ),
    "incident.severity_set": _about(lambda event: f"is {event.data['severity']}{_because(event)}"),
    "incident.role_taken": _about(lambda event: f"{event.data['role']} taken by {event.data['person']}"),
    "incident.role_offered": _about(_offered),
    "incident.role_accepted": _about(lambda event: f"{event.data['role']} accepted by {event.data['person']}"),
    "incident.role_left": _about(lambda event: f"{event.data['role']} left"),
    "incident.milestone_set": _about(_milestone),
    "incident.noted": _about(_noted),
    "incident.followup_added": _about(_follow_up),
    "incident.followup_changed": _about(_follow_up),
    "incident.followup_done": _about(lambda event: f"follow-up {event.data['number']} done"),
    "incident.updated": _about(_updated),
    "incident.linked": _about(_linked),
    "incident.resolved": _about(lambda event: f"resolved{_because(event)}"),
    "incident.reopened": _about(lambda event: f"opened again{_because(event)}"),
    "incident.review_drafted": _about(lambda event: "review drafted"),
    "incident.reviewed": _about(lambda event: "reviewed"),
}
