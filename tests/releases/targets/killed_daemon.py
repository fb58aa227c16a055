"""A real daemon that is killed at each step of a change, started again, and asked what became of it.

The router kills it (``deadly_router``), so the moment is exact; but for the one right after the end was written down,
which is watched for in the journal.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opsconsole import wire
from opsconsole.client import Client
from opsconsole.daemon_process import ask_to_stop, await_stop, ensure_daemon
from opsconsole.errors import DaemonError
from opsconsole.home import Home
from opsconsole.journal.walk import Event, month_files, walk
from opsconsole.releases.ledger import ServiceReleases, fold

SERVICE = "chat-assist"
ROUTER = Path(__file__).with_name("deadly_router.py")
WITHIN_S = 30.0
SPLIT = {"v41": 90.0, "v42": 10.0}

CONFIG = """\
services:
  chat-assist:
    release:
      target: command
      options:
        read: {read}
        apply: {apply}
      settle_seconds: {settle}
      evidence_requests: 0
"""

MOMENTS = {
    "plan": "at the read of the plan",
    "look": "at the read before the change is begun",
    "guard": "at the last read before it is sent",
    "before": "when it arrives, before anything is done",
    "outlived": "when it arrives; the program goes on by itself, and makes it when another daemon runs",
    "after": "when it is made, before it is answered",
    "read back": "at the first read after it",
    "end": "right after the journal has `release.finished`",
    "stopped": "told to stop (SIGTERM) when it arrives",
}
SETTLE_S = {"outlived": 6.0}
"""Elsewhere a second: what nobody goes on with need not be waited for."""
ACTS: tuple[wire.Act, ...] = ("promote", "rollback", "start", "abort")
WHOLE_FOR: wire.Act = "abort"
"""It changes what serves and ends a rollout: of this one the test goes through every moment."""
ALIKE = frozenset({"plan", "look", "outlived", "stopped"})
"""Moments at which nothing depends on the act: the test takes one, ``make fault-matrix`` all."""
OPEN = {"start": "running", "abort": "aborted"}
"""Act → the rollout's phase once it was done."""


def moments_tried(act: wire.Act) -> tuple[str, ...]:
    """The moments that the test goes through."""
    return tuple(moment for moment in MOMENTS if act == WHOLE_FOR or moment not in ALIKE)


@dataclass(frozen=True)
class End:
    """What became of a change whose daemon died."""

    word: str
    arrived: int
    holds: str

    def __str__(self) -> str:
        return f"{self.word}, arrived {self.arrived}×, holds {self.holds}"


class House:
    """A home with one service, its router, and the daemon."""

    def __init__(self, directory: Path) -> None:
        self.home = Home(directory / "h")
        self.home.create()
        self.state = directory / "state.json"
        self.state.write_text(json.dumps({"shares": SPLIT}))
        self.log = self.state.with_suffix(".log")
        self.armed = self.state.with_suffix(".armed")
        self.client = Client(self.home)

    def start(self, settle_s: float) -> None:
        words = [sys.executable, "-I", str(ROUTER), str(self.state), str(self.home.journal)]
        read, apply = [*words, "read"], [*words, "apply", "{op_id}", "{percents...}"]
        self.home.config.write_text(CONFIG.format(read=json.dumps(read), apply=json.dumps(apply), settle=settle_s))
        ensure_daemon(self.home)
        self.client.close()
        self.client = Client(self.home)

    def stop(self) -> None:
        ask_to_stop(self.home)
        self.gone()

    def gone(self) -> None:
        self.client.close()
        await_stop(self.home)

    def events(self) -> list[Event]:
        return [place.event for place in walk(month_files(self.home.journal))]

    def known(self) -> ServiceReleases:
        return fold(self.events()).of(SERVICE)

    def holds(self) -> dict[str, float]:
        return {name: share / 100 for name, share in json.loads(self.state.read_text())["shares"].items() if share}

    def plan(self, act: wire.Act, version: str = "", **more: Any) -> wire.Plan:
        reason = "to see what happens"
        return self.client.plan(
            wire.OrderRequest(service=SERVICE, act=act, version=version, override_reason=reason, **more)
        )

    def apply(self, plan: wire.Plan) -> wire.Outcome:
        return self.client.apply(wire.ApplyRequest(op_id=plan.op_id, typed=plan.confirm_with))

    def do(self, act: wire.Act, version: str = "", **more: Any) -> None:
        outcome = self.apply(self.plan(act, version, **more))
        assert outcome.word == "done", (act, outcome)

    def arrived(self, op_id: str) -> int:
        return self.log.read_text().splitlines().count(f"apply {op_id}")


