"""A daemon without its socket: engine, desk, hub and API of a temporary home."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec
from starlette.requests import Request

from opsconsole import wire
from opsconsole.client import decoded
from opsconsole.clock import ManualClock
from opsconsole.config.settings import Settings
from opsconsole.daemon.app import make_app
from opsconsole.daemon.desk import Desk
from opsconsole.daemon.engine import Engine
from opsconsole.daemon.hub import Hub
from opsconsole.home import Home
from opsconsole.releases.access import Person

T = TypeVar("T")
START = datetime(2026, 2, 3, 12, 30, 15, tzinfo=UTC)


class Daemon:
    """Everything but the process; the engine is stepped by hand until ``start`` is called."""

    def __init__(self, directory: Path, settings: Settings) -> None:
        self.home = Home(directory)
        self.home.create()
        self.clock = ManualClock(START)
        self.engine = Engine(self.home, settings, self.clock, "ann")
        self.desk = Desk(self.engine)
        self.computed: list[object] = []
        self.hub = Hub(self.engine, self._compute)
        self.stops: list[None] = []
        self.owner = Person(name="ann", uid=self.home.directory.stat().st_uid)
        self.people = {self.owner.actor: self.owner}
        self.app = make_app(self.desk, self.hub, lambda: self.stops.append(None), self._who)
        self.is_running = False

    async def _who(self, request: Request) -> Person:
        """Whom the transport names as its client: see ``transport``."""
        return self.people.get(request.client.host if request.client else "", self.owner)

    def transport(self, person: Person | None = None) -> httpx.ASGITransport:
        """A connection of this person's, or the owner's."""
        asking = person or self.owner
        self.people[asking.actor] = asking
        return httpx.ASGITransport(self.app, client=(asking.actor, 0))

    def _compute(self, asked: Any) -> bytes:
        self.computed.append(asked)
        return self.desk.compute(asked)

    def start(self) -> None:
        self.engine.start()
        self.is_running = True

    def attach(self, *paths: Path, **more: Any) -> wire.Attached:
        """Take files in to their end."""
        if not self.is_running:
            self.start()
        attached = self.desk.attach(wire.AttachRequest(paths=tuple(map(str, paths)), **more), self.owner.actor)
        self.settle()
        return attached

    def settle(self) -> None:
        """Until every source is read as far as it goes."""
        while self.engine.submit(lambda: self.engine.step() or self.engine._has_backlog()).result():
            pass

    def ask(
        self,
        method: str,
        path: str,
        kind: type[T],
        body: msgspec.Struct | bytes | None = None,
        *,
        person: Person | None = None,
        **params: Any,
    ) -> T:
        """One question through the API, by the home's owner or this person."""
        return asyncio.run(self.asking(lambda http: self._ask(http, method, path, kind, body, params), person))

    async def asking(self, talk: Callable[[httpx.AsyncClient], Awaitable[T]], person: Person | None = None) -> T:
        transport = self.transport(person)
        async with httpx.AsyncClient(transport=transport, base_url="http://test", timeout=60) as http:
            return await talk(http)

    @staticmethod
    async def _ask(http: httpx.AsyncClient, method: str, path: str, kind: type[T], body: Any, params: Any) -> T:
        content = msgspec.json.encode(body) if isinstance(body, msgspec.Struct) else body
        return decoded(await http.request(method, path, content=content, params=params), kind)

    def fleet(self, window: str = "1h") -> wire.FleetView:
        return self.ask("GET", "/v1/fleet", wire.FleetView, window=window)

    def service(self, name: str, window: str = "1h") -> wire.ServiceView:
        return self.ask("GET", "/v1/service", wire.ServiceView, service=name, window=window)
