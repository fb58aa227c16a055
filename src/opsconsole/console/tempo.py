"""How a console lives in time: the clock of its prompts, when it comes back to something, and what it has begun.

Always true here: all of a console's waiting but that of its terminal goes through its tempo, so that a hand without a
clock can type on it; a person's console lives in the machine's time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from textual.app import App

from opsconsole.console.acting import Task

FEED = "feed"
"""What is begun under this name never ends: it asks, and waits to ask again."""


class Tempo(Protocol):
    """What a console needs of time."""

    def now_s(self) -> float:
        """The clock of the prompts: that of the keys' own moments."""
        ...

    def later(self, app: App[None], seconds: float, call: Callable[[], None]) -> object:
        """Call something in so many seconds."""
        ...

    def every(self, app: App[None], seconds: float, call: Callable[[], None]) -> object:
        """Call something again and again."""
        ...

    async def pause(self, seconds: float) -> None:
        """The feed waits."""
        ...

    def begun(self, task: Task, name: str) -> Task:
        """Take note of something that begins; what was begun under that name before is given up."""
        ...


class RealTime:
    """A person's."""

    def now_s(self) -> float:
        return time.monotonic()

    def later(self, app: App[None], seconds: float, call: Callable[[], None]) -> object:
        return app.set_timer(seconds, call)

    def every(self, app: App[None], seconds: float, call: Callable[[], None]) -> object:
        return app.set_interval(seconds, call)

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def begun(self, task: Task, name: str) -> Task:
        return task
