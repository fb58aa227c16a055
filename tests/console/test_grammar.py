"""The grammar beyond moving about: every view by key and by name, time that stands, marks, copies, files, commands."""

from __future__ import annotations

import csv
import json
import shlex
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from driver import LARGE, Session, drive
from fleet import NOW, FakeClient, fleet_view, service_view

from opsconsole import wire
from opsconsole.cli import parser
from opsconsole.console.grammar.actions import ACTIONS, Action
from opsconsole.console.grammar.command import completions
from opsconsole.console.grammar.keymap import Keymap, remapped
from opsconsole.console.memory import Memory
from opsconsole.console.place import Place
from opsconsole.errors import ConfigError

FOUR = ("lora-gateway", "chat-assist", "ticket-router", "azure-llm-code")


def typed(text: str) -> list[str]:
    return list(text)


# Going somewhere --------------------------------------------------------------------------------------------------


def test_from_the_fleet_a_view_is_of_the_service_under_the_cursor() -> None:
    async def scenario(session: Session) -> None:
        await session.press("j", "v")
        assert session.app.frame.state.place == Place("versions", "chat-assist")
        await session.press("q", "r")
        assert session.app.frame.state.place.view == "requests"
        assert session.app.frame.state.service == ""

    drive(scenario)


def test_minus_goes_back_and_forth_and_brackets_through_history() -> None:
    async def scenario(session: Session) -> None:
        views = lambda: session.app.frame.state.view  # noqa: E731
        await session.press("j", "enter", "d")
        await session.press("-")
        assert views() == "service"
        await session.press("-")
        assert views() == "drift"
        await session.press("[", "[")
        assert views() == "fleet"
        assert session.app.frame.state.place.cursor == "chat-assist"
        await session.press("]", "]")
        assert views() == "drift"
        await session.press("]")
        assert "nothing further on" in session.bottom

    drive(scenario)


# Time -------------------------------------------------------------------------------------------------------------


def test_a_stopped_clock_stands_in_every_view_until_it_goes_on() -> None:
    async def scenario(session: Session) -> None:
        await session.press("j", "enter", "=")
        assert "‖ 11-23 13:04 UTC, 12s before now" in session.top
        await session.press(",", ",", "v")
        at = NOW.replace(second=0) - timedelta(minutes=2)
        assert session.app.frame.state.as_of == at
        assert session.client.parameters["as_of"] == at.isoformat()
        await session.press("=")
        assert session.app.frame.state.as_of is None
        assert "as_of" not in session.client.parameters

    drive(scenario)


def test_stepping_past_now_starts_the_clock() -> None:
    async def scenario(session: Session) -> None:
        await session.press("=", ".")
        assert session.app.frame.state.as_of is None
        assert "this is now" in session.bottom

    drive(scenario)


def test_what_acts_on_the_present_is_off_in_the_past_and_says_why() -> None:
    promote = Action("promote", ("P",), "promote", "promote it", frozenset({"view"}), needs_now=True)
    keymap = Keymap((*ACTIONS, promote))

    async def scenario(session: Session) -> None:
        await session.press("=", "P")
        assert "in the past: = returns to now" in session.bottom
        await session.press("?", *"promote")
        assert "promote it (in the past: = returns to now)" in session.text

    drive(scenario, keymap=keymap)


def test_the_crosshair_reads_every_panel_and_escape_takes_it_away() -> None:
    async def scenario(session: Session) -> None:
        await session.press("j", "enter", "left", "left")
        title = session.line(" 1 latency")
        assert "at 13:0" in title
        assert "p50" in title
        assert "at 13:0" in session.line(" 2 traffic")
        await session.press("escape")
        assert "at 13:0" not in session.text
        assert session.app.frame.state.view == "service"

    drive(scenario)


def breached(name: str, window: str) -> wire.ServiceView:
    view = service_view(name, window)
    start = view.axis.start + timedelta(seconds=view.axis.step_s * 30)
    breach = wire.Breach(start=start, stop=start + timedelta(minutes=4), state="fail", what="errors 8.1%")
    return msgspec.structs.replace(view, breaches=(breach,))


def test_e_goes_to_the_next_breach_and_says_what_it_was() -> None:
    async def scenario(session: Session) -> None:
        await session.press("j", "enter", "e")
        assert "errors 8.1%" in session.bottom
        assert session.app.frame.state.crosshair == breached("chat-assist", "1h").breaches[0].start

    drive(scenario, client=FakeClient(fleet_answer=lambda w: fleet_view(w, names=FOUR), service_answer=breached))


def test_e_in_the_fleet_goes_to_the_next_faulty_service() -> None:
    async def scenario(session: Session) -> None:
        await session.press("e")
        assert session.app.frame.state.place.cursor == "chat-assist"
        await session.press("e")
        assert session.app.frame.state.place.cursor == "lora-gateway"

    drive(scenario)


