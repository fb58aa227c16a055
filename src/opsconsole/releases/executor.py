"""The one gate: plan, guard, apply, read back. Keys, commands, checklists, automation and drills all come through here.

Always true here: a plan is executed once at the most, by the person who asked for it, from the state that it was shown
on; an event is on the disk before anything is sent, and another one when it is known what became of it; what was sent
and not answered is read back and never sent again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from opsconsole import wire
from opsconsole.errors import ReleaseError, StoreError
from opsconsole.journal.refused import Refused
from opsconsole.releases import orders, refusing
from opsconsole.releases.book import ReleaseBook
from opsconsole.releases.gathering import Surroundings, current, gathered
from opsconsole.releases.guard import Asking, Facts, is_another, is_same, lacks, refusals
from opsconsole.releases.handed_out import HandedOut, Shown
from opsconsole.releases.ledger import ServiceReleases
from opsconsole.releases.previews import preview
from opsconsole.releases.refusing import refusal
from opsconsole.releases.sending import begin, finish, refusal_of, send
from opsconsole.releases.settling import Settled, hold_after
from opsconsole.releases.sighting import compare
from opsconsole.releases.targets.base import Target, TargetError
from opsconsole.releases.targets.shares import same_routing, spelled

APPROVABLE_FOR = timedelta(hours=1)
"""How long a plan may be approved, and how long an approval holds."""
TURN_WITHIN_S = 10.0
"""How long somebody waits for the change before theirs: longer takes one only whose target does not answer."""


class Executor:
    """Changes what serves."""

    def __init__(self, book: ReleaseBook, around: Surroundings, wait: Callable[[float], None] = time.sleep) -> None:
        """``wait`` is between two looks at a target while a change is read back."""
        self.book = book
        self._around = around
        self._wait = wait
        self.refused = Refused(book.note, around.clock)
        self.plans = HandedOut(around.clock)
        self.states: dict[str, wire.TargetState] = {}
        """Service → what its target last said, whoever looked; none where it could not be read."""

    # Plan ---------------------------------------------------------------------------------------------------------

    def plan(self, asking: Asking, order: wire.OrderRequest) -> wire.Plan:
        """What would be done, and every rule that says no; nothing is changed.

        What a person is shown is no act, and no refusal of one. Automation looks at its plans alone, so that a refused
        one is where its act ends.

        Raises UsageError for an order that means nothing, ReleaseError where the target cannot be read.
        """
        order = msgspec.structs.replace(order, via="automation") if asking.is_automation else orders.of_person(order)
        target, known = self._around.target(order.service), self.book.of(order.service)
        before = read(target)
        one = self.seen(order.service, known, before)
        facts = gathered(self._around, self.book, asking, order, before, one)
        plan = preview(self._around, facts)
        self.plans.add(Shown(plan, facts))
        if plan.refusals and asking.is_automation:
            refusing.tell(self.refused, asking.actor, plan.refusals, **refusing.of_plan(plan))
        return plan

    # Apply --------------------------------------------------------------------------------------------------------

    def apply(self, asking: Asking, request: wire.ApplyRequest) -> wire.Outcome:
        """Do what a plan says, if every rule still allows it and the world is as it was shown."""
        began = time.perf_counter()
        outcome = self._applied(asking, request)
        return msgspec.structs.replace(outcome, took_ms=round((time.perf_counter() - began) * 1000, 1))

    def _applied(self, asking: Asking, request: wire.ApplyRequest) -> wire.Outcome:
        shown = self.plans.find(request.op_id)
        if shown is None:
            no = refusal("expired", "no such plan, or it is too old", "Plan again.")
            refusing.tell(self.refused, asking.actor, (no,), act="apply")
            return wire.Outcome(op_id=request.op_id, word="refused", told=no.why, refusals=(no,))
        plan = shown.plan
        if not is_same(shown.facts.asking, asking):
            return self._no(asking, plan, refusal("person", f"this plan is {plan.actor}'s", "Plan it yourself."))
        if request.typed != plan.confirm_with:
            why = "what was typed is not what the plan asks for"
            return self._no(asking, plan, refusal("confirmation", why, "Type it whole."))
        turn = self.book.only_change_of(plan.order.service)
        if not turn.acquire(timeout=TURN_WITHIN_S):
            return self._no(asking, plan, self._not_its_turn(plan))
        try:
            if not self.plans.take(plan.op_id):
                return self._no(asking, plan, self._used(plan))
            return self._executed(asking, shown)
        finally:
            turn.release()

    def _not_its_turn(self, plan: wire.Plan) -> wire.Refusal:
        operation = self.book.of(plan.order.service).operation
        whose = f"{operation.plan.actor}'s {operation.plan.order.act}" if operation is not None else "another change"
        told = f"{whose} is under way, and its target has not answered for {TURN_WITHIN_S:.0f} s"
        return refusal("busy", told, "Nothing was sent, and the plan still holds: confirm it again.")

    def _used(self, plan: wire.Plan) -> wire.Refusal:
        operation = self.book.of(plan.order.service).operation
        if operation is not None and operation.plan.op_id == plan.op_id:
            told = f"executed already, by {plan.actor} at {operation.at:%H:%M:%S} UTC"
        else:
            told = "used already"
        return refusal("used", told, "Nothing was sent again. Plan again to do more.")

    def _executed(self, asking: Asking, shown: Shown) -> wire.Outcome:
        plan = shown.plan
        if self._around.clock.now() >= plan.expires_at:
            return self._no(asking, plan, refusal("expired", "the plan is too old to be true", "Plan again."))
        try:
            facts = current(self._around, self.book, shown.facts, asking)
        except StoreError as error:
            return self._no(asking, plan, refusal("evidence", f"it cannot be read now: {error.message}", error.remedy))
        target = self._around.target(plan.order.service)
        try:
            state = target.read()
        except TargetError as error:
            self._hold(plan, facts, f"the target cannot be read: {error.message}")
            return self._no(asking, plan, refusal_of(error))
        if not same_routing(state.routing, plan.before.routing):
            return self._moved(asking, plan, facts, state)
        no = refusals(replace(facts, before=state))
        no += tuple(each for each in plan.refusals if each.rule == "unsupported")
        if no:
            return self._no(asking, plan, *no)
        if not plan.requests:
            begin(self.book, asking.actor, plan)
            return finish(self.book, plan, Settled("done", f"{plan.order.act} of the rollout"))
        outcome = send(self.book, target, asking.actor, plan, self._around.clock, self._wait)
        if outcome.verdict is not None and outcome.verdict.routing is not None:
            self.states[plan.order.service] = msgspec.structs.replace(
                state, routing=outcome.verdict.routing, observed_at=self._around.clock.now()
            )
        return outcome

    def _moved(self, asking: Asking, plan: wire.Plan, facts: Facts, state: wire.TargetState) -> wire.Outcome:
        one = self.seen(plan.order.service, facts.one, state)
        last = next((entry for entry in reversed(one.history) if entry.word == "done"), None)
        who = "somebody outside of opsconsole changed it"
        is_believed = one.believed is not None and same_routing(one.believed, state.routing)
        if last is not None and last.act != "out of band" and is_believed:
            who = f"{last.actor} did ({last.act}) at {last.at:%H:%M:%S} UTC"
        told = f"{plan.order.service} is {spelled(state.routing.shares)} now: {who}"
        self._hold(plan, facts, told)
        return self._no(
            asking, plan, refusal("moved", told, "Nothing was sent. Look at it, and plan again."), word="moved"
        )

    def _hold(self, plan: wire.Plan, facts: Facts, told: str) -> None:
        """Whoever may go back, and could not, has the rollout held: nothing goes forward by itself then."""
        if not refusals(facts):
            hold_after(self.book, plan, told)

    def _no(
        self, asking: Asking, plan: wire.Plan, *no: wire.Refusal, word: wire.OutcomeWord = "refused"
    ) -> wire.Outcome:
        """Every no to a plan, written down under the name of whoever asked; what they typed is not."""
        refusing.tell(self.refused, asking.actor, no, **refusing.of_plan(plan))
        return wire.Outcome(op_id=plan.op_id, word=word, told=no[0].why, refusals=no)

    # What the target says ------------------------------------------------------------------------------------------

    def seen(self, service: str, known: ServiceReleases, state: wire.TargetState) -> ServiceReleases:
        """Compare what a target says with what is believed; ``known`` is what was known before it was asked."""
        self.states[service] = state
        settle_s = self._around.setting(service).settle_seconds
        return compare(self.book, service, known, state, self._around.clock.now(), settle_s)

    # Other people --------------------------------------------------------------------------------------------------

    def approve(self, asking: Asking, request: wire.ApproveRequest) -> wire.Approval:
        """A second person's yes. Raises ReleaseRefused naming the rule."""
        now = self._around.clock.now()
        shown = self._approvable(asking, request.op_id, now)
        note = orders.text("the note", request.note, orders.MOST_NOTE)
        plan = shown.plan
        approval = wire.Approval(
            fingerprint=shown.facts.fingerprint,
            service=plan.order.service,
            told=f"{plan.order.act}: {spelled(plan.before.routing.shares)} → {spelled(plan.after.shares)}",
            by=asking.person,
            account=asking.account,
            is_known=asking.is_known,
            at=now,
            expires_at=now + APPROVABLE_FOR,
        )
        self.book.note(
            asking.actor, "release.approved", service=plan.order.service, op_id=plan.op_id, note=note,
            approval=msgspec.to_builtins(approval),
        )  # fmt: skip
        return approval

    def _approvable(self, asking: Asking, op_id: str, now: datetime) -> Shown:
        """The plan, if this person may approve it. Raises ReleaseRefused."""
        shown = self.plans.find(op_id)
        planner = shown.facts.asking if shown is not None else asking
        if shown is None or now >= shown.plan.planned_at + APPROVABLE_FOR:
            no = refusal("expired", "no such plan, or it is too old", "Have it planned again.")
        elif (lacked := lacks(asking, "approver", "approve")) is not None:
            no = lacked
        elif not is_another(asking, planner.person, planner.account, planner.is_known):
            no = refusal("approval", "nobody approves what they planned themselves", "Ask somebody else.")
        else:
            return shown
        about = refusing.of_plan(shown.plan) if shown is not None else {}
        refusing.tell(self.refused, asking.actor, (no,), **{**about, "act": "approve"})
        raise refusing.refused_with(no)


def read(target: Target) -> wire.TargetState:
    """What the target says. Raises ReleaseError in words for a person."""
    try:
        return target.read()
    except TargetError as error:
        raise ReleaseError(f"{target.name} cannot be read: {error.message}", error.remedy) from error
