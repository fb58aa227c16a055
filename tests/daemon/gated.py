"""A whole daemon in this process with a service that can be released: a routing file, and records that arrive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from calls import write_calls
from inprocess import Daemon

from opsconsole import wire
from opsconsole.config.settings import AccessSetting, ReleaseSetting, ServiceSetting, Settings
from opsconsole.releases.access import Person

SERVICE = "chat"
ACCESS = AccessSetting(
    viewers=("*",), operators=("oli", "@ops"), approvers=("amy",), admins=("ada",), read_only="auto", arm_minutes=15
)
OLI = Person(name="oli", uid=4001)
OTTO = Person(name="otto", uid=4002, groups=("ops",))
VERA = Person(name="vera", uid=4003)
AMY = Person(name="amy", uid=4004)
ADA = Person(name="ada", uid=4005)

LATENCY_MS = {"v41": 100.0, "v42": 100.0}
Shares = Mapping[str, float]


class Gated:
    """The daemon of one service ``chat`` in front of ``routing.yaml``."""

    def __init__(self, directory: Path, environment: str = "demo", **release: Any) -> None:
        self.directory = directory
        self.routing = directory / "home" / "routing.yaml"
        self.routing.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        self.routing.write_text("# shares\nchat: {v41: 90, v42: 10, v43: 0}\nroutes: {}\ncopies: {}\n")
        places = release.pop("options", {"headers_at": ["routes"], "shadow_at": ["copies"]})
        setting = ReleaseSetting(target="file", options={"path": str(self.routing), **places}, **release)
        self.settings = Settings(
            environment=environment, access=ACCESS, services={SERVICE: ServiceSetting(release=setting)}
        )
        self.log = directory / "calls.jsonl"
        self.written = 0
        self.daemon = Daemon(directory / "home", self.settings)

    def open(self) -> None:
        self.daemon.start()
        self.daemon.desk.releasing.executor._wait = lambda seconds: None

    def close(self) -> None:
        self.daemon.engine.stop()

    def restart(self) -> None:
        """As after a crash or an update: nothing is known but what is on the disk."""
        clock = self.daemon.clock
        self.close()
        self.daemon = Daemon(self.directory / "home", self.settings)
        self.daemon.clock.advance((clock.now() - self.daemon.clock.now()).total_seconds())
        self.open()
        self.daemon.desk.restore()

    # Traffic ----------------------------------------------------------------------------------------------------

    def serve(self, n: int, shares: Shares, *, over_s: float = 0.0, **changes: Any) -> None:
        """``n`` requests that began in the last ``over_s`` seconds, by version as the shares say; all are in."""
        turns = [version for version, share in shares.items() for _ in range(round(100 * share))]
        step_s = over_s / n if n else 0.0
        begin = self.daemon.clock.now() - timedelta(seconds=over_s)
        mixed = [turns[(i * 37) % len(turns)] for i in range(n)]
        given = {
            "service": SERVICE,
            "request_id": lambda i: f"q{self.written + i}",
            "version": lambda i: mixed[i],
            "latency_ms": lambda i: LATENCY_MS.get(mixed[i], 100.0) + (i * 7) % 23,
        }
        is_new = not self.written
        write_calls(self.log, begin, (i * step_s for i in range(n)), **(given | changes))
        self.written += n
        if is_new:
            self.daemon.attach(self.log, follow=True)
        else:
            self.daemon.settle()

    def minutes(self, n: int, shares: Shares, *, rate: int = 60, **changes: Any) -> None:
        """Let minutes go by with traffic, and the daemon look at each."""
        for _ in range(n):
            self.daemon.clock.advance(60)
            self.serve(rate, shares, over_s=60.0, **changes)
            self.look()

    def look(self, seconds: float = 0.0) -> None:
        self.daemon.clock.advance(seconds)
        releasing = self.daemon.desk.releasing
        for service in releasing.around.targets:
            releasing.watch.look(service)

    # Over the API -------------------------------------------------------------------------------------------------

    def order(self, act: wire.Act, version: str = "", **more: Any) -> wire.OrderRequest:
        return wire.OrderRequest(**{"service": SERVICE, "act": act, "version": version, **more})

    def plan(self, act: wire.Act, version: str = "", person: Person | None = None, **more: Any) -> wire.Plan:
        order = self.order(act, version, **more)
        return self.daemon.ask("POST", "/v1/release/plan", wire.Plan, order, person=person)

    def apply(self, plan: wire.Plan, person: Person | None = None, typed: str | None = None) -> wire.Outcome:
        request = wire.ApplyRequest(op_id=plan.op_id, typed=plan.confirm_with if typed is None else typed)
        return self.daemon.ask("POST", "/v1/release/apply", wire.Outcome, request, person=person)

    def do(self, act: wire.Act, version: str = "", person: Person | None = None, **more: Any) -> wire.Outcome:
        return self.apply(self.plan(act, version, person, **more), person)

    def approve(self, plan: wire.Plan, person: Person, note: str = "") -> wire.Approval:
        request = wire.ApproveRequest(op_id=plan.op_id, note=note)
        return self.daemon.ask("POST", "/v1/release/approve", wire.Approval, request, person=person)

    def freeze(self, person: Person, **fields: Any) -> wire.Freeze:
        request = wire.FreezeRequest(**{"service": SERVICE, **fields})
        return self.daemon.ask("POST", "/v1/release/freeze", wire.Freeze, request, person=person)

    def arm(self, person: Person, console: str, typed: str) -> wire.Permission:
        request = wire.ArmRequest(console=console, typed=typed)
        return self.daemon.ask("POST", "/v1/release/arm", wire.Permission, request, person=person)

    def present(self, person: Person, console: str, **fields: Any) -> wire.Present:
        said = wire.Presence(**{"console": console, "user": "", "origin": "", "view": "fleet", "service": "", **fields})
        return self.daemon.ask("POST", "/v1/presence", wire.Present, said, person=person)

    def view(self, person: Person | None = None) -> wire.ReleaseView:
        """The release view, as it is answered now."""
        engine = self.daemon.engine
        engine.submit(engine.changed).result()
        after = engine.revision - 1
        return self.daemon.ask("GET", "/v1/release", wire.ReleaseView, person=person, service=SERVICE, after=after)

    def timeline(self) -> list[str]:
        """What the timeline tells of releases, newest first."""
        view = self.daemon.ask("GET", "/v1/timeline", wire.TimelineView, service=SERVICE, window="6h")
        return [f"{event.actor}: {event.text}" for event in view.events if event.kind == "release"]

    # What became of it --------------------------------------------------------------------------------------------

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.daemon.engine.journal.events()]

    @property
    def shares(self) -> dict[str, float]:
        """What stands in the file."""
        return {
            version: round(share, 6)
            for version, share in self.daemon.desk.releasing.around.target(SERVICE).read().routing.shares.items()
            if share
        }


@contextmanager
def gated(directory: Path, environment: str = "demo", **release: Any) -> Iterator[Gated]:
    made = Gated(directory, environment, **release)
    made.open()
    try:
        yield made
    finally:
        made.close()
