"""Exports that can be checked where the journal is not: a file of events, and beside it a signed statement about it.

Always true here: the statement holds the SHA-256 of the file's bytes, which events they are, and the journal's head
when it was made; exported JSON lines are the journal's own lines, byte for byte, so their chain can be walked, too.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from opsconsole.errors import JournalError
from opsconsole.journal.examine import chained
from opsconsole.journal.keys import Keyring, Signer
from opsconsole.journal.walk import GENESIS, Place, event_in, month_files, walk, written

Format = Literal["jsonl", "csv"]


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What an exported file is."""

    format: Format
    sha256: str
    """Of the file's bytes, in hexadecimal."""
    events: int
    first_seq: int
    last_seq: int
    """Both 0 where the file has no event."""
    previous: str
    """SHA-256 of the journal's line before the first, in hexadecimal."""
    head_seq: int
    head_hash: str
    """The journal's newest event when this was made, and the SHA-256 of its line."""
    made_at: str
    """ISO 8601, UTC."""
    key: str = ""
    """Fingerprint of the key that signed; empty where the journal's key was not at hand."""
    signature: str = ""

    @property
    def claim(self) -> bytes:
        """What is signed."""
        return b"opsconsole export\n" + msgspec.json.encode(msgspec.structs.replace(self, signature=""))


def statement_about(
    content: bytes, kind: Format, places: Sequence[Place], directory: Path, signer: Signer | None, now: datetime
) -> Statement:
    """What is said of the content of an export of these events of a journal's directory; unsigned without a key."""
    head = deque(walk(month_files(directory)), maxlen=1)
    unsigned = Statement(
        format=kind,
        sha256=hashlib.sha256(content).hexdigest(),
        events=len(places),
        first_seq=places[0].event.seq if places else 0,
        last_seq=places[-1].event.seq if places else 0,
        previous=places[0].event.previous if places else GENESIS,
        head_seq=head[0].event.seq if head else 0,
        head_hash=head[0].digest if head else GENESIS,
        made_at=written(now),
    )
    if signer is None:
        return unsigned
    named = msgspec.structs.replace(unsigned, key=signer.fingerprint)
    return msgspec.structs.replace(named, signature=signer.sign(named.claim))


def check_export(file: Path, statement_file: Path, keys: Keyring) -> Statement:
    """Is this file what its statement says, and was the statement signed with one of these keys?

    Raises JournalError that names the line, where the file is one of JSON lines.
    """
    try:
        content, text = file.read_bytes(), statement_file.read_bytes()
        statement = msgspec.json.decode(text, type=Statement)
    except OSError as error:
        raise JournalError(
            f"{error.filename}: {error.strerror}", "An export is two files: keep them together."
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise JournalError(f"{statement_file}: not the statement of an export ({error})", _AGAIN) from error
    if not keys.has_signed(statement.key, statement.claim, statement.signature):
        signer = statement.key or "nobody"
        expected = f"expected one by {' or '.join(keys.fingerprints)} ({keys.where})"
        raise JournalError(f"{statement_file}: not signed as it stands (signed by {signer}, {expected})", _AGAIN)
    if statement.format == "jsonl":
        _check_lines(file, content, statement)
    found = hashlib.sha256(content).hexdigest()
    if found != statement.sha256:
        raise JournalError(f"{file}: expected SHA-256 {statement.sha256}, found {found}: it was changed", _AGAIN)
    return statement


def _check_lines(file: Path, content: bytes, statement: Statement) -> None:
    lines = content.split(b"\n")[:-1]
    places = (Place(file, n, line, event_in(line, file, n)) for n, line in enumerate(lines, 1))
    vouched = {statement.head_seq: statement.head_hash}
    n = sum(1 for _ in chained(places, statement.previous, statement.first_seq - 1, vouched))
    if n != statement.events:
        raise JournalError(f"{file}: expected {statement.events:,} events, found {n:,}", _AGAIN)


_AGAIN = "Export it again, where the journal is."
