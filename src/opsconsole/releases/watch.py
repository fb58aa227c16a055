"""What goes on by itself: pending changes are read back, effects are looked at, rollouts take their next step.

Always true here: automation acts through the gate like anybody else, as itself and with a reason; a target that cannot
be read changes nothing of what is believed; a change that a person has under way is left alone, and nothing goes
forward while a person has a plan before them that leads back; a target that hangs keeps nobody waiting, because it is
asked without holding anything. A service is looked after by one thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from opsconsole import wire
from opsconsole.clock import Clock
from opsconsole.config.settings import ReleaseSetting
from opsconsole.errors import OpsConsoleError
from opsconsole.releases.book import ReleaseBook
from opsconsole.releases.executor import Executor
from opsconsole.releases.guard import Asking
from opsconsole.releases.ledger import Operation, ServiceReleases
from opsconsole.releases.rollouts import decide
from opsconsole.releases.settling import IN_FLIGHT, conclude, resolve
from opsconsole.releases.targets.base import Target, TargetError
from opsconsole.releases.verifying import Traffic, verdict

LATELY_S = 60.0
"""What serves may follow long after the target did, when it is started anew: the last minute then speaks for itself,
however many requests the old version answered before."""

LATER_EVERY_S = 60.0
"""After the watch, of a change whose name has moved and that nothing serves yet: it may be started anew days later."""

AUTOMATION = Asking(actor="rollout", person="rollout", roles=frozenset({"operator"}), is_automation=True)
SHORTEST_REST_S, LONGEST_REST_S = 10.0, 300.0
"""Before automation tries again what it could not do: twice as long each time."""


class Watched(Protocol):
    """What the watch has to be told."""

    clock: Clock

    def setting(self, service: str) -> ReleaseSetting: ...

    def target(self, service: str) -> Target: ...

    def traffic(self, service: str, since: datetime) -> Traffic:
        """The records that began since then, by version."""
        ...

    def reading(self, service: str) -> wire.CanaryReading | None: ...


@dataclass(frozen=True)
class Still:
    """A target under a pending change, since it was first seen as it is (monotonic seconds)."""

    op_id: str
    routing: wire.Routing
    since_s: float


@dataclass(frozen=True)
class Rest:
    """After something that automation could not do (monotonic seconds)."""

    until_s: float
    length_s: float
    why: str


class Watch:
    """Looks after the services that have a target."""

    def __init__(self, book: ReleaseBook, executor: Executor, around: Watched, tell: Callable[[str], None]) -> None:
        """``tell`` hears what automation could not do."""
        self._book = book
        self._executor = executor
        self._around = around
        self._tell = tell
        self.waiting_for: dict[str, str] = {}
        """Service → what its rollout waits for, in words."""
        self.verdicts: dict[str, tuple[str, wire.Verdict]] = {}
        """Service → its last operation, and what was found of it at the last look; the journal has what changed."""
        self.troubles: dict[str, str] = {}
        """Service → why its target could not be read."""
        self._still: dict[str, Still] = {}
        self._later_s: dict[str, float] = {}
        self._rests: dict[str, dict[wire.Act, Rest]] = {}

    def look(self, service: str) -> None:
        """One look at a service: what its target says, what is pending, what its rollout does next."""
        turn, known = self._book.only_change_of(service), self._book.of(service)
        if turn.locked():
            return  # somebody is changing it: that change reads back by itself
        state = self._read(service)
        if state is None or not turn.acquire(blocking=False):
            return
        try:
            if self._book.of(service) != known:
                return  # what was read may be older than that: the next look tells
            self._take_in(service, known, state)
        finally:
            turn.release()
        self._go_on(service, self._book.of(service))

    def _take_in(self, service: str, known: ServiceReleases, state: wire.TargetState) -> None:
        one = self._executor.seen(service, known, state)
        if one.is_pending and one.operation is not None:
            self._resolve(service, one.operation, state)
            return
        self._still.pop(service, None)
        if one.operation is not None and one.operation.word == "done":
            self._verify(service, one.operation, state)

    def _read(self, service: str) -> wire.TargetState | None:
        try:
            state = self._around.target(service).read()
        except TargetError as error:
            self.troubles[service] = f"{error.message}. {error.remedy}".strip()
            self._executor.states.pop(service, None)
            return None
        self.troubles.pop(service, None)
        return state

    def _resolve(self, service: str, operation: Operation, state: wire.TargetState) -> None:
        clock, op_id = self._around.clock, operation.plan.op_id
        still = self._still.get(service)
        if still is None or still.op_id != op_id or still.routing != state.routing or state.phase in IN_FLIGHT:
            still = self._still[service] = Still(op_id, state.routing, clock.monotonic())
        age_s = (clock.now() - operation.at).total_seconds()
        settle_s = self._around.setting(service).settle_seconds
        settled = resolve(operation, state, age_s, clock.monotonic() - still.since_s, settle_s)
        if settled is not None:
            conclude(self._book, operation.plan, settled, None)

    def _verify(self, service: str, operation: Operation, state: wire.TargetState) -> None:
        """Has the change its effect yet? Written down when the answer is another one."""
        now, plan = self._around.clock.now(), operation.plan
        watched_s = self._around.setting(service).watch_minutes * 60
        age_s = (now - operation.at).total_seconds()
        effect = operation.verdict.effect if operation.verdict is not None else "pending"
        if not plan.requests or effect == "effective":
            return
        if age_s > watched_s and not (effect == "metadata only" and self._is_due(service)):
            return
        traffic = self._around.traffic(service, max(operation.at, now - timedelta(seconds=max(watched_s, LATELY_S))))
        found = verdict(plan.after, state, plan.caps.scope, Traffic(traffic.counts, age_s))
        if found.effect != "effective" and age_s > LATELY_S:
            lately = self._around.traffic(service, now - timedelta(seconds=LATELY_S))
            newest = verdict(plan.after, state, plan.caps.scope, Traffic(lately.counts, LATELY_S))
            found = newest if newest.effect == "effective" else found
        self.verdicts[service] = plan.op_id, found
        if operation.verdict is None or found.effect != operation.verdict.effect:
            self._book.note(
                "opsconsole",
                "release.verified",
                service=service,
                op_id=plan.op_id,
                verdict=msgspec.to_builtins(found),
            )

    def _is_due(self, service: str) -> bool:
        """Is it time again to see whether what serves has followed?"""
        now_s = self._around.clock.monotonic()
        is_due = now_s >= self._later_s.get(service, 0.0)
        if is_due:
            self._later_s[service] = now_s + LATER_EVERY_S
        return is_due

    def _go_on(self, service: str, one: ServiceReleases) -> None:
        rollout = one.rollout
        if rollout is None or not rollout.is_open or one.is_pending:
            self.waiting_for.pop(service, None)
            if not one.is_pending:
                self._rests.pop(service, None)
            return
        requests = self._around.traffic(service, rollout.step_since).counts.get(rollout.version, 0)
        decision = decide(
            rollout, self._around.setting(service).analysis, self._around.clock.now(), requests,
            self._around.reading(service),
        )  # fmt: skip
        self.waiting_for[service] = decision.why
        if decision.act is None:
            return
        rest = self._rests.get(service, {}).get(decision.act)
        if rest is not None and self._around.clock.monotonic() < rest.until_s:
            self.waiting_for[service] = rest.why
        elif decision.act in wire.FORWARD and (person := self._executor.plans.going_back(service)):
            self.waiting_for[service] = f"{person}, who has a plan before them that leads back"
        else:
            self._act(service, decision.act, decision.why)

    def _act(self, service: str, act: wire.Act, why: str) -> None:
        order = wire.OrderRequest(service=service, act=act, override_reason=why)
        try:
            plan = self._executor.plan(AUTOMATION, order)
            if plan.refusals:
                self._rest(service, act, f"{act} was refused: {plan.refusals[0].why}")
                return
            outcome = self._executor.apply(AUTOMATION, wire.ApplyRequest(op_id=plan.op_id, typed=plan.confirm_with))
        except OpsConsoleError as error:
            self._rest(service, act, f"{act} failed: {error}")
            return
        if outcome.word == "done":
            self._rests.get(service, {}).pop(act, None)
        else:
            self._rest(service, act, f"{act} was {outcome.word}: {outcome.told}")

    def _rest(self, service: str, act: wire.Act, why: str) -> None:
        rests = self._rests.setdefault(service, {})
        last = rests.get(act)
        length_s = min(2 * last.length_s, LONGEST_REST_S) if last is not None else SHORTEST_REST_S
        rests[act] = Rest(self._around.clock.monotonic() + length_s, length_s, why)
        self.waiting_for[service] = why
        if last is None or last.why != why:
            self._tell(f"{service}: {why}")
