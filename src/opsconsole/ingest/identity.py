"""Which file is this? A log is known by its device, its inode and what it begins with, not by its name.

Always true here: the head is hashed over the *decompressed* stream, so a log and its rotated archive begin alike; a
head that was short when it was first seen is compared over that same length later, so growing never changes an
identity.
"""

from __future__ import annotations

import hashlib
import os

import msgspec

from opsconsole.ingest.readers import Reader, open_source

HEAD_BYTES = 4_096


class Identity(msgspec.Struct, frozen=True):
    """What a checkpoint remembers of a file."""

    device: int
    inode: int
    head_length: int
    """Bytes of the decompressed stream that were hashed: 4,096, or all there were."""
    head_sha256: str


def identify(source: Reader | str | os.PathLike[str]) -> Identity:
    """The identity of a file as it is now; raises InputError when it cannot be opened."""
    if not isinstance(source, Reader):
        with open_source(source) as reader:
            return identify(reader)
    head = source.head(HEAD_BYTES)
    status = source.status()
    return Identity(status.st_dev, status.st_ino, len(head), hashlib.sha256(head).hexdigest())


def same_content(known: Identity, source: Reader | str | os.PathLike[str]) -> bool:
    """Does this file begin as the known one did? Every file begins like one that was empty when it was first seen."""
    if not isinstance(source, Reader):
        with open_source(source) as reader:
            return same_content(known, reader)
    head = source.head(known.head_length)
    return len(head) == known.head_length and hashlib.sha256(head).hexdigest() == known.head_sha256
