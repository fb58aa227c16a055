"""A no: which rule, why, and what would satisfy it; and that it was said, for the journal.

Always true here: what a person typed is in no refusal that is written down, for it could be a secret.
"""

from __future__ import annotations

from typing import Any

import msgspec

from opsconsole import wire
from opsconsole.errors import ReleaseRefused
from opsconsole.journal.refused import Refused

REFUSED = "release.refused"


def refusal(rule: str, why: str, remedy: str) -> wire.Refusal:
    return wire.Refusal(rule=rule, why=why, remedy=remedy)


def of_plan(plan: wire.Plan) -> dict[str, Any]:
    """What a refusal says of the plan that it is about."""
    return {"service": plan.order.service, "op_id": plan.op_id, "act": plan.order.act, "version": plan.to_version}


def tell(
    refused: Refused, actor: str, no: tuple[wire.Refusal, ...], *, act: str, service: str = "", **data: Any
) -> None:
    """Have it written down; the same rules against the same act are the same refusal."""
    same = (act, service, str(data.get("version", "")), *(each.rule for each in no))
    refused.tell(actor, REFUSED, same, act=act, service=service, refusals=msgspec.to_builtins(no), **data)


def refused_with(no: wire.Refusal) -> ReleaseRefused:
    """The same, to be raised where there is no outcome that could carry it."""
    return ReleaseRefused(f"{no.rule}: {no.why}", no.remedy)
