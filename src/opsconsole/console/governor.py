"""How much this link to the terminal bears: when a frame may go out, how large, and how often.

Always true here: a frame is refused, never queued, while the one before has not drained; what goes out next is then the
newest there is. What drained is told by the terminal itself: after every frame it is asked for its cursor, and it
answers once it has drawn the frame, through SSH and every buffer on the way. One that does not answer is judged by how
long writing to it blocks. The answer to a key goes before anything that nobody asked for.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Pace: TypeAlias = Literal["2 Hz", "1 Hz", "0.3 Hz", "numbers"]
"""How often data are painted; in ``numbers`` the charts stand still."""

PERIODS_S: dict[Pace, float] = {"2 Hz": 0.5, "1 Hz": 1.0, "0.3 Hz": 3.3, "numbers": 2.0}
PACES: tuple[Pace, ...] = tuple(PERIODS_S)

MOST_LOAD, CALM_LOAD = 0.5, 0.3
"""Share of the time that frames may keep the link busy, and the share at a faster pace that allows it again …"""

CALM_S = 5.0
"""… when it lasted so long."""

SLOW_BYTES_PER_S = 50_000.0
"""Below this a frame goes out in parts, so that a key never waits for a whole screen."""

PART_S, LEAST_PART_BYTES = 0.12, 600
"""How long a part may keep the link busy."""

AHEAD_S = 0.4
"""How far the answer to a key may run ahead of what the terminal is known to have drawn."""

PATIENCE_S = 5.0
"""After so long without an answer a frame is risked: some terminals are left for a while, and forget the question."""

SILENT_S = 2.0
"""A terminal that has not answered its first question by then does not answer any."""

LONGEST_SAMPLE_S = 3.0
"""A stall counts no more than this, or the memory of it would outlast it by minutes."""

MEMORY = 0.7
"""What a measurement leaves of those before it."""

KERNEL_BUFFER_BYTES = 16_384
"""What is still on its way through the kernel when a write to a terminal that does not answer has blocked."""

BLOCKED_S = 0.05
"""Waiting for room in the kernel for longer than this is a full link."""


@dataclass(frozen=True)
class Flight:
    """Bytes that the terminal was asked to confirm."""

    at: float
    size: int
    is_live: bool


class Governor:
    """Counts what is under way to the terminal, and says what may follow. Any thread may call any method."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._flights: deque[Flight] = deque()
        self._round_trips: deque[float] = deque(maxlen=64)
        self._does_answer: bool | None = None
        self._first_asked: float | None = None
        self._last_answer = -math.inf
        self._patience_s = PATIENCE_S
        self._drained_at = -math.inf
        """When the link should be idle again."""
        self._unwritten = 0
        self._bytes = self._busy_s = 0.0
        self._live_bytes = self._number_bytes = 0.0
        self._is_next_live = False
        self._painted_at = -math.inf
        self._calm_since: float | None = None
        self._pace: Pace = "2 Hz"
        self._refused = 0

    @property
    def pace(self) -> Pace:
        return self._pace

    @property
    def is_eased(self) -> bool:
        return self._pace != "2 Hz"

    @property
    def is_numbers_only(self) -> bool:
        return self._pace == "numbers"

    @property
    def refused(self) -> int:
        """Frames that were not painted because an older one was still under way, or not due yet."""
        return self._refused

    @property
    def does_answer(self) -> bool | None:
        """Does the terminal confirm what it drew? None: not known yet."""
        return self._does_answer

    @property
    def bytes_per_s(self) -> float | None:
        """How fast bytes drain while there are any; None: not measured."""
        return self._bytes / self._busy_s if self._busy_s else None

    @property
    def round_trip_s(self) -> float:
        """The shortest of the last round trips."""
        return min(self._round_trips, default=0.0)

    @property
    def words(self) -> str:
        """``link 9 kB/s · eased``, where the link does not keep up; else nothing."""
        rate = self.bytes_per_s
        if not self.is_eased or rate is None:
            return ""
        shown = f"{rate / 1000:.0f} kB/s" if rate >= 1000 else f"{max(100, round(rate, -2)):.0f} B/s"
        return f"link {shown} · {'numbers only' if self.is_numbers_only else 'eased'}"

    @property
    def part_bytes(self) -> int | None:
        """How large the next part of a frame may be; None: as large as the frame is."""
        rate = self.bytes_per_s
        return None if rate is None or rate >= SLOW_BYTES_PER_S else max(LEAST_PART_BYTES, int(rate * PART_S))

    def wait_s(self, *, is_live: bool) -> float:
        """How long the next frame has to wait: 0 for not at all, infinite for until the terminal answers."""
        with self._lock:
            wait_s = self._wait_s(self._now(), is_live=is_live)
            if wait_s:
                self._refused += 1
            else:
                self._is_next_live = is_live
                self._painted_at = self._now() if is_live else self._painted_at
            return wait_s

    def _wait_s(self, now: float, *, is_live: bool) -> float:
        self._settle_silence(now)
        due_s = self._painted_at + PERIODS_S[self._pace] - now if is_live and self.is_eased else 0.0
        if self._unwritten:
            return math.inf
        drained_s = self._drained_at - now
        if self._does_answer is False:
            return max(0.0, due_s, drained_s)
        if not self._flights:
            return max(0.0, due_s)
        if is_live:
            return math.inf if now - self._flights[-1].at < self._patience_s else max(0.0, due_s)
        ahead = sum(flight.size for flight in self._flights)
        rate = self.bytes_per_s
        if rate is not None and ahead > rate * (self.round_trip_s + AHEAD_S) + LEAST_PART_BYTES:
            return math.inf
        return max(0.0, drained_s)

    def _settle_silence(self, now: float) -> None:
        if self._does_answer is not None or self._first_asked is None or self._unwritten:
            return
        if now - self._first_asked > SILENT_S:
            self._does_answer = False
            self._flights.clear()

    def queued(self, size: int) -> None:
        """Bytes were handed to the outlet."""
        with self._lock:
            self._unwritten += size

    def wrote(self, size: int, waited_s: float) -> bool:
        """The outlet got rid of bytes, after waiting for the kernel to have room; is there nothing left to write?"""
        with self._lock:
            self._unwritten -= size
            if self._does_answer is False and waited_s > BLOCKED_S:
                self._learn(size, waited_s)
                self._drained_at = self._now() + min(10.0, KERNEL_BUFFER_BYTES * self._busy_s / self._bytes)
            return self._unwritten == 0

    def sent(self, size: int) -> bool:
        """A frame is complete; should the terminal be asked to confirm it?"""
        with self._lock:
            now = self._now()
            is_live, self._is_next_live = self._is_next_live, False
            if is_live:
                self._remember_size(size)
            if self._does_answer is False:
                self._judge(now)
                return False
            rate = self.bytes_per_s
            self._drained_at = max(self._drained_at, now) + (size / rate if rate else 0.0)
            if self._flights and now - self._flights[-1].at >= self._patience_s:
                self._patience_s *= 2
            self._flights.append(Flight(now, size, is_live))
            self._first_asked = now if self._first_asked is None else self._first_asked
            return True

    def answered(self) -> None:
        """The terminal has drawn the oldest frame that was under way."""
        with self._lock:
            now = self._now()
            self._does_answer, self._patience_s = True, PATIENCE_S
            if not self._flights:
                return
            flight = self._flights.popleft()
            self._round_trips.append(now - flight.at)
            busy_s = now - max(flight.at + self.round_trip_s, self._last_answer)
            self._last_answer = now
            self._learn(flight.size, max(busy_s, 0.001))
            if not self._flights:
                self._drained_at = now
            self._judge(now)

    def await_answers(self, most_s: float) -> None:
        """Before the terminal is left: wait until no answer is under way that would be typed into the shell."""
        until = self._now() + min(most_s, 2 * self.round_trip_s + 0.1)
        while self._does_answer and self._flights and self._now() < until:
            time.sleep(0.005)

    def _learn(self, size: int, busy_s: float) -> None:
        self._bytes = self._bytes * MEMORY + size
        self._busy_s = self._busy_s * MEMORY + min(busy_s, LONGEST_SAMPLE_S)

    def _remember_size(self, size: int) -> None:
        if self.is_numbers_only:
            self._number_bytes += (size - self._number_bytes) * (1 - MEMORY)
        else:
            self._live_bytes += (size - self._live_bytes) * (1 - MEMORY)

    def _load(self, pace: Pace) -> float:
        """Share of the time that frames would keep the link busy at this pace."""
        rate = self.bytes_per_s
        size = self._number_bytes if pace == "numbers" else self._live_bytes
        return size / rate / PERIODS_S[pace] if rate else 0.0

    def _judge(self, now: float) -> None:
        """Step down at once as far as it takes, and up one step after a calm while."""
        here = PACES.index(self._pace)
        if self._load(self._pace) > MOST_LOAD:
            self._calm_since = None
            slower = PACES[here + 1 :]
            self._pace = next((pace for pace in slower if self._load(pace) <= MOST_LOAD), PACES[-1])
        elif here and self._load(PACES[here - 1]) < CALM_LOAD:
            self._calm_since = now if self._calm_since is None else self._calm_since
            if now - self._calm_since >= CALM_S:
                self._pace, self._calm_since = PACES[here - 1], now
        else:
            self._calm_since = None
