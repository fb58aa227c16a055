"""A terminal that measures: a program on a real pty, read as fast or as slowly as a link would be.

Always true here: bytes are counted as they leave the program's side; a terminal that answers does so only after it has
read everything before the question, as a real one, and after the link's round trip; what the screen shows is decided
by pyte, an emulator that is not ours.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

QUESTION = b"\x1b[6n"
ANSWER = b"\x1b[1;1R"
READ_BYTES = 65_536
LEAVE = b"\x1b[?1049l"
LONGEST_SEQUENCE_BYTES = 48
SLICE_S = 0.02
"""How finely a slow link is cut."""

_PRIVATE = re.compile(rb"\x1b\[[>=?<][0-9;]*[u$pcmtq]+")
"""Private sequences that pyte would print."""


@dataclass
class Meter:
    """One program on its terminal, until ``close``."""

    command: Sequence[str]
    size: tuple[int, int] = (80, 24)
    """Columns and rows."""
    environment: Mapping[str, str] = field(default_factory=dict)
    bytes_per_s: float | None = None
    """Of the link; None: as fast as the program."""
    round_trip_s: float = 0.0
    does_answer: bool = True
    """Does the terminal say where its cursor is?"""

    def __post_init__(self) -> None:
        columns, rows = self.size
        self.descriptor, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **self.environment}
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *self.command], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
        )
        os.close(theirs)
        self.output = bytearray()
        self.arrivals: list[tuple[float, int]] = []
        """When how many bytes were read."""
        self.has_ended = False
        self._scanned = 0
        self._owed: list[tuple[float, bytes]] = []
        self._allowed = 0.0
        self._read_at = time.monotonic()
        self._shown: Any = None
        self._stream: Any = None
        self._fed = 0
        self._has_left = False

    def read(self, seconds: float, until: bytes | None = None) -> bool:
        """Read for so long, or until these bytes came; did they?"""
        begin, deadline = len(self.output), time.monotonic() + seconds
        while not self.has_ended and time.monotonic() < deadline:
            self._answer()
            ready, _, _ = select.select([self.descriptor], [], [], SLICE_S)
            if ready and (most := self._most()):
                self._take(most)
            if until is not None and until in self.output[begin:]:
                return True
        return False

    def _most(self) -> int:
        """Bytes that the link lets through by now."""
        if self.bytes_per_s is None:
            return READ_BYTES
        now = time.monotonic()
        self._allowed = min(self.bytes_per_s * 2 * SLICE_S, self._allowed + self.bytes_per_s * (now - self._read_at))
        self._read_at = now
        if self._allowed < 1:
            time.sleep(SLICE_S / 4)
            return 0
        return int(self._allowed)

    def _take(self, most: int) -> None:
        try:
            data = os.read(self.descriptor, most)
        except OSError:
            data = b""
        if not data:
            self.has_ended = True
            return
        self._allowed -= len(data)
        now = time.monotonic()
        self.arrivals.append((now, len(data)))
        self.output += data
        if self.bytes_per_s is not None:
            time.sleep(min(SLICE_S, len(data) / self.bytes_per_s))
        while self.does_answer and (at := self.output.find(QUESTION, self._scanned)) >= 0:
            self._scanned = at + len(QUESTION)
            self._owed.append((time.monotonic() + self.round_trip_s, ANSWER))

    def _answer(self) -> None:
        while self._owed and self._owed[0][0] <= time.monotonic():
            os.write(self.descriptor, self._owed.pop(0)[1])

    def press(self, keys: str) -> float:
        """Type; when it was typed, as it reaches the program half a round trip later."""
        at = time.monotonic()
        self._owed.append((at + self.round_trip_s, keys.encode()))
        self._owed.sort(key=lambda owed: owed[0])
        self._answer()
        return at

    def bytes_since(self, at: float) -> int:
        return sum(size for when, size in self.arrivals if when >= at)

    def first_byte_after(self, at: float) -> float | None:
        """Seconds from then to the next byte."""
        return next((when - at for when, _ in self.arrivals if when >= at), None)

    @property
    def cpu_s(self) -> float:
        """User and system time of the program's own process."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / float(os.sysconf("SC_CLK_TCK"))

    def screen(self) -> list[str]:
        """What the terminal shows; once the program has left its own screen, what it showed last."""
        import pyte

        if self._shown is None:
            self._shown = pyte.Screen(*self.size)
            self._stream = pyte.ByteStream(self._shown)
        end = len(self.output)
        if (escape := self.output.rfind(b"\x1b", max(self._fed, end - LONGEST_SEQUENCE_BYTES))) >= 0:
            end = escape  # it may go on in the next read
        fresh = bytes(self.output[self._fed : end])
        self._fed = end
        before, left, _ = fresh.partition(LEAVE)
        if not self._has_left:
            self._stream.feed(_PRIVATE.sub(b"", before))
        self._has_left = self._has_left or bool(left)
        return [line.rstrip() for line in self._shown.display]

    def read_until(self, *texts: str, within_s: float = 10.0) -> bool:
        """Read until the screen shows all of these; did it?"""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            self.read(0.1)
            shown = "\n".join(self.screen())
            if all(text in shown for text in texts):
                return True
        return False

    def hang_up(self, within_s: float = 5.0) -> float | None:
        """Take the terminal away; seconds until the program is gone, None when it stays."""
        self._let_go()
        at = time.monotonic()
        try:
            self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            return None
        return time.monotonic() - at

    def close(self) -> None:
        """End the program, whatever it does."""
        self.process.kill()
        self.process.wait()
        self._let_go()

    def _let_go(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
