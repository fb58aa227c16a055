"""A drill on the screen: a player's page and the facilitator's, and everything that is done in one by key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from answers_drill import HERE, NOW_OF_IT, PLAN, alone, leading, live, over, playing
from driver import SEND, Session, check_snapshot, drive
from fleet import FakeClient
from painting import LARGE, SMALL, frame_at, row_with, text_of

from opsconsole import wire
from opsconsole.console.confirming import HAND_S
from opsconsole.console.deeds.table import DEEDS, unavailable
from opsconsole.console.frame import Frame
from opsconsole.console.grammar.contexts import CONTEXTS
from opsconsole.console.grammar.keymap import Keymap
from opsconsole.console.place import Place
from opsconsole.errors import RequestRefused

PAGE = Place("drill")
VERBS = ("inject", "pause", "speed", "judge", "say", "drill_note", "hint", "end_drill")
ONLY_LEADING = ("inject", "speed", "judge", "say", "drill_note")
SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x50"])
SECRETS = (
    "stranger",
    "boss",
    "late",
    "revoke",
    "points",
    "score",
    "32.5",
    "A stranger has a key",
    "ann did not answer",
)


class DrillClient(FakeClient):
    """Serves one view of a drill."""

    def __init__(self, view: wire.DrillView, **answered: Any) -> None:
        super().__init__(answered={path.replace("_", "/"): answer for path, answer in answered.items()})
        self.shown = view

    def answer(self, kind: str, parameters: Any) -> wire.Answer:
        return self.shown if kind == "drill" else super().answer(kind, parameters)


def run(view: wire.DrillView, keys: list[str], until: str, **answered: Any) -> list[tuple[str, Any]]:
    """In this drill: these keys, until this is said; what was asked of the daemon."""
    fake = DrillClient(view, **answered)

    async def scenario(session: Session) -> None:
        await session.press("D", *keys[:-1])
        await session.pilot.pause(2 * HAND_S)
        await session.press(keys[-1])
        await session.until(until)

    drive(scenario, client=fake)
    return [(path, request) for path, request in fake.done]


def commanded(keys: list[str], until: str, view: wire.DrillView | None = None, **now: Any) -> wire.DrillCommand:
    """What the facilitator's keys have the drill do."""
    answer = msgspec.structs.replace(NOW_OF_IT, **now)
    ((path, request),) = run(view or leading(), keys, until, drill_command=answer)
    assert path == "drill/command"
    return request  # type: ignore[no-any-return]


def row(frame: Frame, needle: str) -> str:
    """The first line of a wide screen that holds a text."""
    return row_with(frame, needle, LARGE)


# What is seen -----------------------------------------------------------------------------------------------------


@SIZES
@pytest.mark.parametrize("name", ["player", "over", "live"])
def test_others_pages_look_as_they_did(name: str, size: tuple[int, int]) -> None:
    view = {"player": playing, "over": over, "live": live}[name]()
    check_snapshot(f"drill_{name}_{size[0]}x{size[1]}", text_of(frame_at(PAGE, view), size))


def test_a_players_page_tells_the_briefing_what_was_said_the_hints_and_who_is_here() -> None:
    shown = text_of(frame_at(PAGE, playing()))
    for told in ("drill-3  +4:12 of 13:00  at 4x", "led by eve", "You are on call", "a paste site", "-5  Who spends"):
        assert told in shown
    assert "1 hint may be asked for: h takes the next one, for 10 points" in shown
    assert "cost chat-assist" in row_with(frame_at(PAGE, playing()), "ben")


@SIZES
@pytest.mark.parametrize("panel", range(10))
def test_a_players_page_shows_no_fault_nothing_to_come_and_no_score(panel: int, size: tuple[int, int]) -> None:
    shown = text_of(frame_at(replace(PAGE, panel=panel), playing()), size).replace("for 10 points", "")
    assert not [secret for secret in SECRETS if secret in shown]
    if panel > 4:
        assert "players see it once the drill is over" in shown


def test_the_facilitator_sees_what_is_coming_what_happened_and_who_looks_at_what() -> None:
    frame = replace(frame_at(PAGE), present=HERE[:2])
    assert "✔ told +0:40" in row(frame, "bill")
    assert "◌ to come" in row(frame, "boss")
    assert "if not done(back) and t > 6m" in row(frame, "Did any")
    assert "✖ there 62%" in row(frame, "stranger from")
    assert "a decoy" in row(frame, "slow")
    assert "10/10  ann" in row(frame, "The page is taken")
    assert "? to judge" in row(frame, "They say what")
    assert "✔ judged 0.5" in row(frame, "A clear report")
    assert "ann (incident INC-1), ben (cost chat-assist)" in row(frame, "here ann")


