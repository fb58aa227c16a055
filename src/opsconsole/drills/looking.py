"""A scenario that is looked over, and how what is wrong with it is said.

Always true here: every finding names a line: that of the field, else of what it is part of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from opsconsole import wire
from opsconsole.drills import pools
from opsconsole.drills.pools import Pool
from opsconsole.drills.scenario import Scenario
from opsconsole.errors import ConfigError


@dataclass(frozen=True)
class Looked:
    """A scenario that is looked over."""

    path: str
    scenario: Scenario
    lines: Mapping[str, int]
    """Field → where it is written."""
    pools: Mapping[str, Pool | ConfigError]
    """Service → what its requests are drawn from, or what is wrong with it."""

    def found(self, field: str, message: str, remedy: str, *, is_error: bool = True) -> wire.DrillProblem:
        line = next((self.lines[name] for name in _upwards(field) if name in self.lines), 1)
        return wire.DrillProblem(
            path=self.path, line=line, message=f"{field}: {message}", remedy=remedy, is_error=is_error
        )


def _upwards(field: str) -> Iterator[str]:
    """The field, and what it is part of."""
    while field:
        yield field
        field = field[: max(field.rfind("."), field.rfind("["), 0)]


Rule = Callable[[Looked], Iterator[wire.DrillProblem]]


def pools_of(scenario: Scenario) -> dict[str, Pool | ConfigError]:
    """Each pool, or why it cannot be drawn from."""
    found: dict[str, Pool | ConfigError] = {}
    for name, service in scenario.services.items():
        if service.pool is not None:
            try:
                found[name] = pools.load(name, service.pool)
            except ConfigError as error:
                found[name] = error
    return found
