"""What became of a change that was sent: read back, concluded, and written down once it is known.

Always true here: ``done`` was read back; nothing is ever sent from here; a change that was taken, or may have been, and
does not show stays indeterminate until the target shows it, or stands still for so long that nothing can be under way;
what follows for a rollout is on the disk before the change is told to have ended, and once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from opsconsole import wire
from opsconsole.clock import Clock
from opsconsole.releases.book import ReleaseBook
from opsconsole.releases.ledger import WHOLE, Operation, RolloutState
from opsconsole.releases.targets.base import Target, TargetError
from opsconsole.releases.targets.shares import heaviest, same_routing, spelled

LOOKS_S: tuple[float, ...] = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Pauses before the looks at a target right after a change: about three seconds of them."""
LOOK_FOR_S = 4.0
"""No look begins so long after the first: a target that hangs must not keep the next person waiting for all of them."""
IN_FLIGHT: frozenset[wire.TargetPhase] = frozenset({"changing", "rolling back"})
"""Phases in which what a target says will be otherwise soon."""


@dataclass(frozen=True)
class Settled:
    """What is known of a change."""

    word: wire.OutcomeWord
    told: str
    refusal: wire.Refusal | None = None
    state: wire.TargetState | None = None


def shows(state: wire.TargetState, routing: wire.Routing) -> bool:
    """Does the target say this? Also where it calls itself failed or mixed: a rollout that was stopped does."""
    return state.phase not in IN_FLIGHT and same_routing(state.routing, routing)


def read_back(target: Target, plan: wire.Plan, unanswered: str, clock: Clock, wait: Callable[[float], None]) -> Settled:
    """Look until the change shows, or for as long as somebody can be kept waiting.

    ``unanswered`` is why there is no answer; empty where the target has taken it.
    """
    state: wire.TargetState | None = None
    trouble = ""
    began_s = clock.monotonic()
    for pause_s in LOOKS_S:
        if pause_s:
            wait(pause_s)
        if clock.monotonic() - began_s > LOOK_FOR_S:
            break
        try:
            state = target.read()
        except TargetError as error:
            trouble = error.message
            continue
        if shows(state, plan.after):
            told = f"{_said(state)}, read back"
            return Settled("done", f"{told}; its answer was lost ({unanswered})" if unanswered else told, state=state)
    if state is None:
        return Settled("indeterminate", f"it was sent, and the target cannot be read: {trouble or unanswered}")
    took = unanswered or "it was taken"
    if state.phase in IN_FLIGHT:
        return Settled("indeterminate", f"{took}; the target is {state.phase}", state=state)
    return Settled("indeterminate", f"{took}; the target says {_said(state)} so far", state=state)


def resolve(
    operation: Operation, state: wire.TargetState, age_s: float, still_s: float, settle_s: float
) -> Settled | None:
    """What can be said later of a change that is pending; None: nothing yet.

    ``age_s`` is since it was begun, ``still_s`` since the target was first seen as it is now.
    """
    if shows(state, operation.plan.after):
        return Settled("done", f"{_said(state)}, read back {age_s:.0f} s later", state=state)
    if state.phase in IN_FLIGHT or still_s < settle_s:
        return None
    return Settled("not effective", f"{age_s:.0f} s later the target says {_said(state)}", state=state)


def _said(state: wire.TargetState) -> str:
    shares = spelled(state.routing.shares) or "nothing serves"
    return shares if state.phase in ("steady", *IN_FLIGHT) else f"{shares} ({state.phase})"


def conclude(
    book: ReleaseBook,
    plan: wire.Plan,
    settled: Settled,
    receipt: wire.Receipt | None,
    effect: wire.Verdict | None = None,
) -> wire.Outcome:
    """Write down what became of it, and what follows for the rollout. Raises JournalError.

    The rollout comes first: a daemon that dies in between finds the change pending, looks again, and comes here again.
    """
    service = plan.order.service
    for kind, data in _of_rollout(book, plan, settled):
        book.note(plan.actor, kind, service=service, op_id=plan.op_id, **data)
    book.note(
        plan.actor,
        "release.finished",
        service=service,
        op_id=plan.op_id,
        word=settled.word,
        told=settled.told,
        receipt=msgspec.to_builtins(receipt),
        routing=msgspec.to_builtins(settled.state.routing) if settled.state is not None else None,
        evidence=msgspec.to_builtins(plan.evidence),
    )
    if effect is not None:
        book.note(
            plan.actor, "release.verified", service=service, op_id=plan.op_id, verdict=msgspec.to_builtins(effect)
        )
    return outcome_of(plan, settled, receipt, effect)


def outcome_of(
    plan: wire.Plan, settled: Settled, receipt: wire.Receipt | None = None, effect: wire.Verdict | None = None
) -> wire.Outcome:
    return wire.Outcome(
        op_id=plan.op_id,
        word=settled.word,
        told=settled.told,
        refusals=(settled.refusal,) if settled.refusal else (),
        receipt=receipt,
        verdict=effect,
    )


def hold_after(book: ReleaseBook, plan: wire.Plan, told: str) -> None:
    """Hold the rollout that somebody wanted to go back and could not: nothing goes forward by itself then."""
    for kind, data in _held(book.of(plan.order.service).rollout, plan, told):
        book.note(plan.actor, kind, service=plan.order.service, op_id=plan.op_id, **data)


def _held(rollout: RolloutState | None, plan: wire.Plan, told: str) -> list[tuple[str, dict[str, Any]]]:
    is_back = plan.order.act not in wire.FORWARD and plan.order.via != "automation"
    if not is_back or rollout is None or rollout.phase != "running":
        return []
    return [("rollout.held", {"why": f"{plan.order.act} by {plan.actor} did not succeed: {told}"})]


def _of_rollout(book: ReleaseBook, plan: wire.Plan, settled: Settled) -> list[tuple[str, dict[str, Any]]]:
    """The events of the rollout that follow from what became of a change, unless they were written down already."""
    act, rollout = plan.order.act, book.of(plan.order.service).rollout
    if settled.word == "indeterminate" or (rollout is not None and rollout.op_id == plan.op_id):
        return []
    if settled.word != "done":
        return _held(rollout, plan, settled.told)
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
