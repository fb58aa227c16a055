"""Putting a probe's question, and what came of it.

Always true here: whatever goes wrong with a question is an answer that cannot be told, with its reason; it never passes
and never ends a run.
"""

from __future__ import annotations

import hashlib
import shlex
from dataclasses import dataclass

import msgspec

from opsconsole import wire
from opsconsole.checklists.hands import Hands
from opsconsole.checklists.params import bound, filled, names_in_sql, values_of
from opsconsole.checklists.signals import Expression, expression
from opsconsole.checklists.tolerances import holds, judged
from opsconsole.errors import OpsConsoleError

MOST_ROWS = 20
"""Of an answer that go into the journal; its digest is of all that came."""
MOST_ASKED = 1_000


@dataclass(frozen=True)
class Answer:
    ok: bool | None
    told: str
    query: str


def answered(probe: wire.Probe, run: wire.Run, hands: Hands) -> Answer:
    """Does it hold now?"""
    query = probe.signal or probe.sql
    try:
        if probe.signal:
            return _signalled(expression(probe.signal), run, hands, query)
        reply = hands.ask(probe.sql, _parameters(probe.sql, run), MOST_ASKED)
        ok, told = judged(probe, reply.rows)
    except OpsConsoleError as error:
        return Answer(None, error.message, query)
    return Answer(ok, told, query)


def within_of(probe: wire.Probe) -> str:
    """How long a probe may take until it holds."""
    return probe.within or (expression(probe.signal).within if probe.signal else "")


def _signalled(asked: Expression, run: wire.Run, hands: Hands, query: str) -> Answer:
    value, n = measured(asked, run, hands)
    signal = asked.signal
    if signal.sql and n < signal.least:
        return Answer(None, f"{asked.name}: {n} requests in {asked.over} are too few to say", query)
    if value is None:
        return Answer(None, f"{asked.name} has no value", query)
    if signal.is_bool:
        return Answer(bool(value) != asked.is_negated, f"{asked.name}: {'yes' if value else 'no'}", query)
    told = f"{asked.name} {_shown(value)}{_unit(signal.unit)}"
    if not asked.compare:
        return Answer(None, f"{told}, compared with nothing", query)
    number = float(value) if isinstance(value, int | float) else None
    if number is None:
        return Answer(None, f"{told} is no number", query)
    behind = f" (n {n:,} in {asked.over})" if signal.sql else ""
    return Answer(holds(number, asked.compare), f"{told}, wanted {asked.compare}{behind}", query)


def measured(asked: Expression, run: wire.Run, hands: Hands) -> tuple[wire.QueryValue, int]:
    """(value, requests behind it). Raises what the hands raise."""
    values = values_of(run)
    signal = asked.signal
    args = {name: filled(word, values) for name, word in asked.args.items()}
    if not signal.sql:
        return hands.read(asked.name, args), 0
    parameters: dict[str, wire.QueryValue] = dict.fromkeys((*signal.params, *signal.optional), "")
    reply = hands.ask(signal.sql, {**parameters, **args, "over": asked.over}, 1)
    if not reply.rows:
        return None, 0
    value, n = reply.rows[0]
    return value, int(n) if isinstance(n, int | float) else 0


def exhibit(wish: wire.EvidenceWish, run: wire.Run, hands: Hands) -> wire.Exhibit:
    """What a step's evidence is now; what cannot be had says why."""
    now = hands.clock.now()
    if wish.panel:
        service = run.params.get("service", "")
        words = ["opsconsole", "show", wish.panel, *filter(None, [service])]
        query = shlex.join([*words, *(["--window", wish.range] if wish.range else [])])
        return wire.Exhibit(kind="panel", query=query, told=f"as of {now:%Y-%m-%d %H:%M:%S} UTC", at=now)
    query = wish.signal or wish.sql
    try:
        if wish.signal:
            asked = expression(wish.signal)
            value, n = measured(asked, run, hands)
            behind = f" (n {n:,} in {asked.over})" if asked.signal.sql else ""
            told = f"{asked.name} {'–' if value is None else _shown(value)}{_unit(asked.signal.unit)}{behind}"
            return wire.Exhibit(kind="signal", query=query, told=told, at=now)
        parameters = _parameters(wish.sql, run)
        reply = hands.ask(wish.sql, parameters, MOST_ASKED)
    except OpsConsoleError as error:
        return wire.Exhibit(
            kind="signal" if wish.signal else "sql", query=query, told=f"not to be had: {error.message}", at=now
        )
    more = f", the first {MOST_ROWS} shown" if len(reply.rows) > MOST_ROWS else ""
    return wire.Exhibit(
        kind="sql",
        query=query,
        parameters=parameters,
        columns=reply.columns,
        rows=tuple(tuple(row) for row in reply.rows[:MOST_ROWS]),
        told=f"{len(reply.rows)}{' or more' if reply.truncated else ''} rows{more}",
        digest=hashlib.sha256(msgspec.json.encode([reply.columns, reply.rows])).hexdigest(),
        at=now,
    )


def _parameters(sql: str, run: wire.Run) -> dict[str, wire.QueryValue]:
    known = bound(run)
    return {name: known.get(name, "") for name in sorted(names_in_sql(sql))}


def _shown(value: wire.QueryValue) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _unit(unit: str) -> str:
    return "" if not unit else unit if unit == "×" else f" {unit}"
