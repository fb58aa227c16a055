"""What a run knows by name: its parameters, put into words, and bound to SQL.

Always true here: a parameter reaches SQL as a bound value and never as text of the statement; a name that is not known
stays as it is written, and lint has told of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from opsconsole import wire
from opsconsole.durations import is_duration

_NAME = re.compile(r"\$(?:\{(?P<braced>[a-z_][a-z0-9_]*)\}|(?P<bare>[a-z_][a-z0-9_]*))")
_SQL_TEXT = re.compile(r"'(?:[^']|'')*'|--[^\n]*|\"(?:[^\"]|\"\")*\"")

BUILT_IN: Mapping[str, str] = {
    "run_id": "the run's own id",
    "incident": "the incident that it belongs to; empty where it belongs to none",
    "started_by": "who began it",
    "from_version": "the version that its last action took traffic from",
    "to_version": "the version that its last action gave traffic to",
}
"""What every run knows beside its parameters."""


def names_in(text: str) -> set[str]:
    """The names that a text asks for."""
    return {found["braced"] or found["bare"] for found in _NAME.finditer(text)}


def names_in_sql(sql: str) -> set[str]:
    """The same of a statement, whose quoted texts ask for nothing."""
    return names_in(_SQL_TEXT.sub("''", sql))


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with every known name replaced by what it stands for."""
    return _NAME.sub(lambda found: values.get(found["braced"] or found["bare"], found[0]), text)


def values_of(run: wire.Run) -> dict[str, str]:
    """Everything that a run knows by name."""
    moved = next((op for op in reversed(run.ops) if op.kind == "release" and op.after), None)
    return {
        "run_id": run.id,
        "incident": run.incident,
        "started_by": run.started_by,
        "from_version": _most(moved.before, moved.after) if moved else "",
        "to_version": _most(moved.after, moved.before) if moved else "",
        **run.params,
    }


def bound(run: wire.Run) -> dict[str, wire.QueryValue]:
    """The same as SQL takes it: a number is a number."""
    values: dict[str, wire.QueryValue] = dict(values_of(run))
    for name, rule in run.checklist.params.items():
        if rule.type == "number" and run.params.get(name):
            values[name] = float(run.params[name])
    return values


def _most(gaining: Mapping[str, float], losing: Mapping[str, float]) -> str:
    """The version whose share is the more in one routing than in the other."""
    grown = {name: share - losing.get(name, 0.0) for name, share in gaining.items()}
    return max(grown, key=lambda name: grown[name], default="")


def complaint(name: str, rule: wire.Param, value: str) -> str:
    """Why a value is none of this parameter's; empty when it is."""
    if not value:
        return f"--param {name}=… is missing: {rule.about or rule.type}" if rule.required else ""
    if rule.type == "enum" and value not in rule.values:
        return f"{name}={value} is none of {', '.join(rule.values)}"
    if rule.type == "duration" and not is_duration(value):
        return f"{name}={value} is no duration such as 15m"
    if rule.type == "number":
        try:
            float(value)
        except ValueError:
            return f"{name}={value} is no number"
    return ""