def test_once_it_is_over_everybody_sees_the_score_and_where_the_rest_is() -> None:
    shown = text_of(frame_at(PAGE, over()), LARGE)
    for told in ("✔ over", "score 32.5 of 100", "opsconsole drill report drill-3", "✖ missed", "somebody uses the key"):
        assert told in shown


def test_a_process_that_is_gone_once_it_is_over_is_no_daemon_that_was_lost() -> None:
    async def scenario(session: Session) -> None:
        await session.press("D")
        session.client.lose()
        await session.until("✔ the drill is over")
        assert "lost" not in session.bottom
        await session.press("q")
        assert "✔ the drill is over" in session.bottom

    drive(scenario, client=DrillClient(over()))


def test_on_a_live_home_the_page_says_how_a_drill_is_begun() -> None:
    shown = text_of(frame_at(PAGE, live()))
    for told in ("there is no drill here", "opsconsole drill list", "opsconsole drill run --any"):
        assert told in shown


def test_rows_are_filtered_marked_and_copied_as_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(session: Session) -> None:
        await session.press("D", "/", *"revoke", "enter")
        assert "director" not in session.text
        assert "Did anybody revo" in session.text
        await session.press("escape", "2", " ")
        assert len(session.app.frame.state.marks) == 1
        await session.press("escape", "Y")
        assert "opsconsole show drill --window 1h --panel 2 --home /drills/drill-3/home" in session.text

    monkeypatch.setenv("TERM", "linux")
    drive(scenario, client=DrillClient(leading()), home="/drills/drill-3/home")


def test_enter_shows_a_row_whole() -> None:
    async def scenario(session: Session) -> None:
        await session.press("D", "j", "j", "enter")
        assert "to tell the board in ten minutes, so be quick." in session.text

    drive(scenario, client=DrillClient(leading()))


# What is done -----------------------------------------------------------------------------------------------------


def test_what_the_cursor_is_on_is_told_now() -> None:
    asked = commanded(["j", "j", "i"], "boss: people were told")
    assert (asked.word, asked.text) == ("inject", "boss")


def test_what_was_told_already_is_not_told_again() -> None:
    assert run(leading(), ["i"], "bill was told already: U says it in your own words") == []


def test_what_the_cursor_is_on_is_judged_by_a_number() -> None:
    asked = commanded(["/", *"They say", "enter", "J", *"0.5", SEND], "words: 0.5 of 1")
    assert (asked.word, asked.text, asked.number) == ("judge", "words", 0.5)


def test_what_is_no_number_is_said_and_can_be_mended() -> None:
    assert run(leading(), ["/", *"They say", "enter", "J", *"half", SEND], "'half' is no number") == []


def test_what_no_person_judges_is_not_judged() -> None:
    assert (
        run(leading(), ["/", *"page is taken", "enter", "J"], "choose an expectation first that a person judges") == []
    )


def test_time_is_paused_resumed_and_made_faster() -> None:
    assert commanded(["p"], "its time stands still", is_paused=True).word == "pause"
    standing = leading(drill=msgspec.structs.replace(NOW_OF_IT, is_paused=True))
    assert commanded(["p"], "its time goes on", standing).word == "resume"
    asked = commanded([">", SEND], "at 5x", speed=5)
    assert (asked.word, asked.number) == ("speed", 5.0)


@pytest.mark.parametrize(
    ("keys", "number"),
    [("2", 2.0), ("30", 30.0), (("backspace", "1", "0"), 10.0), (("right", "backspace", "2"), 2.0),
     ((" ", "backspace", "1"), 1.0), (("down", "6", "0"), 60.0)],
    ids=["typed", "typed on", "rubbed out", "an arrow", "a blank", "chosen"],
)  # fmt: skip
def test_a_number_that_is_typed_takes_the_place_of_the_one_that_stands_there(keys: Any, number: float) -> None:
    assert commanded([">", *keys, SEND], f"at {number:g}x", speed=number).number == number


def test_a_number_is_gone_on_with_where_a_key_says_so() -> None:
    refused = run(leading(), [">", "right", "0", SEND], "one of 1, 2, 5, 10, 30, 60")
    assert refused == []


def test_something_is_said_and_something_is_written_down() -> None:
    asked = commanded(["U", *"Who commands?", SEND], "everybody was told")
    assert (asked.word, asked.text) == ("say", "Who commands?")
    asked = commanded(["n", *"ann waits", SEND], "written down; players do not see it")
    assert (asked.word, asked.text) == ("note", "ann waits")


