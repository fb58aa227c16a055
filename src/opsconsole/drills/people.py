"""Which events of a log are a person's doing, and what they did in words.

Always true here: automation and the stage are nobody; a message that the scenario sends is nobody's doing, whatever
name stands under it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from opsconsole.drills import events
from opsconsole.drills.events import Logged

AUTOMATION = frozenset({"opsconsole", "alerts", "incidents", "rollout", "opsconsole.yaml", "stage", "release-bot"})
_ACTS = ("alert.acknowledged", "alert.silenced", "alert.unsilenced", "incident.", "checklist.", "release.", "freeze.",
         "baseline.", "version.")  # fmt: skip
_FOLLOWING = frozenset({"release.verified", "release.finished", "checklist.entered", "checklist.evidence",
                        "checklist.expected", "checklist.ended"})  # fmt: skip
"""What follows from an act, under the name of whoever began it."""


_ASKED = frozenset({events.HINTED, events.JUDGED, events.NOTED})


def is_persons(event: Logged) -> bool:
    """Did somebody do this?"""
    is_act = event.kind.startswith(_ACTS) and event.kind not in _FOLLOWING
    return event.log == "journal" and is_act and event.actor not in AUTOMATION


def doer(event: Logged) -> str:
    """Whose doing it is: the stage writes down what people ask of it."""
    return str(event.data["by"]) if event.kind in _ASKED else event.actor


def told(event: Logged) -> str:
    """In one line."""
    words = _WORDS.get(event.kind)
    return words(event) if words is not None else event.kind.replace(".", " ").replace("_", " ")


def _order(event: Logged) -> str:
    plan = event.data["plan"]
    version = f" {plan['to_version']}" if plan["to_version"] else ""
    return f"{plan['order']['act']} {plan['order']['service']}{version}"


def _short(text: object) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= 120 else line[:119] + "…"


def _noted(text: object) -> str:
    return f": {_short(text)}" if text else ""


def _ticked(event: Logged) -> str:
    return f"ticks {event.data['step']}" if event.data["is_ok"] else f"{event.data['step']} fails"


def _expected(event: Logged) -> str:
    found = {True: "holds", False: "does not hold"}.get(event.data["ok"], "cannot be told")
    return f"{event.data.get('step') or 'the run'}: {event.data['which']} {found}"


def _fault(event: Logged) -> str:
    return f"{'decoy' if event.data['decoy'] else 'fault'} {event.data['fault']}"


def _alert(event: Logged) -> str:
    return f"{event.data['alert']} " if "alert" in event.data else ""


def _via(event: Logged) -> str:
    via = str(event.data["via"])
    return "says" if via == event.actor else via


_WORDS: Mapping[str, Callable[[Logged], str]] = {
    "alert.fired": lambda event: f"{_alert(event)}fires, {event.data['severity']}: {_short(event.data['title'])}",
    "alert.changed": lambda event: (
        f"{event.data['alert']} is a {event.data['severity']}: {_short(event.data['title'])}"
    ),
    "alert.resolved": lambda event: f"{event.data['alert']} is resolved",
    "alert.acknowledged": lambda event: f"acknowledges {event.data['alert']}{_noted(event.data.get('note', ''))}",
    "alert.silenced": lambda event: f"silences {event.data.get('subject', '')}: {_short(event.data.get('reason', ''))}",
    "incident.opened": lambda event: f"opens {event.data['incident']} {event.data['severity']}: {event.data['title']}",
    "incident.noted": lambda event: f"notes: {_short(event.data['text'])}",
    "incident.updated": lambda event: f"tells {event.data['audience']} ({event.data['stage']})",
    "incident.resolved": lambda event: f"resolves {event.data['incident']}",
    "incident.role_taken": lambda event: f"takes the role {event.data['role']}",
    "incident.milestone_set": lambda event: f"{str(event.data['milestone']).replace('_', ' ')} is set",
    "incident.severity_set": lambda event: f"sets the severity to {event.data['severity']}",
    "release.started": _order,
    "release.finished": lambda event: f"the change of {event.data['service']} is {event.data['word']}",
    "release.refused": lambda event: f"is refused: {event.data['act']} {event.data['service']}",
    "release.verified": lambda event: f"the change of {event.data['service']} is {event.data['verdict']['effect']}",
    "checklist.started": lambda event: f"begins {event.data['checklist']['id']}",
    "checklist.decided": lambda event: f"decides {event.data['step']}: {event.data['option']}",
    "checklist.expected": _expected,
    "checklist.ticked": _ticked,
    "checklist.skipped": lambda event: f"skips {event.data['step']}: {_short(event.data['reason'])}",
    "request.refused": lambda event: f"is refused: {_short(event.data['why'])}",
    events.SAID: lambda event: f"{_via(event)}: {_short(event.data['text'])}",
    events.FAULTED: lambda event: f"{_fault(event)} begins",
    events.CLEARED: lambda event: f"{_fault(event)} is over",
    events.EFFECTIVE: lambda event: f"target of {event.data['service']}: {event.data['told']}",
    events.TOLD: lambda event: f"inject {event.data['inject']}",
    events.HINTED: lambda event: f"takes hint {event.data['hint']}",
    events.NOTED: lambda event: f"notes as facilitator: {_short(event.data['text'])}",
    events.JUDGED: lambda event: f"judges {event.data['expectation']}: {event.data['quality']:g}",
    events.STOPPED: lambda event: f"the drill is to {event.data['does']}: {_short(event.data['when'])}",
    events.STARTED: lambda event: "the drill begins",
    events.ENDED: lambda event: "the drill ends",
}
