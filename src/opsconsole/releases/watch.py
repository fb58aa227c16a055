"""What goes on by itself: pending changes are read back, effects are looked at, rollouts take their next step.

Always true here: automation acts through the gate like anybody else, as itself and with a reason; a target that cannot
be read changes nothing of what is believed; a change that a person has under way is left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from opsconsole import wire
from opsconsole.clock import Clock
from opsconsole.config.settings import ReleaseSetting
from opsconsole.errors import OpsConsoleError
from opsconsole.releases.book import Book
from opsconsole.releases.executor import Executor
from opsconsole.releases.guard import Asking
from opsconsole.releases.ledger import Operation, ServiceReleases
from opsconsole.releases.rollouts import decide
from opsconsole.releases.settling import conclude, resolve
from opsconsole.releases.targets.base import Target, TargetError
from opsconsole.releases.verifying import Traffic, verdict

LATELY_S = 60.0
"""What serves may follow long after the target did, when it is started anew: the last minute then speaks for itself,
however many requests the old version answered before."""

AUTOMATION = Asking(actor="rollout", person="rollout", roles=frozenset({"operator"}), is_automation=True)


class Seen(Protocol):
    """What the watch has to be told."""

    clock: Clock

    def setting(self, service: str) -> ReleaseSetting: ...

    def target(self, service: str) -> Target: ...

    def traffic(self, service: str, since: datetime) -> Traffic:
        """The records that began since then, by version."""
        ...

    def reading(self, service: str) -> wire.CanaryReading | None: ...


class Watch:
    """Looks after the services that have a target."""

    def __init__(self, book: Book, executor: Executor, around: Seen, tell: Callable[[str], None]) -> None:
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

    def look(self, service: str) -> None:
        """One look at a service: what its target says, what is pending, what its rollout does next."""
        lock = self._book.only_change_of(service)
        if not lock.acquire(blocking=False):
            return  # somebody is changing it: that change reads back by itself
        try:
            state = self._read(service)
            if state is None:
                return
            one = self._executor.seen(service, state)
            if one.is_pending and one.operation is not None:
                self._resolve(one.operation, state)
            elif one.operation is not None and one.operation.word == "done":
                self._verify(service, one.operation, state)
        finally:
            lock.release()
        self._go_on(service, self._book.of(service))

    def _read(self, service: str) -> wire.TargetState | None:
        try:
            state = self._around.target(service).read()
        except TargetError as error:
            self.troubles[service] = f"{error.message}. {error.remedy}".strip()
            self._executor.states.pop(service, None)
            return None
        self.troubles.pop(service, None)
        return state

    def _resolve(self, operation: Operation, state: wire.TargetState) -> None:
        age_s = (self._around.clock.now() - operation.at).total_seconds()
        settled = resolve(operation, state, age_s)
        if settled is not None:
            conclude(self._book, operation.plan, settled, None)

    def _verify(self, service: str, operation: Operation, state: wire.TargetState) -> None:
        """Has the change its effect yet? Written down when the answer is another one."""
        now, plan = self._around.clock.now(), operation.plan
        minutes = self._around.setting(service).watch_minutes
        age_s = (now - operation.at).total_seconds()
        settled = operation.verdict is not None and operation.verdict.effect == "effective"
        if not plan.requests or settled or age_s > minutes * 60:
            return
        traffic = self._around.traffic(service, operation.at)
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

    def _go_on(self, service: str, one: ServiceReleases) -> None:
        rollout = one.rollout
        if rollout is None or not rollout.is_open or one.is_pending:
            self.waiting_for.pop(service, None)
            return
        requests = self._around.traffic(service, rollout.step_since).counts.get(rollout.version, 0)
        decision = decide(
            rollout, self._around.setting(service).analysis, self._around.clock.now(), requests,
            self._around.reading(service),
        )  # fmt: skip
        self.waiting_for[service] = decision.why
        if decision.act is not None:
            self._act(service, decision.act, decision.why)

    def _act(self, service: str, act: wire.Act, why: str) -> None:
        order = wire.OrderRequest(service=service, act=act, override_reason=why)
        try:
            plan = self._executor.plan(AUTOMATION, order)
            outcome = self._executor.apply(AUTOMATION, wire.ApplyRequest(op_id=plan.op_id, typed=plan.confirm_with))
        except OpsConsoleError as error:
            self._tell(f"{act} of {service}: {error}")
            return
        if outcome.word != "done":
            self._tell(f"{act} of {service}: {outcome.word}: {outcome.told}")
            self.waiting_for[service] = f"{act} was {outcome.word}: {outcome.told}"