def test_it_is_ended_by_the_word_that_is_typed_for_it_and_by_no_key() -> None:
    assert run(leading(), ["X", "enter"], "type end, or Esc") == []
    assert commanded(["X", *"end", SEND], "the drill is over: opsconsole drill report drill-3").word == "end"


def test_a_player_takes_a_hint_and_is_told_what_it_cost() -> None:
    hint = wire.DrillHint(text="Look at the keys.", cost=10)
    assert [path for path, _ in run(playing(), ["h", SEND], "Look at the keys. (-10)", drill_hint=hint)] == [
        "drill/hint"
    ]
    assert run(playing(), ["h", "down", SEND], "no hint was taken") == []


def test_what_the_daemon_refuses_is_said() -> None:
    refused = RequestRefused("ann is a player of this drill and may not say", "A facilitator is named at its start.")
    run(leading(), ["U", *"hello", SEND], "ann is a player of this drill", drill_command=refused)


def test_who_looks_on_is_told_from_who_plays() -> None:
    now = msgspec.structs.replace(NOW_OF_IT, observers=("ben",))
    frame = frame_at(PAGE, leading(drill=now))
    assert row_with(frame, " ben ", LARGE).rstrip().endswith("looks on")
    assert "looks on" not in row_with(frame, " ann ", LARGE)


def test_nothing_is_to_come_of_a_drill_that_is_over() -> None:
    shown = text_of(frame_at(PAGE, over()), LARGE)
    assert "never told" in shown
    assert "to come" not in shown


# Who may ----------------------------------------------------------------------------------------------------------


def why_not(name: str, view: wire.DrillView | None, place: Place = PAGE) -> str:
    frame = frame_at(place, view) if view is not None else replace(frame_at(Place("fleet")), answers={})
    return unavailable(name, frame.state, frame)


def test_every_verb_of_a_drill_has_a_reason_where_it_cannot_run() -> None:
    assert set(VERBS) == {name for name in DEEDS if name in VERBS}
    for name in ONLY_LEADING:
        assert why_not(name, playing()) == "the facilitator's: eve"
        assert why_not(name, alone()) == ("" if name == "speed" else "the facilitator's, and nobody leads this drill")
    for name in ("pause", "end_drill"):
        assert why_not(name, playing()) == "the facilitator's: eve"
        assert why_not(name, alone()) == ""
    assert why_not("hint", playing()) == ""
    assert (
        why_not("judge", leading(plan=msgspec.structs.replace(PLAN, expected=())))
        == "nothing in this drill is for a person to judge"
    )
    assert why_not("hint", leading()) == "the players'"
    assert why_not("hint", alone(hints=0)) == "there is no hint now"
    for name in VERBS:
        assert why_not(name, over()) == "the drill is over: opsconsole drill report drill-3"
        assert why_not(name, live()) == "there is no drill here: opsconsole drill run starts one"
        assert why_not(name, None) == "D shows the drill, where there is one"


def test_the_last_line_names_what_this_person_does() -> None:
    keymap = Keymap()

    def named(view: wire.DrillView, cursor: str = "") -> list[str]:
        return [each.label for each in keymap.hints(CONTEXTS["drill"], frame_at(replace(PAGE, cursor=cursor), view))][
            :6
        ]

    assert named(leading()) == ["tell now", "say", "note", "pause", "speed", "end"]
    assert named(leading(), "e words")[:2] == ["judge", "say"]
    assert named(leading(), "e back")[:2] == ["say", "note"]
    assert named(playing())[:2] == ["hint", "open"]
    assert named(alone(is_paused=True))[:4] == ["resume", "speed", "hint", "end"]
    assert named(live())[0] == "open"


def test_a_players_keys_do_nothing_and_say_whose_they_are() -> None:
    for key in ("i", ">", "J", "U", "n", "p", "X"):
        assert run(playing(), [key], "the facilitator's: eve") == []


def test_a_plan_is_never_shown_that_was_not_sent() -> None:
    """The page of a player is made of what everybody may know alone."""
    assert playing().plan is None
    assert PLAN.title not in text_of(frame_at(PAGE, playing()))


def test_a_page_of_a_script_says_that_nobody_paces_it() -> None:
    now = msgspec.structs.replace(NOW_OF_IT, facilitators=(), players_stop=False)
    shown = text_of(frame_at(PAGE, playing(drill=now, here=())))
    assert "a script plays it" in shown
    assert not any(told in shown for told in ("at 4x", "alone", "led by", "a live one"))
    assert why_not("speed", playing(drill=now)) == "the facilitator's, and nobody leads this drill"
