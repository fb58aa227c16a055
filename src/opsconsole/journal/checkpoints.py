"""Signed checkpoints: now and then the daemon signs how far the journal has come.

Always true here: a checkpoint vouches for one event's line by its SHA-256, and through the chain for every event before
it; checkpoints stand in a file beside it, which only grows and is a chain of its own, so that a journal whose end was
cut off is found, too; since a key was made there is a checkpoint by it, so that a missing file is a finding.
``docs/decisions/0008-signed-checkpoints.md`` says what this protects against and what it does not.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec

from opsconsole.clock import Clock
from opsconsole.errors import JournalError
from opsconsole.journal.chain import Journal
from opsconsole.journal.keys import Keyring, Signer
from opsconsole.journal.lines import LineFile, settled, whole_lines
from opsconsole.journal.walk import GENESIS, digest_of, written

EVERY_EVENTS = 100
EVERY = timedelta(hours=1)


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """That the journal's event ``seq`` was this one."""

    seq: int
    """0: there was none yet."""
    hash: str
    """SHA-256 of the event's line, in hexadecimal."""
    at: str
    """ISO 8601, UTC, microseconds."""
    key: str
    """Fingerprint of the key that signed."""
    previous: str
    """SHA-256 of the checkpoint's line before, in hexadecimal."""
    signature: str = ""
    """Ed25519, in base64, over the line as it is without its signature."""

    @property
    def statement(self) -> bytes:
        """What is signed."""
        return b"opsconsole checkpoint\n" + msgspec.json.encode(msgspec.structs.replace(self, signature=""))


class Checkpoints:
    """Writes the checkpoints of one journal; on one thread at a time."""

    def __init__(self, file: Path, journal: Journal, signer: Signer, clock: Clock) -> None:
        """Go on where the file ends, or begin it with a key that was made just now.

        Raises JournalError when its last line is no checkpoint, or when it cannot be written.
        """
        self._journal, self._signer, self._clock = journal, signer, clock
        self._file = LineFile(file)
        lines = whole_lines(file) if file.exists() else []
        self._previous = digest_of(lines[-1]) if lines else GENESIS
        self._last = checkpoint_in(lines[-1], file, len(lines)) if lines else None
        if signer.is_new:
            self._sign(*journal.head)

    def write(self) -> bool:
        """Sign how far the journal has come; False where that was signed already.

        Raises JournalError when the file cannot be written.
        """
        seq, digest = self._journal.head
        if self._last is not None and (self._last.seq, self._last.hash) == (seq, digest):
            return False
        self._sign(seq, digest)
        return True

    def _sign(self, seq: int, digest: str) -> None:
        unsigned = Checkpoint(
            seq=seq,
            hash=digest,
            at=written(self._clock.now()),
            key=self._signer.fingerprint,
            previous=self._previous,
        )
        checkpoint = msgspec.structs.replace(unsigned, signature=self._signer.sign(unsigned.statement))
        line = msgspec.json.encode(checkpoint)
        self._file.append(line)
        self._last, self._previous = checkpoint, digest_of(line)

    def write_if_due(self) -> bool:
        """``write`` if there are events of another month, many events, or any and the last time is long ago."""
        if self._last is None:
            return self.write()
        now = self._clock.now()
        is_due = (
            self._journal.length - self._last.seq >= EVERY_EVENTS
            or self._last.at <= written(now - EVERY)
            or self._last.at[:7] != written(now)[:7]
        )
        return is_due and self.write()


class Signed(NamedTuple):
    """A checkpoint where it stands."""

    file: Path
    number: int
    checkpoint: Checkpoint

    def __str__(self) -> str:
        return f"{self.file}, line {self.number}"


def read_checkpoints(file: Path, keys: Keyring) -> list[Signed]:
    """Every checkpoint of a file, each checked: its chain, and its signature by one of these keys.

    Raises JournalError that names the first line that is not right.
    """
    previous, found = GENESIS, list[Signed]()
    content = settled(file).split(b"\n")
    for number, line in enumerate(content[:-1], 1):
        signed = Signed(file, number, checkpoint_in(line, file, number))
        if msgspec.json.encode(signed.checkpoint) != line:
            raise JournalError(f"{signed}: changed after it was written", _COMPARE)
        if not keys.has_signed(signed.checkpoint.key, signed.checkpoint.statement, signed.checkpoint.signature):
            known = signed.checkpoint.key in keys.fingerprints
            reason = "the signature is not of this checkpoint" if known else f"signed by {signed.checkpoint.key}"
            expected = f"expected one by {' or '.join(keys.fingerprints)} ({keys.where})"
            raise JournalError(f"{signed}: {reason}, {expected}", _COMPARE)
        if signed.checkpoint.previous != previous:
            raise JournalError(
                f"{signed}: does not follow the checkpoint before it (expected {previous}, "
                f"found {signed.checkpoint.previous}): checkpoints were removed, added or reordered",
                _COMPARE,
            )
        previous = digest_of(line)
        found.append(signed)
    if content[-1]:
        raise JournalError(f"{file}, line {len(content)}: not finished ({len(content[-1])} bytes)", _COMPARE)
    return found


_COMPARE = "Compare with a copy of the checkpoints that was kept elsewhere."


def checkpoint_in(line: bytes, file: Path, number: int) -> Checkpoint:
    try:
        return msgspec.json.decode(line, type=Checkpoint)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise JournalError(f"{file}, line {number}: not a checkpoint ({error})", _COMPARE) from error
