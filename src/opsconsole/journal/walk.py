"""The journal's file format, as it is read.

``journal/YYYY-MM.jsonl``, one event a line, each holding the SHA-256 of the line before it (of the month before, for a
month's first). Always true here: nothing is written; a last line that is not finished is no event yet; a line that is
no event is named with its file and its number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from opsconsole.errors import JournalError
from opsconsole.journal.lines import whole_lines

GENESIS = "0" * 64
"""What the first line holds for the one before it."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody or something did."""

    seq: int
    at: str
    """ISO 8601, UTC, microseconds: in this form earlier is smaller."""
    actor: str
    """Unix user name, or the name of an automation; on a shared account ``ops (ann, SHA256:…)``."""
    kind: str
    """Past tense: ``baseline.set``, ``source.attached``, ``daemon.started``."""
    data: dict[str, Any]
    previous: str
    """SHA-256 of the line before, in hexadecimal."""


class Place(NamedTuple):
    """An event where it stands."""

    file: Path
    number: int
    """Of the line, from 1 on."""
    line: bytes
    event: Event

    @property
    def digest(self) -> str:
        return digest_of(self.line)

    def __str__(self) -> str:
        return f"{self.file}, line {self.number}"


def digest_of(line: bytes) -> str:
    """SHA-256 of a line without its line end, in hexadecimal."""
    return hashlib.sha256(line).hexdigest()


def written(moment: datetime) -> str:
    """A moment as events say it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def month_files(directory: Path, since: str = "") -> list[Path]:
    """The journal's files, oldest first; with ``since`` (``2026-01…``) without those of months before."""
    return [file for file in sorted(directory.glob("????-??.jsonl")) if file.stem >= since[:7]]


def walk(files: Iterable[Path]) -> Iterator[Place]:
    """Every event of these files; raises JournalError for a line that is none."""
    for file in files:
        for number, line in enumerate(whole_lines(file), 1):
            yield Place(file, number, line, event_in(line, file, number))


def event_in(line: bytes, file: Path, number: int) -> Event:
    try:
        return msgspec.json.decode(line, type=Event)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise JournalError(f"{file}, line {number}: not an event ({error})", "Compare with a backup.") from error
