"""What the stage does next by itself: which injects are due, and which reactions to what people did.

Always true here: each inject is told once, each reaction happens once for each event that sets it off; what is due at
one moment is in the order of the scenario.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from opsconsole.drills.company import Stop
from opsconsole.drills.conditions import condition
from opsconsole.drills.logbook import Logbook
from opsconsole.drills.moments import is_moment, length_s, moment_s
from opsconsole.drills.scenario import Inject, Scenario
from opsconsole.drills.tracking import Tracker
from opsconsole.drills.troubles import Reaction
from opsconsole.errors import UsageError


class Direction:
    """Directs one drill."""

    def __init__(self, scenario: Scenario, log: Logbook) -> None:
        self._scenario = scenario
        self.tracker = Tracker(scenario)
        log.on_event(self.tracker.take)
        self._told: set[str] = set()
        self._contingent = {each.id: condition(each.when) for each in scenario.injects if each.when}
        self._stops = [(each, condition(each.when)) for each in scenario.stop_conditions if each.when]
        self._waiting: list[tuple[float, int, Reaction]] = []
        self._taken = 0
        self._numbers = count()

    def due(self, t: float) -> list[Inject]:
        """Injects whose moment has come."""
        found = [each for each in self._scenario.injects if each.id not in self._told and self._is_due(each, t)]
        self._told |= {each.id for each in found}
        return found

    def by_hand(self, name: str) -> Inject | None:
        """One that the facilitator wants told now; None where there is none of this name.

        Raises UsageError where people were told it already.
        """
        found = next((each for each in self._scenario.injects if each.id == name), None)
        if found is not None and name in self._told:
            raise UsageError(f"people were told {name!r} already", "opsconsole drill say repeats it in your own words.")
        if found is not None:
            self._told.add(name)
        return found

    @property
    def to_come(self) -> list[Inject]:
        return [each for each in self._scenario.injects if each.id not in self._told]

    def _is_due(self, inject: Inject, t: float) -> bool:
        if inject.id in self._contingent:
            return t >= 0 and self.tracker.holds(self._contingent[inject.id], t)
        return is_moment(inject.at) and t >= moment_s(inject.at)

    def stops(self, t: float) -> list[Stop]:
        """What holds now for the first time, and stops the drill."""
        found = [(each, wanted) for each, wanted in self._stops if t >= 0 and self.tracker.holds(wanted, t)]
        self._stops = [each for each in self._stops if each not in found]
        return [each for each, _ in found]

    def reactions(self, t: float) -> Iterator[Reaction]:
        """What follows now from what people did; ends of faults are reactions, too."""
        new = self.tracker.set_off[self._taken :]
        for one in new:
            if one.reaction is None:
                reaction = Reaction(when="", clears=(one.fault,))
            else:
                reaction = self._scenario.reactions[one.reaction]
            self._waiting.append((t + length_s(reaction.after), next(self._numbers), reaction))
        self._taken += len(new)  # others write into the log meanwhile
        ripe = sorted((each for each in self._waiting if each[0] <= t), key=lambda each: each[:2])
        self._waiting = [each for each in self._waiting if each[0] > t]
        for _, _, reaction in ripe:
            yield reaction
