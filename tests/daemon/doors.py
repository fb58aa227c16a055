"""The doors to a daemon in this process: its socket for the command line, and the console on a headless terminal."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass

import msgspec
import uvicorn
from inprocess import Daemon
from starlette.requests import Request
from textual.pilot import Pilot

from opsconsole import wire
from opsconsole.cli import main
from opsconsole.client import AsyncClient
from opsconsole.console.app import OpsConsole
from opsconsole.daemon.app import make_app
from opsconsole.daemon.hub import Hub
from opsconsole.releases.access import Person

READ_S, HUMAN_S, QUIET_S, BURST_S = 0.45, 0.09, 0.2, 0.3
"""What a prompt takes before it listens; between two keys of a hand; until a complete text counts; until what follows a
key that closed a prompt is no longer of the same burst."""


@contextmanager
def listening(daemon: Daemon, person: Person) -> Iterator[None]:
    """The daemon answers on its home's socket, and whoever connects is this person."""

    async def who(request: Request) -> Person:
        return person

    hub = Hub(daemon.engine, daemon.desk.compute)
    app = make_app(daemon.desk, hub, lambda: None, who)
    config = uvicorn.Config(app, uds=str(daemon.home.socket), ws="none", log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    try:
        deadline = time.monotonic() + 10
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        thread.join()


@dataclass(frozen=True)
class Said:
    """What one command answered."""

    code: int
    out: str
    err: str


def opsconsole(daemon: Daemon, *words: str) -> Said:
    """One command of the command line, as whoever the socket takes it for."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        code = main([*words, "--home", str(daemon.home.directory)])
    for stream in (out, err):
        stream.flush()
    return Said(code, *(stream.buffer.getvalue().decode() for stream in (out, err)))  # type: ignore[attr-defined]


class Unwarned(AsyncClient):
    """A client that hears nothing of what it may do, as if it were of somebody's own making: it asks for all of it."""

    async def present(self, presence: wire.Presence) -> wire.Present:
        return msgspec.structs.replace(await super().present(presence), permission=None)


class Hands:
    """Somebody at a console."""

    def __init__(self, app: OpsConsole, pilot: Pilot[None]) -> None:
        self.app, self._pilot = app, pilot

    @property
    def text(self) -> str:
        return self.app.screen_text()

    async def press(self, *keys: str) -> None:
        await self._pilot.press(*keys)
        await self._pilot.pause()

    async def until(self, *texts: str) -> str:
        """Wait, within bounds, for one of these; which it was."""
        for _ in range(500):
            text = self.text
            for each in texts:
                if each in text:
                    return each
            await self._pilot.pause(0.02)
        raise AssertionError(f"none of {texts} appeared:\n{self.text}")

    async def command(self, text: str) -> None:
        await self.press(":", *("space" if each == " " else each for each in text), "enter")

    async def read(self) -> None:
        await self._pilot.pause(READ_S)

    async def rest(self) -> None:
        await self._pilot.pause(BURST_S)

    async def type_in(self, text: str) -> None:
        """Read the prompt, type the text as a person does, and wait until it counts."""
        await self.read()
        for character in text:
            await self.press(character)
            await self._pilot.pause(HUMAN_S)
        await self._pilot.pause(QUIET_S)


def at_a_console(
    daemon: Daemon, person: Person, scenario: Callable[[Hands], Awaitable[None]], *, is_unwarned: bool = False
) -> None:
    """A console of this person's on this daemon, headless, and what they do there."""

    async def run() -> None:
        daemon.hub._wake()  # who waited in another loop is gone
        client = (Unwarned if is_unwarned else AsyncClient)(daemon.home, daemon.transport(person))
        app = OpsConsole(client, clock=daemon.clock, colours="truecolor")
        try:
            async with app.run_test(size=(100, 40)) as pilot:
                await scenario(Hands(app, pilot))
        finally:
            await client.close()

    asyncio.run(run())
