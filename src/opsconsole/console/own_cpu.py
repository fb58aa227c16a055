"""What the console itself takes of the machine: said only when it is much.

Always true here: the share is of one core, over about the last ten seconds, and every thread of the process counts.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

OVER_S = 10.0
LEAST_S = 2.0
"""A shorter stretch is mostly start-up or chance."""

MUCH_PERCENT = 5.0


class OwnCpu:
    """The process's CPU time, looked at whenever somebody asks."""

    def __init__(
        self, now: Callable[[], float] = time.monotonic, cpu_s: Callable[[], float] = time.process_time
    ) -> None:
        self._now, self._cpu_s = now, cpu_s
        self._samples: deque[tuple[float, float]] = deque([(now(), cpu_s())])

    @property
    def percent(self) -> float | None:
        """Of one core; None until there is enough to judge."""
        now, used = self._now(), self._cpu_s()
        if now - self._samples[-1][0] >= 1.0:
            self._samples.append((now, used))
        while len(self._samples) > 2 and now - self._samples[1][0] >= OVER_S:
            self._samples.popleft()
        since, before = self._samples[0]
        return 100 * (used - before) / (now - since) if now - since >= LEAST_S else None

    @property
    def words(self) -> str:
        """``cpu 7 %`` where that is much, else nothing."""
        percent = self.percent
        return f"cpu {percent:.0f} %" if percent is not None and percent >= MUCH_PERCENT else ""
