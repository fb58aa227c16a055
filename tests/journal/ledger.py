"""A journal with its checkpoints in a directory, as a daemon keeps them, and hands that tamper with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from opsconsole.clock import ManualClock
from opsconsole.home import Home
from opsconsole.journal import Event, Journal
from opsconsole.journal.checkpoints import Checkpoints
from opsconsole.journal.examine import Examined, examine
from opsconsole.journal.keys import Keyring, Signer
from opsconsole.journal.walk import GENESIS, digest_of, month_files

START = datetime(2026, 1, 31, 23, 0, tzinfo=UTC)
FIRST, SECOND = "2026-01.jsonl", "2026-02.jsonl"


@dataclass
class Ledger:
    """What a daemon keeps open."""

    home: Home
    clock: ManualClock
    journal: Journal
    checkpoints: Checkpoints

    @classmethod
    def opened(cls, directory: Path, at: datetime = START) -> Ledger:
        home, clock = Home(directory), ManualClock(at)
        directory.mkdir(exist_ok=True)
        journal = Journal(home.journal, clock)
        signer = Signer(home.journal_key, home.journal_public_key)
        return cls(home, clock, journal, Checkpoints(home.checkpoints, journal, signer, clock))

    def note(self, n: int, *, minutes: float = 30) -> Ledger:
        """``n`` events, so many minutes apart."""
        for i in range(n):
            self.journal.append("ann", "note.written", {"text": f"event {i}\n\u2028", "n": i})
            self.clock.advance(minutes * 60)
        return self

    def sign(self) -> Ledger:
        self.checkpoints.write()
        return self


def kept(directory: Path) -> Home:
    """Six events from January into February, two of each signed for, the last as well."""
    ledger = Ledger.opened(directory)
    for _ in range(3):
        ledger.note(2).sign()
    return ledger.home


def examined(home: Home, keys: Path | None = None, checkpoints: Path | None = None) -> Examined:
    return examine(home.journal, checkpoints or home.checkpoints, Keyring.read(keys or home.journal_public_key))


def lines(file: Path) -> list[bytes]:
    return file.read_bytes().splitlines(keepends=True)


def rewritten(home: Home, change: Callable[[list[Event]], list[Event]]) -> None:
    """What somebody without the key can do: change events, and number and chain all of them anew."""
    files = month_files(home.journal)
    events = [msgspec.json.decode(line, type=Event) for file in files for line in lines(file)]
    previous, out = GENESIS, dict[str, list[bytes]]()
    for seq, event in enumerate(change(events), 1):
        line = msgspec.json.encode(msgspec.structs.replace(event, seq=seq, previous=previous))
        previous = digest_of(line)
        out.setdefault(f"{event.at[:7]}.jsonl", []).append(line + b"\n")
    for file in files:
        file.unlink()
    for name, content in out.items():
        (home.journal / name).write_bytes(b"".join(content))


def seq_of(line: bytes) -> int:
    return int(json.loads(line)["seq"])
