"""What can be measured of a drill: how long things took, what users suffered, how steps ended, who was told when.

Always true here: pure functions of the event log and the scenario; a moment that never came is None.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from opsconsole import wire
from opsconsole.drills import events
from opsconsole.drills.events import Logged
from opsconsole.drills.moments import length_s
from opsconsole.drills.people import is_persons
from opsconsole.drills.scenario import Scenario
from opsconsole.drills.tracking import Tracker

HELD_S = 120.0
"""Users have to be well for so long before anybody is said to have helped them."""
SLACK = 0.02
"""Of the requests: so many more bad ones than without faults are still as good as none."""


def durations(scenario: Scenario, log: Sequence[Logged], tracker: Tracker) -> wire.DrillDurations:
    """How long everything took."""
    fault = first(log, lambda each: each.kind == events.FAULTED and not each.data["decoy"])
    since = fault if fault is not None else 0.0
    alerted = first(log, lambda each: each.kind == "alert.fired" and each.t >= since)
    heard = first(log, lambda each: each.kind in ("alert.fired", events.SAID) and each.t >= since)
    opened = first(log, lambda each: each.kind == "incident.opened")
    answered = first(log, lambda each: each.kind in ("alert.acknowledged", "incident.opened") and each.t >= since)
    messages = [each.t for each in log if each.kind == "incident.updated"]
    resolved = last(log, lambda each: each.kind == "incident.resolved")
    end = max([resolved if resolved is not None else ended(scenario, log), *messages])
    return wire.DrillDurations(
        fault_t=fault,
        alerted_s=_after(fault, alerted),
        detect_s=_after(fault, first(log, lambda each: is_persons(each) and each.t >= since)),
        acknowledge_s=_after(heard, answered),
        identify_s=_after(fault, tracker.cause.t if tracker.cause is not None else None),
        mitigate_s=_after(fault, well_again(log, fault)),
        resolve_s=_after(fault, resolved),
        first_message_s=_after(opened, messages[0] if messages else None),
        longest_silence_s=max((b - a for a, b in pairwise([*messages, end])), default=None) if messages else None,
        messages=len(messages),
    )


def ended(scenario: Scenario, log: Sequence[Logged]) -> float:
    """When it was over: as the log says, else as the scenario does."""
    end = last(log, lambda each: each.kind == events.ENDED)
    return end if end is not None else length_s(scenario.clock.length)


def _after(start: float | None, moment: float | None) -> float | None:
    return None if start is None or moment is None or moment < start else round(moment - start, 3)


def first(log: Iterable[Logged], test: Callable[[Logged], bool]) -> float | None:
    """When the first such event was."""
    return next((each.t for each in log if each.t >= 0 and test(each)), None)


def last(log: Sequence[Logged], test: Callable[[Logged], bool]) -> float | None:
    return next((each.t for each in reversed(log) if each.t >= 0 and test(each)), None)


def well_again(log: Iterable[Logged], fault: float | None) -> float | None:
    """When users began to be as well as without faults, and stayed so for ``HELD_S``: only once they were not."""
    if fault is None:
        return None
    was_bad, since = False, None
    for event in log:
        if event.kind != events.SERVED or event.t <= fault:
            continue
        requests, excess = _excess(event)
        if excess > SLACK * max(requests, 1) and excess >= 2:
            was_bad, since = True, None
        elif was_bad and since is None:
            since = event.t - float(event.data["seconds"])
        if since is not None and event.t - since >= HELD_S:
            return since
    return None


def _excess(event: Logged) -> tuple[int, int]:
    """(Requests, bad ones beyond the twin's), of all services."""
    worlds = event.data["worlds"]
    twin = worlds.get("twin", {})
    actual = worlds["actual"]
    bad = sum(part[1] for part in actual.values()) - sum(part[1] for part in twin.values())
    return sum(part[0] for part in actual.values()), bad


def harm(scenario: Scenario, log: Iterable[Logged]) -> wire.HarmScore:
    """What users suffered, beside what they would have suffered."""
    sums = {world: [0, 0, 0, 0.0] for world in ("actual", "twin", "worst")}
    for event in log:
        if event.kind == events.SERVED:
            for world, services in event.data["worlds"].items():
                for part in services.values():
                    sums[world] = [a + b for a, b in zip(sums[world], part, strict=True)]
    price, points = scenario.harm.usd_per_bad, scenario.harm.points

    def beyond(world: str) -> float:
        dearer = max(0.0, sums[world][3] - sums["twin"][3])
        return max(0, sums[world][1] - sums["twin"][1]) * price + dearer

    worst = beyond("worst")
    saved = round(1 - beyond("actual") / worst, 4) if worst > 0 else None
    return wire.HarmScore(
        requests=int(sums["actual"][0]),
        bad=int(sums["actual"][1]),
        bad_twin=int(sums["twin"][1]),
        bad_worst=int(sums["worst"][1]),
        usd=round(sums["actual"][3], 4),
        usd_twin=round(sums["twin"][3], 4),
        usd_worst=round(sums["worst"][3], 4),
        saved=saved,
        points=points if saved is not None else 0.0,
        earned=round(points * min(1.0, max(-1.0, saved)), 2) if saved is not None else 0.0,
    )


def steps(log: Iterable[Logged]) -> wire.StepTally:
    """How steps of checklists ended: a machine's finding, or somebody's word."""
    found = dict.fromkeys(("verified", "ticked", "decided", "skipped", "failed"), 0)
    for event in log:
        word = _step_word(event)
        if word and event.t >= 0:
            found[word] += 1
    return wire.StepTally(**found)


def _step_word(event: Logged) -> str:
    data = event.data
    if event.kind == "checklist.expected":
        is_final = data["which"] in ("expect", "verify", "until") and not data.get("waits")
        return ("verified" if data["ok"] else "failed") if is_final else ""
    if event.kind == "checklist.ticked":
        if data.get("is_verified_next"):
            return ""
        return ("verified" if data.get("is_verified") else "ticked") if data["is_ok"] else "failed"
    return {"checklist.decided": "decided", "checklist.skipped": "skipped"}.get(event.kind, "")


def cadence(scenario: Scenario, log: Sequence[Logged]) -> wire.CadenceScore | None:
    """In how many windows of that length was something said, from the first message to the resolution or the end?

    Many messages in one window are one; the last window ends with the span.
    """
    wanted = scenario.cadence
    if wanted is None:
        return None
    every_s = length_s(wanted.every)
    messages = [each.t for each in log if each.kind == "incident.updated" and each.t >= 0]
    over = last(log, lambda each: each.kind == "incident.resolved") or ended(scenario, log)
    if not messages:
        return wire.CadenceScore(every_s=every_s, kept=0, due=1, points=wanted.points, earned=0.0)
    begin, end = messages[0], max(over, messages[0])
    due = max(1, math.ceil((end - begin) / every_s))
    windows = [begin + n * every_s for n in range(due - 1)] + [end - every_s]
    kept = sum(any(since <= t <= since + every_s for t in messages) for since in windows)
    earned = round(wanted.points * min(1.0, kept / due), 2)
    return wire.CadenceScore(every_s=every_s, kept=kept, due=due, points=wanted.points, earned=earned)
