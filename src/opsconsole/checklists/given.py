"""What a checklist has to know before its first question: its parameters, as they were given or as its SQL finds them.

Always true here: a value that is none of its parameter's kind is refused before anything is asked with it.
"""

from __future__ import annotations

from collections.abc import Mapping

from opsconsole import wire
from opsconsole.checklists.hands import Hands
from opsconsole.checklists.params import complaint
from opsconsole.config.load import nearest
from opsconsole.errors import UsageError


def params_of(checklist: wire.Checklist, given: Mapping[str, str], incident: str, hands: Hands) -> dict[str, str]:
    """Every parameter's value. Raises UsageError for one that there is not, that is missing, or that cannot be."""
    if unknown := given.keys() - checklist.params.keys():
        name = min(unknown)
        raise UsageError(f"{checklist.id} has no parameter {name!r}", nearest(name, checklist.params or ["none"]))
    params: dict[str, str] = {}
    for name, rule in checklist.params.items():
        value = given.get(name, "") or rule.default
        if not value and rule.sql:
            known = {**dict.fromkeys(checklist.params, ""), **params, "incident": incident}
            reply = hands.ask(rule.sql, known, 1)
            value = str(reply.rows[0][0]) if reply.rows and reply.rows[0][0] is not None else ""
        if told := complaint(name, rule, value):
            raise UsageError(told, f"opsconsole checklist run {checklist.id} --param {name}=…")
        if rule.type == "service" and value:
            _known_service(value, hands)
        params[name] = value
    return params


def _known_service(name: str, hands: Hands) -> None:
    reply = hands.ask("FROM services()", {}, 1_000)
    known = sorted({str(row[0]) for row in reply.rows} | {*hands.configured})
    if name not in known:
        raise UsageError(f"there is no service {name!r}", nearest(name, known) if known else "There is none yet.")
