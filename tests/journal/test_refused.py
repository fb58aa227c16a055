"""Refusals in the journal: each is counted, and nobody can fill it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from opsconsole.clock import ManualClock
from opsconsole.errors import JournalError
from opsconsole.journal import Journal
from opsconsole.journal.book import Book
from opsconsole.journal.refused import MOST_OF_ALL, MOST_OF_ONE, Refused

START = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


class Room:
    """Refusals on a journal of their own; ``is_full`` is its disk."""

    def __init__(self, directory: Path) -> None:
        self.clock = ManualClock(START)
        self.journal = Journal(directory, self.clock)
        self.book = Book(self.journal.append, lambda state, event: state, None)
        self.is_full = False
        self.refused = Refused(self.note, self.clock)

    def note(self, actor: str, kind: str, **data: object) -> None:
        if self.is_full:
            raise JournalError("no space left on the device")
        self.book.note(actor, kind, **data)

    def refuse(self, actor: str = "eve", why: str = "may not look") -> None:
        self.refused.tell(actor, "request.refused", (why,), why=why)

    def told(self) -> list[tuple[str, str, int]]:
        return [(each.actor, each.data["why"], each.data.get("times", 1)) for each in self.journal.events()]


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path / "journal")


def test_the_first_is_written_at_once_and_those_that_repeat_it_as_a_number(room: Room) -> None:
    for _ in range(1_000):
        room.refuse()
    assert room.told() == [("eve", "may not look", 1)]
    room.refused.catch_up()
    assert len(room.told()) == 1, "a minute is not over"
    room.clock.advance(60)
    room.refused.catch_up()
    assert room.told()[1:] == [("eve", "may not look", 999)]
    room.clock.advance(60)
    room.refused.catch_up()
    room.refuse()
    assert room.told()[2:] == [("eve", "may not look", 1)]


def test_others_and_other_things_are_events_of_their_own(room: Room) -> None:
    room.refuse()
    room.refuse("bob")
    room.refuse(why="may not stop the daemon")
    assert [each[:2] for each in room.told()] == [
        ("eve", "may not look"), ("bob", "may not look"), ("eve", "may not stop the daemon"),
    ]  # fmt: skip


def test_whoever_asks_for_ever_other_things_writes_no_more_than_a_few(room: Room) -> None:
    for i in range(1_000):
        room.refuse(why=f"may not do {i}")
    assert len(room.told()) == MOST_OF_ONE + 1
    room.refuse("bob")
    assert room.told()[-1][0] == "bob"
    room.refused.catch_up(is_last=True)
    assert sum(times for *_, times in room.told()) == 1_001, "and each is counted"


def test_whoever_takes_ever_other_names_writes_no_more_either(room: Room) -> None:
    for i in range(1_000):
        room.refuse(f"ops (SHA256:{i})")
    assert len(room.told()) == MOST_OF_ALL + 1
    room.refused.catch_up(is_last=True)
    assert sum(times for *_, times in room.told()) == 1_000


def test_what_the_disk_does_not_take_is_written_down_later(room: Room) -> None:
    room.is_full = True
    room.refuse()
    room.refuse()
    assert room.told() == []
    room.is_full = False
    room.refused.catch_up()
    assert room.told() == [("eve", "may not look", 2)]
