"""What the keys do, as a person sees it."""

from __future__ import annotations

import pytest
from driver import LARGE, Session, drive
from fleet import FakeClient, crowded_view, fleet_view

from opsconsole.console.grammar.actions import ACTIONS, RESERVED, Action
from opsconsole.console.grammar.contexts import CONTEXTS, view_context
from opsconsole.console.grammar.keymap import Keymap
from opsconsole.console.grammar.verbs import verb_of
from opsconsole.errors import ConfigError


def test_enter_opens_the_service_under_the_cursor_and_each_back_key_returns() -> None:
    async def scenario(session: Session) -> None:
        for back in ("escape", "q", "backspace"):
            await session.press("g", "j", "enter")
            assert "chat-assist" in session.text.splitlines()[1]
            assert "1 latency" in session.text
            await session.press(back)
            assert "›▲ warn    chat-assist" in session.text

    drive(scenario)


def test_q_in_the_fleet_leaves() -> None:
    async def scenario(session: Session) -> None:
        await session.press("q")
        assert not session.app.is_running or session.app._exit

    drive(scenario)


def test_digit_fills_the_view_with_a_panel_and_zero_or_the_same_digit_shows_all() -> None:
    async def scenario(session: Session) -> None:
        await session.press("j", "enter", "3")
        assert "3 [drift]" in session.text
        assert "tenant_tier" in session.text
        await session.press("0")
        assert "1 latency" in session.text
        assert "tenant_tier" not in session.text
        await session.press("5", "5")
        assert "1 latency" in session.text
        await session.press("2", "tab")
        assert "3 [drift]" in session.text
        await session.press("escape")
        assert "4 cost" in session.text

    drive(scenario)


def test_filter_keeps_what_matches_and_escape_shows_all_again() -> None:
    async def scenario(session: Session) -> None:
        await session.press("/", "r", "o", "u", "t", "e", "r")
        assert "/router▏" in session.bottom
        await session.press("enter")
        assert "ticket-router" in session.text
        assert "chat-assist" not in session.text
        assert "1 of 4" in session.text
        await session.press("escape")
        assert "chat-assist" in session.text

    drive(scenario)


def test_every_letter_is_text_while_the_filter_is_open() -> None:
    async def scenario(session: Session) -> None:
        await session.press("/", "q", "j", "t", "backspace")
        assert "/qj▏" in session.bottom
        await session.press("escape")
        assert "4 services" in session.top

    drive(scenario)


def test_inverse_filter_hides_what_matches() -> None:
    async def scenario(session: Session) -> None:
        await session.press("/", "!", "c", "h", "a", "t", "enter")
        assert "chat-assist" not in session.text
        assert "3 of 4" in session.text

    drive(scenario)


def test_pasted_text_runs_no_verb() -> None:
    async def scenario(session: Session) -> None:
        from textual.events import Paste

        session.app.post_message(Paste("q!t\n\x1b[31mqq"))
        await session.settle()
        assert "4 services" in session.top
        await session.press("/")
        session.app.post_message(Paste("chat\x1b\n"))
        await session.settle()
        assert "/chat▏" in session.bottom

    drive(scenario)


def test_faults_only_keeps_what_warns_or_fails() -> None:
    async def scenario(session: Session) -> None:
        await session.press("!")
        assert "faults only" in session.text
        assert "ticket-router" not in session.text
        assert "lora-gateway" in session.text
        await session.press("!")
        assert "ticket-router" in session.text

    drive(scenario)


@pytest.mark.parametrize(("keys", "window"), [(("4",), "24h"), (("l", "enter"), "6h"), (("left", "enter"), "15m")])
def test_window_is_picked_by_digit_or_by_arrow_and_enter(keys: tuple[str, ...], window: str) -> None:
    async def scenario(session: Session) -> None:
        await session.press("t")
        assert "[1h]" in session.bottom
        await session.press(*keys)
        await session.until(f" {window} to ")
        assert ("fleet", window) in session.client.asked

    drive(scenario)


def test_cancelled_window_picker_changes_nothing() -> None:
    async def scenario(session: Session) -> None:
        await session.press("t", "l", "l", "escape")
        assert " 1h to " in session.top
        assert {question[1] for question in session.client.asked if question[0] == "fleet"} == {"1h"}

    drive(scenario)


def test_cursor_stays_on_its_service_when_the_order_changes() -> None:
    order = ["chat-assist", "ticket-router"]

    async def scenario(session: Session) -> None:
        await session.press("j")
        assert "›✔ ok      ticket-router" in session.text
        order.reverse()
        session.client.publish()
        for _ in range(100):
            if session.text.index("ticket-router") < session.text.index("chat-assist"):
                break
            await session.pilot.pause(0.02)
        assert "›✔ ok      ticket-router" in session.text

    drive(scenario, client=FakeClient(fleet_answer=lambda window: fleet_view(window, names=tuple(order))))


def test_help_lists_what_works_here_and_finds_it_while_one_types() -> None:
    async def scenario(session: Session) -> None:
        await session.press("?")
        for word in ("open what the cursor is on", "what works here", "leave; the daemon goes on"):
            assert word in session.text
        await session.press(*"window")
        assert "choose the time window" in session.text
        assert "open what the cursor is on" not in session.text
        await session.press("enter")
        assert "[1h]" in session.bottom

    drive(scenario)


def test_help_moves_within_its_lines_and_runs_the_one_under_the_cursor() -> None:
    async def scenario(session: Session) -> None:
        await session.press("?", *"stop the clock", *["down"] * 5, "up", "enter")
        assert "‖" in session.top
        await session.press("?", *["down"] * 80)
        last = session.line("›")
        await session.press("up")
        assert session.line("›") != last

    drive(scenario)


