"""A gate over a target, in memory unless another is given: everything real but the serving system and the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from opsconsole import wire
from opsconsole.clock import ManualClock
from opsconsole.config.settings import FreezeSetting, ReleaseSetting
from opsconsole.errors import StoreError
from opsconsole.journal import Journal
from opsconsole.releases.book import ReleaseBook
from opsconsole.releases.executor import Executor
from opsconsole.releases.guard import Asking
from opsconsole.releases.ledger import fold
from opsconsole.releases.targets.base import Conflict, Target, TargetError
from opsconsole.releases.targets.shares import same_routing
from opsconsole.releases.verifying import Traffic
from opsconsole.releases.watch import Watch

START = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
SERVICE = "chat-assist"
ANN = Asking(actor="ann", person="ann", roles=frozenset({"viewer", "operator"}))
BOB = Asking(actor="bob", person="bob", roles=frozenset({"viewer", "operator"}))
EVE = Asking(actor="eve", person="eve", roles=frozenset({"viewer"}))
AMY = Asking(actor="amy", person="amy", roles=frozenset({"viewer", "operator", "approver"}))
ROOT = Asking(actor="root", person="root", roles=frozenset({"viewer", "operator", "approver", "admin"}))


@dataclass
class MemoryTarget:
    """Weights in memory that fails as it is told to."""

    shares: dict[str, float] = field(default_factory=lambda: {"v41": 0.9, "v42": 0.1})
    caps: wire.Caps = field(
        default_factory=lambda: wire.Caps(split=True, guarding="cas", tested_against="nothing: it is in memory")
    )
    phase: wire.TargetPhase = "steady"
    applied: list[tuple[str, dict[str, float]]] = field(default_factory=list)
    before_apply: Callable[[], None] = lambda: None
    """Runs after the gate looked and before the change is made."""
    after_apply: Callable[[], None] = lambda: None
    """Runs once the change is made: raise from it, and the answer is lost."""
    read_fails: TargetError | None = None
    takes: bool = True
    """Does what is taken show?"""
    name: str = "memory"

    def read(self) -> wire.TargetState:
        if self.read_fails is not None:
            raise self.read_fails
        return wire.TargetState(routing=wire.Routing(shares=dict(self.shares)), phase=self.phase, observed_at=START)

    def requests(self, before: wire.TargetState, after: wire.Routing) -> tuple[wire.TargetRequest, ...]:
        return (wire.TargetRequest(method="set", where="memory", body=str(after.shares)),)

    def apply(self, before: wire.TargetState, after: wire.Routing, op_id: str) -> wire.Receipt:
        self.before_apply()
        if not same_routing(self.read().routing, before.routing):
            raise Conflict("it is otherwise now", "Plan again.")
        self.applied.append((op_id, dict(after.shares)))
        if self.takes:
            self.shares, self.phase = dict(after.shares), "steady"
        self.after_apply()
        return wire.Receipt(op_id=op_id, answer="taken")

    def rehearse(self, before: wire.TargetState, after: wire.Routing) -> str:
        return "it would"

    def close(self) -> None:
        return


@dataclass
class Around:
    """What a daemon would tell the gate."""

    target_: Target
    clock: ManualClock
    setting_: ReleaseSetting = field(default_factory=lambda: ReleaseSetting(target="memory"))
    environment: str = "demo"
    freezes: tuple[FreezeSetting, ...] = ()
    counts: dict[str, int] = field(default_factory=lambda: {"v41": 9_000, "v42": 1_000})
    served: dict[str, int] = field(default_factory=dict)
    """Records since whatever moment is asked for."""
    canary: wire.CanaryReading | None = None
    incidents: tuple[str, ...] = ()
    store_fails: bool = False

    def _store(self) -> None:
        if self.store_fails:
            raise StoreError("the store does not answer: it is being repaired")

    def new_id(self) -> str:
        return uuid4().hex[:12]

    def setting(self, service: str) -> ReleaseSetting:
        return self.setting_

    def target(self, service: str) -> Target:
        return self.target_

    def evidence(self, service: str, from_version: str, to_version: str) -> wire.Evidence:
        self._store()
        total = sum(self.counts.values()) or 1
        versions = tuple(wire.VersionEvidence(version=name, share=n / total, n=n) for name, n in self.counts.items())
        return wire.Evidence(window_s=900, versions=versions, open_incidents=self.incidents)

    def reading(self, service: str) -> wire.CanaryReading | None:
        self._store()
        return self.canary

    def known(self, service: str) -> frozenset[str]:
        self._store()
        return frozenset(self.counts)

    def health_of(self, service: str, version: str) -> str:
        self._store()
        return "ok"

    def others(self, service: str, console: str) -> tuple[str, ...]:
        return ()

    def traffic(self, service: str, since: datetime) -> Traffic:
        return Traffic(self.served, 0.0)


class Gate:
    """The gate of one service, on a journal of its own."""

    def __init__(self, directory: Path, target: Target | None = None, **around: object) -> None:
        self.directory = directory
        self.clock = ManualClock(START)
        self.target = MemoryTarget()
        self.around = Around(target or self.target, self.clock, **around)  # type: ignore[arg-type]
        self.waited_s = 0.0
        self.open()

    def open(self) -> None:
        """As a daemon does when it starts: all that is known comes from the journal."""
        self.journal = Journal(self.directory, self.clock)
        self.book = ReleaseBook(self.journal.append, fold(self.journal.events()), lambda: None)
        self.executor = Executor(self.book, self.around, self._wait)
        self.troubles: list[str] = []
        self.watch = Watch(self.book, self.executor, self.around, self.troubles.append)

    def _wait(self, seconds: float) -> None:
        self.waited_s += seconds

    def plan(self, act: wire.Act, version: str = "", asking: Asking = ANN, **more: object) -> wire.Plan:
        order = wire.OrderRequest(service=SERVICE, act=act, version=version, **more)  # type: ignore[arg-type]
        return self.executor.plan(asking, order)

    def apply(self, plan: wire.Plan, asking: Asking = ANN, typed: str | None = None) -> wire.Outcome:
        typed = plan.confirm_with if typed is None else typed
        return self.executor.apply(asking, wire.ApplyRequest(op_id=plan.op_id, typed=typed))

    def do(self, act: wire.Act, version: str = "", asking: Asking = ANN, **more: object) -> wire.Outcome:
        return self.apply(self.plan(act, version, asking, **more), asking)

    def kinds(self) -> list[str]:
        """Of the events so far."""
        return [event.kind for event in self.journal.events()]

    def look(self, seconds: float = 0.0) -> None:
        """Let time go by, and the watch look once."""
        self.clock.advance(seconds)
        self.watch.look(SERVICE)

    @property
    def one(self):  # type: ignore[no-untyped-def]
        return self.book.of(SERVICE)
