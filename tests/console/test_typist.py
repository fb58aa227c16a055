"""Keys typed on a console without a terminal: at a person's pace, past no prompt, and one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from fleet import NOW
from releasing import ReleasingClient

from opsconsole import wire
from opsconsole.clock import ManualClock
from opsconsole.console import typist
from opsconsole.console.typist import Typist
from opsconsole.errors import DaemonError

ROLL_BACK = ("b",), tuple("ba")


def typed(
    client: ReleasingClient, *lines: Sequence[Sequence[str]], away_s: float = 5.0, size: tuple[int, int] = (80, 24)
) -> list[str]:
    """What was told of each line."""

    async def type_all() -> list[str]:
        hand = Typist(client, "ann", size, ManualClock(NOW))
        await hand.open()
        try:
            return [await hand.type(line, away_s) for line in lines]
        finally:
            await hand.close()

    return asyncio.run(type_all())


TO_CHAT_ASSIST = (("/",), tuple("chat-assist"), ("enter",))


def test_prompt_is_answered_at_a_persons_pace_and_under_the_persons_name() -> None:
    client = ReleasingClient()
    assert typed(client, TO_CHAT_ASSIST, ROLL_BACK) == ["", ""]
    assert [each.typed for each in client.applied] == ["ba"]
    assert [(each.act, each.service, each.console) for each in client.ordered] == [("rollback", "chat-assist", "ann")]
    assert {(each.console, each.user, each.origin) for each in client.told} == {("ann", "ann", "script")}


def test_hand_that_is_too_fast_is_refused_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typist, "KEY_S", 0.01)
    client = ReleasingClient()
    told = typed(client, TO_CHAT_ASSIST, ROLL_BACK)
    assert "that was faster than a hand" in told[1]
    assert client.applied == []


def test_hand_that_does_not_look_meets_a_prompt_that_is_deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typist, "LOOK_S", 0.1)
    client = ReleasingClient()
    assert typed(client, TO_CHAT_ASSIST, ROLL_BACK)[1] == "a plan is still open"
    assert client.applied == []


def test_prompt_that_nobody_answers_expires_while_the_person_is_away() -> None:
    client = ReleasingClient()
    told = typed(client, TO_CHAT_ASSIST, (("b",),), (tuple("ba"),), away_s=600.0)
    assert told[1] == "a plan is still open"
    assert told[2] == "a plan is still open", "the first key opened another one, deaf to the second"
    assert len(client.ordered) == 2
    assert client.applied == []


def test_no_key_is_typed_after_one_that_was_refused() -> None:
    client = ReleasingClient()
    client.plan_error = DaemonError("the target is gone")
    told = typed(client, TO_CHAT_ASSIST, ROLL_BACK)
    assert told[1].startswith("no plan: the target is gone")
    assert told[1].endswith("(2 more keys not typed)")


def test_key_that_means_nothing_beside_an_outcome_is_told_and_one_that_closes_it_is_not() -> None:
    told = typed(ReleasingClient(), TO_CHAT_ASSIST, ROLL_BACK, (("x",), ("enter",)), (("enter",),))
    assert told == ["", "", "'x' does nothing beside an outcome, which Enter leaves (1 more key not typed)", ""]


def test_change_that_does_not_come_to_be_is_told() -> None:
    client = ReleasingClient()
    client.outcome = lambda request: wire.Outcome(op_id=request.op_id, word="indeterminate", told="no answer came")
    assert typed(client, TO_CHAT_ASSIST, ROLL_BACK)[1] == "roll back to v41: indeterminate: no answer came"


def test_view_is_asked_for_again_when_the_person_comes_back_and_not_in_between() -> None:
    client = ReleasingClient()
    keys = (("?",), ("escape",), ("?",), ("escape",))
    assert typed(client, keys, keys) == ["", ""]
    assert client.asked.count(("fleet", "1h")) == 3


def test_console_that_fails_ends_the_drill_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typist._Headless, "_become", lambda console, state: 1 / 0)
    with pytest.raises(RuntimeError, match="the console of ann failed"):
        typed(ReleasingClient(), (("?",), ("escape",)))
