"""The journal's one writer.

Always true here: an event that was appended is on the disk (fsync) before ``append`` returns, and follows the one
before it whichever threads append; no line is ever rewritten; a torn last line is cut off on opening and the cut is
itself recorded, as is an append that failed.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from opsconsole.clock import Clock
from opsconsole.errors import JournalError
from opsconsole.journal.lines import LineFile, whole_lines
from opsconsole.journal.walk import GENESIS, Event, digest_of, event_in, month_files, walk, written

__all__ = ["GENESIS", "Event", "Journal"]

TAIL_EVENTS = 2_000
"""The newest events stay in memory: a view of the last hours reads no file."""
LARGEST_STEP_BACK = timedelta(days=1)
"""Events of a time range are looked for from the end backwards until so long before it: further back no clock is
set."""
_SELF = "opsconsole"


class Journal:
    """Appends to and reads from one directory; one process writes at a time (the daemon's lock sees to that)."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        """Open the journal, mend a torn tail, and continue its chain.

        Raises JournalError when its last whole line is no event.
        """
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory
        self._clock = clock
        self._lock = threading.Lock()
        self._seq, self._previous = 0, GENESIS
        self._failure: JournalError | None = None
        files = month_files(directory)
        self._file = LineFile(files[-1]) if files else None
        self._tail: deque[Event] = deque(maxlen=TAIL_EVENTS)
        with suppress(JournalError):  # whoever reads the files meets that line, and `audit verify` names it
            for event in islice(_newest_first(files), TAIL_EVENTS):
                self._tail.appendleft(event)
        for file in reversed(files):
            if lines := whole_lines(file):
                self._seq = event_in(lines[-1], file, len(lines)).seq
                self._previous = digest_of(lines[-1])
                break
        if self._file and self._file.cut_bytes:
            self.append(_SELF, "journal.mended", {"bytes_cut": self._file.cut_bytes})

    @property
    def length(self) -> int:
        """Events so far."""
        return self._seq

    @property
    def head(self) -> tuple[int, str]:
        """The newest event's number and the SHA-256 of its line: they vouch for every event before it."""
        with self._lock:
            return self._seq, self._previous

    def append(self, actor: str, kind: str, data: dict[str, Any]) -> Event:
        """Write one event and wait until it is on the disk; from any thread.

        Raises JournalError when it cannot be written; the journal is then as it was before, and the next append says
        that there was one that failed.
        """
        with self._lock:
            try:
                if self._failure is not None:
                    self._write(_SELF, "journal.mended", {"append_failed": self._failure.message})
                    self._failure = None
                return self._write(actor, kind, data)
            except JournalError as failure:
                self._failure = self._failure or failure
                raise

    def _write(self, actor: str, kind: str, data: dict[str, Any]) -> Event:
        now = self._clock.now()
        event = Event(seq=self._seq + 1, at=written(now), actor=actor, kind=kind, data=data, previous=self._previous)
        line = msgspec.json.encode(event)
        file = self._directory / f"{now:%Y-%m}.jsonl"
        # A clock that was set back over a month's end must not break the chain: hence no older file than the newest.
        if self._file is None or file > self._file.path:
            if self._file is not None:
                self._file.mend()
            self._file = LineFile(file)
        self._file.append(line)
        self._seq, self._previous = event.seq, digest_of(line)
        self._tail.append(event)
        return event

    def events(self, since_seq: int = 0) -> Iterator[Event]:
        """Every event after this one, oldest first: state is a fold over them, and goes on where it last stopped."""
        with self._lock:
            last, tail = self._seq, tuple(self._tail)
        if since_seq >= last:
            return iter(())
        if tail and tail[0].seq <= since_seq + 1:
            return (event for event in tail if event.seq > since_seq)
        places = walk(month_files(self._directory))
        return (place.event for place in places if since_seq < place.event.seq <= last)

    def between(self, start: datetime, end: datetime) -> list[Event]:
        """The events of a time range (from ``start`` on, before ``end``), oldest first."""
        with self._lock:
            last, tail = self._seq, tuple(self._tail)
        first, stop, far_enough = written(start), written(end), written(start - LARGEST_STEP_BACK)
        is_in_tail = bool(tail) and (tail[0].seq == 1 or tail[0].at < far_enough)
        found = []
        for event in reversed(tail) if is_in_tail else _newest_first(month_files(self._directory)):
            if event.at < far_enough:
                break
            if first <= event.at < stop and event.seq <= last:
                found.append(event)
        return found[::-1]


def _newest_first(files: list[Path]) -> Iterator[Event]:
    """Events from the end backwards."""
    for file in reversed(files):
        lines = whole_lines(file)
        for number in range(len(lines), 0, -1):
            yield event_in(lines[number - 1], file, number)
