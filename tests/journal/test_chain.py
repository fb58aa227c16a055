"""The journal: what was written stays, and whoever changes it is found out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsconsole.clock import ManualClock
from opsconsole.errors import JournalError
from opsconsole.journal import Event, Journal, verify

START = datetime(2026, 1, 31, 23, 0, tzinfo=UTC)


def filled(directory: Path, n: int = 6, hours: float = 0.5) -> Journal:
    """Events from January into February."""
    clock = ManualClock(START)
    journal = Journal(directory, clock)
    for i in range(n):
        journal.append("ann", "note.written", {"text": f"event {i}\n\u2028", "n": i})
        clock.advance(hours * 3600)
    return journal


def test_events_come_back_as_they_were_written(tmp_path: Path) -> None:
    journal = filled(tmp_path / "journal")
    events = list(journal.events())
    assert [event.data["n"] for event in events] == list(range(6))
    assert [event.seq for event in events] == [1, 2, 3, 4, 5, 6]
    assert events[0].at == "2026-01-31T23:00:00.000000+00:00"
    assert journal.length == verify(tmp_path / "journal") == 6


def test_the_chain_goes_on_over_a_months_end_and_a_restart(tmp_path: Path) -> None:
    directory = tmp_path / "journal"
    filled(directory)
    assert [file.name for file in sorted(directory.iterdir())] == ["2026-01.jsonl", "2026-02.jsonl"]
    again = Journal(directory, ManualClock(START + timedelta(days=40)))
    assert again.length == 6
    again.append("bob", "note.written", {})
    assert [file.name for file in sorted(directory.iterdir())][-1] == "2026-03.jsonl"
    assert verify(directory) == 7


def test_a_clock_that_is_set_back_over_a_months_end_breaks_no_chain(tmp_path: Path) -> None:
    directory = tmp_path / "journal"
    filled(directory)
    for _ in range(2):
        journal = Journal(directory, ManualClock(START))
        journal.append("ann", "note.written", {})
    assert verify(directory) == 8


def test_the_journal_is_for_its_owner_alone_and_readable_with_less(tmp_path: Path) -> None:
    directory = tmp_path / "journal"
    filled(directory)
    assert directory.stat().st_mode & 0o777 == 0o700
    for file in directory.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600
        for line in file.read_text().split("\n")[:-1]:
            assert {"seq", "at", "actor", "kind", "data", "previous"} == json.loads(line).keys()


@settings(max_examples=80, deadline=None)
@given(where=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_a_changed_byte_is_found_with_its_file_and_line(
    tmp_path_factory: pytest.TempPathFactory, where: float, flip: int
) -> None:
    directory = tmp_path_factory.mktemp("journal")
    filled(directory)
    file = directory / "2026-01.jsonl"
    data = bytearray(file.read_bytes())
    place = int(where * len(data))
    line = data[:place].count(b"\n") + 1
    data[place] ^= flip
    file.write_bytes(data)
    with pytest.raises(JournalError) as found:
        verify(directory)
    n_lines = filled_lines(directory)
    after = ("2026-01.jsonl", line + 1) if line < n_lines else ("2026-02.jsonl", 1)
    named = [f"{name}, line {number}:" for name, number in (("2026-01.jsonl", line), after)]
    assert any(each in found.value.message for each in named), (found.value.message, named)


def filled_lines(directory: Path) -> int:
    """Lines of the first month, before it was tampered with."""
    first_of_february = json.loads((directory / "2026-02.jsonl").read_bytes().splitlines()[0])
    return int(first_of_february["seq"]) - 1


@pytest.mark.parametrize("drop", [0, 1, 2])
def test_a_line_that_was_taken_out_is_found(tmp_path: Path, drop: int) -> None:
    directory = tmp_path / "journal"
    filled(directory)
    file = directory / "2026-02.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    del lines[drop]
    file.write_bytes(b"".join(lines))
    with pytest.raises(JournalError, match=rf"2026-02\.jsonl, line {drop + 1}"):
        verify(directory)


@settings(max_examples=30, deadline=None)
@given(cut=st.integers(1, 150))
def test_a_torn_tail_is_cut_off_and_the_cut_is_recorded(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    directory = tmp_path_factory.mktemp("journal")
    filled(directory)
    file = directory / "2026-02.jsonl"
    whole = file.read_bytes()
    last = whole.splitlines(keepends=True)[-1]
    file.write_bytes(whole[: -min(cut, len(last) - 1)])
    mended = Journal(directory, ManualClock(START + timedelta(days=2)))
    events = list(mended.events())
    assert [event.kind for event in events] == ["note.written"] * 5 + ["journal.mended"]
    assert events[-1].data == {"bytes_cut": len(last) - min(cut, len(last) - 1)}
    assert verify(directory) == mended.length == 6


def test_a_last_line_that_is_no_event_is_not_built_upon(tmp_path: Path) -> None:
    directory = tmp_path / "journal"
    filled(directory)
    with (directory / "2026-02.jsonl").open("ab") as file:
        file.write(b"what is this\n")
    with pytest.raises(JournalError, match=r"2026-02\.jsonl, line 5"):
        Journal(directory, ManualClock(START))


def test_an_empty_journal_is_whole(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", ManualClock(START))
    assert (journal.length, list(journal.events()), verify(tmp_path / "journal")) == (0, [], 0)
    assert isinstance(journal.append("ann", "note.written", {}), Event)
