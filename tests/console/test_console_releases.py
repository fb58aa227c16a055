"""Releases through the keys: what a person sees between an order and its outcome, and what is sent to the daemon."""

from __future__ import annotations

from datetime import timedelta

import pytest
from driver import LARGE, Session, drive
from fleet import NOW
from releasing import releasing, rest, state, type_as_a_person
from textual.events import Paste

from opsconsole import wire
from opsconsole.errors import DaemonError, ReleaseRefused

# From an order to its outcome -------------------------------------------------------------------------------------


def test_a_rollback_takes_the_key_two_letters_and_nothing_else() -> None:
    client = releasing()

    async def scenario(session: Session) -> None:
        await session.press("j", "b")
        await session.until("prod · roll back to v41 · chat-assist")
        assert "now v41 90% · v42 10%  → then v41 100%" in session.text
        assert not client.applied
        await type_as_a_person(session, "ba")
        await session.until("routing.yaml says it")
        assert [(each.op_id, each.typed) for each in client.applied] == [("op-91c2d7", "ba")]
        await session.pilot.pause(0.45)
        await session.press("enter")
        assert state(session) == ("browse", "release", "chat-assist")
        await session.press("escape")
        assert state(session) == ("browse", "fleet", "")

    drive(scenario, client=client)


def test_the_name_is_typed_to_promote_and_the_order_names_the_smaller_version() -> None:
    client = releasing()

    async def scenario(session: Session) -> None:
        await session.press("j", "p")
        await session.until("type chat-assist to promote v42")
        await type_as_a_person(session, "chat-assist")
        await session.until("routing.yaml says it")

    drive(scenario, client=client)
    assert [(each.service, each.act, each.version, each.via) for each in client.ordered] == [
        ("chat-assist", "promote", "v42", "key")
    ]
    assert len(client.applied) == 1


@pytest.mark.parametrize(("keys", "why"), [(("enter",), "Enter confirms nothing"), (("escape",), "cancelled"),
                                           (("b",), ""), (("x",), "another key")])  # fmt: skip
def test_a_wrong_key_closes_the_prompt_and_says_that_nothing_was_done(keys: tuple[str, ...], why: str) -> None:
    client = releasing(changes={"confirm_with": "y"})

    async def scenario(session: Session) -> None:
        await session.press("j", "b")
        await session.until("type y to roll back")
        await session.pilot.pause(0.45)
        await session.press(*keys)
        assert f"{why}" in session.bottom
        assert "nothing was done" in session.bottom
        assert state(session)[0] == "browse"

    drive(scenario, client=client)
    assert client.applied == []


def test_arrows_scroll_the_plan_and_the_prompt_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    client = releasing()

    async def scenario(session: Session) -> None:
        await session.press("j", "p")
        await session.until("more lines")
        await session.pilot.pause(0.45)
        for _ in range(8):
            await session.press("down")
        assert "tested against the real thing" in session.text
        for needle in ("type chat-assist", "now v41 90%", "prod · promote v42", "0.72%"):
            assert needle in session.text, needle
        await session.press("pageup")
        assert "has not decided" in session.text

    drive(scenario, client=client)


def test_a_refused_plan_says_what_would_satisfy_it_and_takes_no_text() -> None:
    refusal = wire.Refusal(rule="freeze", why="month end", remedy=":promote chat-assist v42 because REASON")
    client = releasing(changes={"refusals": (refusal,)})

    async def scenario(session: Session) -> None:
        await session.press("j", "p")
        await session.until("freeze: month end")
        assert "→ :promote chat-assist v42 because REASON" in session.text
        assert "refused: there is nothing to type" in session.text
        await type_as_a_person(session, "c")
        assert state(session)[0] == "browse"
        await type_as_a_person(session, "hat-assist")

    drive(scenario, client=client)
    assert client.applied == []
    assert all(not each.armed for each in client.told)


def test_a_plan_that_comes_late_is_dropped() -> None:
    client = releasing()
    client.may_plan.clear()

    async def scenario(session: Session) -> None:
        await session.press("j", "p")
        assert "asking for the plan to promote v42 of chat-assist" in session.bottom
        await session.press("j")
        client.may_plan.set()
        await session.until("came when you had gone on")
        assert state(session)[0] == "browse"
        await rest(session)
        client.may_plan.clear()
        await session.press("k", "p", "r")
        client.may_plan.set()
        await session.until("newest first")
        assert state(session)[:2] == ("browse", "requests")

    drive(scenario, client=client, size=LARGE)
    assert client.applied == []


def test_a_plan_that_cannot_be_made_is_said_with_the_remedy() -> None:
    client = releasing(plan_error=ReleaseRefused("the target cannot be read", "Look at its log."))

    async def scenario(session: Session) -> None:
        await session.press("j", "b")
        await session.until("no plan: the target cannot be read. Look at its log.")

    drive(scenario, client=client, size=LARGE)


