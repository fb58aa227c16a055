"""A room for runs without a daemon: a journal in memory, hands that count, and a world that may end at any moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from opsconsole import wire
from opsconsole.checklists.book import RunBook
from opsconsole.checklists.catalogue import Catalogue
from opsconsole.checklists.machine import fold
from opsconsole.checklists.runner import Runner
from opsconsole.clock import ManualClock
from opsconsole.journal.walk import Event, written

START = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
CAPS = wire.Caps(split=True, tested_against="nothing: it is in memory")


class Killed(BaseException):
    """The process is gone: nothing after this happens."""


@dataclass
class World:
    """What outlives a process: the journal's lines, the target, and what was sent to it."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(START))
    events: list[Event] = field(default_factory=list)
    shares: dict[str, float] = field(default_factory=lambda: {"v41": 0.9, "v42": 0.1})
    sent: list[tuple[str, dict[str, float]]] = field(default_factory=list)
    """(op_id, shares) of everything that the target was told."""
    told: list[str] = field(default_factory=list)
    """Keys of the messages that were handed over."""
    answers: dict[str, Any] = field(default_factory=dict)
    """SQL or a signal's name → the value of its first cell; 1 where none is named."""
    word: wire.OutcomeWord = "done"
    plans: int = 0
    kill_in: int | None = None
    """So many moments from now the process is gone; None: it lives."""

    def moment(self) -> None:
        """A point at which the process can be gone."""
        if self.kill_in is not None:
            self.kill_in -= 1
            if self.kill_in < 0:
                self.kill_in = None
                raise Killed

    def append(self, actor: str, kind: str, data: dict[str, Any]) -> Event:
        self.moment()
        event = Event(
            seq=len(self.events) + 1, at=written(self.clock.now()), actor=actor, kind=kind, data=data, previous=""
        )
        self.events.append(event)
        self.moment()
        return event


@dataclass
class CountingHands:
    """One person's hands in that world."""

    world: World
    who: str = "ann"
    configured: tuple[str, ...] = ()
    plans: dict[str, wire.Plan] = field(default_factory=dict)

    @property
    def clock(self) -> ManualClock:
        return self.world.clock

    @property
    def actor(self) -> str:
        return self.who

    @property
    def party(self) -> wire.Party:
        return wire.Party(who=self.who, account=self.who)

    def ask(self, sql: str, parameters: Mapping[str, wire.QueryValue], limit: int) -> wire.QueryReply:
        if "services()" in sql:
            return _cell("chat-assist")
        return _cell(next((value for word, value in self.world.answers.items() if word in sql), 1))

    def read(self, signal: str, args: Mapping[str, str]) -> wire.QueryValue:
        return self.world.answers.get(signal, 1)

    def plan(self, order: wire.OrderRequest) -> wire.Plan:
        self.world.plans += 1
        before = wire.TargetState(routing=wire.Routing(shares=dict(self.world.shares)), observed_at=START)
        after = order.routing or wire.Routing(shares={order.version or "v41": 1.0})
        plan = wire.Plan(
            op_id=f"op{self.world.plans}", order=order, environment="test", actor=self.who, target="memory", caps=CAPS,
            before=before, after=after, inverse=before.routing, requests=(), from_version="v42", to_version="v41",
            pinned="v41", pinned_health="ok", warnings=(), refusals=(), evidence=wire.Evidence(window_s=900),
            risk="medium", confirm_with="ca", others=(), command=f"opsconsole release {order.act}", undo_command="",
            planned_at=START, expires_at=START,
        )  # fmt: skip
        self.plans[plan.op_id] = plan
        return plan

    def act(self, request: wire.ApplyRequest) -> wire.Outcome:
        self.world.moment()
        plan = self.plans[request.op_id]
        if self.world.word not in ("refused", "moved"):
            self.world.sent.append((request.op_id, dict(plan.after.shares)))
            self.world.shares = dict(plan.after.shares)
        self.world.moment()
        return wire.Outcome(op_id=request.op_id, word=self.world.word, told=self.world.word)

    def outcome(self, service: str, op_id: str) -> wire.Outcome | None:
        is_sent = any(op_id == each for each, _ in self.world.sent)
        return wire.Outcome(op_id=op_id, word="done", told="read back later") if is_sent else None

    def tell(self, notice: wire.Notice, to: tuple[str, ...]) -> str:
        self.world.moment()
        self.world.told.append(notice.key)
        self.world.moment()
        return f"handed over for {', '.join(to)}"

    def is_another(self, party: wire.Party) -> bool:
        return party.who != self.who


def _cell(value: Any) -> wire.QueryReply:
    row = [value, 1_000]
    return wire.QueryReply(columns=("value", "n"), types=("", ""), rows=[row], truncated=False, elapsed_ms=0.0)


class Room:
    """The process: made anew from the world whenever it was killed."""

    def __init__(self, own: Path, world: World | None = None) -> None:
        self.world = world or World()
        self.catalogue = Catalogue(own, self.world.clock)
        self.open()

    def open(self) -> None:
        self.book = RunBook(self.world.append, fold(self.world.events))
        self.hands = {who: CountingHands(self.world, who) for who in ("ann", "bob", "opsconsole")}

    def by(self, who: str) -> Runner:
        return Runner(self.book, self.catalogue, self.hands[who])

    def begin(self, name: str, who: str = "ann", **params: str) -> wire.Run:
        return self.by(who).start(wire.RunRequest(checklist=name, params=params))

    def do(self, run: wire.Run | str, verb: wire.StepVerb, who: str = "ann", **more: str) -> wire.Run:
        name = run if isinstance(run, str) else run.id
        return self.by(who).do(wire.StepRequest(run=name, verb=verb, **more))[0]

    def act(self, run: wire.Run | str, who: str = "ann") -> wire.Run:
        """Plan the action whose turn it is, and confirm it."""
        name = run if isinstance(run, str) else run.id
        _, plan = self.by(who).do(wire.StepRequest(run=name, verb="plan"))
        assert plan is not None
        return self.do(name, "act", who, op_id=plan.op_id, typed=plan.confirm_with)

    def look(self, seconds: float = 0.0) -> None:
        """Let time go by, and the daemon look once at every run."""
        self.world.clock.advance(seconds)
        for run in list(self.book.state.runs):
            self.by("opsconsole").go_on(run)

    def kinds(self) -> list[str]:
        return [event.kind.removeprefix("checklist.") for event in self.world.events]


FRONT = """\
---
id: {id}
title: {id}
owner: team
last_reviewed: 2026-11-01
{more}---
"""


def written_list(own: Path, name: str, *steps: str, more: str = "") -> Path:
    """A checklist of these step blocks; each begins with its id in the first line: ``look | type: check …``."""
    parts = [FRONT.format(id=name, more=more)]
    for step in steps:
        step_id, _, block = step.partition("|")
        body = "\n".join(line.strip() if not line.startswith("   ") else line for line in block.strip().split(";"))
        parts.append(f"### {step_id.strip()} {{#{step_id.strip()}}}\n\n```yaml step\ntimebox: 5m\n{body}\n```\n")
    own.mkdir(exist_ok=True)
    path = own / f"{name}.md"
    path.write_text("\n".join(parts))
    return path
