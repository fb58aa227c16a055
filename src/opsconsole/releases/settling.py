"""What became of a change that was sent: read back, concluded, and written down once it is known.

Always true here: ``done`` was read back; nothing is ever sent from here; a change whose answer is missing stays
indeterminate until the target shows it, or goes on showing what was before for so long that nothing can be under way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from opsconsole import wire
from opsconsole.releases.book import ReleaseBook
from opsconsole.releases.ledger import WHOLE, Operation
from opsconsole.releases.targets.base import Target, TargetError
from opsconsole.releases.targets.shares import heaviest, same_routing, spelled

LOOKS_S: tuple[float, ...] = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Pauses before the looks at a target right after a change: about three seconds of them."""
LATE_S = 60.0
"""A change that does not show after so long is not under way any more."""


@dataclass(frozen=True)
class Settled:
    """What is known of a change."""

    word: wire.OutcomeWord
    told: str
    refusal: wire.Refusal | None = None
    state: wire.TargetState | None = None


def read_back(target: Target, plan: wire.Plan, unanswered: str, wait: Callable[[float], None]) -> Settled:
    """Look until the change shows, or for as long as somebody can be kept waiting."""
    state: wire.TargetState | None = None
    trouble = ""
    for pause_s in LOOKS_S:
        if pause_s:
            wait(pause_s)
        try:
            state = target.read()
        except TargetError as error:
            trouble = error.message
            continue
        if state.phase == "steady" and same_routing(state.routing, plan.after):
            told = f"{spelled(plan.after.shares)}, read back"
            return Settled("done", f"{told}; its answer was lost ({unanswered})" if unanswered else told, state=state)
        if not unanswered and state.phase == "steady" and not same_routing(state.routing, plan.before.routing):
            break
    if state is None:
        return Settled("indeterminate", f"it was sent, and the target cannot be read: {trouble or unanswered}")
    if state.phase in ("changing", "rolling back"):
        return Settled("indeterminate", f"the target took it and is {state.phase}", state=state)
    said = f"the target says {spelled(state.routing.shares)}"
    if unanswered:
        return Settled("indeterminate", f"{unanswered}; {said} so far", state=state)
    return Settled("not effective", f"the target took it, but says {spelled(state.routing.shares)}", state=state)


def resolve(operation: Operation, state: wire.TargetState, age_s: float) -> Settled | None:
    """What can be said later of a change that is pending; None: nothing yet."""
    plan = operation.plan
    if state.phase in ("changing", "rolling back"):
        return None
    if same_routing(state.routing, plan.after):
        return Settled("done", f"{spelled(plan.after.shares)}, read back {age_s:.0f} s later", state=state)
    if age_s < LATE_S:
        return None
    told = f"{age_s:.0f} s later the target says {spelled(state.routing.shares)}"
    return Settled("not effective", told, state=state)


def conclude(
    book: ReleaseBook,
    plan: wire.Plan,
    settled: Settled,
    receipt: wire.Receipt | None,
    effect: wire.Verdict | None = None,
) -> wire.Outcome:
    """Write down what became of it, and what follows for the rollout."""
    service = plan.order.service
    book.note(
        plan.actor,
        "release.finished",
        service=service,
        op_id=plan.op_id,
        word=settled.word,
        told=settled.told,
        receipt=msgspec.to_builtins(receipt),
        evidence=msgspec.to_builtins(plan.evidence),
    )
    if settled.word == "done":
        for kind, data in _of_rollout(book, plan):
            book.note(plan.actor, kind, service=service, op_id=plan.op_id, **data)
    if effect is not None:
        book.note(
            plan.actor, "release.verified", service=service, op_id=plan.op_id, verdict=msgspec.to_builtins(effect)
        )
    return wire.Outcome(
        op_id=plan.op_id,
        word=settled.word,
        told=settled.told,
        refusals=(settled.refusal,) if settled.refusal else (),
        receipt=receipt,
        verdict=effect,
    )


def _of_rollout(book: ReleaseBook, plan: wire.Plan) -> list[tuple[str, dict[str, Any]]]:
    """The events of the rollout that follow from a change that was done."""
    act, rollout = plan.order.act, book.of(plan.order.service).rollout
    if act == "start":
        return [("rollout.started", _begun(plan))]
    if rollout is None or not rollout.is_open:
        return []
    why = plan.order.override_reason
    if act == "hold":
        return [("rollout.held", {"why": why or f"held by {plan.actor}"})]
    if act == "resume":
        return [("rollout.resumed", {})]
    is_whole = plan.after.shares.get(rollout.version, 0.0) >= WHOLE
    if is_whole:
        return [("rollout.ended", {"phase": "passed", "why": why or f"{act} by {plan.actor}"})]
    if act == "advance":
        return [("rollout.advanced", {"step": rollout.step + 1})]
    phase = "failed" if plan.order.via == "automation" else "aborted"
    return [("rollout.ended", {"phase": phase, "why": why or f"{act} by {plan.actor}"})]


def _begun(plan: wire.Plan) -> dict[str, Any]:
    before = plan.before.routing
    return {
        "version": plan.to_version,
        "baseline": heaviest({name: share for name, share in before.shares.items() if name != plan.to_version}),
        "before": msgspec.to_builtins(before),
        "steps": [msgspec.to_builtins(step) for step in plan.steps],
        "pinned": plan.pinned,
    }
