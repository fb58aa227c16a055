"""The one gate: plan, guard, apply, read back. Keys, commands, checklists, automation and drills all come through here.

Always true here: a plan is executed once at the most, by the person who asked for it, from the state that it was shown
on; an event is on the disk before anything is sent, and another one when it is known what became of it; what was sent
and not answered is read back and never sent again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Protocol
from uuid import uuid4

import msgspec

from opsconsole import wire
from opsconsole.clock import Clock
from opsconsole.config.settings import FreezeSetting, ReleaseSetting
from opsconsole.errors import ReleaseError
from opsconsole.journal.refused import Refused
from opsconsole.releases import freezes, orders, planning, refusing
from opsconsole.releases.book import ReleaseBook
from opsconsole.releases.confirmation import confirm_with
from opsconsole.releases.guard import Asking, Facts, is_another, is_same, refusals
from opsconsole.releases.ledger import ServiceReleases
from opsconsole.releases.refusing import refusal
from opsconsole.releases.sending import begin, finish, refusal_of, send
from opsconsole.releases.settling import Settled, hold_after
from opsconsole.releases.sighting import compare
from opsconsole.releases.targets.base import Target, TargetError
from opsconsole.releases.targets.shares import heaviest, same_routing, spelled

GOOD_FOR = timedelta(seconds=120)
"""How long a plan may be executed: what it shows grows old."""
APPROVABLE_FOR = timedelta(hours=1)
"""How long a plan may be approved, and how long an approval holds."""
TURN_WITHIN_S = 10.0
"""How long somebody waits for the change before theirs: longer takes one only whose target does not answer."""
MOST_PLANS, MOST_PLANS_OF_ONE = 500, 50
"""That are remembered: whoever asks for more loses the oldest of their own."""


class Surroundings(Protocol):
    """What the gate has to be told; all of it values."""

    clock: Clock
    environment: str
    freezes: tuple[FreezeSetting, ...]

    def setting(self, service: str) -> ReleaseSetting:
        """Raises UsageError where the service has no target."""
        ...

    def target(self, service: str) -> Target: ...

    def evidence(self, service: str, from_version: str, to_version: str) -> wire.Evidence: ...

    def reading(self, service: str) -> wire.CanaryReading | None:
        """Of the rollout that is under way."""
        ...

    def known(self, service: str) -> frozenset[str]:
        """Versions that are registered, or that records name."""
        ...

    def health_of(self, service: str, version: str) -> str:
        """What is known of a version now, in words."""
        ...

    def others(self, service: str, console: str) -> tuple[str, ...]:
        """Who else has something armed there."""
        ...


@dataclass(frozen=True)
class Shown:
    """A plan that was handed out, and the facts that it was judged by."""

    plan: wire.Plan
    facts: Facts


class Executor:
    """Changes what serves."""

    def __init__(self, book: ReleaseBook, around: Surroundings, wait: Callable[[float], None] = time.sleep) -> None:
        """``wait`` is between two looks at a target while a change is read back."""
        self.book = book
        self._around = around
        self._wait = wait
        self.refused = Refused(book.note, around.clock)
        self._lock = Lock()
        self._shown: dict[str, Shown] = {}
        self._open: set[str] = set()
        """Plans that were not executed yet."""
        self.states: dict[str, wire.TargetState] = {}
        """Service → what its target last said, whoever looked; none where it could not be read."""

    # Plan ---------------------------------------------------------------------------------------------------------

    def plan(self, asking: Asking, order: wire.OrderRequest) -> wire.Plan:
        """What would be done, and every rule that says no; nothing is changed.

        Raises UsageError for an order that means nothing, ReleaseError where the target cannot be read.
        """
        order = msgspec.structs.replace(order, via="automation") if asking.is_automation else orders.of_person(order)
        setting, target = self._around.setting(order.service), self._around.target(order.service)
        known = self.book.of(order.service)
        before = read(target)
        one = self.seen(order.service, known, before)
        version = planning.version_of(order, one, before.routing)
        order = msgspec.structs.replace(order, version=version) if order.act in ("start", "promote") else order
        after = planning.routing_after(order, one, before.routing, version, setting)
        losing = self._losing(before.routing, after)
        facts = Facts(
            asking=asking,
            order=order,
            version=version,
            before=before,
            after=after,
            fingerprint=planning.fingerprint(order, before, after),
            one=one,
            setting=setting,
            caps=target.caps,
            evidence=self._evidence(order.service, losing, version),
            now=self._around.clock.now(),
            reading=self._around.reading(order.service),
            known=self._around.known(order.service) | frozenset(before.routing.shares),
        )
        facts = self._current(facts, asking)
        plan = self._planned(facts, target, losing)
        with self._lock:
            self._make_room(asking)
            self._shown[plan.op_id] = Shown(plan, facts)
            self._open.add(plan.op_id)
        if plan.refusals:
            refusing.tell(self.refused, asking.actor, plan.refusals, **refusing.of_plan(plan), is_shown_only=True)
        return plan

    def _make_room(self, asking: Asking) -> None:
        """Somebody who asks for plan after plan makes nobody else's plan unknown."""
        own = [op_id for op_id, shown in self._shown.items() if is_same(shown.facts.asking, asking)]
        if len(own) >= MOST_PLANS_OF_ONE:
            self._forget(own[0])
        while len(self._shown) >= MOST_PLANS:
            self._forget(next(iter(self._shown)))

    def _evidence(self, service: str, losing: str, version: str) -> wire.Evidence:
        evidence = self._around.evidence(service, losing, version)
        return msgspec.structs.replace(evidence, out_of_band=self.book.of(service).out_of_band)

    def _losing(self, before: wire.Routing, after: wire.Routing) -> str:
        """The version that gives up the most traffic, or has the most where none does."""
        lost = {name: share - after.shares.get(name, 0.0) for name, share in before.shares.items()}
        name = heaviest(lost)
        return name if name and lost[name] > 0 else heaviest(before.shares)

    def _current(self, facts: Facts, asking: Asking) -> Facts:
        """The same facts with what may have changed since: the calendar, approvals, the ledger, the person."""
        now, service = self._around.clock.now(), facts.order.service
        return replace(
            facts,
            asking=asking,
            one=self.book.of(service),
            now=now,
            freezes=freezes.active(service, self._around.freezes, self.book.state.freezes, now),
            approvals=self.book.state.approvals,
        )

    def _planned(self, facts: Facts, target: Target, losing: str) -> wire.Plan:
        order, before, after = facts.order, facts.before, facts.after
        try:
            is_change = order.act not in ("hold", "resume") and not same_routing(before.routing, after)
            requests = target.requests(before, after) if is_change and any(after.shares.values()) else ()
            unsupported: tuple[wire.Refusal, ...] = ()
        except TargetError as error:
            requests = ()
            unsupported = (wire.Refusal(rule="unsupported", why=error.message, remedy=error.remedy),)
        pinned = facts.one.pinned(after if order.act in wire.FORWARD else before.routing)
        return wire.Plan(
            op_id=uuid4().hex[:12],
            order=order,
            environment=self._around.environment,
            actor=facts.asking.actor,
            target=target.name,
            caps=target.caps,
            before=before,
            after=after,
            inverse=before.routing,
            requests=requests,
            steps=planning.steps_of(facts.setting) if order.act == "start" else (),
            from_version=losing,
            to_version=facts.version,
            pinned=pinned,
            pinned_health=self._around.health_of(order.service, pinned) if pinned else "",
            warnings=self._warnings(facts, target),
            refusals=(*refusals(facts), *unsupported),
            evidence=facts.evidence,
            risk=facts.setting.risk,
            confirm_with=confirm_with(order.service, order.act, facts.setting.risk),
            others=self._around.others(order.service, order.console),
            command=planning.command_of(order, facts.version),
            undo_command=planning.undo_command_of(order, before.routing),
            planned_at=facts.now,
            expires_at=facts.now + GOOD_FOR,
        )

    def _warnings(self, facts: Facts, target: Target) -> tuple[str, ...]:
        given = dict.fromkeys((facts.version, *facts.after.shares, *facts.after.headers.values(), *facts.after.shadow))
        told = [
            f"{version} is not registered, and no record names it"
            for version in given
            if version and version not in facts.known
        ]
        if facts.caps.scope == "metadata":
            told.append("this target moves a name: what serves may go on answering as before until it is told")
        if facts.caps.guarding == "none":
            told.append("this target has no compare-and-swap: somebody else's change at the same moment may be lost")
        if facts.evidence.out_of_band and not facts.is_forward:
            told.append(f"out of band: {facts.evidence.out_of_band}")
        if facts.before.phase not in ("steady", "unknown"):
            told.append(f"the target is {facts.before.phase}")
        if facts.order.override_reason:
            told.append(f"overridden: {facts.order.override_reason}")
        return tuple(told)

    def going_back(self, service: str) -> str:
        """Who has a plan before them that would lead back, or stop; empty where nobody has."""
        now = self._around.clock.now()
        with self._lock:
            plans = [self._shown[op_id].plan for op_id in self._open]
        for plan in plans:
            is_back = plan.order.act not in wire.FORWARD and plan.order.via != "automation"
            if plan.order.service == service and is_back and not plan.refusals and now < plan.expires_at:
                return plan.actor
        return ""

    def console_of(self, op_id: str) -> str:
        """The console that asked for a plan; empty where there is no such plan."""
        with self._lock:
            shown = self._shown.get(op_id)
        return shown.plan.order.console if shown is not None else ""

    # Apply --------------------------------------------------------------------------------------------------------

    def apply(self, asking: Asking, request: wire.ApplyRequest) -> wire.Outcome:
        """Do what a plan says, if every rule still allows it and the world is as it was shown."""
        began = time.perf_counter()
        outcome = self._applied(asking, request)
        return msgspec.structs.replace(outcome, took_ms=round((time.perf_counter() - began) * 1000, 1))

    def _applied(self, asking: Asking, request: wire.ApplyRequest) -> wire.Outcome:
        with self._lock:
            shown = self._shown.get(request.op_id)
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
            if not self._take(plan.op_id):
                return self._no(asking, plan, self._used(plan))
            return self._executed(asking, shown)
        finally:
            turn.release()

    def _not_its_turn(self, plan: wire.Plan) -> wire.Refusal:
        operation = self.book.of(plan.order.service).operation
        whose = f"{operation.plan.actor}'s {operation.plan.order.act}" if operation is not None else "another change"
        told = f"{whose} is under way, and its target has not answered for {TURN_WITHIN_S:.0f} s"
        return refusal("busy", told, "Nothing was sent, and the plan still holds: confirm it again.")

    def _take(self, op_id: str) -> bool:
        """A plan may be taken once."""
        with self._lock:
            was_open = op_id in self._open
            self._open.discard(op_id)
            return was_open

    def _used(self, plan: wire.Plan) -> wire.Refusal:
        operation = self.book.of(plan.order.service).operation
        if operation is not None and operation.plan.op_id == plan.op_id:
            told = f"executed already, by {plan.actor} at {operation.at:%H:%M:%S} UTC"
        else:
            told = "used already"
        return refusal("used", told, "Nothing was sent again. Plan again to do more.")

    def _executed(self, asking: Asking, shown: Shown) -> wire.Outcome:
        plan, facts = shown.plan, self._current(shown.facts, asking)
        if facts.now >= plan.expires_at:
            return self._no(asking, plan, refusal("expired", "the plan is too old to be true", "Plan again."))
        target = self._around.target(plan.order.service)
        try:
            state = target.read()
        except TargetError as error:
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
        if not refusals(facts):
            hold_after(self.book, plan, told)
        return self._no(
            asking, plan, refusal("moved", told, "Nothing was sent. Look at it, and plan again."), word="moved"
        )

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
        with self._lock:
            shown = self._shown.get(op_id)
        planner = shown.facts.asking if shown is not None else asking
        if shown is None or now >= shown.plan.planned_at + APPROVABLE_FOR:
            no = refusal("expired", "no such plan, or it is too old", "Have it planned again.")
        elif "approver" not in asking.roles:
            remedy = "An admin names approvers under `access:` in opsconsole.yaml."
            no = refusal("role", f"{asking.person} may not approve", remedy)
        elif not is_another(asking, planner.person, planner.account, planner.is_known):
            no = refusal("approval", "nobody approves what they planned themselves", "Ask somebody else.")
        else:
            return shown
        about = refusing.of_plan(shown.plan) if shown is not None else {}
        refusing.tell(self.refused, asking.actor, (no,), **{**about, "act": "approve"})
        raise refusing.refused_with(no)

    def _forget(self, op_id: str) -> None:
        self._shown.pop(op_id, None)
        self._open.discard(op_id)


def read(target: Target) -> wire.TargetState:
    """What the target says. Raises ReleaseError in words for a person."""
    try:
        return target.read()
    except TargetError as error:
        raise ReleaseError(f"{target.name} cannot be read: {error.message}", error.remedy) from error
