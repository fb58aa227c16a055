"""The moment in which something is sent, and what is made of the answer.

Always true here: it is written down before it is sent; it is sent once; whatever the answer is, the target is looked at
before anything final is said, unless nothing can have left; and that the journal cannot take the end of it does not
hide from the person what the end was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec

from opsconsole import wire
from opsconsole.clock import Clock
from opsconsole.errors import JournalError
from opsconsole.releases.book import ReleaseBook
from opsconsole.releases.settling import Settled, conclude, outcome_of, read_back, shows
from opsconsole.releases.targets.base import Conflict, Indeterminate, Target, TargetError, Unreachable, Unsupported
from opsconsole.releases.targets.shares import same_routing, spelled
from opsconsole.releases.verifying import Traffic, verdict


def begin(book: ReleaseBook, actor: str, plan: wire.Plan) -> None:
    """Raises JournalError, and nothing is sent then."""
    book.note(actor, "release.started", service=plan.order.service, plan=msgspec.to_builtins(plan))


def send(
    book: ReleaseBook, target: Target, actor: str, plan: wire.Plan, clock: Clock, wait: Callable[[float], None]
) -> wire.Outcome:
    """Send what a plan says. Raises JournalError when its beginning cannot be written down: nothing was sent then."""
    begin(book, actor, plan)
    receipt: wire.Receipt | None = None
    try:
        receipt = target.apply(plan.before, plan.after, plan.op_id)
    except Indeterminate as error:
        settled = read_back(target, plan, error.message, clock, wait)
    except TargetError as error:
        settled = _refused(target, plan, error)
    else:
        settled = read_back(target, plan, "", clock, wait)
    is_done = settled.word == "done"
    effect = verdict(plan.after, settled.state, target.caps.scope, Traffic({}, 0.0)) if is_done else None
    return finish(book, plan, settled, receipt, effect)


def finish(
    book: ReleaseBook,
    plan: wire.Plan,
    settled: Settled,
    receipt: wire.Receipt | None = None,
    effect: wire.Verdict | None = None,
) -> wire.Outcome:
    """Write down the end and tell it; where it cannot be written down it is pending there until the watch can."""
    try:
        return conclude(book, plan, settled, receipt, effect)
    except JournalError as error:
        told = f"{settled.told}; the journal could not take this yet: {error.message}"
        return outcome_of(plan, replace(settled, told=told), receipt, effect)


def _refused(target: Target, plan: wire.Plan, error: TargetError) -> Settled:
    """What a no means: a system can say it to a change that it has made, or that was sent on to it twice."""
    is_conflict = isinstance(error, Conflict)
    no = Settled("moved" if is_conflict else "refused", error.message, refusal_of(error))
    if isinstance(error, Unreachable | Unsupported) or (isinstance(error, Conflict) and error.found is not None):
        return no  # nothing left, or it was looked at just now
    try:
        state = target.read()
    except TargetError:
        return no  # what it said itself is all that there is
    if shows(state, plan.after):
        told = f"{spelled(state.routing.shares)}, read back, although the answer was no: {error.message}"
        return Settled("done", told, state=state)
    if is_conflict or same_routing(state.routing, plan.before.routing):
        return no
    told = f"{error.message}; but the target says {spelled(state.routing.shares)} now"
    return Settled("indeterminate", told, state=state)


def refusal_of(error: TargetError) -> wire.Refusal:
    return wire.Refusal(rule=f"target: {type(error).__name__}", why=error.message, remedy=error.remedy)
