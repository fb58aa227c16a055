"""The runs that are kept at hand: of which checklist each is, and which of them go when there are too many."""

from __future__ import annotations

from pathlib import Path

import pytest
from makeshift import Room, written_list

from opsconsole.checklists import machine


def test_of_too_many_the_oldest_that_ended_are_forgotten_and_no_open_one(
    room: Room, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "MOST_RUNS", 3)
    written_list(own, "one", "say | type: manual")
    still_open = room.begin("one")
    ended = [room.do(room.begin("one"), "tick").id for _ in range(5)]
    assert set(room.book.state.runs) == {still_open.id, *ended[-2:]}
    room.open()
    assert set(room.book.state.runs) == {still_open.id, *ended[-2:]}, "after a restart as well"


def test_a_checklist_has_its_own_runs_and_no_others(room: Room, own: Path) -> None:
    for name in ("one", "other"):
        written_list(own, name, "say | type: manual")
    first, _, last = (room.begin(name) for name in ("one", "other", "one"))
    assert [run.id for run in room.book.state.of("one")] == [first.id, last.id]


def test_a_step_whose_checklist_cannot_be_begun_has_failed_and_says_why(room: Room, own: Path) -> None:
    written_list(own, "inner", "say | type: manual", more="params:\n  key: {type: string, required: true}\n")
    written_list(own, "outer", "sub | type: subchecklist; checklist: inner", "call | type: manual")
    run = room.begin("outer")
    assert (run.steps["sub"].word, "key" in run.steps["sub"].note) == ("failed", True)
