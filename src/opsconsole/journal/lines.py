"""Files that only grow, by whole lines.

Always true here: when ``append`` returns, the line is on the disk (fsync); when it raises, nothing of the line is left
in the file, or the next ``append`` takes it out before it writes; bytes that somebody else put there or took away are
never written over.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from opsconsole.errors import JournalError

_LOOKS, _LOOK_EVERY_S = 5, 0.02


class LineFile:
    """One such file, and its one writer; not for several threads at once."""

    def __init__(self, path: Path) -> None:
        """Take up the file where it ends; what follows its last line end (the machine died there) is cut off."""
        self.path = path
        self._is_new = not path.exists()
        content = b"" if self._is_new else path.read_bytes()
        self._size = content.rfind(b"\n") + 1
        self._is_torn = False
        self.cut_bytes = len(content) - self._size
        """How much that was."""
        if self.cut_bytes:
            _truncate(path, self._size)

    def append(self, line: bytes) -> None:
        """Write one line, without its line end, and wait until it is on the disk.

        Raises JournalError when it cannot be written, or when the file is not as this writer left it.
        """
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                self._return_to_size(descriptor)
                self._is_torn = True
                try:
                    _write(descriptor, line + b"\n")
                    os.fsync(descriptor)
                    if self._is_new:
                        _sync_directory(self.path.parent)
                except BaseException:
                    with suppress(OSError):  # the next append tries this again, and says so if it cannot
                        self._return_to_size(descriptor)
                    raise
            finally:
                os.close(descriptor)
        except OSError as error:
            raise JournalError(
                f"{self.path}: a line could not be written ({error.strerror})",
                "Nothing of it is in the file. Free some space, or mend the disk, and try again.",
            ) from error
        self._size += len(line) + 1
        self._is_torn = self._is_new = False

    def mend(self) -> None:
        """Take out what an append that failed may have left; raises JournalError when that fails, too."""
        if not self._is_torn:
            return
        try:
            _truncate(self.path, self._size)
        except OSError as error:
            raise JournalError(
                f"{self.path}: half a line cannot be taken out ({error.strerror})", "Mend the disk, and try again."
            ) from error
        self._is_torn = False

    def _return_to_size(self, descriptor: int) -> None:
        """Take out what an append that failed has left; raises JournalError for what it did not write itself."""
        found = os.fstat(descriptor).st_size
        if self._is_torn:
            os.ftruncate(descriptor, self._size)
            os.fsync(descriptor)
            self._is_torn = False
        elif found != self._size:
            raise JournalError(
                f"{self.path}: {found:,} bytes instead of the {self._size:,} that were written",
                "Something else wrote into it: `opsconsole audit verify` names the line. It is not written over.",
            )


def whole_lines(path: Path) -> list[bytes]:
    """The lines of a file, without one that is not finished."""
    return path.read_bytes().split(b"\n")[:-1]


def settled(path: Path) -> bytes:
    """The content of a file that a daemon may be writing right now: a last line gets a moment to be finished."""
    for _ in range(_LOOKS):
        content = path.read_bytes()
        if not content or content.endswith(b"\n"):
            break
        time.sleep(_LOOK_EVERY_S)
    return content


def _write(descriptor: int, data: bytes) -> None:
    """All of it: a write may stop short, and the next one then says why."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _truncate(path: Path, size: int) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.ftruncate(descriptor, size)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
