"""Keys in a script: typed on a console of the person's own, and told where they did nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from rehearsing import SMALL, small
from textual.keys import Keys

from opsconsole.console.grammar.actions import ACTIONS
from opsconsole.daemon.drilling.playing import play, replay
from opsconsole.drills.archive import Archive
from opsconsole.drills.keys import NAMES, size_of, words_of
from opsconsole.drills.script import ScriptLine

LEFT_UNDONE = (
    ("X", "'X' does nothing here"),
    ('b "xy"', "another key: nothing was done (1 more key not typed)"),
    ("b", "a plan is still open"),
    ('escape / "find" enter', ""),
    ("A m", "choose an alert first"),
    (': "nonsense" enter', "there is no command 'nonsense'. Did you mean unsilence?"),
    ('escape I i "chat fails"', "a form is still open, which asks: what is wrong"),
    ("escape ctrl+c A", "the console was left (1 more key not typed)"),
    ("A", ""),
)
"""Keys of one person, and what is told of them."""


def test_what_keys_leave_undone_is_told_and_the_rest_of_the_line_is_not_typed(room: Path) -> None:
    lines = [ScriptLine(at=f"+{10 + n}s", by="ann", keys=keys) for n, (keys, _) in enumerate(LEFT_UNDONE)]
    run = Archive(room / "undone").new("small")
    done = play(small(SMALL.replace("length: 4m", "length: 30s")), run, tuple(lines), 42, beat_s=30)
    told = {each["run"]: each["told"] for each in done.spoken}
    assert told == {f"keys {keys}": words for keys, words in LEFT_UNDONE if words}
    assert {each["exit_code"] for each in done.spoken} == {2}
    assert {each.kind for each in run.log() if each.actor == "ann"} == set()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('r "chat-assist" enter', (("r",), tuple("chat-assist"), ("enter",))),
        ("/ ' \" ' shift+tab", (("/",), (" ", '"', " "), ("shift+tab",))),
        ("  ?   G ", (("?",), ("G",))),
    ],
)
def test_keys_are_names_characters_and_text_in_quotes(text: str, words: tuple[tuple[str, ...], ...]) -> None:
    assert words_of(text) == words


def test_every_key_of_the_console_can_be_written_and_every_name_is_textuals() -> None:
    for action in ACTIONS:
        for key in action.keys:
            assert len(key) == 1 or words_of(key) == ((key,),)
    assert set(NAMES) <= {key.value for key in Keys}


def test_size_is_that_of_a_terminal_unless_one_is_written() -> None:
    assert (size_of(""), size_of("160x50")) == ((80, 24), (160, 50))


def test_a_script_opens_the_drill_takes_a_hint_and_stops_nothing(room: Path) -> None:
    text = SMALL.replace("length: 4m", "length: 40s") + (
        "hints: [{after: +5s, text: Look at the versions., cost: 7}, {after: +30s, text: Now., cost: 3}]\n"
    )
    keys = ("D h enter", "h", "X", ">")
    lines = tuple(ScriptLine(at=f"+{10 + n}s", by="ann", keys=each) for n, each in enumerate(keys))
    run = Archive(room / "hinted").new("small")
    done = play(small(text), run, lines, 42)
    assert {each["run"]: each["told"] for each in done.spoken} == {
        "keys h": "there is no hint now",
        "keys X": "the facilitator's, and nobody leads this drill",
        "keys >": "the facilitator's, and nobody leads this drill",
    }
    (lapse,) = done.score.lapses
    assert (lapse.by, lapse.points, lapse.t) == ("ann", 7.0, 10.0)
    assert replay(run, Archive(room / "hinted").new("small")).differs_at is None
