"""Appending: from any thread, through a full disk and a killed process, the chain stays whole and nothing is lost."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger import FIRST, SECOND, START, Ledger, kept, lines

from opsconsole.clock import ManualClock
from opsconsole.errors import JournalError
from opsconsole.journal import Journal, verify
from opsconsole.journal import chain as chain_module
from opsconsole.journal import lines as lines_module


def test_eight_threads_append_to_one_chain(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", ManualClock(START))
    numbers: list[list[int]] = [[] for _ in range(8)]

    def work(who: int) -> None:
        for i in range(25):
            numbers[who].append(journal.append(f"thread {who}", "note.written", {"i": i}).seq)

    threads = [threading.Thread(target=work, args=(who,)) for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verify(tmp_path / "journal") == journal.length == 200
    assert sorted(n for own in numbers for n in own) == list(range(1, 201))
    assert all(own == sorted(own) for own in numbers)
    written = [(event.actor, event.data["i"]) for event in Journal(tmp_path / "journal", ManualClock(START)).events()]
    assert {who: [i for name, i in written if name == who] for who, _ in written} == {
        f"thread {who}": list(range(25)) for who in range(8)
    }


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_an_append_that_fails_leaves_nothing_and_the_next_one_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    ledger = Ledger.opened(tmp_path / "home").note(2, minutes=1)
    (file,) = ledger.home.journal.iterdir()
    before = file.read_bytes()
    real = getattr(os, call)

    def failing(descriptor: int, *rest: object) -> int:
        if call == "write":
            real(descriptor, b'{"seq":3,"at":"202')  # a short write, and then a full disk
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(lines_module.os, call, failing)
        with pytest.raises(JournalError, match="No space left on device") as refused:
            ledger.journal.append("ann", "release.applied", {})
    assert "try again" in refused.value.remedy
    assert ledger.journal.length == 2
    ledger.note(1)
    assert file.read_bytes().startswith(before)
    events = list(ledger.journal.events())
    assert [event.kind for event in events] == ["note.written", "note.written", "journal.mended", "note.written"]
    assert "No space left on device" in events[2].data["append_failed"]
    assert verify(ledger.home.journal) == 4


def test_what_cannot_be_taken_out_at_once_is_taken_out_before_anything_else_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger.opened(tmp_path / "home").note(2, minutes=1)
    real = os.write

    def half(descriptor: int, data: bytes) -> int:
        real(descriptor, bytes(data)[:9])
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def refused(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(lines_module.os, "write", half)
        patch.setattr(lines_module.os, "ftruncate", refused)
        for _ in range(2):
            with pytest.raises(JournalError, match="Input/output error"):
                ledger.journal.append("ann", "note.written", {})
    assert lines(ledger.home.journal / FIRST)[-1] == b'{"seq":3,'
    ledger.clock.advance(3600)  # the next append is the first of another month
    ledger.note(1)
    assert verify(ledger.home.journal) == 4
    assert len(lines(ledger.home.journal / FIRST)) == len(lines(ledger.home.journal / SECOND)) == 2


def test_a_short_write_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(lines_module.os, "write", lambda descriptor, data: real(descriptor, bytes(data)[:7]))
    Ledger.opened(tmp_path / "home").note(3)
    assert verify(tmp_path / "home" / "journal") == 3


def test_a_real_limit_on_the_files_size_breaks_no_chain(tmp_path: Path) -> None:
    program = f"""
import resource, sys
from datetime import UTC, datetime
from pathlib import Path
from opsconsole.clock import ManualClock
from opsconsole.errors import JournalError
from opsconsole.journal import Journal
journal = Journal(Path({str(tmp_path / "journal")!r}), ManualClock(datetime(2026, 1, 1, tzinfo=UTC)))
unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, unlimited[1]))
appended = failed = 0
while failed < 3:
    try:
        journal.append("ann", "note.written", {{"n": appended}})
        appended += 1
    except JournalError:
        failed += 1
resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
journal.append("ann", "note.written", {{"n": appended}})
print(appended)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    appended = int(done.stdout)
    assert appended > 0
    kinds = [event.kind for event in Journal(tmp_path / "journal", ManualClock(START)).events()]
    assert kinds == ["note.written"] * appended + ["journal.mended", "note.written"]
    assert verify(tmp_path / "journal") == appended + 2


