"""A line that says ``TODO:`` is a follow-up, with its owner and its day."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from working import Room

from opsconsole import wire
from opsconsole.errors import UsageError
from opsconsole.incidents.followups import Found, harvest

WEDNESDAY = date(2026, 11, 25)


@pytest.mark.parametrize(
    ("note", "found"),
    [
        ("TODO: raise the limit", Found("raise the limit")),
        ("todo:raise the limit @ann", Found("raise the limit", "ann")),
        ("TODO: @ann-b. raise the limit", Found("raise the limit", "ann-b")),
        ("we saw it. TODO: raise the limit @ann due friday", Found("raise the limit", "ann", date(2026, 11, 27))),
        ("TODO: raise by wed", Found("raise", "", date(2026, 12, 2))),
        ("TODO: raise due tomorrow @bob.lee", Found("raise", "bob.lee", date(2026, 11, 26))),
        ("TODO: raise due 2026-12-01, please", Found("raise , please", "", date(2026, 12, 1))),
        ("TODO: raise due: in 3 days", Found("raise", "", date(2026, 11, 28))),
        ("TODO: raise in two weeks", Found("raise in two weeks")),
        ("TODO: raise due in 2 weeks", Found("raise", "", date(2026, 12, 9))),
        ("TODO: raise due 2026-02-31", Found("raise due 2026-02-31")),
        ("TODO: mail a@example.org", Found("mail a@example.org")),
        ("TODO: @ann", Found("@ann", "ann")),
        ("TODO: find out by whom", Found("find out by whom")),
    ],
)
def test_a_follow_up_is_read_from_its_line(note: str, found: Found) -> None:
    assert harvest(note, WEDNESDAY) == [found]


@pytest.mark.parametrize("note", ["nothing to do", "TODO:", "TODO:   ", "TODOS: x", "MYTODO: x", ""])
def test_other_lines_are_none(note: str) -> None:
    assert harvest(note, WEDNESDAY) == []


@given(st.text())
def test_no_note_breaks_the_reading(note: str) -> None:
    for found in harvest(f"TODO: {note}", WEDNESDAY):
        assert found.text


def test_each_line_is_one_and_they_keep_their_numbers(room: Room) -> None:
    room.open()
    room.note("TODO: one\nwe looked\nTODO: two @bob due friday")
    room.note("TODO: three")
    assert [(each.number, each.text, each.owner, each.due, each.source) for each in room.incident.follow_ups] == [
        (1, "one", "", None, "note"),
        (2, "two", "bob", date(2026, 11, 27), "note"),
        (3, "three", "", None, "note"),
    ]


def test_a_follow_up_is_added_changed_and_done_by_hand(room: Room) -> None:
    room.open()

    def change(**asked: object) -> wire.FollowUp:
        request = wire.ChangeFollowUp(incident="INC-1", **asked)  # type: ignore[arg-type]
        return room.conduct.change_follow_up("ann", request).follow_ups[0]

    assert change(text="raise the limit").source == "person"
    changed = change(number=1, owner="bob", due=date(2026, 12, 4))
    assert (changed.text, changed.owner, changed.due) == ("raise the limit", "bob", date(2026, 12, 4))
    done = change(number=1, is_done=True)
    assert (done.done_by, done.owner) == ("ann", "bob")
    with pytest.raises(UsageError, match="has no follow-up 2"):
        change(number=2, is_done=True)
    with pytest.raises(UsageError, match="says nothing"):
        change(text=" ")
