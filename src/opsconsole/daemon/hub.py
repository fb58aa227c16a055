"""One computation per view and revision, shared by every console that looks at it.

Always true here: nobody waits for a view longer than it takes to compute; a console that has the newest revision waits
until there is a newer one; answers of one view are at least ``LEAST_INTERVAL_S`` apart, however fast records arrive,
and none is older than ``STALE_AFTER_S``, even if none arrives: the window moves with the clock. A view of the past is
computed anew after that time only, because late records may still belong to it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from time import monotonic

from opsconsole.daemon.engine import Engine
from opsconsole.daemon.views.reading import Asked

LONGEST_WAIT_S = 25.0
LEAST_INTERVAL_S = 0.2
STALE_AFTER_S = 5.0
_FORGET_AFTER_S = 60.0


class Hub:
    """Answers questions about views on the event loop; computes them on worker threads."""

    def __init__(self, engine: Engine, compute: Callable[[Asked], bytes]) -> None:
        self._engine = engine
        self._compute = compute
        self._answers: dict[Asked, tuple[int, float, asyncio.Task[bytes]]] = {}
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
            await self._newer_than(after)
        revision, began, task = self._answers.get(asked, (0, 0.0, None))
        age_s = monotonic() - began
        is_stale = (self._engine.revision > revision and asked.as_of is None) or age_s > STALE_AFTER_S
        if task is not None and task.done() and (is_stale or not after):
            pause = began + LEAST_INTERVAL_S - monotonic()
            if pause > 0 and after:
                await asyncio.sleep(pause)
            revision, began, task = self._answers.get(asked, (0, 0.0, None))
            if task is not None and task.done() and (began + LEAST_INTERVAL_S <= monotonic() or task.exception()):
                task = None
        if task is None:
            task = asyncio.create_task(asyncio.to_thread(self._compute, asked))
            self._answers[asked] = (self._engine.revision, monotonic(), task)
            self._forget()
        return await asyncio.shield(task)

    async def _newer_than(self, after: int) -> None:
        self.waiting += 1
        try:
            async with asyncio.timeout(LONGEST_WAIT_S):
                while self._engine.revision <= after:
                    await self._changed.wait()
        except TimeoutError:
            pass  # nothing new: the newest that there is will do
        finally:
            self.waiting -= 1
            self.asked_at = monotonic()

    def _forget(self) -> None:
        limit = monotonic() - _FORGET_AFTER_S
        for asked, (_, began, task) in list(self._answers.items()):
            if began < limit and task.done():
                del self._answers[asked]
