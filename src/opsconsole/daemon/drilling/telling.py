"""What is told of a drill while it goes on: what people heard, and for who leads what is to come and what is met.

Always true here: nothing is decided; each answer is put together from the scenario and the event log at that moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from opsconsole import wire
from opsconsole.daemon.drilling.stage import Stage
from opsconsole.drills import events
from opsconsole.drills.company import Part
from opsconsole.drills.events import Logged
from opsconsole.drills.goals import Expectation
from opsconsole.drills.scenario import Inject
from opsconsole.drills.tracking import Met
from opsconsole.drills.troubles import Fault, Reaction


def messages(log: Sequence[Logged]) -> tuple[wire.DrillMessage, ...]:
    """What people were told."""
    return tuple(
        wire.DrillMessage(t=each.t, sender=each.actor, via=str(each.data["via"]), text=str(each.data["text"]))
        for each in log
        if each.kind == events.SAID
    )


def notes(log: Sequence[Logged]) -> tuple[str, ...]:
    """What the facilitator wrote down."""
    return tuple(str(each.data["text"]) for each in log if each.kind == events.NOTED)


def injects(stage: Stage, log: Sequence[Logged]) -> tuple[wire.DrillInject, ...]:
    to_come = {each.id for each in stage.direction.to_come}
    told = {str(each.data["inject"]): each.t for each in log if each.kind == events.TOLD}
    return tuple(_inject(each, told.get(each.id), is_told=each.id not in to_come) for each in stage.scenario.injects)


def _inject(each: Inject, told_t: float | None, *, is_told: bool) -> wire.DrillInject:
    return wire.DrillInject(
        id=each.id,
        when=each.at or each.when,
        via=each.via,
        sender=each.sender,
        text=each.text,
        is_told=is_told,
        told_t=told_t,
        cost=each.cost if each.when else 0.0,
        is_contingency=bool(each.when),
    )


def faults(stage: Stage, log: Sequence[Logged]) -> tuple[wire.DrillFault, ...]:
    levels = {each.fault.id: each.level for each in stage.fleet.actual.weather.active(stage.t)}
    last = {str(each.data["fault"]): each for each in log if each.kind in (events.FAULTED, events.CLEARED)}
    return tuple(_fault(each, levels.get(each.id, 0.0), last.get(each.id)) for each in stage.scenario.faults)


def _fault(each: Fault, level: float, last: Logged | None) -> wire.DrillFault:
    """``last``: when it began, or was over."""
    word: wire.FaultWord = "to come" if last is None else "there" if last.kind == events.FAULTED else "over"
    return wire.DrillFault(
        id=each.id, about=each.about, at=each.at, until=each.until, is_decoy=each.decoy, level=level,
        word=word, since_t=last.t if last is not None else None,
    )  # fmt: skip


def plan(
    stage: Stage, now: wire.DrillNow, score: wire.DrillScore, consoles: tuple[str, ...], hidden: frozenset[Part]
) -> wire.DrillPlan:
    """All of it but what is hidden; what it is about is told to nobody from whom anything is hidden."""
    log, is_whole = list(stage.log.events), not hidden
    are_faults, are_expected = "faults" not in hidden, "expectations" not in hidden
    return wire.DrillPlan(
        now=now,
        scenario=stage.scenario.id if is_whole else "",
        title=stage.scenario.title if is_whole else "",
        guide=stage.scenario.guide if "guide" not in hidden else "",
        faults=faults(stage, log) if are_faults else (),
        injects=tuple(each for each in injects(stage, log) if "injects.future" not in hidden or each.is_told),
        reactions=tuple(reactions(stage)) if are_faults else (),
        expected=tuple(expected(stage)) if are_expected else (),
        score=nameless(score, hidden) if are_expected else None,
        notes=notes(log) if "guide" not in hidden else (),
        consoles=consoles,
        hidden=frozenset(map(str, hidden)),
    )


def nameless(score: wire.DrillScore, hidden: frozenset[Part]) -> wire.DrillScore:
    """Without the words that tell what it is about, for whoever is not to know."""
    return msgspec.structs.replace(score, scenario="", title="", checklists=()) if hidden else score


def reactions(stage: Stage) -> Iterator[wire.DrillReaction]:
    set_off = {each.reaction for each in stage.direction.tracker.set_off}
    for number, each in enumerate(stage.scenario.reactions):
        yield _reaction(each, is_set_off=number in set_off)


def _reaction(each: Reaction, *, is_set_off: bool) -> wire.DrillReaction:
    return wire.DrillReaction(
        when=each.when, starts=each.starts, clears=each.clears, by=each.by, says=each.says, is_set_off=is_set_off
    )


def expected(stage: Stage) -> Iterator[wire.DrillExpected]:
    met = stage.direction.tracker.met
    for each in stage.scenario.expectations:
        yield _expected(each, met.get(each.id))


def _expected(each: Expectation, met: Met | None) -> wire.DrillExpected:
    return wire.DrillExpected(
        id=each.id,
        match=each.match,
        after=each.after,
        within=each.within,
        is_judged=each.judged,
        quality=met.quality if met is not None and each.judged else None,
    )
