"""What can be wrong with the questions of a checklist: its SQL, its signals, and what they are held against.

Always true here: a question that passes can be put; its SQL is planned on the store and not run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsconsole import wire
from opsconsole.checklists.looked import Looked, Rule, probes
from opsconsole.checklists.params import names_in_sql
from opsconsole.checklists.signals import expression
from opsconsole.checklists.tolerances import comparison
from opsconsole.config.load import nearest

_WALL_CLOCK = re.compile(r"\b(now|today|current_timestamp|current_date|get_current_timestamp)\b(?!_)", re.IGNORECASE)


def _evidence(looked: Looked) -> Iterator[wire.ChecklistProblem]:
    for path, step in looked.steps:
        for index, wish in enumerate(step.evidence):
            where = f"{path}.evidence[{index}]"
            if sum(map(bool, (wish.sql, wish.signal, wish.panel))) != 1:
                yield looked.found(where, "evidence is one of `sql`, `signal` and `panel`", "Write one entry for each.")
            if wish.panel and wish.panel not in looked.panels:
                yield looked.found(
                    where, f"there is no panel {wish.panel!r}", nearest(wish.panel, sorted(looked.panels))
                )
            if wish.range and wish.range not in wire.WINDOWS:
                yield looked.found(where, f"a panel has no range {wish.range!r}", f"It has: {', '.join(wire.WINDOWS)}.")
            if wish.signal:
                yield from _signal(looked, where, wish.signal)
            if wish.sql:
                yield from _sql(looked, where, wish.sql)


_TAKES = {"range": "range", "regex": "regex", "rows": "rows", "compare": "compare"}


def _questions(looked: Looked) -> Iterator[wire.ChecklistProblem]:
    for path, probe in probes(looked):
        if bool(probe.sql) == bool(probe.signal):
            yield looked.found(path, "a question is either `sql` or `signal`", "Write one of them.")
        elif probe.signal:
            yield from _signal(looked, path, probe.signal, is_compared=True)
        else:
            yield from _tolerance(looked, path, probe)
            yield from _sql(looked, f"{path}.sql", probe.sql)
    for name, rule in looked.checklist.params.items():
        if rule.sql:
            yield from _sql(looked, f"params.{name}.sql", rule.sql)


def _tolerance(looked: Looked, path: str, probe: wire.Probe) -> Iterator[wire.ChecklistProblem]:
    wanted = _TAKES.get(probe.type)
    if wanted and not getattr(probe, wanted):
        yield looked.found(path, f"`type: {probe.type}` needs `{wanted}`", f"Add `{wanted}:`.")
        return
    if probe.type == "range" and len(probe.range) != 2:
        yield looked.found(f"{path}.range", "a range is two numbers", "Write it like [0, 900].")
    text = {"rows": probe.rows, "compare": probe.compare}.get(probe.type, "")
    try:
        if text:
            comparison(text)
        re.compile(probe.regex)
    except (ValueError, re.error) as error:
        yield looked.found(f"{path}.{wanted}", str(error), "Write it like `>= 1`.")


def _signal(looked: Looked, path: str, text: str, *, is_compared: bool = False) -> Iterator[wire.ChecklistProblem]:
    try:
        asked = expression(text)
    except ValueError as error:
        message, remedy = error.args
        yield looked.found(path, message, remedy)
        return
    if is_compared and not asked.compare and not asked.signal.is_bool:
        yield looked.found(path, f"{asked.name} is compared with nothing", f"Write {asked.name}(…) < 1.")


def _sql(looked: Looked, path: str, sql: str) -> Iterator[wire.ChecklistProblem]:
    for name in sorted(names_in_sql(sql) - looked.names):
        yield looked.found(path, f"${name} is no parameter", nearest(name, sorted(looked.names)))
        return
    if _WALL_CLOCK.search(re.sub(r"'(?:[^']|'')*'", "''", sql)):
        yield looked.found(
            path, "it asks for the machine's clock", "Ask for at_now(): in a drill that is another time."
        )
    if looked.check_sql is not None and (told := looked.check_sql(sql, looked.names)):
        yield looked.found(path, f"the SQL is refused: {told}", 'Try it: opsconsole query "…"; only a SELECT is run.')


QUESTIONS: tuple[Rule, ...] = (_evidence, _questions)
