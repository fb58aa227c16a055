"""How the tests drive the console: a size, keys, and the text on the screen."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fleet import NOW, FakeClient, fleet_view
from textual.events import Key
from textual.pilot import Pilot

from opsconsole.clock import ManualClock
from opsconsole.console.acting import SETTLE_S
from opsconsole.console.app import OpsConsole
from opsconsole.console.confirming import QUIET_S

SNAPSHOTS = Path(__file__).parent / "snapshots"
FOUR = ("lora-gateway", "chat-assist", "ticket-router", "azure-llm-code")

SEND = "send"
"""For ``press``: the Enter that has a form sent."""
READ_S = 1.0
SMALL, LARGE = (80, 24), (160, 50)


class Session:
    """A console under test, and what a person would do with it."""

    def __init__(self, app: OpsConsole, pilot: Pilot[None], client: FakeClient, clock: ManualClock) -> None:
        self.app, self.pilot, self.client, self.clock = app, pilot, client, clock

    async def press(self, *keys: str) -> None:
        for key in keys:
            if key == SEND:
                await self.send()
            else:
                await self.pilot.press(key)
        await self.settle()

    async def send(self) -> None:
        """Enter, pressed once what is on the screen was read; and as much time as tells that no key follows."""
        event = Key("enter", None)
        event.time = time.monotonic() + READ_S
        self.app.post_message(event)
        await self.pilot.pause(QUIET_S + 2 * SETTLE_S)

    async def settle(self) -> None:
        """Let answers arrive and the screen be painted."""
        for _ in range(2):
            await self.pilot.pause()

    async def resize(self, columns: int, rows: int) -> None:
        """Have another size, and wait, within bounds, until the screen has it."""
        await self.pilot.resize_terminal(columns, rows)
        for _ in range(200):
            if self.app._surface.size == (columns, rows) and self.text.strip():
                break
            await self.pilot.pause(0.02)
        await self.settle()

    async def until(self, text: str) -> None:
        """Wait, within bounds, for a text to appear."""
        for _ in range(1000):
            if text in self.text:
                return
            await self.pilot.pause(0.02)
        raise AssertionError(f"{text!r} never appeared:\n{self.text}")

    @property
    def text(self) -> str:
        return self.app.screen_text()

    @property
    def top(self) -> str:
        return self.text.splitlines()[0]

    @property
    def bottom(self) -> str:
        return self.text.splitlines()[-1]

    def line(self, needle: str) -> str:
        return next((row for row in self.text.splitlines() if needle in row), "")


def drive(
    scenario: Callable[[Session], Awaitable[None]],
    *,
    size: tuple[int, int] = SMALL,
    client: FakeClient | None = None,
    **options: Any,
) -> None:
    """Run a scenario against a console on the demo fleet, headless."""

    async def run() -> None:
        fake = client or FakeClient(fleet_answer=lambda window: fleet_view(window, names=FOUR))
        clock = ManualClock(NOW)
        app = OpsConsole(fake, clock=clock, **{"colours": "truecolor", **options})
        async with app.run_test(size=size) as pilot:
            session = Session(app, pilot, fake, clock)
            await session.settle()
            await scenario(session)

    asyncio.run(run())


def check_snapshot(name: str, text: str) -> None:
    """The screen is as it was; UPDATE_SNAPSHOTS=1 writes it anew."""
    path = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(text + "\n", encoding="utf-8")
    assert text + "\n" == path.read_text(encoding="utf-8"), f"{name} changed; UPDATE_SNAPSHOTS=1 writes it anew"
