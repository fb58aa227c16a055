"""The time of a console that a script types on: it goes on by the hand's movements, and by nothing else.

Always true here: between two keys everything that the console began has ended, but for the feed, which rests until
there is reason to ask again; so what a key meets depends on the keys before it, and not on how fast a machine is.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from functools import partial
from itertools import count

from textual.app import App

from opsconsole.console.acting import Task
from opsconsole.console.tempo import FEED

Call = Callable[[], None]


class TypingTime:
    """A tempo that a hand moves."""

    def __init__(self) -> None:
        self._now_s = 0.0
        self._due: list[tuple[float, int, Call]] = []
        self._numbers = count()
        self._begun: dict[str, object] = {}
        """What goes on, by name."""
        self._quieter = asyncio.Event()
        self._is_stirred = True
        self._wake_feed: Call | None = None

    # What a console asks of it ------------------------------------------------------------------------------------

    def now_s(self) -> float:
        return self._now_s

    def later(self, app: App[None], seconds: float, call: Call) -> None:
        self._at(seconds, call)

    def every(self, app: App[None], seconds: float, call: Call) -> None:
        def once() -> None:
            self._at(seconds, once)
            call()

        self._at(seconds, once)

    async def pause(self, seconds: float) -> None:
        woken, wake = self._rest()
        self._at(seconds, wake)
        await woken

    def begun(self, task: Task, name: str) -> Task:
        token = self._begun[name] = object()

        async def counted() -> None:
            try:
                await task()
            finally:
                if self._begun.get(name) is token:
                    self._end(name)

        return counted

    # What the hand does -------------------------------------------------------------------------------------------

    async def settled(self) -> None:
        """Wait until nothing that was begun goes on."""
        while self._begun:
            self._quieter.clear()
            await self._quieter.wait()

    async def advance(self, seconds: float) -> None:
        """Let so much time go by: what falls due in it happens, each when everything before it has ended."""
        end_s = self._now_s + seconds
        await self._fall_due(end_s)
        self._now_s = end_s
        await self.settled()

    async def return_after(self, seconds: float) -> None:
        """So much time went by in which nobody looked: what fell due in it happens now, and once."""
        self._now_s += seconds
        self.stir()
        await self._fall_due(self._now_s)
        await self.settled()

    def stir(self) -> None:
        """Something may have changed: the feed asks again."""
        self._is_stirred = True
        if self._wake_feed is not None:
            self._wake_feed()

    async def stirred(self) -> None:
        """The feed waits until there is reason to ask again."""
        if not self._is_stirred:
            woken, self._wake_feed = self._rest()
            await woken
        self._is_stirred, self._wake_feed = False, None

    # --------------------------------------------------------------------------------------------------------------

    def _at(self, seconds: float, call: Call) -> None:
        heapq.heappush(self._due, (self._now_s + seconds, next(self._numbers), call))

    async def _fall_due(self, until_s: float) -> None:
        while self._due and self._due[0][0] <= until_s:
            at_s, _, call = heapq.heappop(self._due)
            self._now_s = max(self._now_s, at_s)
            call()
            await self.settled()

    def _rest(self) -> tuple[asyncio.Future[None], Call]:
        """The feed goes on by what is returned second, and is counted as ended until then."""
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        token = self._begun.get(FEED)
        self._end(FEED)
        return woken, partial(self._wake, woken, token)

    def _wake(self, woken: asyncio.Future[None], token: object) -> None:
        if not woken.done():  # given up meanwhile: another question is asked
            self._begun[FEED] = token
            woken.set_result(None)

    def _end(self, name: str) -> None:
        self._begun.pop(name, None)
        self._quieter.set()
