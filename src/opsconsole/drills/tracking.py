"""What of a scenario is met, broken or set off so far: a fold over the event log, for the stage and for the score.

Always true here: only what happens from the drill's start on counts; an expectation is met once, by the first event
that does; the state follows from the scenario and the events alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from opsconsole.drills.conditions import Condition, Facts, condition
from opsconsole.drills.events import JUDGED, Logged
from opsconsole.drills.goals import Expectation, Forbidden
from opsconsole.drills.moments import is_moment, length_s
from opsconsole.drills.scenario import Scenario


@dataclass(frozen=True)
class Met:
    """An expectation, and what met it."""

    expectation: str
    event: Logged
    is_late: bool
    quality: float = 1.0
    """How well, where a person judges."""


@dataclass(frozen=True)
class Broken:
    """A rule, and what broke it."""

    forbidden: str
    event: Logged


@dataclass(frozen=True)
class SetOff:
    """Something that an event sets off: a reaction's number, or a fault that it ends."""

    reaction: int | None
    fault: str
    event: Logged


@dataclass
class Tracker:
    """Follows one event log."""

    scenario: Scenario
    met: dict[str, Met] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)
    set_off: list[SetOff] = field(default_factory=list)
    cause: Logged | None = None
    """Who named what is wrong."""
    seen: list[Logged] = field(default_factory=list)

    def __post_init__(self) -> None:
        scenario = self.scenario
        self._expected = [(each, condition(each.match)) for each in scenario.expectations if each.match]
        self._forbidden = [(each, condition(each.match)) for each in scenario.forbidden]
        self._reactions = [condition(each.when) for each in scenario.reactions]
        self._ends = [
            (each.id, condition(each.until)) for each in scenario.faults if each.until and not is_moment(each.until)
        ]
        self._cause = condition(scenario.cause) if scenario.cause else None

    @property
    def done(self) -> frozenset[str]:
        return frozenset(self.met)

    def follow(self, events: Iterable[Logged]) -> Tracker:
        for event in events:
            self.take(event)
        return self

    def take(self, event: Logged) -> None:
        """One more event."""
        if event.t < 0:
            return
        self.seen.append(event)
        if event.log == "stage":
            self._judge(event)
            return
        facts = Facts(event.t, (event,), self.done)
        self.broken += [Broken(each.id, event) for each, wanted in self._forbidden if self._breaks(each, wanted, facts)]
        for each, wanted in self._expected:
            self._meet(each, wanted, event)
        if self.cause is None and self._cause is not None and self._cause.holds(facts):
            self.cause = event
        self.set_off += [SetOff(i, "", event) for i, each in enumerate(self._reactions) if each.holds(facts)]
        self.set_off += [SetOff(None, fault, event) for fault, each in self._ends if each.holds(facts)]

    def holds(self, wanted: Condition, t: float) -> bool:
        """Does this hold of everything so far?"""
        return wanted.holds(Facts(t, tuple(self.seen), self.done))

    def _breaks(self, each: Forbidden, wanted: Condition, facts: Facts) -> bool:
        return (not each.before or each.before not in self.met) and wanted.holds(facts)

    def _meet(self, each: Expectation, wanted: Condition, event: Logged) -> None:
        if each.id in self.met or (each.after and each.after not in self.met):
            return
        if not wanted.holds(Facts(event.t, (event,), self.done)):
            return
        began = self.met[each.after].event.t if each.after else 0.0
        is_late = bool(each.within) and event.t - began > length_s(each.within)
        self.met[each.id] = Met(each.id, event, is_late)

    def _judge(self, event: Logged) -> None:
        if event.kind == JUDGED:
            name = str(event.data["expectation"])
            self.met[name] = Met(name, event, is_late=False, quality=float(event.data["quality"]))