# Filters ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("~tktr", {"ticket-router"}),
        ("state=warn", {"chat-assist"}),
        ("!state=ok requests>5k", {"chat-assist", "azure-llm-code"}),
    ],
)
def test_a_filter_has_all_its_words(words: str, names: set[str]) -> None:
    async def scenario(session: Session) -> None:
        await session.press("/", *typed(words), "enter")
        assert {name for name in FOUR if f" {name} " in session.text.split("──")[0]} == names

    drive(scenario, size=LARGE)


def test_a_word_that_cannot_be_understood_is_said_while_it_is_typed() -> None:
    async def scenario(session: Session) -> None:
        await session.press("/", *typed("requests>many"))
        assert "'many' in 'requests>many' is no number" in session.bottom
        assert "chat-assist" in session.text

    drive(scenario)


# Marks, copies, files ---------------------------------------------------------------------------------------------


@pytest.fixture
def clipboard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What reaches the terminal's clipboard; there is no tmux."""
    monkeypatch.delenv("TMUX", raising=False)
    taken: list[str] = []
    monkeypatch.setattr("opsconsole.console.hands.clipboard.copy", _taking(taken))
    return taken


def _taking(taken: list[str]) -> Callable[..., object]:
    from opsconsole.console.clipboard import Copied

    def copy(text: str, write: object, environ: object) -> Copied:
        taken.append(text)
        return Copied("osc52", text, f"sent {len(text)} B")

    return copy


def test_marked_names_are_copied_and_hidden_ones_are_not(clipboard: list[str]) -> None:
    async def scenario(session: Session) -> None:
        await session.press(" ", " ", "y")
        assert clipboard == ["lora-gateway\nchat-assist"]
        assert "2 marked" in session.text
        await session.press("/", *typed("chat"), "enter", "y")
        assert clipboard[-1] == "chat-assist"
        await session.press("escape")
        assert not session.app.frame.state.marks

    drive(scenario)


def test_rows_keep_their_order_while_something_is_marked() -> None:
    order = list(FOUR)
    client = FakeClient(fleet_answer=lambda window: fleet_view(window, names=tuple(order)))

    async def scenario(session: Session) -> None:
        await session.press(" ")
        order.reverse()
        client.publish()
        for _ in range(50):
            await session.pilot.pause(0.02)
        above = session.text.split("──")[0]
        assert above.index("lora-gateway") < above.index("azure-llm-code")
        await session.press("escape")
        above = session.text.split("──")[0]
        assert above.index("azure-llm-code") < above.index("lora-gateway")

    drive(scenario, client=client, size=LARGE)


def test_the_copied_command_is_understood_by_the_command_line(clipboard: list[str]) -> None:
    async def scenario(session: Session) -> None:
        await session.press("j", "enter", "r", "/", *typed('error_type="rate limit"'), "enter", "o", "=", "Y")
        words = shlex.split(clipboard[-1])
        assert words[:4] == ["opsconsole", "show", "requests", "chat-assist"]
        arguments = parser().parse_args(words[1:])
        assert arguments.filter == 'error_type="rate limit"'
        assert arguments.choose == ["order=slowest"]
        assert arguments.as_of == "2026-11-23T13:04:00+00:00"

    drive(scenario)


def test_rows_are_written_as_csv_and_json_and_nothing_is_overwritten(tmp_path: Path) -> None:
    async def scenario(session: Session) -> None:
        sheet, objects = tmp_path / "a.csv", tmp_path / "a.json"
        await session.press("w")
        assert ":write fleet-" in session.bottom
        await session.press("escape", ":", *typed(f"write {sheet}"), "enter")
        assert "4 rows written" in session.bottom
        with sheet.open() as file:
            rows = list(csv.DictReader(file))
        assert [row["service"] for row in rows] == list(FOUR)
        await session.press(":", *typed(f"write {objects}"), "enter")
        assert json.loads(objects.read_text())[1]["state"] == "warn"
        await session.press(":", *typed(f"write {sheet}"), "enter")
        assert "is there already" in session.text
        await session.press("escape", ":", *typed("write ~nosuch/a.csv"), "enter")
        assert "~nosuch/a.csv is nobody's directory" in session.text
        await session.press("escape", "/", *typed("chat"), "enter", ":", *typed(f"write! {sheet}"), "enter")
        assert len(sheet.read_text().splitlines()) == 2

    drive(scenario, size=LARGE)


@pytest.mark.parametrize(("name", "begins"), [("s.txt", " opsconsole"), ("s.svg", "<svg")])
def test_the_screen_is_written_as_text_and_as_a_picture(tmp_path: Path, name: str, begins: str) -> None:
    async def scenario(session: Session) -> None:
        await session.press(":", *typed(f"write {tmp_path / name}"), "enter")
        assert (tmp_path / name).read_text().startswith(begins)

    drive(scenario, size=LARGE)


def test_a_letter_jumps_to_its_row() -> None:
    async def scenario(session: Session) -> None:
        await session.press("f")
        assert "jump to the row" in session.bottom
        await session.press("d")
        assert session.app.frame.state.place.cursor == "ticket-router"

    drive(scenario)