def test_what_somebody_else_wrote_into_the_file_is_not_written_over(tmp_path: Path) -> None:
    ledger = Ledger.opened(tmp_path / "home").note(1)
    file = ledger.home.journal / FIRST
    with file.open("ab") as other:
        other.write(b"by hand\n")
    with pytest.raises(JournalError, match=r"2026-01\.jsonl: .* instead of"):
        ledger.note(1)
    assert file.read_bytes().endswith(b"by hand\n")


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(1, 400))
def test_a_tail_torn_at_any_byte_is_mended_and_the_cut_recorded(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    directory = tmp_path_factory.mktemp("home")
    home = kept(directory)
    file = home.journal / SECOND
    whole = file.read_bytes()
    last = lines(file)[-1]
    torn = whole[: -1 - cut % (len(last) - 1)]
    file.write_bytes(torn)
    again = Ledger.opened(directory, START + timedelta(days=2))
    (mended,) = again.journal.events(5)
    assert (mended.kind, mended.data) == ("journal.mended", {"bytes_cut": len(torn) - len(whole) + len(last)})
    assert verify(home.journal) == again.journal.length == 6


def test_a_process_that_is_killed_while_it_appends_keeps_every_event_whose_append_returned(tmp_path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from opsconsole.clock import SystemClock
from opsconsole.journal import Journal
journal = Journal(Path({str(tmp_path / "journal")!r}), SystemClock())
for n in range(1_000_000):
    journal.append("ann", "note.written", {{"n": n, "filling": "x" * (n % 3000)}})
    sys.stdout.write(f"{{n}}\\n")
    sys.stdout.flush()
"""
    for _ in range(3):
        running = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
        assert running.stdout is not None
        for _ in range(20):
            running.stdout.readline()
        running.send_signal(signal.SIGKILL)
        rest = running.stdout.read().splitlines()
        running.wait()
        running.stdout.close()
        returned = 20 + len(rest) - (0 if not rest or rest[-1].isdigit() else 1)
        journal = Journal(tmp_path / "journal", ManualClock(datetime.now(UTC)))
        own = [event for event in journal.events() if event.kind == "note.written"]
        since = max(i for i, event in enumerate(own) if event.data["n"] == 0)
        assert len(own) - since >= returned
        assert verify(tmp_path / "journal") == journal.length


def test_a_fold_goes_on_where_it_stopped_without_reading_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger.opened(tmp_path / "home").note(6)
    seen = [event.seq for event in ledger.journal.events()]
    monkeypatch.setattr(chain_module, "whole_lines", _unread)
    monkeypatch.setattr("opsconsole.journal.walk.whole_lines", _unread)
    ledger.note(2)
    assert [event.seq for event in ledger.journal.events(seen[-1])] == [7, 8]
    assert list(ledger.journal.events(8)) == []
    inside = ledger.journal.between(START + timedelta(minutes=30), START + timedelta(minutes=90))
    assert [event.seq for event in inside] == [2, 3]


def _unread(path: Path) -> list[bytes]:
    raise AssertionError(f"{path} was read")


@settings(max_examples=25, deadline=None)
@given(since=st.integers(0, 45), start=st.integers(-60, 3000), length=st.integers(0, 3000), tail=st.integers(1, 50))
def test_folds_and_time_ranges_are_the_same_from_memory_and_from_files(
    tmp_path_factory: pytest.TempPathFactory, since: int, start: int, length: int, tail: int
) -> None:
    """Whatever the tail holds, over months' ends and a clock that is set back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chain_module, "TAIL_EVENTS", tail)
        ledger = Ledger.opened(tmp_path_factory.mktemp("home"))
        ledger.note(20, minutes=60).clock.advance(-5 * 3600)
        ledger.note(20, minutes=60)
    everything = [json.loads(line) for file in sorted(ledger.home.journal.iterdir()) for line in lines(file)]
    assert [event.seq for event in ledger.journal.events(since)] == [e["seq"] for e in everything if e["seq"] > since]
    first, end = START + timedelta(minutes=start), START + timedelta(minutes=start + length)
    wanted = [e["seq"] for e in everything if first <= datetime.fromisoformat(e["at"]) < end]
    for journal in (ledger.journal, Journal(ledger.home.journal, ledger.clock)):
        assert [event.seq for event in journal.between(first, end)] == wanted
