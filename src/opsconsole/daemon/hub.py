"""One computation per view and revision, shared by every console that looks at it.

Always true here: nobody waits for a view longer than it takes to compute; a console that has the newest revision waits
until there is a newer one; answers of one view are at least ``LEAST_INTERVAL_S`` apart, however fast records arrive,
and for whoever follows it ``REST_PER_WORK`` times what one takes; none is older than ``STALE_AFTER_S``, even if none
arrives: the window moves with the clock. A view as of a moment that is ``SETTLED_AFTER`` gone is settled: it is not
computed for every commit but once in ``SETTLED_FOR_S`` at the most, since late records may still belong to it. What is
remembered is bounded in time, number and bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import NamedTuple, Protocol

from opsconsole.daemon.engine import Engine
from opsconsole.daemon.views.reading import Asked

LONGEST_WAIT_S = 25.0
LEAST_INTERVAL_S = 0.2
REST_PER_WORK = 4.0
"""A dear view is computed less often: looking at it takes a fifth of a core at the most."""
STALE_AFTER_S = 5.0
SETTLED_AFTER = timedelta(minutes=1)
SETTLED_FOR_S = 20.0
FORGET_AFTER_S = 60.0
MOST_ANSWERS, MOST_BYTES = 256, 64 << 20
"""Answers that are remembered: the youngest of them."""


class Views(Protocol):
    """Who answers questions about views."""

    waiting: int
    """Consoles that wait for something new."""

    async def answer(self, asked: Asked, after: int) -> bytes:
        """The view as JSON; with ``after`` it may wait until there is a newer one."""
        ...


class _Answer(NamedTuple):
    body: bytes
    took_s: float


class _Remembered(NamedTuple):
    revision: int
    began: float
    task: asyncio.Task[_Answer]

    @property
    def age_s(self) -> float:
        return monotonic() - self.began

    @property
    def answer(self) -> _Answer | None:
        """None while it is being computed, and when that failed."""
        is_there = self.task.done() and not self.task.cancelled() and self.task.exception() is None
        return self.task.result() if is_there else None

    @property
    def size(self) -> int:
        return len(self.answer.body) if self.answer else 0

    @property
    def interval_s(self) -> float:
        """From one computation of a view of now to the next, for whoever follows it."""
        took_s = self.answer.took_s if self.answer else 0.0
        return max(LEAST_INTERVAL_S, min(REST_PER_WORK * took_s, STALE_AFTER_S))


class Hub:
    """Answers questions about views on the event loop; computes them on worker threads."""

    def __init__(self, engine: Engine, compute: Callable[[Asked], bytes]) -> None:
        self._engine = engine
        self._compute = compute
        self._answers: dict[Asked, _Remembered] = {}
        """In the order in which they were computed."""
        self._changed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.waiting = 0
        """Consoles that wait for something new."""
        self.asked_at = monotonic()
        """When a client last asked for anything."""
        engine.on_change(self._wake_from_thread)

    def _wake_from_thread(self) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def answer(self, asked: Asked, after: int) -> bytes:
        """The view's newest form as JSON; with ``after`` the first that is newer, or the newest after 25 s."""
        self._loop = asyncio.get_running_loop()
        self.asked_at = monotonic()
        if after:
            await self._newer_than(after, self._pause_s(asked, after))
        known = self._answers.get(asked)
        least_s = known.interval_s if known and after else LEAST_INTERVAL_S
        if known is None or (known.task.done() and self._is_outdated(asked, known, least_s)):
            known = _Remembered(self._engine.revision, monotonic(), asyncio.create_task(self._computed(asked)))
            self._answers.pop(asked, None)
            self._answers[asked] = known
            self._forget()
        return (await asyncio.shield(known.task)).body

    async def _computed(self, asked: Asked) -> _Answer:
        began = monotonic()
        body = await asyncio.to_thread(self._compute, asked)
        return _Answer(body, monotonic() - began)

    def _is_settled(self, asked: Asked) -> bool:
        return asked.as_of is not None and asked.as_of < self._engine.clock.now() - SETTLED_AFTER

    def _is_outdated(self, asked: Asked, known: _Remembered, least_s: float) -> bool:
        """Does an answer that was found have to be found anew?"""
        if known.answer is None:
            return True
        is_behind = self._engine.revision > known.revision
        if self._is_settled(asked):
            return is_behind and known.age_s >= SETTLED_FOR_S
        return known.age_s >= least_s and (is_behind or known.age_s > STALE_AFTER_S)

    def _pause_s(self, asked: Asked, after: int) -> float:
        """How long somebody who has the answer that is remembered has to wait for the next one at the least."""
        known = self._answers.get(asked)
        if known is None or known.revision > after:
            return 0.0
        return (SETTLED_FOR_S if self._is_settled(asked) else known.interval_s) - known.age_s

    async def _newer_than(self, after: int, pause_s: float) -> None:
        self.waiting += 1
        try:
            async with asyncio.timeout(LONGEST_WAIT_S):
                if pause_s > 0:
                    await asyncio.sleep(pause_s)
                while self._engine.revision <= after:
                    await self._changed.wait()
        except TimeoutError:
            pass  # nothing new: the newest that there is will do
        finally:
            self.waiting -= 1
            self.asked_at = monotonic()

    def _forget(self) -> None:
        """The oldest go, but for those that somebody still waits for."""
        many, size = len(self._answers), sum(each.size for each in self._answers.values())
        for asked, known in list(self._answers.items()):
            if known.age_s < FORGET_AFTER_S and many <= MOST_ANSWERS and size <= MOST_BYTES:
                break
            if known.task.done():
                del self._answers[asked]
                many, size = many - 1, size - known.size
