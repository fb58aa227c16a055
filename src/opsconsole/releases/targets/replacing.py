"""Replacing a file in one step: whoever reads it sees the old content or the new, never half of one.

Always true here: the new content is on the disk before it gets the file's name, and the name is on the disk before the
call returns; owner, mode and extended attributes stay; a link is followed, so it keeps pointing where it did; a file
that is no longer as it was seen is left alone.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_POLL_S = 0.02


@dataclass(frozen=True)
class Seen:
    """A file as it was at one moment."""

    path: Path
    """Without links."""
    inode: int
    changed_at: float
    content: bytes


def look(path: Path) -> Seen:
    """The file now; raises OSError."""
    real = Path(os.path.realpath(path))
    with real.open("rb") as file:
        status = os.fstat(file.fileno())
        return Seen(real, status.st_ino, status.st_mtime, file.read())


@contextlib.contextmanager
def locked(path: Path, timeout_s: float) -> Iterator[None]:
    """Hold the lock file beside this file, against others that do the same; raises TimeoutError."""
    real = Path(os.path.realpath(path))
    deadline = time.monotonic() + timeout_s
    descriptor = os.open(real.with_name(f".{real.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise TimeoutError(f"no lock within {timeout_s:g} s") from None
                time.sleep(_POLL_S)
        yield
    finally:
        os.close(descriptor)


def replace(seen: Seen, content: bytes) -> bool:
    """Put the content in the place of what was seen; False, and nothing is changed, when it is not there any more.

    Raises OSError, in which case nothing is changed either.
    """
    beside = seen.path.with_name(f".{seen.path.name}.new")
    beside.unlink(missing_ok=True)  # of a process that died in the middle; the lock says that no other is at work
    try:
        _write_like(seen.path, beside, content)
        if look(seen.path) != seen:
            return False
        beside.rename(seen.path)
        return True
    finally:
        beside.unlink(missing_ok=True)


def settle(path: Path) -> None:
    """Wait until the names in the file's directory are on the disk; raises OSError."""
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_like(model: Path, beside: Path, content: bytes) -> None:
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        status = model.stat()
        if status.st_nlink > 1:
            raise OSError(errno.EMLINK, "it has a second hard link, which would keep the old content")
        own = os.fstat(descriptor)
        if (own.st_uid, own.st_gid) != (status.st_uid, status.st_gid):
            os.fchown(descriptor, status.st_uid, status.st_gid)
        shutil.copystat(model, beside)
        file.write(content)
        file.flush()
        os.utime(descriptor)
        os.fsync(descriptor)
