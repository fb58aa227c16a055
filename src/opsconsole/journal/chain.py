"""The journal's file format and its one writer.

``journal/YYYY-MM.jsonl``, one event a line, each holding the SHA-256 of the line before it (of the month before, for a
month's first). Always true here: a line that was appended is on the disk (fsync) before ``append`` returns; no line is
ever rewritten; a torn last line (the machine died in the middle of it) is cut off on opening and the cut is itself
recorded.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from opsconsole.clock import Clock
from opsconsole.errors import JournalError

GENESIS = "0" * 64


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody or something did."""

    seq: int
    at: str
    """ISO 8601, UTC, microseconds."""
    actor: str
    """Unix user name, or the name of an automation."""
    kind: str
    """Past tense: ``baseline.set``, ``source.attached``, ``daemon.started``."""
    data: dict[str, Any]
    previous: str
    """SHA-256 of the line before, in hexadecimal."""


class Journal:
    """Appends to and reads from one directory; one process writes at a time (the daemon's lock sees to that)."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        """Open the journal, mend a torn tail, and continue its chain.

        Raises JournalError when its last whole line is no event.
        """
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory
        self._clock = clock
        self._seq, self._previous = 0, GENESIS
        files = _files(directory)
        self._newest: Path | None = files[-1] if files else None
        torn = _mend(files[-1]) if files else 0
        for file in reversed(files):
            if lines := file.read_bytes().splitlines():
                self._seq = _decode(lines[-1], file, len(lines)).seq
                self._previous = hashlib.sha256(lines[-1]).hexdigest()
                break
        if torn:
            self.append("opsconsole", "journal.mended", {"bytes_cut": torn})

    @property
    def length(self) -> int:
        """Events so far."""
        return self._seq

    def append(self, actor: str, kind: str, data: dict[str, Any]) -> Event:
        """Write one event and wait until it is on the disk."""
        now = self._clock.now()
        event = Event(
            seq=self._seq + 1,
            at=now.isoformat(timespec="microseconds"),
            actor=actor,
            kind=kind,
            data=data,
            previous=self._previous,
        )
        line = msgspec.json.encode(event)
        file = self._directory / f"{now:%Y-%m}.jsonl"
        if self._newest is not None:
            file = max(file, self._newest)  # a clock that was set back over a month's end must not break the chain
        is_new = file != self._newest
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, line + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            _sync_directory(self._directory)
            self._newest = file
        self._seq, self._previous = event.seq, hashlib.sha256(line).hexdigest()
        return event

    def events(self) -> Iterator[Event]:
        """Every event, oldest first: state is a fold over them."""
        for file in _files(self._directory):
            for number, line in enumerate(file.read_bytes().splitlines(), 1):
                yield _decode(line, file, number)


def verify(directory: Path) -> int:
    """Walk the chain; the number of events that it holds.

    Raises JournalError that names the file and the line where the chain is broken.
    """
    previous, seq = GENESIS, 0
    for file in _files(directory):
        for number, line in enumerate(file.read_bytes().splitlines(), 1):
            event = _decode(line, file, number)
            if event.previous != previous or event.seq != seq + 1:
                raise JournalError(
                    f"{file}, line {number}: the chain is broken (event {event.seq} does not follow event {seq})",
                    "This line or the one before it was changed after it was written: compare with a backup.",
                )
            previous, seq = hashlib.sha256(line).hexdigest(), event.seq
    return seq


def _files(directory: Path) -> list[Path]:
    return sorted(directory.glob("????-??.jsonl"))


def _decode(line: bytes, file: Path, number: int) -> Event:
    try:
        return msgspec.json.decode(line, type=Event)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise JournalError(f"{file}, line {number}: not an event ({error})", "Compare with a backup.") from error


def _mend(file: Path) -> int:
    """Cut a last line that has no line end; how many bytes that were."""
    data = file.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole == len(data):
        return 0
    os.truncate(file, whole)
    return len(data) - whole


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
