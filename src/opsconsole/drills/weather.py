"""Which faults there are at a moment, and how strong: each begins, grows and ends by itself or by what people do.

Always true here: a fault that has ended does not begin again unless something starts it; what players' acts ended has
ended in the actual world alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from opsconsole.drills.moments import length_s, moment_s
from opsconsole.drills.troubles import NEVER, Fault


@dataclass(frozen=True)
class Spell:
    """One fault's time."""

    begins_s: float | None
    """None: not unless something starts it."""
    ends_s: float | None = None

    def level(self, fault: Fault, t: float) -> float:
        """From 0 (it is not there) to 1 (it has grown)."""
        if self.begins_s is None or t < self.begins_s or (self.ends_s is not None and t >= self.ends_s):
            return 0.0
        ramp_s = length_s(fault.ramp)
        return 1.0 if not ramp_s else min(1.0, (t - self.begins_s + 1.0) / ramp_s)


@dataclass(frozen=True)
class Active:
    """A fault as it is at a moment."""

    column: int
    """Which of the draws' columns says whom it hits."""
    fault: Fault
    level: float


@dataclass(frozen=True)
class Weather:
    """The faults of one world."""

    faults: tuple[Fault, ...]
    spells: Mapping[str, Spell]

    def active(self, t: float) -> tuple[Active, ...]:
        found = ((i, each, self.spells[each.id].level(each, t)) for i, each in enumerate(self.faults))
        return tuple(Active(*each) for each in found if each[2] > 0)

    def started(self, ids: Iterable[str], t: float) -> Weather:
        return self._with({name: Spell(t) for name in ids if self.spells[name].level(self._fault(name), t) == 0})

    def cleared(self, ids: Iterable[str], t: float) -> Weather:
        """Those that have not begun do not begin any more."""
        known = {name: self.spells[name] for name in ids}
        return self._with(
            {
                name: replace(spell, begins_s=spell.begins_s if (spell.begins_s or 0) <= t else None, ends_s=t)
                for name, spell in known.items()
            }
        )

    def _fault(self, name: str) -> Fault:
        return next(each for each in self.faults if each.id == name)

    def _with(self, spells: Mapping[str, Spell]) -> Weather:
        return replace(self, spells={**self.spells, **spells})


def forecast(faults: Iterable[Fault], *, only_decoys: bool = False) -> Weather:
    """What will be if nobody does anything; with ``only_decoys`` what would be without anything wrong."""
    every = tuple(faults)
    spells = {}
    for fault in every:
        is_in = fault.decoy or not only_decoys
        begins = None if fault.at == NEVER or not is_in else moment_s(fault.at)
        ends = moment_s(fault.until) if fault.until.startswith(("+", "-")) else None
        spells[fault.id] = Spell(begins, ends)
    return Weather(every, spells)
