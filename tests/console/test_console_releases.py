"""Releases through the keys: what a person sees between an order and its outcome, and what is sent to the daemon."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from answers_release import canary_release
from driver import LARGE, SMALL, Session, check_snapshot, drive
from fleet import NOW, fleet_view
from releasing import READ_ONLY, ReleasingClient, releasing, type_as_a_person
from textual.events import Paste

from opsconsole import wire
from opsconsole.console.acting import AFTER_S
from opsconsole.console.glyphs import GLYPHS
from opsconsole.errors import DaemonError, ReleaseRefused

BRIEF = wire.ReleaseBrief(service="chat-assist", target="file routing.yaml", rollout="running", version="v42")
HELD = msgspec.structs.replace(BRIEF, rollout="held")


def state(session: Session) -> tuple[str, str, str]:
    now = session.app.frame.state
    return now.mode, now.view, now.service


async def rest(session: Session) -> None:
    """After a prompt was cancelled: long enough for keys to be verbs again."""
    await session.pilot.pause(AFTER_S + 0.1)


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
        await type_as_a_person(session, "chat-assist")
        assert state(session)[0] == "browse"

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
        client.may_plan.clear()
        await session.press("k", "p", "r")
        client.may_plan.set()
        await session.settle()
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
    client = releasing(outcome=DaemonError("no daemon answers"))

    async def scenario(session: Session) -> None:
        await session.press("j", "b")
        await session.until("type ba")
        await type_as_a_person(session, "ba")
        await session.until("? indeterminate")
        assert "the daemon did not answer; the release view says what became of it" in session.text
        await session.pilot.pause(0.45)
        await session.press("escape")
        assert state(session)[1] == "release"
        await session.pilot.pause(0.3)

    drive(scenario, client=client)
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
        await session.pilot.resize_terminal(79, 24)
        await session.pilot.pause(0.45)
        await session.press("b", "a")
        await session.pilot.resize_terminal(80, 24)
        await session.settle()
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
        assert len(client.ordered) == 2

    drive(scenario, client=client)


# Where it works, and where it does not ----------------------------------------------------------------------------


def test_in_the_past_nothing_is_ordered() -> None:
    client = releasing()

    async def scenario(session: Session) -> None:
        await session.press("=", "b")
        assert "in the past" in session.bottom

    drive(scenario, client=client)
    assert client.ordered == []


@pytest.mark.parametrize("key", ["p", "b", "h", "a"])
def test_a_console_that_only_reads_orders_nothing_and_says_how_to_arm_it(key: str) -> None:
    client = releasing(permission=READ_ONLY, releases=(BRIEF,))

    async def scenario(session: Session) -> None:
        await session.until("read-only")
        await session.press("j", key)
        assert "read-only: R arms this console" in session.bottom
        await session.press("?", *"roll back")
        assert "(read-only: R arms this console)" in session.text

    drive(scenario, client=client, size=LARGE)
    assert client.ordered == []


def test_a_service_without_a_target_says_so() -> None:
    client = releasing(releases=(BRIEF,))

    async def scenario(session: Session) -> None:
        await session.until("chat-assist")
        await session.settle()
        await session.press("b")
        assert "lora-gateway has no target" in session.bottom
        await session.press("j", "b")
        await session.until("type ba")

    drive(scenario, client=client, size=LARGE)


def test_arming_takes_the_environments_name_and_the_same_key_locks() -> None:
    client = releasing(permission=READ_ONLY, releases=(BRIEF,))

    async def scenario(session: Session) -> None:
        await session.until("read-only")
        await session.press("R")
        assert "arm this console: type prod" in session.bottom
        await type_as_a_person(session, "prod")
        await session.until("ARMED 15m")
        await session.press("R")
        await session.until("locked")
        assert "read-only" in session.top

    drive(scenario, client=client)
    assert [(each.typed, each.is_locked) for each in client.armings] == [("prod", False), ("", True)]


def test_a_name_that_is_wrong_does_not_arm() -> None:
    client = releasing(permission=READ_ONLY)

    async def scenario(session: Session) -> None:
        await session.until("read-only")
        await session.press("R")
        await session.pilot.pause(0.45)
        await session.press("p")
        await session.press("enter")
        assert "Enter confirms nothing: not armed" in session.bottom
        assert state(session)[0] == "browse"

    drive(scenario, client=client)
    assert client.armings == []


def test_one_key_holds_and_lets_go_on_and_the_label_says_which() -> None:
    client = releasing(releases=(BRIEF,))

    async def scenario(session: Session) -> None:
        await session.settle()
        await session.press("j")
        assert "h hold" in session.bottom
        await session.press("h")
        await session.until("prod · hold v42")
        await session.pilot.pause(0.45)
        await session.press("escape")
        await rest(session)
        client.releases = (HELD,)
        session.app._helm.tell()
        await session.settle()
        await session.press("k", "j")
        assert "h resume" in session.bottom
        await session.press("h")
        await session.until("prod · resume v42")

    drive(scenario, client=client, size=LARGE)
    assert [each.act for each in client.ordered] == ["hold", "resume"]


def test_the_version_under_the_cursor_is_promoted_where_versions_are_listed() -> None:
    client = releasing()

    async def scenario(session: Session) -> None:
        await session.press("j", "v")
        await session.until("versions of chat-assist")
        await session.press("p")
        await session.until("promote v41")
        await session.pilot.pause(0.45)
        await session.press("escape")
        await rest(session)
        await session.press("V")
        await session.until("2 rollout")
        await session.press("1", "j", "j", "p")
        await session.until("promote v40")
        await session.pilot.pause(0.45)
        await session.press("escape")
        await rest(session)
        await session.press("0", "p")
        await session.until("promote v42")

    drive(scenario, client=client)


def test_a_watched_change_is_undone_with_one_key_by_a_roll_back_where_that_leads_there() -> None:
    client = releasing()

    async def scenario(session: Session) -> None:
        await session.press("j", "V")
        await session.until("u undoes it")
        await session.press("u")
        await session.until("type ba to roll back")

    drive(scenario, client=client)
    assert [each.act for each in client.ordered] == ["rollback"]


def test_marks_do_not_count_and_that_is_said() -> None:
    client = releasing()

    async def scenario(session: Session) -> None:
        await session.press(" ", " ", "b")
        await session.until("2 rows are marked: this is about ticket-router alone")

    drive(scenario, client=client, size=LARGE)
    assert [each.service for each in client.ordered] == ["ticket-router"]


def test_what_a_filter_hides_is_never_acted_on() -> None:
    client = releasing()

    async def scenario(session: Session) -> None:
        await session.press("G", "/", *"chat", "enter", "b")
        await session.until("type ba")

    drive(scenario, client=client)
    assert [each.service for each in client.ordered] == ["chat-assist"]


def test_rows_keep_their_order_while_a_plan_is_open() -> None:
    order = ["lora-gateway", "chat-assist", "ticket-router", "azure-llm-code"]
    client = ReleasingClient(fleet_answer=lambda window: fleet_view(window, names=tuple(order)))

    async def scenario(session: Session) -> None:
        await session.press("j", "b")
        await session.until("type ba")
        held = session.app.frame.state.held
        order.reverse()
        client.publish()
        await session.pilot.pause(0.6)
        assert session.app.frame.state.held == held == tuple(reversed(order))
        await session.press("escape")
        assert session.app.frame.state.held == ()

    drive(scenario, client=client)


# Commands ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "order"),
    [
        ("promote chat v43", ("chat-assist", "promote", "v43", "")),
        ("promote chat", ("chat-assist", "promote", "v42", "")),
        ("promote v9", ("lora-gateway", "promote", "v9", "")),
        ("start ticket 2026.12", ("ticket-router", "start", "2026.12", "")),
        ("promote chat v42 because the fix is in it", ("chat-assist", "promote", "v42", "the fix is in it")),
        ("rollback chat", ("chat-assist", "rollback", "", "")),
        ("rollback", ("lora-gateway", "rollback", "", "")),
        ("hold chat", ("chat-assist", "hold", "", "")),
        ("resume chat", ("chat-assist", "resume", "", "")),
        ("abort chat", ("chat-assist", "abort", "", "")),
    ],
)
def test_commands_order_what_they_say(command: str, order: tuple[str, ...]) -> None:
    client = releasing()

    async def scenario(session: Session) -> None:
        await session.press(":", *command, "enter")
        await session.until("risk medium")

    drive(scenario, client=client)
    assert [(each.service, each.act, each.version, each.override_reason) for each in client.ordered] == [order]
    assert {each.via for each in client.ordered} == {"palette"}


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("start chat", "start which version?"),
        ("promote ticket", "promote which version?"),
        ("rollback nobody", "is no service"),
        ("rollback chat because I say so", "nothing refuses to rollback"),
        ("hold chat v42", "hold takes a service"),
        ("approve", "approve needs the id of a plan"),
    ],
)
def test_commands_that_say_too_little_or_too_much_order_nothing(command: str, told: str) -> None:
    client = releasing()

    async def scenario(session: Session) -> None:
        await session.press(":", *command, "enter")
        assert told in session.bottom
        assert state(session)[0] == "command"

    drive(scenario, client=client, size=LARGE)
    assert client.ordered == []
    assert client.approved == []


def test_a_second_person_approves_by_the_id_of_a_plan() -> None:
    client = releasing()

    async def scenario(session: Session) -> None:
        await session.press(":", *"approve op-91c2d7", "enter")
        await session.until("approved until 13:04 UTC: promote v42")

    drive(scenario, client=client, size=LARGE)
    assert [each.op_id for each in client.approved] == ["op-91c2d7"]


def test_services_and_versions_are_completed() -> None:
    async def scenario(session: Session) -> None:
        await session.press(":", *"promote ch", "tab")
        assert session.app.frame.state.draft == "promote chat-assist "
        await session.press(*"v42"[:1], "tab")
        assert session.app.frame.state.draft.startswith("promote chat-assist v4")

    drive(scenario, client=releasing())


def test_the_plans_command_is_copied_and_the_prompt_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []

    def copy(text: str, write: object, environ: object) -> object:
        from opsconsole.console.clipboard import Copied

        taken.append(text)
        return Copied("osc52", text, "sent")

    monkeypatch.setattr("opsconsole.console.hands.clipboard.copy", copy)

    async def scenario(session: Session) -> None:
        await session.press("j", "p")
        await session.until("type chat-assist")
        await session.pilot.pause(0.45)
        await session.press("Y")
        assert taken == ["opsconsole promote chat-assist v42"]
        assert state(session)[0] == "plan"

    drive(scenario, client=releasing())


# Others -----------------------------------------------------------------------------------------------------------


def test_what_is_armed_is_told_at_once_and_taken_back_at_once() -> None:
    client = releasing()

    async def scenario(session: Session) -> None:
        await session.press("j", "p")
        await session.until("type chat-assist")
        assert client.told[-1].armed == "promote v42"
        assert client.told[-1].service == ""
        await session.pilot.pause(0.45)
        await session.press("escape")
        assert client.told[-1].armed == ""

    drive(scenario, client=client)


def test_what_others_have_armed_is_in_the_top_line_and_in_the_plan() -> None:
    bob = wire.Presence(
        console="b",
        user="bob",
        origin="10.0.0.9",
        view="release",
        service="chat-assist",
        armed="promote v42",
        since=NOW,
    )
    client = releasing(others=(bob,))

    async def scenario(session: Session) -> None:
        await session.until("bob: promote v42 of chat-assist")
        await session.press("j", "b")
        await session.until("bob has open: promote v42")

    drive(scenario, client=client)


# How it looks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x50"])
@pytest.mark.parametrize("glyphs", ["braille", "ascii"])
def test_a_plan_looks_as_it_did(size: tuple[int, int], glyphs: str) -> None:
    async def scenario(session: Session) -> None:
        await session.press("j", "p")
        await session.until("promote v42")
        await session.pilot.pause(0.45)
        await session.until("type chat-assist")
        assert glyphs != "ascii" or session.text.isascii()
        check_snapshot(f"plan_{size[0]}x{size[1]}_{glyphs}", session.text)

    drive(scenario, client=releasing(), size=size, glyph_set=GLYPHS[glyphs])


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x50"])
def test_an_outcome_looks_as_it_did(size: tuple[int, int]) -> None:
    async def scenario(session: Session) -> None:
        await session.press("j", "b")
        await session.until("type ba")
        await type_as_a_person(session, "ba")
        await session.until("routing.yaml says it")
        check_snapshot(f"outcome_{size[0]}x{size[1]}", session.text)

    drive(scenario, client=releasing(), size=size)


def test_an_entry_of_the_history_opens_as_a_page() -> None:
    async def scenario(session: Session) -> None:
        await session.press("j", "V")
        await session.until("5 history")
        await session.press("j", "enter")
        assert "before   v41 100%" in session.text
        assert "by       ann" in session.text
        await session.press("escape")
        assert state(session)[:2] == ("browse", "release")

    drive(scenario, client=releasing())


def test_what_is_out_of_band_stands_in_the_first_line_whatever_else_there_is() -> None:
    from painting import LARGE as WIDE
    from painting import SMALL as NARROW
    from painting import frame_at, text_of

    from opsconsole.console.place import Place

    view = canary_release(
        {"service": "chat-assist"},
        out_of_band="the file says v41 80%, v40 20%",
        trouble="permission denied",
        state=None,
        freezes=tuple(
            wire.Freeze(service="", until=NOW + timedelta(days=i), reason=f"freeze {i}", by="ann") for i in range(3)
        ),
        approvals=(
            wire.Approval(fingerprint="f", service="chat-assist", told="promote v42", by="bob", at=NOW,
                          expires_at=NOW + timedelta(hours=1)),
        ),
    )  # fmt: skip
    for size in (NARROW, WIDE):
        rows = text_of(frame_at(Place("release", "chat-assist"), view), size).split("\n")
        assert "out of band: the file says v41 80%, v40 20%" in rows[0]
        assert "the target cannot be read: permission denied" in rows[1]
        assert any("approved by bob" in row for row in rows)
        assert any("1 versions" in row for row in rows)


def test_shares_that_are_surely_not_the_targets_are_marked_and_chance_is_not() -> None:
    from opsconsole.console.panels.shares import differs

    assert differs(0.1, 0.2, 5_000)
    assert not differs(0.1, 0.11, 5_000)
    assert not differs(0.1, 0.2, 20)
    assert differs(0.0, 0.05, 5_000)
    assert not differs(None, 0.5, 5_000)
    assert not differs(0.5, None, 5_000)
