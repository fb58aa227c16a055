"""A client of a daemon that releases: it plans, and says what was executed; and how a person drives it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from answers_release import plan_of
from driver import FOUR, Session
from fleet import NOW, FakeClient, fleet_view

from opsconsole import wire
from opsconsole.console.acting import AFTER_S
from opsconsole.errors import OpsConsoleError

DONE = wire.Verdict(effect="pending", why="too few records since", observed={}, n_observed=0)

HUMAN_S = 0.09
"""Between two keys of somebody who types fast."""
READ_S = 0.45
"""What a prompt takes before it listens, and a little more."""


@dataclass
class ReleasingClient(FakeClient):
    """The fleet, with a target behind each service."""

    changes: dict[str, Any] = field(default_factory=dict)
    """Of the plan."""
    outcome: Callable[[wire.ApplyRequest], wire.Outcome] | OpsConsoleError | None = None
    plan_error: OpsConsoleError | None = None
    releases: tuple[wire.ReleaseBrief, ...] | None = None
    ordered: list[wire.OrderRequest] = field(default_factory=list)
    applied: list[wire.ApplyRequest] = field(default_factory=list)
    approved: list[wire.ApproveRequest] = field(default_factory=list)
    armings: list[wire.ArmRequest] = field(default_factory=list)
    told: list[wire.Presence] = field(default_factory=list)
    may_plan: asyncio.Event = field(default_factory=asyncio.Event)
    """Plans wait for it."""
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    """Outcomes wait for it."""

    def __post_init__(self) -> None:
        self.may_plan.set()
        self.may_answer.set()

    async def present(self, presence: wire.Presence) -> wire.Present:
        self.told.append(presence)
        here = await super().present(presence)
        return wire.Present(consoles=here.consoles, permission=self.permission, releases=self.releases)

    async def plan(self, order: wire.OrderRequest) -> wire.Plan:
        self.ordered.append(order)
        await self.may_plan.wait()
        if self.plan_error is not None:
            raise self.plan_error
        return plan_of(order, **self.changes)

    async def apply(self, request: wire.ApplyRequest) -> wire.Outcome:
        self.applied.append(request)
        await self.may_answer.wait()
        if isinstance(self.outcome, OpsConsoleError):
            raise self.outcome
        if self.outcome is not None:
            return self.outcome(request)
        receipt = wire.Receipt(op_id=request.op_id, answer="replaced, reloaded")
        told = "routing.yaml says it, and nginx was reloaded"
        return wire.Outcome(op_id=request.op_id, word="done", told=told, receipt=receipt, verdict=DONE, took_ms=214.0)

    async def approve(self, request: wire.ApproveRequest) -> wire.Approval:
        self.approved.append(request)
        return wire.Approval(
            fingerprint="f00d", service="chat-assist", told="promote v42", by="ann", at=NOW, expires_at=NOW
        )

    async def arm(self, request: wire.ArmRequest) -> wire.Permission:
        self.armings.append(request)
        until = None if request.is_locked else NOW.replace(minute=19)
        self.permission = msgspec.structs.replace(READ_ONLY, armed_until=until)
        return self.permission


BRIEF = wire.ReleaseBrief(service="chat-assist", target="file routing.yaml", rollout="running", version="v42")
HELD = msgspec.structs.replace(BRIEF, rollout="held")
READ_ONLY = wire.Permission(actor="ann", roles=("operator",), is_read_only=True, environment="prod")


def releasing(**options: Any) -> ReleasingClient:
    return ReleasingClient(fleet_answer=lambda window: fleet_view(window, names=FOUR), **options)


def state(session: Session) -> tuple[str, str, str]:
    """What is open, the view below it, and of which service."""
    now = session.app.frame.state
    return now.mode, now.view, now.service


async def rest(session: Session) -> None:
    """After a prompt was cancelled: long enough for keys to be verbs again."""
    await session.pilot.pause(AFTER_S + 0.1)


async def type_as_a_person(session: Session, text: str) -> None:
    """Read the prompt, type the text with pauses, and wait until it counts."""
    await session.pilot.pause(READ_S)
    for character in text:
        await session.press(character)
        await session.pilot.pause(HUMAN_S)
    await session.pilot.pause(0.2)
    await session.settle()
