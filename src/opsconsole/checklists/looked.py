"""A checklist that is looked over: what every rule of lint is given, and how it says what it found.

Always true here: a finding names the line that it is about; what is known around a list is given and not looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from opsconsole import wire
from opsconsole.checklists.params import BUILT_IN
from opsconsole.checklists.parsing import Parsed

CheckSql = Callable[[str, frozenset[str]], str]
"""(statement, names of parameters) → what is wrong with it; empty when nothing is. Who has a store can tell."""


@dataclass(frozen=True)
class Looked:
    """A checklist that is looked over, and what is known around it."""

    parsed: Parsed
    checklist: wire.Checklist
    today: date
    others: Mapping[str, wire.Checklist] = field(default_factory=dict)
    """Every other checklist there is, by id."""
    panels: frozenset[str] = frozenset(wire.ANSWERS)
    check_sql: CheckSql | None = None

    def found(self, path: str, message: str, remedy: str, *, is_error: bool = True) -> wire.ChecklistProblem:
        line = self.parsed.line(path)
        return wire.ChecklistProblem(
            path=self.parsed.path, line=line, message=message, remedy=remedy, is_error=is_error
        )

    @property
    def steps(self) -> Iterator[tuple[str, wire.Step]]:
        return ((f"steps[{index}]", step) for index, step in enumerate(self.checklist.steps))

    @property
    def names(self) -> frozenset[str]:
        return frozenset({*self.checklist.params, *BUILT_IN})


Rule = Callable[[Looked], Iterator[wire.ChecklistProblem]]


def probes(looked: Looked) -> Iterator[tuple[str, wire.Probe]]:
    """Every question that a list asks, with its path."""
    checklist = looked.checklist
    yield from ((f"triggers[{index}]", probe) for index, probe in enumerate(checklist.triggers))
    yield from ((f"stop_conditions[{index}]", probe) for index, probe in enumerate(checklist.stop_conditions))
    for path, step in looked.steps:
        yield from ((f"{path}.preconditions[{index}]", probe) for index, probe in enumerate(step.preconditions))
        for name in ("expect", "verify", "until"):
            if (probe := getattr(step, name)) is not None:
                yield f"{path}.{name}", probe
        if step.undo is not None and step.undo.verify is not None:
            yield f"{path}.undo.verify", step.undo.verify
