"""Bursts of keys against an open prompt, through the real app: nothing is ever executed, and the console goes on.

The bursts are those of ``test_confirming``; here they come as events, with the moments at which they were pressed.
"""

from __future__ import annotations

import random

import pytest
from driver import Session, drive
from releasing import ReleasingClient, releasing, type_as_a_person
from test_confirming import KEYS, random_burst
from textual.events import Key, Paste

from opsconsole.console.acting import AFTER_S
from opsconsole.console.confirming import DEAF_S, HAND_S
from opsconsole.console.helm import PROMPTS

HARMLESS = tuple(key for key in KEYS if key != "ctrl+c")
ROUNDS = 70


def press_at(session: Session, key: str, at_s: float) -> None:
    """A key that was pressed at this moment, whenever it is looked at."""
    event = Key(key, key if len(key) == 1 else None)
    event.time = at_s
    session.app.post_message(event)


async def settled(session: Session) -> None:
    """Until no prompt is open, and keys are verbs again; a view that a burst led to is left."""
    for _ in range(3):
        if session.app.frame.state.mode in PROMPTS:
            await session.pilot.pause(DEAF_S + 0.05)
            await session.press("escape")
        await session.pilot.pause(AFTER_S + 0.02)
    session.app._become(type(session.app.frame.state)())
    await session.settle()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_bursts_that_begin_with_the_prompt_or_before_it_execute_nothing(seed: int) -> None:
    chance = random.Random(seed)
    client: ReleasingClient = releasing()

    async def scenario(session: Session) -> None:
        for _ in range(ROUNDS):
            client.changes = {"confirm_with": chance.choice(("y", "ba", "chat-assist"))}
            token, opener = client.changes["confirm_with"], chance.choice("bpah")
            await session.press("j", opener)
            begin_s = session.app._helm.now_s()
            for key, gap_s in random_burst(chance, token, opener):
                begin_s += gap_s
                press_at(session, key if key != "ctrl+c" else "x", begin_s)
            await session.settle()
            session.app._helm.acting.cancel("the next round begins")
            session.app._helm.acting._deaf_until_s = 0.0
            session.app._become(type(session.app.frame.state)())
        await session.pilot.pause(0.3)

    drive(scenario, client=client)
    assert len(client.ordered) >= ROUNDS
    assert client.applied == []


def test_bursts_into_a_prompt_that_listens_execute_nothing() -> None:
    chance = random.Random(4)
    client = releasing()

    async def scenario(session: Session) -> None:
        for _ in range(15):
            token = chance.choice(("y", "ba", "chat-assist"))
            client.changes = {"confirm_with": token}
            await session.press("b")
            await session.pilot.pause(DEAF_S + 0.02)
            assert session.app.frame.state.mode == "plan"
            if chance.random() < 0.2:
                session.app.post_message(Paste(token))
            at_s = session.app._helm.now_s()
            for key, gap_s in random_burst(chance, token, "b"):
                at_s += gap_s
                press_at(session, key if key != "ctrl+c" else "x", at_s)
            await session.pilot.pause(0.16)
            session.app._helm.acting.cancel("the next round begins")
            session.app._helm.acting._deaf_until_s = 0.0
            session.app._become(type(session.app.frame.state)())

    drive(scenario, client=client)
    assert client.applied == []


def test_a_person_among_the_bursts_executes_exactly_once() -> None:
    client = releasing()

    async def scenario(session: Session) -> None:
        await session.press("j", "b")
        await session.until("roll back to v41")
        at_s = session.app._helm.now_s()
        for i, key in enumerate(("enter", "escape", "x")):
            press_at(session, key, at_s + HAND_S * i / 2)
        await session.pilot.pause(0.1)
        assert session.app.frame.state.mode == "plan", "they came in the dead time"
        await session.pilot.pause(0.3)
        await type_as_a_person(session, "ba")
        await session.until("routing.yaml says it")
        for key in ("b", "a", "b", "a", "enter", "enter"):
            press_at(session, key, session.app._helm.now_s())
        await settled(session)

    drive(scenario, client=client)
    assert len(client.applied) == 1


def test_a_pasted_text_without_brackets_gives_its_plan_up_and_runs_no_verb() -> None:
    client = releasing()
    client.may_plan.clear()

    async def scenario(session: Session) -> None:
        at_s = session.app._helm.now_s()
        for i, key in enumerate("habc /opt/run"):
            press_at(session, key, at_s + i * 0.002)
        await session.settle()
        assert "faster than a hand: the plan is given up, nothing was done" in session.text
        client.may_plan.set()
        await session.settle()
        assert session.app.frame.state.mode == "browse"
        assert session.app.frame.state.view == "fleet"

    drive(scenario, client=client)
    assert client.applied == []


def test_only_keys_that_come_fast_are_said_to_be_faster_than_a_hand() -> None:
    client = releasing()
    client.may_plan.clear()

    async def scenario(session: Session) -> None:
        at_s = session.app._helm.now_s()
        for i, key in enumerate("zjkb"):
            press_at(session, key, at_s + i * 0.02)
        await session.settle()
        assert len(client.ordered) == 1
        press_at(session, "escape", at_s + 2.0)
        await session.settle()
        assert "given up: nothing was done" in session.text

    drive(scenario, client=client)
