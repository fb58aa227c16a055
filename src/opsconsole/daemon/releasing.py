"""Releases in the daemon: the gate with its surroundings, and the threads that look after what is deployed.

Always true here: evidence is what a view of the console would show at the same moment; each target has a thread that
looks after it, so one that hangs keeps no other service waiting, and the thread that writes to the store asks none;
what is under way when the daemon is told to stop ends first.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from opsconsole import wire
from opsconsole.config.load import lines_of
from opsconsole.config.settings import ReleaseSetting
from opsconsole.daemon.deployed import Deployed
from opsconsole.daemon.engine import Engine
from opsconsole.daemon.judging import Judging
from opsconsole.daemon.presence import Attendance
from opsconsole.daemon.registering import Registering
from opsconsole.daemon.views.reading import Asked
from opsconsole.errors import UsageError
from opsconsole.releases import freezes
from opsconsole.releases.access import Access, Person
from opsconsole.releases.arming import Arms
from opsconsole.releases.book import ReleaseBook
from opsconsole.releases.executor import Executor
from opsconsole.releases.guard import Asking
from opsconsole.releases.ledger import ServiceReleases, fold
from opsconsole.releases.targets import registry
from opsconsole.releases.targets.base import Site, Target
from opsconsole.releases.verifying import Traffic
from opsconsole.releases.watch import Watch
from opsconsole.store.served import fared, served_since

EVIDENCE_WINDOW = "15m"
LOOK_EVERY_S = 2.0
"""Between two looks at a target; one that moves money asks for no more often."""

log = logging.getLogger("opsconsole")


class Around:
    """What the gate and the watch have to be told, from the engine, the store and the other rooms of the daemon."""

    def __init__(
        self,
        engine: Engine,
        view: Callable[[Asked], wire.View | wire.SourcesView],
        attendance: Attendance,
        registering: Registering,
        incidents: Callable[[str], tuple[str, ...]] = lambda service: (),
    ) -> None:
        """``incidents`` names the open ones of a service. Raises ConfigError for a release section that is none."""
        self.clock = engine.clock
        self.environment = engine.settings.environment
        self.freezes = engine.settings.freezes
        self._engine = engine
        self._view = view
        self._attendance = attendance
        self._registering = registering
        self._incidents = incidents
        self.settings: Mapping[str, ReleaseSetting] = {
            name: service.release for name, service in engine.settings.services.items() if service.release is not None
        }
        self.targets: Mapping[str, Target] = {name: self._made(name) for name in self.settings}
        self.judging: Judging | None = None

    def _made(self, service: str) -> Target:
        setting = self.settings[service]
        home = self._engine.home
        line = lines_of(home.config, "services").get(service, str(home.config))
        site = Site(service, home.directory, self.clock, os.environ)
        return registry.make(setting.target, setting.options, site, f"{line}: services.{service}.release")

    def setting(self, service: str) -> ReleaseSetting:
        if service not in self.settings:
            raise UsageError(
                f"{service!r} has no target: the console shows it and does not act on it",
                "Name one under `services: NAME: release:` in opsconsole.yaml; docs/targets.md lists the kinds.",
            )
        return self.settings[service]

    def target(self, service: str) -> Target:
        self.setting(service)
        return self.targets[service]

    def evidence(self, service: str, from_version: str, to_version: str) -> wire.Evidence:
        window_s = wire.WINDOWS[EVIDENCE_WINDOW]
        view, incidents = self._versions(service, from_version, to_version), self._incidents(service)
        if view is None:
            return wire.Evidence(window_s=window_s, open_incidents=incidents)
        return wire.Evidence(
            window_s=window_s,
            versions=tuple(map(_evidence_of, view.versions)),
            comparisons=view.comparisons if {view.baseline, view.candidate} == {from_version, to_version} else (),
            open_incidents=incidents,
        )

    def _versions(self, service: str, baseline: str = "", candidate: str = "") -> wire.VersionsView | None:
        """The versions of the last minutes; None where there are no records of them."""
        options = (("baseline", baseline), ("candidate", candidate)) if baseline and candidate != baseline else ()
        for chosen in (options, ()):
            try:
                view = self._view(Asked("versions", EVIDENCE_WINDOW, service, options=chosen))
            except UsageError:
                continue  # a version without requests in the window has nothing to be compared by
            if isinstance(view, wire.VersionsView) and view.is_live:
                return view
        return None

    def reading(self, service: str) -> wire.CanaryReading | None:
        return self.judging.reading(service) if self.judging is not None else None

    def manifests(self, service: str) -> dict[str, wire.Manifest]:
        return {each.version: each for each in self._registering.manifests(service).manifests}

    def known(self, service: str) -> frozenset[str]:
        registered = set(self.manifests(service))
        connection = self._engine.reader()
        try:
            seen = {version for version, in connection.execute(
                "SELECT DISTINCT version FROM deployments WHERE service = ?", [service]
            ).fetchall()}  # fmt: skip
        finally:
            connection.close()
        return frozenset({version for version in registered | seen if version})

    def health_of(self, service: str, version: str) -> str:
        view = self._versions(service)
        found = next((each for each in view.versions if each.version == version), None) if view else None
        if found is None:
            return f"no requests in the last {EVIDENCE_WINDOW}: nothing is known of it now"
        reasons = f": {', '.join(found.reasons)}" if found.reasons else ""
        return f"{found.state}, {found.requests:,} requests in {EVIDENCE_WINDOW}{reasons}"

    def others(self, service: str, console: str) -> tuple[str, ...]:
        return tuple(
            f"{each.user} ({each.origin}): {each.armed}"
            for each in self._attendance.here()
            if each.armed and each.service == service and each.console != console
        )

    def lately(self, service: str, one: ServiceReleases, until: datetime) -> tuple[wire.VersionEvidence, ...]:
        """How each version did since the last change that was made, or in the last minutes if that is longer ago."""
        since = until - timedelta(seconds=wire.WINDOWS[EVIDENCE_WINDOW])
        operation = one.operation
        if operation is not None and operation.plan.requests and operation.word == "done":
            since = max(since, operation.at)
        connection = self._engine.reader()
        try:
            return fared(connection, service, since, until)
        finally:
            connection.close()

    def traffic(self, service: str, since: datetime) -> Traffic:
        connection = self._engine.reader()
        try:
            counts = served_since(connection, service, since)
        finally:
            connection.close()
        return Traffic(counts, (self.clock.now() - since) / timedelta(seconds=1))


def _evidence_of(each: wire.VersionSummary) -> wire.VersionEvidence:
    return wire.VersionEvidence(
        version=each.version,
        share=each.share,
        n=each.requests,
        error_rate=each.error_rate,
        p99_ms=each.latency_ms.p99.value if each.latency_ms.p99 else None,
        usd_per_request=each.cost.usd_per_request,
        last_at=each.last_at,
    )


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
    ) -> None:
        """Raises ConfigError for a release section that cannot be understood, JournalError for a broken journal."""
        self._engine = engine
        self._access, self._arms = access, arms
        self.around = Around(engine, view, attendance, registering, incidents)
        self.book = ReleaseBook(engine.journal.append, fold(engine.journal.events()), self._tell_views)
        self.around.judging = Judging(engine, self.book, self.around.settings)
        self.executor = Executor(self.book, self.around)
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
        return self.executor.apply(self.asking(person, self.executor.console_of(request.op_id)), request)

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
            permission = self._arms.arm(person, request.console, request.typed)
            self.book.note(person.actor, "console.armed", console=request.console, until=str(permission.armed_until))
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
