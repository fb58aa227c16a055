"""Bytes to the terminal, written by a thread of their own, so that a stalled link never stops the console.

Always true here: ``write`` returns at once and ``flush`` within two milliseconds, whatever the link does, and what was
written goes out whole and in order; how much there is to write is bounded by the governor, which lets no frame be
painted while one is unwritten. It takes the place of Textual's own writer, whose queue of thirty pieces blocks the
whole program when it is full; where a later Textual has another writer than the one known here, that one is kept.
"""

from __future__ import annotations

import inspect
import os
import select
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TextIO

from textual.drivers._writer_thread import WriterThread

from opsconsole.console.governor import Governor

CHUNK_BYTES = 1024
"""Written at once: small enough to see how fast a slow link takes it."""

LEAVE_WITHIN_S = 2.0
"""How long a terminal that takes no bytes may delay the end of the program."""

HAND_OVER_S = 0.002
"""How long a frame that is complete is waited for. Python runs one thread at a time, and one that goes on computing
keeps the others off for five milliseconds and more: a link that takes the bytes gets them before that."""

_KNOWN_METHODS = frozenset({"__init__", "write", "isatty", "fileno", "flush", "run", "stop"})


class Outlet(threading.Thread):
    """What Textual's driver writes to."""

    def __init__(self, file: TextIO, governor: Governor, on_drained: Callable[[], None]) -> None:
        super().__init__(daemon=True, name="outlet")
        self._file = file
        self._governor = governor
        self._on_drained = on_drained
        self._pieces: deque[bytes | None] = deque()
        self._has_more = threading.Semaphore(0)
        self._is_idle = threading.Event()
        self._is_idle.set()

    def write(self, text: str) -> None:
        data = text.encode(self._file.encoding or "utf-8", "replace")
        if data:
            self._governor.queued(len(data))
            self._put(data)

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._file.fileno()

    def flush(self) -> None:
        """Let the thread write what there is, if the link takes it at once."""
        self._is_idle.wait(HAND_OVER_S)

    def stop(self) -> None:
        """Write what is left, and end."""
        self._put(None)
        self.join(LEAVE_WITHIN_S)

    def run(self) -> None:
        poll = select.poll()
        poll.register(self.fileno(), select.POLLOUT)
        while (data := self._next()) is not None:
            for begin in range(0, len(data), CHUNK_BYTES):
                asked = time.monotonic()
                poll.poll()
                if not self._write_out(data[begin : begin + CHUNK_BYTES], asked):
                    return

    def _write_out(self, chunk: bytes, asked: float) -> bool:
        """Is the terminal still there?"""
        size = len(chunk)
        try:
            while chunk:
                chunk = chunk[os.write(self.fileno(), chunk) :]
        except OSError:  # the terminal is gone: whoever watches for that leaves, see `hangup`
            return False
        if self._governor.wrote(size, time.monotonic() - asked):
            self._is_idle.set()
            self._on_drained()
        return True

    def _put(self, data: bytes | None) -> None:
        self._is_idle.clear()
        self._pieces.append(data)
        self._has_more.release()

    def _next(self) -> bytes | None:
        """All that there is to write, in one; None when nothing will follow."""
        self._has_more.acquire()
        pieces = [self._pieces.popleft()]
        while pieces[-1] is not None and self._has_more.acquire(blocking=False):
            pieces.append(self._pieces.popleft())
        if pieces[-1] is None and len(pieces) > 1:
            self._put(pieces.pop())
        return b"".join(piece for piece in pieces if piece is not None) if pieces[0] is not None else None


def can_replace_writer() -> bool:
    """Has this Textual the writer that the outlet knows how to take the place of?"""
    return sys.__stderr__ is not None and is_known_writer(WriterThread(sys.__stderr__))


def is_known_writer(writer: Any) -> bool:
    """Is this Textual's writer as it is known here: a thread on a file, with these methods and no others?"""
    kind = type(writer)
    return (
        kind is WriterThread
        and isinstance(writer, threading.Thread)
        and {name for name, value in vars(kind).items() if inspect.isfunction(value)} == _KNOWN_METHODS
        and list(inspect.signature(kind).parameters) == ["file"]
        and hasattr(writer, "_file")
    )
