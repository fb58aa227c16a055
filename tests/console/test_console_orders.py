"""What keys and commands order, of which service and version; and why they do not."""

from __future__ import annotations

import pytest
from driver import LARGE, Session, drive
from fleet import fleet_view
from releasing import BRIEF, HELD, READ_ONLY, ReleasingClient, releasing, rest, state, type_as_a_person

from opsconsole.console.grammar import command

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
        ("start chat", "start which version? start chat-assist VERSION."),
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


@pytest.mark.parametrize(
    ("key", "token", "act", "undone"),
    [
        ("b", "ba", "rollback", "set"),
        ("p", "chat-assist", "promote", "rollback"),
        ("h", "chat-assist", "hold", "resume"),
    ],
)
def test_what_was_sent_from_here_is_undone_by_a_word(key: str, token: str, act: str, undone: str) -> None:
    client = releasing()

    async def scenario(session: Session) -> None:
        await session.press(":", *"undo chat", "enter")
        assert "no change of chat-assist is being watched here, and none was sent from here" in session.bottom
        await session.press("escape", "j", key)
        await session.until("type ")
        await type_as_a_person(session, token)
        await session.until("routing.yaml says it")
        await session.pilot.pause(0.45)
        await session.press("enter", "escape", ":", *"undo", "enter")
        await session.until("type ")

    drive(scenario, client=client, size=LARGE)
    assert [(each.service, each.act) for each in client.ordered] == [("chat-assist", act), ("chat-assist", undone)]
    routing = client.ordered[-1].routing
    assert (routing.shares if routing is not None else None) == ({"v41": 0.9, "v42": 0.1} if undone == "set" else None)


def test_another_service_than_the_one_on_the_screen_is_never_given_its_versions() -> None:
    client = releasing()

    async def scenario(session: Session) -> None:
        await session.press("j", "enter")
        await session.until("1 latency")
        await session.press(":", *"promote ticket", "enter")
        assert "promote which version?" in session.bottom

    drive(scenario, client=client, size=LARGE)
    assert client.ordered == []


def test_a_second_person_approves_by_the_id_of_a_plan() -> None:
    client = releasing()

    async def scenario(session: Session) -> None:
        await session.press(":", *"approve op-91c2d7", "enter")
        await session.until("approved until 13:04 UTC: promote v42")

    drive(scenario, client=client, size=LARGE)
    assert [each.op_id for each in client.approved] == ["op-91c2d7"]


def test_every_command_word_is_offered_once() -> None:
    names = command.names()
    assert len(names) == len(set(names))
    assert {"undo", "promote", "window", "help"} <= set(names)


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
