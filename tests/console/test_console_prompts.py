"""One prompt at a time: an answer that comes late closes nothing but its own, and is said whatever is open."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from driver import FOUR, LARGE, Session, drive
from fleet import fleet_view
from releasing import READ_ONLY, READ_S, ReleasingClient, releasing, rest, state, type_as_a_person

from opsconsole import wire
from opsconsole.console.clipboard import Copied
from opsconsole.errors import DaemonError, ReleaseRefused


@dataclass
class SlowClient(ReleasingClient):
    """A daemon whose approvals and permissions wait to be let go."""

    may_reply: asyncio.Event = field(default_factory=asyncio.Event)
    refused: ReleaseRefused | None = None

    async def approve(self, request: wire.ApproveRequest) -> wire.Approval:
        await self._reply()
        return await super().approve(request)

    async def arm(self, request: wire.ArmRequest) -> wire.Permission:
        await self._reply()
        return await super().arm(request)

    async def _reply(self) -> None:
        await self.may_reply.wait()
        if self.refused is not None:
            raise self.refused


def slow(**options: object) -> SlowClient:
    return SlowClient(fleet_answer=lambda window: fleet_view(window, names=FOUR), **options)  # type: ignore[arg-type]


def test_an_outcome_that_comes_late_leaves_the_next_plan_open() -> None:
    client = releasing()
    client.may_answer.clear()

    async def scenario(session: Session) -> None:
        await session.press("j", "b")
        await session.until("type ba")
        await type_as_a_person(session, "ba")
        await session.until("the daemon executes it")
        await session.pilot.pause(READ_S)
        await session.press("escape")
        client.changes["op_id"] = "op-2"
        await session.press("p")
        await session.until("type chat-assist to promote v42")
        client.may_answer.set()
        await session.until("done: routing.yaml says it")
        assert state(session)[0] == "plan"
        await type_as_a_person(session, "chat-assist")
        await session.until("✔ confirmed")

    drive(scenario, client=client, size=LARGE)
    assert [(each.op_id, each.typed) for each in client.applied] == [("op-91c2d7", "ba"), ("op-2", "chat-assist")]


@pytest.mark.parametrize(
    ("refused", "told"),
    [(None, "approved until 13:04 UTC"), (ReleaseRefused("it expired", "Plan anew."), "it expired. Plan anew.")],
)
def test_an_approval_that_comes_late_leaves_a_plan_open(refused: ReleaseRefused | None, told: str) -> None:
    client = slow(refused=refused)

    async def scenario(session: Session) -> None:
        await session.press(":", *"approve op-1", "enter")
        await session.press("j", "b")
        await session.until("type ba")
        client.may_reply.set()
        await session.until(told)
        assert state(session)[0] == "plan"
        await type_as_a_person(session, "ba")
        await session.until("routing.yaml says it")

    drive(scenario, client=client, size=LARGE)


def test_an_answer_that_comes_late_leaves_the_prompt_for_the_name_open() -> None:
    client = slow(permission=READ_ONLY)

    async def scenario(session: Session) -> None:
        await session.until("read-only")
        await session.press(":", *"approve op-1", "enter")
        await session.press("R")
        client.may_reply.set()
        await session.until("approved until")
        assert "arm this console: type prod" in session.bottom
        await type_as_a_person(session, "prod")
        await session.until("ARMED 15m")

    drive(scenario, client=client, size=LARGE)


def test_a_lock_that_comes_late_leaves_a_plan_open() -> None:
    client = slow()

    async def scenario(session: Session) -> None:
        await session.press(":", *"lock", "enter")
        await session.press("j", "b")
        await session.until("type ba")
        client.may_reply.set()
        await session.until("locked: this console only shows")
        assert state(session)[0] == "plan"

    drive(scenario, client=client, size=LARGE)


@pytest.mark.parametrize("keys", [("R",), (":", *"arm", "enter")], ids=["key", "command"])
def test_arming_waits_for_the_plan_that_is_being_made(keys: tuple[str, ...]) -> None:
    client = releasing()
    client.may_plan.clear()

    async def scenario(session: Session) -> None:
        await session.press("j", "b", *keys)
        assert "the plan to roll back is still being asked for: Esc gives it up" in session.bottom
        client.may_plan.set()
        await session.until("type ba")
        await session.pilot.pause(READ_S)
        await session.press("x")
        await rest(session)
        assert state(session) == ("browse", "fleet", "")
        await session.press("k")
        assert "arm this console" not in session.text

    drive(scenario, client=client, size=LARGE)
    assert client.armings == []


def test_a_plan_that_fails_late_leaves_what_is_typed_alone() -> None:
    client = releasing(plan_error=DaemonError("the daemon failed (HTTP 500)"))
    client.may_plan.clear()

    async def scenario(session: Session) -> None:
        await session.press("j", "b", "/", *"chat")
        client.may_plan.set()
        await session.until("no plan: the daemon failed (HTTP 500)")
        assert state(session)[0] == "filter"
        assert session.app.frame.state.draft == "chat"

    drive(scenario, client=client, size=LARGE)


# Pages that are longer than the screen ----------------------------------------------------------------------------


def test_an_outcome_that_has_no_room_is_scrolled_to_its_end_and_no_further() -> None:
    told = " ".join(f"pod-{i} was not ready in time;" for i in range(60))
    client = releasing(outcome=lambda request: wire.Outcome(op_id=request.op_id, word="not effective", told=told))

    async def scenario(session: Session) -> None:
        await session.press("j", "b")
        await session.until("type ba")
        await type_as_a_person(session, "ba")
        await session.until("NOT EFFECTIVE")
        assert "more lines" in session.text
        assert "undo" not in session.text
        await session.pilot.pause(READ_S)
        await session.press("pagedown", "pagedown", "j", "j", *["down"] * 20)
        assert "opsconsole set chat-assist v41=90 v42=10" in session.line("undo")
        at_the_end = session.text
        await session.press("k")
        assert session.text != at_the_end, "no key was wasted below the end"
        await session.press("pageup", "pageup", "pageup")
        assert "✔ confirmed" in session.text
        await session.press("q")
        assert state(session) == ("browse", "release", "chat-assist")

    drive(scenario, client=client)


def test_a_plan_is_scrolled_to_its_end_and_no_further() -> None:
    async def scenario(session: Session) -> None:
        await session.press("j", "b")
        await session.until("more lines")
        await session.pilot.pause(READ_S)
        await session.press(*["pagedown"] * 6)
        at_the_end = session.text
        assert "lines above" in at_the_end
        await session.press("up")
        assert "more lines" in session.text

    drive(scenario, client=releasing())


def test_the_command_that_undoes_an_act_is_copied_from_its_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []

    def copy(text: str, write: object, environ: object) -> Copied:
        taken.append(text)
        return Copied("osc52", text, "sent")

    monkeypatch.setattr("opsconsole.console.hands.clipboard.copy", copy)

    async def scenario(session: Session) -> None:
        await session.press("j", "b")
        await session.until("type ba")
        await type_as_a_person(session, "ba")
        await session.until("routing.yaml says it")
        await session.pilot.pause(READ_S)
        await session.press("Y")
        assert taken == ["opsconsole set chat-assist v41=90 v42=10"]
        assert state(session)[0] == "outcome"

    drive(scenario, client=releasing())