# The command line -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "place"),
    [
        ("requests chat status>=500", Place("requests", "chat-assist", filter="status>=500")),
        ("cost /gpt @chat-assist", Place("cost", "chat-assist", filter="gpt")),
        ("explain ticket metric=errors", Place("explain", "ticket-router").choosing(metric="errors")),
        ('requests "rate limit"', Place("requests", "", filter='"rate limit"')),
        ("fleet !ok", Place("fleet", filter="!ok")),
    ],
)
def test_a_command_opens_any_view(command: str, place: Place) -> None:
    async def scenario(session: Session) -> None:
        await session.press(":", *typed(command), "enter")
        assert without_cursor(session.app.frame.state.place) == without_cursor(place)

    drive(scenario)


def without_cursor(place: Place) -> Place:
    return place.changed(cursor="")


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("requets", "Did you mean requests?"),
        ("window 2h", "there is no window '2h'"),
        ("drift @nobody", "is no service"),
        ("write", "write needs a file name"),
        ("write x.doc", "says no kind of file"),
    ],
)
def test_a_command_that_is_none_stays_and_says_what_is(command: str, told: str) -> None:
    async def scenario(session: Session) -> None:
        await session.press(":", *typed(command), "enter")
        assert told in session.bottom
        assert session.app.frame.state.mode == "command"

    drive(scenario, size=LARGE)


def test_tab_completes_views_services_and_choices_and_arrows_bring_commands_back() -> None:
    async def scenario(session: Session) -> None:
        await session.press(":", *typed("expl"), "tab", *typed("chat"), "tab", *typed("me"), "tab")
        assert session.app.frame.state.draft == "explain chat-assist metric="
        await session.press(*typed("errors"), "enter", ":", "up")
        assert session.app.frame.state.draft == "explain chat-assist metric=errors"
        assert completions("window 1", session.app.frame.state, session.app.frame) == ["window 15m", "window 1h"]

    drive(scenario)


def test_the_doctor_shows_each_key_as_it_arrives() -> None:
    async def scenario(session: Session) -> None:
        await session.press(":", *typed("keys"), "enter", "ctrl+b", "ü", "q")
        assert "ctrl+b" in session.text
        assert "never bound" in session.text
        assert "'ü'" in session.text
        await session.press("escape", "escape")
        assert session.app.frame.state.mode == "browse"

    drive(scenario)


def test_who_else_is_here_is_counted_and_listed() -> None:
    bob = wire.Presence(console="b", user="bob", origin="10.0.0.9", view="cost", service="chat-assist", since=NOW)
    client = FakeClient(fleet_answer=lambda window: fleet_view(window, names=FOUR), others=(bob,))

    async def scenario(session: Session) -> None:
        await session.until("1 other")
        await session.press(":", *typed("who"), "enter")
        assert "bob" in session.text
        assert "cost chat-assist" in session.text

    drive(scenario, client=client, size=LARGE)


# Remapping and remembering ----------------------------------------------------------------------------------------


def test_keys_are_remapped_and_clashes_name_both_places() -> None:
    async def scenario(session: Session) -> None:
        await session.press("W")
        assert "[1h]" in session.bottom

    drive(scenario, keymap=remapped({"window": "W"}, {"window": "o.yaml:4"}))
    with pytest.raises(ConfigError, match=r"v in .* is both .*`window` \(o.yaml:4\)") as clash:
        remapped({"window": "v"}, {"window": "o.yaml:4"})
    assert "the console's own keys" in clash.value.message
    with pytest.raises(ConfigError, match=r"o.yaml:9: there is no action `windw`") as unknown:
        remapped({"windw": "v"}, {"windw": "o.yaml:9"})
    assert unknown.value.remedy == "Did you mean `window`?"


def test_a_view_opens_as_it_was_left_in_another_session(tmp_path: Path) -> None:
    path = tmp_path / "console" / "ann.json"

    async def leave(session: Session) -> None:
        await session.press("j", "enter", "3", "r", "o", "/", *typed("v42"), "enter", "q")

    async def come_back(session: Session) -> None:
        await session.press("j", "enter")
        assert session.app.frame.state.panel == 3
        await session.press("r")
        place = session.app.frame.state.place
        assert (place.filter, place.choice("order")) == ("v42", "slowest")

    drive(leave, memory=Memory(path))
    assert path.stat().st_mode & 0o777 == 0o600
    drive(come_back, memory=Memory(path))


def test_a_memory_that_is_broken_is_set_aside_and_said(tmp_path: Path) -> None:
    path = tmp_path / "ann.json"
    path.write_text("{not json")

    async def scenario(session: Session) -> None:
        assert "cannot be read" in session.bottom

    drive(scenario, memory=Memory(path), size=LARGE)
    assert (tmp_path / "ann.broken").read_text() == "{not json"
