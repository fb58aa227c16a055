"""Releases in the daemon: the gate, and the threads that look after what is deployed.

Always true here: each target has a thread that looks after it, so one that hangs keeps no other service waiting, and
the thread that writes to the store asks none; what is under way when the daemon is told to stop ends first.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import datetime

from opsconsole import wire
from opsconsole.daemon.analysing import Analysing
from opsconsole.daemon.deployed import Deployed
from opsconsole.daemon.engine import Engine
from opsconsole.daemon.presence import Attendance
from opsconsole.daemon.registering import Registering
from opsconsole.daemon.surroundings import LIVE, Around, Staging
from opsconsole.daemon.views.reading import Asked
from opsconsole.releases import freezes
from opsconsole.releases.access import Access, Person
from opsconsole.releases.arming import Arms
from opsconsole.releases.book import ReleaseBook
from opsconsole.releases.executor import Executor
from opsconsole.releases.guard import Asking
from opsconsole.releases.ledger import ServiceReleases, fold
from opsconsole.releases.watch import Watch

LOOK_EVERY_S = 2.0
"""Between two looks at a target; one that moves money asks for no more often."""

log = logging.getLogger("opsconsole")


def _brief(service: str, target: str, one: ServiceReleases) -> wire.ReleaseBrief:
    rollout = one.rollout if one.rollout is not None and one.rollout.is_open else None
    return wire.ReleaseBrief(
        service=service,
        target=target,
        rollout=rollout.phase if rollout else None,
        version=rollout.version if rollout else "",
    )


def _running(service: str, one: ServiceReleases) -> Iterator[str]:
    rollout, operation = one.rollout, one.operation
    if rollout is not None and rollout.is_open:
        share = rollout.steps[rollout.step].share
        why = f": {rollout.why}" if rollout.why else ""
        yield f"{service}: rollout of {rollout.version} {rollout.phase} at {share:.0%}{why}"
    if operation is None:
        return
    begun = f"{service}: {operation.plan.order.act}"
    if one.is_pending:
        yield f"{begun} was begun, and is not known to be done: {operation.told or 'nothing is heard of it'}"
    elif operation.verdict is not None and operation.verdict.effect in ("pending", "diverged"):
        yield f"{begun} done, its effect {operation.verdict.effect}: {operation.verdict.why}"


class Releasing:
    """The gate of one home, and what looks after its releases."""

    def __init__(
        self,
        engine: Engine,
        view: Callable[[Asked], wire.View | wire.SourcesView],
        attendance: Attendance,
        registering: Registering,
        access: Access,
        arms: Arms,
        incidents: Callable[[str], tuple[str, ...]] = lambda service: (),
        staging: Staging = LIVE,
    ) -> None:
        """Raises ConfigError for a release section that cannot be understood, JournalError for a broken journal."""
        self._engine = engine
        self._access, self._arms = access, arms
        self.around = Around(engine, view, attendance, registering, incidents, staging)
        self.book = ReleaseBook(engine.journal.append, fold(engine.journal.events()), self._tell_views)
        self.around.analysing = Analysing(engine, self.book, self.around.settings)
        self.executor = Executor(self.book, self.around, staging.wait)
        self.refused = self.executor.refused
        self.watch = Watch(self.book, self.executor, self.around, self._tell_trouble)
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._look_after, args=(service,), name=f"releases of {service}", daemon=True)
            for service in self.around.targets
        ]
        engine.on_stop(self.stop)
        engine.every_so_often(self._lock_by_the_clock)
        engine.every_so_often(self.refused.catch_up)

    def start(self) -> None:
        """Begin to look after the services that have a target."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        for target in self.around.targets.values():
            target.close()
        self.refused.catch_up(is_last=True)

    # Who asks -----------------------------------------------------------------------------------------------------

    def asking(self, person: Person, console: str) -> Asking:
        """A person on a console, as the gate knows them."""
        read_only = ""
        if self._arms.is_read_only(person, console):
            read_only = f"{self.around.environment or 'this environment'} is read-only on this console"
        return Asking(
            actor=person.actor,
            person=person.who,
            account=person.name,
            is_known=bool(person.called),
            roles=frozenset(self._access.roles(person)),
            read_only=read_only,
        )

    def plan(self, person: Person, order: wire.OrderRequest) -> wire.Plan:
        return self.executor.plan(self.asking(person, order.console), order)

    def apply(self, person: Person, request: wire.ApplyRequest) -> wire.Outcome:
        return self.executor.apply(self.asking(person, self.executor.plans.console_of(request.op_id)), request)

    def approve(self, person: Person, request: wire.ApproveRequest) -> wire.Approval:
        return self.executor.approve(self.asking(person, ""), request)

    def freeze(self, person: Person, request: wire.FreezeRequest) -> wire.Freeze:
        now = self._engine.clock.now()
        return freezes.by_hand(self.book, self.refused, self.asking(person, ""), request, now, self.around.setting)

    def arm(self, person: Person, request: wire.ArmRequest) -> wire.Permission:
        """Arm a console or lock it again. Raises RequestRefused for whoever may not, or types another name."""
        if request.is_locked:
            if self._arms.lock(person, request.console):
                self.book.note(person.actor, "console.locked", console=request.console)
        else:
            self._arms.arm(
                person,
                request.console,
                request.typed,
                lambda until: self.book.note(person.actor, "console.armed", console=request.console, until=str(until)),
            )
        return self.permission(person, request.console)

    def permission(self, person: Person, console: str) -> wire.Permission:
        return self._arms.permission(person, console)

    def briefs(self) -> tuple[wire.ReleaseBrief, ...]:
        """Every service that has a target."""
        return tuple(
            _brief(service, target.name, self.book.of(service)) for service, target in self.around.targets.items()
        )

    def running(self, services: tuple[str, ...]) -> tuple[str, ...]:
        """Rollouts that are under way and changes that are not known to have their effect, in words."""
        return tuple(told for service in services for told in _running(service, self.book.of(service)))

    def _lock_by_the_clock(self) -> None:
        for armed in self._arms.expired():
            self.book.note(armed.person.actor, "console.locked", console=armed.console, by="the clock")

    # What goes on by itself ---------------------------------------------------------------------------------------

    def _look_after(self, service: str) -> None:
        while not self._stopping.is_set():
            self._engine.guarded(f"looking after {service}", lambda: self.watch.look(service))
            self._stopping.wait(LOOK_EVERY_S)

    def _tell_views(self) -> None:
        self._engine.submit(self._engine.changed)

    def _tell_trouble(self, what: str) -> None:
        log.warning("%s", what)
        self._engine.failures["automation of releases"] = what

    def out_of_band(self, service: str) -> str:
        """How the service's target differs from what was done here; empty where it does not."""
        return self.book.of(service).out_of_band

    def deployed(self, service: str, as_of: datetime | None = None) -> Deployed:
        """What is known of a service's releases now, or what was known at a moment."""
        if as_of is not None:
            return self._deployed_then(service, as_of)
        around, watch = self.around, self.watch
        one = self.book.of(service)
        has_target = service in around.targets
        op_id, verdict = watch.verdicts.get(service, ("", None))
        is_last = one.operation is not None and one.operation.plan.op_id == op_id
        return Deployed(
            one=one,
            setting=around.settings.get(service),
            target=around.targets[service].name if has_target else "",
            caps=around.targets[service].caps if has_target else None,
            state=self.executor.states.get(service),
            trouble=watch.troubles.get(service, ""),
            verdict=verdict if is_last else None,
            waiting_for=watch.waiting_for.get(service, ""),
            reading=around.reading(service),
            lately=around.lately(service, one, self._engine.clock.now()),
            manifests=around.manifests(service),
            approvals=tuple(each for each in self.book.state.approvals if each.service == service),
            freezes=tuple(freezes.active(service, around.freezes, self.book.state.freezes, self._engine.clock.now())),
        )

    def _deployed_then(self, service: str, at: datetime) -> Deployed:
        """As the journal tells it; what the target said then is what was believed then."""
        around = self.around
        known = fold(event for event in self._engine.journal.events() if datetime.fromisoformat(event.at) < at)
        one = known.of(service)
        has_target = service in around.targets
        state = None
        if one.believed is not None:
            state = wire.TargetState(routing=one.believed, detail={"told by": "the journal"}, observed_at=at)
        return Deployed(
            one=one,
            setting=around.settings.get(service),
            target=around.targets[service].name if has_target else "",
            caps=around.targets[service].caps if has_target else None,
            state=state,
            lately=around.lately(service, one, at),
            approvals=tuple(each for each in known.approvals if each.service == service),
            freezes=tuple(freezes.active(service, around.freezes, known.freezes, at)),
        )
