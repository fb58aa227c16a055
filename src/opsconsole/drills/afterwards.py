"""The after-action report: what happened, beside what users saw, and what is to be learnt from it.

Always true here: everything but the facilitator's word and what panels showed follows from the scenario and the event
log; what players could
not see is marked as hidden; earlier scores are raw values of the same scenario and version, and no mean is made of
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

import msgspec

from opsconsole import wire
from opsconsole.drills import events
from opsconsole.drills.events import Logged
from opsconsole.drills.moments import length_s, spelled
from opsconsole.drills.people import doer, is_persons, told
from opsconsole.drills.scenario import Scenario

_QUIET = frozenset({"alert.escalated", "release.observed", "incident.linked", "baseline.set",
                    "checklist.entered", "checklist.evidence", "checklist.acted", events.SERVED, events.LOOKED,
                    events.TOLD})  # fmt: skip
"""What would drown the rest."""
_MARKED = ("alert.acknowledged", "incident.opened", "release.started", "checklist.decided", "incident.resolved",
           events.FAULTED, events.CLEARED)  # fmt: skip
_HELPS = frozenset({"release.started", "checklist.ticked", "checklist.decided"})
"""What may make users well."""
_SLOW_S = 300.0
"""Longer than this to the first act, and it is worth a word."""
_MUCH, _LITTLE = 0.75, 0.35
"""Of the harm that was kept from users: so much is a strength, so little is none."""


def report(
    scenario: Scenario,
    score: wire.DrillScore,
    log: Sequence[Logged],
    shown: Iterable[wire.ShownService] = (),
    history: Iterable[tuple[str, float]] = (),
    unreadable: Iterable[str] = (),
) -> wire.DrillReport:
    """What is read afterwards; ``shown`` is what players' panels showed, ``history`` earlier runs of the same scenario,
    without those that are unreadable."""
    return wire.DrillReport(
        score=score,
        timeline=tuple(_timeline(log)),
        shown=tuple(_with_twin(each, log) for each in shown),
        marks=tuple((each.moment, _mark(each)) for each in log if each.t >= 0 and _is_marked(each)),
        questions=scenario.debrief.questions,
        strengths=tuple(_strengths(score, log)),
        improvements=tuple(_improvements(score, _due(scenario, score), _ended(log))),
        followups=tuple(_followups(log)),
        notes=tuple(f"{spelled(each.t)} {each.data['text']}" for each in log if each.kind == events.NOTED),
        history=tuple(history),
        unreadable=tuple(unreadable),
    )


def _timeline(log: Iterable[Logged]) -> Iterator[wire.TimelineRow]:
    severities: dict[str, str] = {}
    for event in log:
        if event.kind not in _QUIET and not _is_pending(event) and not _is_no_news(event, severities):
            is_hidden = event.log == "stage" and event.kind not in (events.STARTED, events.ENDED)
            yield wire.TimelineRow(t=event.t, at=event.moment, who=doer(event), what=told(event), is_hidden=is_hidden)


def _is_no_news(event: Logged, severities: dict[str, str]) -> bool:
    """Is it an alert whose severity is what it was? ``severities`` remembers."""
    if event.kind not in ("alert.fired", "alert.changed"):
        return False
    alert, now = str(event.data.get("alert", event.t)), str(event.data["severity"])
    before, severities[alert] = severities.get(alert), now
    return before == now


def _is_pending(event: Logged) -> bool:
    """A look at the traffic that came too early."""
    return event.kind == "release.verified" and event.data["verdict"]["effect"] == "pending"


def _is_marked(event: Logged) -> bool:
    return event.kind in _MARKED and (event.log == "stage" or is_persons(event))


def _mark(event: Logged) -> str:
    who = "" if event.log == "stage" else f"{event.actor}: "
    return f"{who}{told(event).partition(':')[0]}"


def _with_twin(shown: wire.ShownService, log: Iterable[Logged]) -> wire.ShownService:
    """Beside what a service showed, what it would have been without faults: from the drill's start on."""
    sums: list[list[float]] = [[0, 0, 0.0] for _ in range(shown.axis.buckets)]
    for event in log:
        part = event.data["worlds"].get("twin", {}).get(shown.service) if event.kind == events.SERVED else None
        if part is None:
            continue
        since = event.moment - timedelta(seconds=float(event.data["seconds"])) - shown.axis.start
        bucket = int(since.total_seconds() // shown.axis.step_s)
        if 0 <= bucket < len(sums):
            sums[bucket] = [a + b for a, b in zip(sums[bucket], (part[0], part[2], part[3]), strict=True)]
    if not any(n for n, _, _ in sums):
        return shown
    return msgspec.structs.replace(
        shown,
        twin_errors=tuple(errors / n if n else None for n, errors, _ in sums),
        twin_usd=tuple(usd if n else None for n, _, usd in sums),
    )


def _due(scenario: Scenario, score: wire.DrillScore) -> dict[str, float]:
    """Expectation → by when it was to be done, of those that had a time and could begin."""
    met = {each.id: each.t for each in score.expectations}
    begins = {each.id: met.get(each.after) if each.after else 0.0 for each in scenario.expectations}
    return {
        each.id: start + length_s(each.within)
        for each in scenario.expectations
        if each.within and (start := begins[each.id]) is not None
    }


def _ended(log: Iterable[Logged]) -> float | None:
    """When it was over; None of a log without an end."""
    return next((each.t for each in log if each.kind == events.ENDED), None)


def _strengths(score: wire.DrillScore, log: Iterable[Logged]) -> Iterator[str]:
    if (helped := _helped(score.durations, log)) is not None:
        yield helped
    for objective in score.objectives:
        if objective.points and objective.earned == objective.points:
            yield f"All of the objective “{objective.title}” was met."
    if score.harm.saved is not None and score.harm.saved >= _MUCH:
        yield f"{100 * score.harm.saved:.0f} % of the harm was kept from users."
    if score.steps.verified and score.steps.verified >= score.steps.ticked:
        yield f"{score.steps.verified} steps were verified by a machine, {score.steps.ticked} by somebody's word."
    if score.people and not score.lapses and not score.wrong_changes:
        yield "Nothing was changed that did not have to be, and no reminder was needed."


def _helped(took: wire.DrillDurations, log: Iterable[Logged]) -> str | None:
    """What people changed last before users were well again."""
    if took.fault_t is None or took.mitigate_s is None:
        return None
    well = took.fault_t + took.mitigate_s
    before = [each for each in log if took.fault_t <= each.t <= well and each.kind in _HELPS and is_persons(each)]
    after = f", after {before[-1].actor} at {spelled(before[-1].t)}: {told(before[-1])}" if before else ""
    return f"Users were well again at {spelled(well)}{after}."


def _improvements(score: wire.DrillScore, due: Mapping[str, float], ended: float | None) -> Iterator[str]:
    """Lapses first: they are the ones that hurt in earnest."""
    for lapse in score.lapses:
        yield f"{lapse.title} ({lapse.what}{', by ' + lapse.by if lapse.by else ''}): {lapse.points:g} points."
    for each in score.expectations:
        if each.word == "missed":
            yield f"Not done{_by(due.get(each.id), ended)}: {each.title}."
        elif each.word == "late" and each.t is not None:
            yield f"Done late, at {spelled(each.t)} by {each.by}{_by(due.get(each.id))}: {each.title}."
        elif each.earned < each.points and each.word == "met":
            yield f"Done in part, {each.earned:g} of {each.points:g} points: {each.title}."
    if score.durations.detect_s is None and score.durations.fault_t is not None:
        yield "Nobody did anything after the fault began."
    elif score.durations.detect_s is not None and score.durations.detect_s > _SLOW_S:
        yield f"The first act came {score.durations.detect_s:.0f} s after the fault."
    if score.harm.saved is not None and score.harm.saved < _LITTLE:
        yield f"Of the harm, {100 * score.harm.saved:.0f} % was kept from users."
    if score.wrong_changes:
        yield f"Changes of what serves that nothing asked for: {score.wrong_changes}."


def _by(due: float | None, ended: float | None = None) -> str:
    """Of what was not due yet when the drill ended, that as well."""
    early = (
        f", and the drill ended at {spelled(ended)}" if ended is not None and due is not None and ended < due else ""
    )
    return "" if due is None else f" (due by {spelled(due)}{early})"


def _followups(log: Iterable[Logged]) -> Iterator[str]:
    for event in log:
        if event.kind == "incident.followup_added":
            yield _owned(event.data)
        elif event.kind == "incident.noted":
            yield from (_owned(each) for each in event.data["follow_ups"])


def _owned(found: object) -> str:
    data = found if isinstance(found, dict) else {}
    return f"{data.get('text', '')}{' @' + data['owner'] if data.get('owner') else ''}"
