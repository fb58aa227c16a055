"""The consoles on which a headless drill presses keys: one for each person, from their first keys to the drill's end.

Always true here: a console lives only while its own person types; in between nothing of it runs, whatever the drill's
time does. Textual is imported by whoever presses a key, and by nobody else.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from opsconsole.client import AsyncClient
from opsconsole.clock import Clock
from opsconsole.home import Home

if TYPE_CHECKING:
    from opsconsole.console.typist import Typist

T = TypeVar("T")
Door = Callable[[str], httpx.AsyncBaseTransport]
"""How somebody of this name reaches the daemon."""


class Hands:
    """Everybody's, by name."""

    def __init__(self, home: Home, door: Door, clock: Clock) -> None:
        """``clock`` is the drill's: what a console says of moments is said by it."""
        self._home, self._door, self._clock = home, door, clock
        self._runner = asyncio.Runner()
        self._typists: dict[str, tuple[Typist, AsyncClient, float]] = {}
        """Name → their console, what it asks, and when they last looked at it."""

    def type(self, name: str, words: Sequence[Sequence[str]], size: tuple[int, int], at_s: float) -> str:
        """Type a line; what was refused or left undone, empty where nothing was.

        The console of somebody who has none yet, or left it, is opened at this size.
        """
        if name not in self._typists:
            self._open(name, size, at_s)
        typist, client, last_s = self._typists[name]
        told = self._run(typist.type(words, at_s - last_s))
        self._typists[name] = typist, client, at_s
        if typist.has_left:
            self._leave(name)
        return told

    def close(self) -> None:
        try:
            for name in list(self._typists):
                self._leave(name)
        finally:
            self._runner.close()

    def _open(self, name: str, size: tuple[int, int], at_s: float) -> None:
        from opsconsole.console.typist import Typist

        client = AsyncClient(self._home, self._door(name))
        typist = Typist(client, name, size, self._clock)
        self._run(typist.open())
        self._typists[name] = typist, client, at_s

    def _leave(self, name: str) -> None:
        typist, client, _ = self._typists.pop(name)
        self._run(typist.close())
        self._run(client.close())

    def _run(self, doing: Coroutine[Any, Any, T]) -> T:
        """A console takes the process's stdout and stderr for itself as long as it lives: they are given back."""
        with redirect_stdout(sys.stdout), redirect_stderr(sys.stderr):
            return self._runner.run(doing)
