"""Digests of files and directories.

Always true here: a file's digest is the SHA-256 of its bytes; a directory's is the SHA-256 of what ``sha256sum`` prints
of its files in the order of their names, so that a shell can count it again::

    find -L . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum | sha256sum
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from opsconsole.errors import InputError

_CHUNK_BYTES = 1 << 20

Told = Callable[[int, int], None]
"""Is told (bytes hashed, bytes in all) now and then."""


def nobody(done: int, total: int) -> None:
    """For whoever does not want to be told."""


def digest_of(path: Path, told: Told = nobody) -> str:
    """``sha256:…`` of a file, ``sha256tree:…`` of a directory.

    Raises InputError when it cannot be read, is empty of files, or has names that no listing can hold.
    """
    try:
        if path.is_dir():
            return f"sha256tree:{_of_tree(path, told)}"
        total = path.stat().st_size
        return f"sha256:{_of_file(path, lambda done: told(done, total))}"
    except OSError as error:
        raise InputError(f"{error.filename or path} cannot be hashed: {error.strerror}", "Check the path.") from error


def _of_file(path: Path, told: Callable[[int], None]) -> str:
    sum_, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            sum_.update(chunk)
            done += len(chunk)
            told(done)
    return sum_.hexdigest()


def _of_tree(root: Path, told: Told) -> str:
    names = sorted(_files(root))
    if not names:
        raise InputError(f"{root} holds no file", "Name a directory with the files of the part.")
    sizes = [(root / os.fsdecode(name)).stat().st_size for name in names]
    total, before, listing = sum(sizes), 0, hashlib.sha256()
    for name, size in zip(names, sizes, strict=True):
        if any(byte in name for byte in b"\\\n\r"):
            raise InputError(f"{root}: a file's name cannot stand in a listing: {name!r}", "Rename it.")
        sum_ = _of_file(root / os.fsdecode(name), lambda done, before=before: told(before + done, total))  # type: ignore[misc]
        listing.update(sum_.encode() + b"  ./" + name + b"\n")
        before += size
    return listing.hexdigest()


def _files(root: Path) -> Iterator[bytes]:
    """Names relative to the root, as bytes, of all that is a file when links are followed."""
    ways = {root.resolve()}
    waiting = [(root, ways)]
    while waiting:
        directory, above = waiting.pop()
        with os.scandir(directory) as entries:
            found = list(entries)
        for entry in found:
            path = Path(entry.path)
            if entry.is_dir():
                real = path.resolve()
                if real in above:
                    raise InputError(f"{path} leads back to where it is in", "Remove the link.")
                waiting.append((path, above | {real}))
            elif entry.is_file():
                yield os.fsencode(path.relative_to(root))
