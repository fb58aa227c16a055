"""Which checklist to take: the one whose trigger holds now.

Always true here: nothing is begun and nothing is written down; a trigger that cannot be told suggests nothing.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from opsconsole import wire
from opsconsole.checklists.given import params_of
from opsconsole.checklists.hands import Hands
from opsconsole.checklists.probing import answered
from opsconsole.errors import OpsConsoleError


def suggested(checklists: Iterable[wire.Checklist], service: str, hands: Hands) -> Iterator[wire.Suggestion]:
    """The lists that a service asks for now, with the first of their triggers that holds."""
    for checklist in checklists:
        told = _holding(checklist, service, hands)
        if told:
            command = ["opsconsole", "checklist", "run", checklist.id, "--param", f"service={service}"]
            yield wire.Suggestion(
                checklist=checklist.id, title=checklist.title, service=service, told=told, command=shlex.join(command)
            )


def _holding(checklist: wire.Checklist, service: str, hands: Hands) -> str:
    """The trigger that holds, in words; empty where none does, or where the list is about no service."""
    if not checklist.triggers or "service" not in checklist.params:
        return ""
    required = {name: rule for name, rule in checklist.params.items() if rule.required}
    unknown = {name: "?" for name, rule in required.items() if name != "service" and not (rule.sql or rule.default)}
    try:
        params = params_of(checklist, {"service": service, **unknown}, "", hands)
    except OpsConsoleError:
        return ""  # what its questions need is not to be had here
    on_trial = wire.Run(
        id="",
        checklist=checklist,
        sha256="",
        params=params,
        started_at=hands.clock.now(),
        started_by=hands.actor,
    )
    answers = (answered(probe, on_trial, hands) for probe in checklist.triggers)
    return next((answer.told for answer in answers if answer.ok), "")
