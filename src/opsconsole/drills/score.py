"""The score: a pure function of a scenario and an event log, which anybody can compute again.

Always true here: points are earned by what is in the log and by nothing else; what is met late earns half; what a
person has to judge and nobody judged counts neither for nor against; the harm that was kept from users is measured
against the world in which nobody does anything, and counts against whoever makes it worse.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from opsconsole import __version__, wire
from opsconsole.drills import events, measures
from opsconsole.drills.conditions import Facts, condition
from opsconsole.drills.events import Logged, written
from opsconsole.drills.goals import Expectation
from opsconsole.drills.people import doer, is_persons, told
from opsconsole.drills.scenario import Scenario
from opsconsole.drills.tracking import Met, Tracker

LATE = 0.5
"""Of its points earns what is met too late."""


def scored(scenario: Scenario, text: str, log: Sequence[Logged]) -> wire.DrillScore:
    """How it went until it ended; ``text`` is the scenario's file."""
    log = events.until_end(log)
    tracker = Tracker(scenario).follow(log)
    expectations = tuple(_expectation(each, tracker.met.get(each.id)) for each in scenario.expectations)
    lapses = tuple(sorted(_lapses(scenario, log, tracker), key=lambda each: each.t))
    harm, cadence = measures.harm(scenario, log), measures.cadence(scenario, log)
    judged = [each for each in expectations if each.word != "not judged"]
    possible = sum(each.points for each in judged) + harm.points + (cadence.points if cadence else 0.0)
    earned = sum(each.earned for each in judged) + harm.earned + (cadence.earned if cadence else 0.0)
    lost = sum(each.points for each in lapses)
    wrong = _wrong_changes(scenario, log)
    started = next((each for each in log if each.kind == events.STARTED), None)
    return wire.DrillScore(
        scenario=scenario.id,
        version=scenario.version,
        title=scenario.title,
        seed=int(started.data["seed"]) if started else scenario.seed,
        beat_s=int(started.data["beat_s"]) if started else 0,
        scenario_sha256=hashlib.sha256(text.encode()).hexdigest(),
        log_sha256=hashlib.sha256(written(log)).hexdigest(),
        app_version=__version__,
        score=round(100 * max(0.0, earned - lost) / possible, 1) if possible else 0.0,
        earned=round(earned, 2),
        lost=round(lost, 2),
        possible=round(possible, 2),
        length_s=measures.ended(scenario, log),
        checklists=scenario.checklists,
        expectations=expectations,
        lapses=lapses,
        objectives=tuple(_objectives(scenario, expectations, cadence)),
        people=tuple(_people(log, expectations, lapses, wrong)),
        durations=measures.durations(scenario, log, tracker),
        harm=harm,
        steps=measures.steps(log),
        cadence=cadence,
        wrong_changes=len(wrong),
        steady_before=_steady(log, is_before=True),
        steady_after=_steady(log, is_before=False),
    )


def _expectation(each: Expectation, met: Met | None) -> wire.ExpectationScore:
    if met is None:
        word: wire.ExpectationWord = "not judged" if each.judged else "missed"
        return wire.ExpectationScore(
            id=each.id, title=each.title, objective=each.objective, points=each.points, earned=0.0, word=word
        )
    return wire.ExpectationScore(
        id=each.id,
        title=each.title,
        objective=each.objective,
        points=each.points,
        earned=round(each.points * met.quality * (LATE if met.is_late else 1.0), 2),
        word="late" if met.is_late else "met",
        t=met.event.t,
        by=doer(met.event),
        what=told(met.event),
    )


def _lapses(scenario: Scenario, log: Iterable[Logged], tracker: Tracker) -> Iterable[wire.LapseScore]:
    """A rule is broken as often as it is broken, and costs once."""
    rules = {each.id: each for each in scenario.forbidden}
    counted: set[str] = set()
    for broken in tracker.broken:
        rule = rules[broken.forbidden]
        points = 0.0 if rule.id in counted else -rule.points
        counted.add(rule.id)
        yield wire.LapseScore(
            id=rule.id,
            title=rule.title,
            points=points,
            t=broken.event.t,
            by=broken.event.actor,
            what=told(broken.event),
        )
    for event in log:
        if event.kind == events.HINTED:
            yield wire.LapseScore(
                id="hint", title="A hint was taken", points=float(event.data["cost"]), t=event.t,
                by=str(event.data["by"]), what=told(event),
            )  # fmt: skip
        elif event.kind == events.TOLD and event.data["cost"] and event.t >= 0:
            name = str(event.data["inject"])
            yield wire.LapseScore(
                id=name, title="A reminder was needed", points=float(event.data["cost"]), t=event.t, what=told(event)
            )


def _wrong_changes(scenario: Scenario, log: Iterable[Logged]) -> list[Logged]:
    """Changes of what serves, by people, that no expectation asks for."""
    wanted = [condition(each.match) for each in scenario.expectations if each.match]
    every = frozenset(each.id for each in scenario.expectations)
    changes = [each for each in log if each.kind == "release.started" and each.t >= 0 and is_persons(each)]
    return [each for each in changes if not any(one.holds(Facts(each.t, (each,), every)) for one in wanted)]


def _objectives(
    scenario: Scenario, expectations: Sequence[wire.ExpectationScore], cadence: wire.CadenceScore | None
) -> Iterable[wire.ObjectiveScore]:
    for objective in scenario.objectives:
        mine = [each for each in expectations if each.objective == objective.id and each.word != "not judged"]
        points, earned = sum(each.points for each in mine), sum(each.earned for each in mine)
        if cadence is not None and scenario.cadence is not None and scenario.cadence.objective == objective.id:
            points, earned = points + cadence.points, earned + cadence.earned
        yield wire.ObjectiveScore(id=objective.id, title=objective.title, earned=earned, points=points)


def _people(
    log: Iterable[Logged],
    expectations: Sequence[wire.ExpectationScore],
    lapses: Sequence[wire.LapseScore],
    wrong: Sequence[Logged],
) -> Iterable[wire.PersonScore]:
    acts: dict[str, int] = {}
    for event in log:
        if event.t >= 0 and is_persons(event):
            acts[event.actor] = acts.get(event.actor, 0) + 1
    for person, n in sorted(acts.items()):
        yield wire.PersonScore(
            person=person,
            acts=n,
            earned=round(sum(each.earned for each in expectations if each.by == person), 2),
            lost=round(sum(each.points for each in lapses if each.by == person), 2),
            wrong=sum(each.actor == person for each in wrong),
        )


def _steady(log: Sequence[Logged], *, is_before: bool) -> bool | None:
    """Did it hold before the drill, or after it? None where nothing was to hold."""
    found = [each for each in log if each.kind == events.LOOKED and (each.t == 0) is is_before]
    return all(each.data["holds"] for each in found) if found else None
