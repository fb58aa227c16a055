"""What the timeline says of each kind of event in the journal: one table, one function a kind.

Always true here: an event of a kind that has no words here is named by its kind, never left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from opsconsole import wire
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


def _release_refused(event: Event) -> Told:
    no = event.data["refusals"][0]
    return "release", str(event.data["service"]), f"{event.data['act']} refused ({no['rule']}): {no['why']}"


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


def _notice_queued(event: Event) -> Told:
    notice = event.data["notice"]
    whom = ", ".join(event.data["deliveries"])
    return "note", str(notice["service"]), f"{notice['kind']}: {notice['title']} → {whom}"


def _notice_sent(event: Event) -> Told:
    tries = f" at the {event.data['attempts']}. attempt" if event.data["attempts"] > 1 else ""
    return "note", "", f"{event.data['notifier']} was told{tries}"


def _notice_failed(event: Event) -> Told:
    what = "could not be told, and is tried again" if event.data["next_at"] else "WAS NEVER TOLD"
    return "note", "", f"{event.data['notifier']} {what}: {event.data['told']}"


TOLD: dict[str, Callable[[Event], Told]] = {
    "sources.attached": _attached,
    "baseline.set": _baseline,
    "version.added": _version_added,
    "release.observed": _observed,
    "release.found_out_of_band": _out_of_band,
    "release.started": _release_started,
    "release.finished": _release_finished,
    "release.verified": _release_verified,
    "release.refused": _release_refused,
    "release.approved": _approved,
    "rollout.started": _rollout("started"),
    "rollout.advanced": _rollout("advanced"),
    "rollout.held": _rollout("held"),
    "rollout.resumed": _rollout("resumed"),
    "rollout.ended": _rollout("ended"),
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
