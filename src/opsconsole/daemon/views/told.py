"""What the timeline says of each kind of event in the journal: one table, one function a kind.

Always true here: an event of a kind that has no words here is named by its kind, never left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from opsconsole import wire
from opsconsole.daemon.views.told_incidents import INCIDENTS
from opsconsole.journal.chain import Event
from opsconsole.releases.targets.shares import spelled

Told = tuple[wire.EventKind, str, str]
"""Kind of the event on the timeline, the service that it is about, and what happened."""

_PARTS_TOLD = 3


def _attached(event: Event) -> Told:
    paths = event.data["request"]["paths"]
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return "source", event.data["request"].get("service", ""), f"attached {paths[0]}{more}"


def _baseline(event: Event) -> Told:
    return "baseline", str(event.data["service"]), f"baseline set: {event.data['label']}"


def _version_added(event: Event) -> Told:
    manifest = event.data["manifest"]
    parts = ", ".join(f"{part['kind']} {part.get('name') or part['uri']}" for part in manifest["parts"][:_PARTS_TOLD])
    more = len(manifest["parts"]) - _PARTS_TOLD
    what = "registered again" if event.data["is_replacement"] else "registered"
    return (
        "release",
        str(manifest["service"]),
        f"{manifest['version']} {what}: {parts}" + (f" and {more} more" if more > 0 else ""),
    )


def _release_started(event: Event) -> Told:
    plan = event.data["plan"]
    before, after = plan["before"]["routing"]["shares"], plan["after"]["shares"]
    change = f": {spelled(before)} → {spelled(after)}" if plan["requests"] else ""
    return "release", str(event.data["service"]), f"{plan['order']['act']} began{change}"


def _release_finished(event: Event) -> Told:
    return "release", str(event.data["service"]), f"{event.data['word']}: {event.data['told']}"


def _release_verified(event: Event) -> Told:
    verdict = event.data["verdict"]
    return "release", str(event.data["service"]), f"{verdict['effect']}: {verdict['why']}"


def _version_refused(event: Event) -> Told:
    return "release", str(event.data["service"]), f"not registered: {event.data['why']}{_times(event)}"


def _release_refused(event: Event) -> Told:
    no = event.data["refusals"][0]
    told = f"{event.data['act']} refused ({no['rule']}): {no['why']}{_times(event)}"
    return "release", str(event.data["service"]), told


def _request_refused(event: Event) -> Told:
    return "config", "", f"refused: {event.data['why']}{_times(event)}"


def _times(event: Event) -> str:
    return f" ({event.data['times']} times)" if "times" in event.data else ""


def _observed(event: Event) -> Told:
    return "release", str(event.data["service"]), f"first seen: {spelled(event.data['routing']['shares'])}"


def _out_of_band(event: Event) -> Told:
    return "release", str(event.data["service"]), f"out of band change: {event.data['told']}"


def _rollout(word: str) -> Callable[[Event], Told]:
    def told(event: Event) -> Told:
        data: Mapping[str, Any] = event.data
        version = f" of {data['version']}" if "version" in data else ""
        step = f" to step {int(data['step']) + 1}" if "step" in data else ""
        why = f": {data['why']}" if data.get("why") else ""
        return "release", str(data["service"]), f"rollout{version} {data.get('phase', word)}{step}{why}"

    return told


def _approved(event: Event) -> Told:
    return "release", str(event.data["service"]), f"approved {event.data['approval']['told']}"


def _frozen(event: Event) -> Told:
    freeze = event.data["freeze"]
    until = f" until {freeze['until'][:16]}" if freeze.get("until") else ""
    return "config", str(event.data["service"]), f"frozen{until}: {freeze['reason']}"


def _alert_fired(event: Event) -> Told:
    data = event.data
    named = f"{data['alert']} " if "alert" in data else ""
    return "note", _of_alert(event), f"{named}{data['severity']} fired: {data['title']}"


def _alert_changed(event: Event) -> Told:
    word = "is gone, and has to stay so" if event.data["is_cleared"] else event.data["severity"]
    return "note", _of_alert(event), f"{event.data['alert']} {word}: {event.data['title']}"


def _of_alert(event: Event) -> str:
    services = event.data.get("services", ())
    return str(services[0]) if len(services) == 1 else ""


def _alert_escalated(event: Event) -> Told:
    data = event.data
    names = ", ".join(data["notify"])
    told = f"told to {names}" if names else data.get("why_nobody", wire.NO_NOTIFIER)
    step = f" (step {data['step'] + 1})" if data["step"] else ""
    return "note", _of_alert(event), f"{data['alert']}{' ' if names else ', '}{told}{step}"


def _alert_acknowledged(event: Event) -> Told:
    note = f": {event.data['note']}" if event.data["note"] else ""
    return "note", _of_alert(event), f"{event.data['alert']} acknowledged by {event.data['person']}{note}"


def _alert_silenced(event: Event) -> Told:
    data = event.data
    what = " ".join(part for part in (data["subject"] or "every service", data["what"]) if part)
    return "note", str(data["subject"]), f"silenced until {data['until'][:16]}: {what} ({data['reason']})"


def _run(told: Callable[[Mapping[str, Any]], str]) -> Callable[[Event], Told]:
    """Words of a run of a checklist, behind its id."""

    def words(event: Event) -> Told:
        return "note", str(event.data.get("service", "")), f"{event.data['run']} {told(event.data)}"

    return words


def _run_expected(data: Mapping[str, Any]) -> str:
    found = {True: "holds", False: "does not hold", None: "cannot be told"}[data["ok"]]
    return f"{data.get('step', '')}: {data['which']} {found}: {data['told']}"


def _run_ticked(data: Mapping[str, Any]) -> str:
    word = "not so" if not data["is_ok"] else "verified" if data.get("is_verified") else "ticked"
    return f"{data['step']} {word}" + (f": {data['note']}" if data.get("note") else "")


def _run_acted(data: Mapping[str, Any]) -> str:
    if data["phase"] == "sending":
        return (
            f"{data['step']}: sending {data['op']['told'].splitlines()[0] if data['op']['told'] else data['op']['key']}"
        )
    return f"{data['step']} {data['word']}: {data['told']}"


def _notice_queued(event: Event) -> Told:
    notice = event.data["notice"]
    whom = ", ".join(event.data["deliveries"])
    return "note", str(notice["service"]), f"{notice['kind']}: {notice['title']} → {whom}"


def _notice_sent(event: Event) -> Told:
    tries = f" at the {event.data['attempts']}. attempt" if event.data["attempts"] > 1 else ""
    return "note", "", f"{event.data['notifier']} was told{_of_what(event)}{tries}"


def _notice_failed(event: Event) -> Told:
    what = _of_what(event)
    said = f"could not be told{what}, and is tried again" if event.data["next_at"] else f"WAS NEVER TOLD{what}"
    return "note", "", f"{event.data['notifier']} {said}: {event.data['told']}"


def _of_what(event: Event) -> str:
    return f" of {event.data['key']}" if event.data.get("key") else ""


TOLD: dict[str, Callable[[Event], Told]] = {
    "sources.attached": _attached,
    "baseline.set": _baseline,
    "version.added": _version_added,
    "version.refused": _version_refused,
    "release.observed": _observed,
    "release.found_out_of_band": _out_of_band,
    "release.started": _release_started,
    "release.finished": _release_finished,
    "release.verified": _release_verified,
    "release.refused": _release_refused,
    "release.approved": _approved,
    "request.refused": _request_refused,
    "rollout.started": _rollout("started"),
    "rollout.advanced": _rollout("advanced"),
    "rollout.held": _rollout("held"),
    "rollout.resumed": _rollout("resumed"),
    "rollout.ended": _rollout("ended"),
    **INCIDENTS,
    "alert.fired": _alert_fired,
    "alert.changed": _alert_changed,
    "alert.resolved": lambda event: ("note", _of_alert(event), f"{event.data['alert']} resolved: {event.data['why']}"),
    "alert.escalated": _alert_escalated,
    "alert.acknowledged": _alert_acknowledged,
    "alert.silenced": _alert_silenced,
    "alert.unsilenced": lambda event: ("note", "", f"silence {event.data['silence']} ended"),
    "checklist.started": _run(lambda data: f"began: {data['checklist']['title']}"),
    "checklist.entered": _run(lambda data: f"at {data['step']}"),
    "checklist.evidence": _run(lambda data: f"{data['step']}: {'; '.join(each['told'] for each in data['items'])}"),
    "checklist.expected": _run(_run_expected),
    "checklist.ticked": _run(_run_ticked),
    "checklist.decided": _run(lambda data: f"{data['step']} decided: {data['option']}"),
    "checklist.skipped": _run(lambda data: f"{data['step']} skipped: {data['reason']}"),
    "checklist.approved": _run(lambda data: f"{data['step']} {'approved' if data['is_given'] else 'denied'}"),
    "checklist.acted": _run(_run_acted),
    "checklist.undone": _run(lambda data: f"{data['step']} undoing {data['word']}: {data['told']}"),
    "checklist.noted": _run(lambda data: f"note: {data['text']}"),
    "checklist.joined": _run(lambda data: f"{data['by']['who']} is {data['role']}"),
    "checklist.aborted": _run(lambda data: f"aborted: {data['reason']}"),
    "checklist.ended": _run(lambda data: f"{data['word']}: {data['told']}"),
    "drill.scored": lambda event: ("note", "", f"drill {event.data['scenario']} scored {event.data['score']:g}"),
    "drill.said": lambda event: ("note", str(event.data["service"]), f"{event.data['via']}: {event.data['text']}"),
    "freeze.set": _frozen,
    "freeze.lifted": lambda event: ("config", str(event.data["service"]), "freeze lifted"),
    "console.armed": lambda event: ("config", "", "console armed"),
    "console.locked": lambda event: ("config", "", "console locked"),
    "notice.queued": _notice_queued,
    "notice.sent": _notice_sent,
    "notice.failed": _notice_failed,
    "journal.doubted": lambda event: ("note", "", f"the journal is not as it was written: {event.data['found']}"),
    "daemon.started": lambda event: ("daemon", "", "daemon started"),
    "daemon.stopped": lambda event: ("daemon", "", "daemon stopped"),
}


def told_of(event: Event) -> Told:
    """What is said of an event; one of a kind that has no words of its own is named."""
    told = TOLD.get(event.kind)
    return told(event) if told else ("note", "", event.kind.replace(".", " ").replace("_", " "))
