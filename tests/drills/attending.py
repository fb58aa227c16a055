"""A drill that people attend, whose seconds are stepped by hand."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import msgspec
from rehearsing import SMALL, small

from opsconsole import wire
from opsconsole.client import decoded
from opsconsole.daemon.drilling.doors import by_script
from opsconsole.daemon.drilling.session import Session
from opsconsole.daemon.drilling.stage import Stage
from opsconsole.drills.archive import Archive

TEXT = SMALL.replace("id: fails", "id: f-secret").replace("id: late", "id: i-secret") + (
    "hints:\n  - {after: +30s, text: Look at the versions., cost: 7}\n"
)


class Attended:
    """A session whose seconds are stepped by hand, and people who ask it."""

    def __init__(
        self,
        directory: Path,
        facilitators: tuple[str, ...] = ("eve",),
        text: str = TEXT,
        observers: tuple[str, ...] = (),
    ) -> None:
        self.run = Archive(directory).new("drill")
        self.file = small(text)
        self.stage = Stage(self.file.scenario, self.run.home, 42, by_script, beat_s=10, observers=observers)
        self.session = Session(self.stage, self.file, self.run, facilitators, speed=1.0, observers=observers)
        self.stage.app.router.routes.extend(self.session.routes())
        self.session.lead_up()

    def until(self, t: float) -> None:
        while self.stage.t < t and not self.stage.is_over:
            self.stage.second()

    def get(self, person: str, path: str, **params: str) -> httpx.Response:
        return asyncio.run(self._ask(person, "GET", path, None, params))

    def post(self, person: str, path: str, body: msgspec.Struct) -> httpx.Response:
        return asyncio.run(self._ask(person, "POST", path, msgspec.json.encode(body), {}))

    async def _ask(self, person: str, method: str, path: str, content: Any, params: dict[str, str]) -> httpx.Response:
        transport = httpx.ASGITransport(self.stage.app, client=(person, 0))
        async with httpx.AsyncClient(transport=transport, base_url="http://drill", timeout=60) as http:
            return await http.request(method, f"/v1/{path}", content=content, params=params)

    def command(self, person: str, word: Any, text: str = "", number: float = 0.0) -> wire.DrillNow:
        asked = wire.DrillCommand(word=word, text=text, number=number)
        return decoded(self.post(person, "drill/command", asked), wire.DrillNow)