def test_a_daemon_that_is_lost_in_the_middle_leaves_it_indeterminate_and_nothing_is_sent_again() -> None:
    client = releasing(outcome=DaemonError("no daemon answers", "Start it."))

    async def scenario(session: Session) -> None:
        await session.press("j", "b")
        await session.until("type ba")
        await type_as_a_person(session, "ba")
        await session.until("? indeterminate")
        assert "no daemon answers. Start it. The release view says what became of it." in session.text
        await session.pilot.pause(0.45)
        await session.press("escape")
        assert state(session)[1] == "release"
        await session.pilot.pause(0.3)

    drive(scenario, client=client, size=LARGE)
    assert len(client.applied) == 1


def test_a_world_that_moved_is_told_with_who_and_when_and_planned_anew_with_one_key() -> None:
    told = "bob promoted v42 at 13:03:58"
    client = releasing(outcome=lambda request: wire.Outcome(op_id=request.op_id, word="moved", told=told))

    async def scenario(session: Session) -> None:
        await session.press("j", "b")
        await session.until("type ba")
        await type_as_a_person(session, "ba")
        await session.until("▲ moved")
        assert told in session.text
        assert "b plans anew" in session.text
        await session.pilot.pause(0.45)
        await session.press("b")
        await session.until("type ba to roll back")

    drive(scenario, client=client)
    assert [each.act for each in client.ordered] == ["rollback", "rollback"]
    assert len(client.applied) == 1


def test_who_leaves_the_page_before_the_answer_is_told_it_where_they_are() -> None:
    client = releasing()
    client.may_answer.clear()

    async def scenario(session: Session) -> None:
        await session.press("j", "b")
        await session.until("type ba")
        await type_as_a_person(session, "ba")
        await session.until("the daemon executes it")
        await session.pilot.pause(0.45)
        await session.press("escape")
        assert state(session) == ("browse", "release", "chat-assist")
        client.may_answer.set()
        await session.until("done: routing.yaml says it")

    drive(scenario, client=client, size=LARGE)
    assert len(client.applied) == 1


def test_an_expired_plan_closes_by_itself() -> None:
    client = releasing(changes={"expires_at": NOW + timedelta(seconds=0.6)})

    async def scenario(session: Session) -> None:
        await session.press("j", "b")
        await session.until("good for 10s")
        await session.until("it expired: nothing was done")

    drive(scenario, client=client)
    assert client.applied == []


def test_a_prompt_out_of_sight_is_cancelled_by_the_next_key() -> None:
    client = releasing()

    async def scenario(session: Session) -> None:
        await session.press("j", "b")
        await session.until("type ba")
        await session.resize(79, 24)
        await session.pilot.pause(0.45)
        await session.press("b", "a")
        await session.resize(80, 24)
        assert state(session)[0] == "browse"

    drive(scenario, client=client)
    assert client.applied == []


def test_while_a_plan_is_asked_for_no_other_one_is_and_escape_gives_it_up() -> None:
    client = releasing()
    client.may_plan.clear()

    async def scenario(session: Session) -> None:
        await session.press("j", "b", "a")
        assert "the plan to roll back is still being asked for: Esc gives it up" in session.bottom
        await session.press("escape")
        assert "given up: nothing was done" in session.bottom
        client.may_plan.set()
        await session.settle()
        assert state(session) == ("browse", "fleet", "")

    drive(scenario, client=client, size=LARGE)
    assert [each.act for each in client.ordered] == ["rollback"]


# Bursts -----------------------------------------------------------------------------------------------------------


def test_a_paste_into_the_prompt_cancels_it_even_of_the_very_text() -> None:
    client = releasing()

    async def scenario(session: Session) -> None:
        for wait_s in (0.0, 0.45):
            await session.press("b")
            await session.until("type ba")
            await session.pilot.pause(wait_s)
            session.app.post_message(Paste("ba"))
            await session.until("pasted text confirms nothing: nothing was done")
            await rest(session)

    drive(scenario, client=client)
    assert client.applied == []


def test_keys_that_follow_a_cancelled_prompt_without_a_pause_run_no_verb() -> None:
    client = releasing()

    async def scenario(session: Session) -> None:
        await session.press("j", "b")
        await session.until("type ba")
        await session.pilot.pause(0.45)
        await session.press("x", "q", "b", "q", "p")
        assert state(session) == ("browse", "fleet", "")
        assert len(client.ordered) == 1
        await rest(session)
        await session.press("b")
        await session.until("type ba")
        assert len(client.ordered) == 2

    drive(scenario, client=client)