@contextmanager
def house(directory: Path) -> Iterator[House]:
    made = House(directory)
    try:
        yield made
    finally:
        made.stop()


def killed(there: House, act: wire.Act, moment: str) -> End:
    """Have the daemon die in the middle of this act, start another, and hold that one to what the gate promises."""
    there.start(SETTLE_S.get(moment, 1.0))
    _arrange(there, act)
    before, version = there.holds(), {"promote": "v42", "start": "v43"}.get(act, "")
    plan = _died_at(there, act, version, moment)
    began = [event for event in there.events() if event.kind == "release.started"]
    is_begun = plan is not None and began[-1].data["plan"]["op_id"] == plan.op_id
    if moment == "stopped":
        assert there.events()[-1].kind == "daemon.stopped"
        assert not there.known().is_pending, "what is under way ends before the daemon does"
    there.start(SETTLE_S.get(moment, 1.0))
    eventually(lambda: not there.known().is_pending)
    one, holds = there.known(), there.holds()
    assert one.believed is not None
    assert _same(one.believed.shares, holds), "what is believed is not what is there"
    assert one.out_of_band == "", "it was ours"
    arrived = there.arrived(plan.op_id) if plan is not None else 0
    assert arrived <= 1, "sent again"
    word = one.history[-1].word if is_begun else "not begun"
    is_done = plan is not None and _same(holds, plan.after.shares)
    assert is_done or _same(holds, before)
    assert is_done == (word == "done")
    if is_done and act in OPEN:
        assert one.rollout is not None
        assert one.rollout.phase == OPEN[act]
    _goes_on(there)
    return End(word, arrived, "new" if is_done else "before")


def _arrange(there: House, act: wire.Act) -> None:
    """What has to be so that this act means something."""
    there.armed.unlink(missing_ok=True)
    if act in ("promote", "rollback") and not _same(there.holds(), {"v41": 0.9, "v42": 0.1}):
        there.do("set", routing=wire.Routing(shares={"v41": 0.9, "v42": 0.1}))
    if act in ("start", "abort") and not _same(there.holds(), {"v41": 1.0}):
        there.do("set", routing=wire.Routing(shares={"v41": 1.0}))
    if act == "abort":
        there.do("start", "v43")


def _died_at(there: House, act: wire.Act, version: str, moment: str) -> wire.Plan | None:
    """The plan, where there was one yet, after the daemon has gone."""
    plan: wire.Plan | None = None
    with suppress(DaemonError):
        if moment == "plan":
            there.armed.write_text(moment)
        plan = there.plan(act, version)
        assert plan.refusals == ()
        if moment == "end":
            _kill_at_the_end(there, plan)
        else:
            there.armed.write_text(moment)
            there.apply(plan)
    there.gone()
    assert not there.armed.exists(), f"{moment} never came"
    return plan


def _kill_at_the_end(there: House, plan: wire.Plan) -> None:
    pid = there.client.health().pid

    def apply() -> None:
        with suppress(DaemonError):
            there.apply(plan)

    thread = threading.Thread(target=apply)
    thread.start()
    eventually(lambda: b"release.finished" in _about(there, plan.op_id), every_s=0.0005)
    os.kill(pid, signal.SIGKILL)
    thread.join(WITHIN_S)


def _about(there: House, op_id: str) -> bytes:
    """The whole lines of the journal that name an operation."""
    newest = month_files(there.home.journal)[-1].read_bytes()
    return b"\n".join(line for line in newest.split(b"\n")[:-1] if op_id.encode() in line)


def _goes_on(there: House) -> None:
    """Nothing blocks what comes next, and the way back leads to where everything was."""
    if _same(there.holds(), {"v41": 1.0}):
        there.do("promote", "v42")
    there.do("rollback")
    assert _same(there.holds(), {"v41": 1.0})


def _same(some: dict[str, float], others: dict[str, float]) -> bool:
    return all(abs(some.get(name, 0.0) - others.get(name, 0.0)) < 1e-6 for name in {*some, *others})


def eventually(holds: Callable[[], bool], every_s: float = 0.02) -> None:
    end = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < end
        time.sleep(every_s)
