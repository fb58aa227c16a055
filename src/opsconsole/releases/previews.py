"""What a plan shows: exactly what would be sent, what takes it back, the evidence, and what to be warned of.

Always true here: nothing is changed by showing it; what is not known is said to be not known.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from opsconsole import wire
from opsconsole.errors import StoreError
from opsconsole.releases import planning
from opsconsole.releases.confirmation import confirm_with
from opsconsole.releases.gathering import Surroundings
from opsconsole.releases.guard import Facts, refusals
from opsconsole.releases.refusing import refusal
from opsconsole.releases.targets.base import Target, TargetError
from opsconsole.releases.targets.shares import same_routing

GOOD_FOR = timedelta(seconds=120)
"""How long a plan may be executed: what it shows grows old."""


def new_id() -> str:
    """What an operation is called: twelve digits that no other one has."""
    return uuid4().hex[:12]


def preview(around: Surroundings, facts: Facts) -> wire.Plan:
    """What would be done, and every rule that says no."""
    order, before, after = facts.order, facts.before, facts.after
    target = around.target(order.service)
    requests, unsupported = _requests(facts, target)
    pinned = facts.one.pinned(after if facts.is_forward else before.routing)
    return wire.Plan(
        op_id=around.new_id(),
        order=order,
        environment=around.environment,
        actor=facts.asking.actor,
        target=target.name,
        caps=target.caps,
        before=before,
        after=after,
        inverse=before.routing,
        requests=requests,
        steps=planning.steps_of(facts.setting) if order.act == "start" else (),
        from_version=facts.losing,
        to_version=facts.version,
        pinned=pinned,
        pinned_health=_health(around, order.service, pinned) if pinned else "",
        warnings=_warnings(facts),
        refusals=(*refusals(facts), *unsupported),
        evidence=facts.evidence,
        risk=facts.setting.risk,
        confirm_with=confirm_with(order.service, order.act, facts.setting.risk),
        others=around.others(order.service, order.console),
        command=planning.command_of(order, facts.version),
        undo_command=planning.undo_command_of(order, before.routing),
        planned_at=facts.now,
        expires_at=facts.now + GOOD_FOR,
    )


def _requests(facts: Facts, target: Target) -> tuple[tuple[wire.TargetRequest, ...], tuple[wire.Refusal, ...]]:
    """What would be sent, and the target's no where it cannot do that."""
    before, after = facts.before, facts.after
    is_change = facts.order.act not in ("hold", "resume") and not same_routing(before.routing, after)
    if not is_change or not any(after.shares.values()):
        return (), ()
    try:
        return target.requests(before, after), ()
    except TargetError as error:
        return (), (refusal("unsupported", error.message, error.remedy),)


def _health(around: Surroundings, service: str, version: str) -> str:
    try:
        return around.health_of(service, version)
    except StoreError as error:
        return f"not known: {error.message}"


def _warnings(facts: Facts) -> tuple[str, ...]:
    given = dict.fromkeys((facts.version, *facts.after.shares, *facts.after.headers.values(), *facts.after.shadow))
    told = [
        f"{version} is not registered, and no record names it"
        for version in given
        if version and facts.known is not None and version not in facts.known
    ]
    if facts.trouble:
        told.append(f"how the versions do is not known: {facts.trouble}")
    if facts.caps.scope == "metadata":
        told.append("this target moves a name: what serves may go on answering as before until it is told")
    if facts.caps.guarding == "none":
        told.append("this target has no compare-and-swap: somebody else's change at the same moment may be lost")
    if facts.evidence.out_of_band and not facts.is_forward:
        told.append(f"out of band: {facts.evidence.out_of_band}")
    if facts.before.phase not in ("steady", "unknown"):
        told.append(f"the target is {facts.before.phase}")
    if facts.order.override_reason and facts.is_forward:
        told.append(f"overridden: {facts.order.override_reason}")
    return tuple(told)