def test_help_of_a_view_has_what_only_that_view_has() -> None:
    async def scenario(session: Session) -> None:
        await session.press("?", *"panel")
        assert "this panel alone" not in session.text
        await session.press("escape", "j", "enter", "?", *"panel")
        assert "this panel alone" in session.text

    drive(scenario)


def test_sources_show_guesses_rejects_and_errors_and_return_where_they_were_opened() -> None:
    async def scenario(session: Session) -> None:
        await session.press("j", "enter", "s")
        assert "not JSON" in session.text
        await session.press("j")
        assert "GeneratedTokens was taken for output_tokens" in session.text
        await session.press("j")
        assert "no column can be the time of a request" in session.text
        await session.press("escape")
        assert "1 latency" in session.text
        await session.press("escape")
        assert "4 services" in session.top

    drive(scenario)


def test_small_terminal_says_what_it_has_and_needs_and_grows_back() -> None:
    async def scenario(session: Session) -> None:
        assert "have 79x24" in session.text
        assert "need 80x24" in session.text
        await session.resize(80, 24)
        assert "chat-assist" in session.text

    drive(scenario, size=(79, 24))


def test_console_opens_on_a_service_when_told() -> None:
    async def scenario(session: Session) -> None:
        assert "1 latency" in session.text

    drive(scenario, size=LARGE, start_service="chat-assist")


def test_a_key_that_would_mean_two_things_is_refused_and_both_places_are_named() -> None:
    twice = (*ACTIONS, Action("other", ("j",), "", "", frozenset({"view", "list"})))
    with pytest.raises(ConfigError, match=r"j in fleet is both `down` \(the console's own keys\) and `other` \(f:3\)"):
        Keymap(twice, {"other": "f:3"})


def test_reserved_keys_cannot_be_bound_and_no_default_needs_function_keys_or_alt() -> None:
    with pytest.raises(ConfigError, match=r"\^s of `save` is not the console's to bind"):
        Keymap((Action("save", ("ctrl+s",), "", "", frozenset({"view"})),))
    keys = {key for action in ACTIONS for key in action.keys}
    assert not keys & RESERVED
    assert not any(key.startswith(("alt+", "f1", "f2", "f3", "f4", "f5")) for key in keys)


def test_every_action_does_something() -> None:
    of_the_prompt = {"cancel_plan", "cancel_arm"}  # it has every key first, and all but its own text's leave it

    async def scenario(session: Session) -> None:
        for action in ACTIONS:
            if action.id in of_the_prompt:
                continue
            assert action.id in {**session.app._effects, **session.app._acts} or verb_of(action) is not None

    drive(scenario)


def test_every_context_can_be_left() -> None:
    for context in CONTEXTS.values():
        if context.name not in ("keys",):
            assert Keymap().action(context, "escape") is not None, context.name


@pytest.mark.parametrize("leaving", ["q", "escape"])
def test_on_a_screen_too_small_keys_do_nothing_but_leave(leaving: str) -> None:
    async def scenario(session: Session) -> None:
        await session.press("j", "enter", "t", "slash", "question_mark", "s")
        assert "need 80x24" in session.text
        await session.resize(80, 24)
        assert "4 services" in session.top
        assert "›✖ FAIL" in session.text
        await session.resize(80, 23)
        await session.press(leaving)
        assert session.app._exit

    drive(scenario, size=(79, 24))


def test_crowd_of_versions_is_a_list_with_a_cursor_and_its_place() -> None:
    async def scenario(session: Session) -> None:
        await session.press("enter")
        assert "M0012" in session.text, "the failing version is among the few that an overview shows"
        await session.press("5")
        assert "1–16 of 87" in session.text
        for _ in range(11):
            await session.press("j")
        assert "1–16 of 87" in session.text
        assert session.line("›").split()[2] == "M0011"
        await session.press("G")
        assert "–87 of 87" in session.text
        assert session.line("›").split()[2] == "M0087"
        await session.press("k", "g")
        assert "1–16 of 87" in session.text
        await session.press("0", "5")
        assert "1–16 of 87" in session.text

    drive(scenario, client=FakeClient(service_answer=crowded_view))


def test_on_a_large_screen_the_version_under_the_cursor_stands_beside_the_largest() -> None:
    async def scenario(session: Session) -> None:
        await session.press("enter", "5", "G")
        heads = next(row for row in session.text.splitlines() if row.split() == ["M0001", "M0087"])
        assert heads

    drive(scenario, size=LARGE, client=FakeClient(service_answer=crowded_view))


def test_drift_alone_tells_all_about_the_finding_under_the_cursor() -> None:
    async def scenario(session: Session) -> None:
        await session.press("j", "enter", "3", "j")
        assert session.line("›▲ language")
        assert "language on v42, drift: effect 0.14 · p adjusted <.001 · n 4,412" in session.text
        assert "unseen 'zz' 0.5%" in " ".join(session.text.split())

    drive(scenario)


@pytest.mark.parametrize("keys", [(), ("j", "enter"), ("j", "enter", "3"), ("s",)])
def test_help_reaches_every_line_on_the_smallest_screen(keys: tuple[str, ...]) -> None:
    async def scenario(session: Session) -> None:
        await session.press(*keys)
        lines = Keymap().listed(view_context(session.app.frame.state), session.app.frame.state, session.app.frame)
        await session.press("question_mark")
        seen = session.text
        for _ in lines:
            await session.press("down")
            seen += session.text
        for each in lines:
            assert each.told in seen
        await session.press("escape")

    drive(scenario)
