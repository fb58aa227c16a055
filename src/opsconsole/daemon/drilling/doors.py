"""Who comes in to a drill: people of a script, who say themselves who they are, and observers, who act on nothing.

Always true here: it is the same app, with the same rules, as behind any socket; only who asks is told otherwise, and an
observer is a viewer, whoever the home belongs to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
from starlette.applications import Starlette
from starlette.requests import Request

from opsconsole.config.settings import AccessSetting
from opsconsole.daemon.identity import Who
from opsconsole.daemon.views.reading import Asked
from opsconsole.errors import RequestRefused
from opsconsole.releases.access import Access, Person
from opsconsole.wire import Role

NOBODYS_UID = -1
LOOKING = frozenset({"/v1/query", "/v1/presence"})
"""What is sent and changes nothing."""


def person_named(name: str) -> Person:
    """A player of a script: nobody with an account here."""
    return Person(name=name, uid=NOBODYS_UID)


async def by_script(request: Request) -> Person:
    """Whom the transport names as its client."""
    return person_named(request.client.host if request.client else "")


class Audience(Access):
    """The rules of a drill's home: as any home's, but for its observers."""

    def __init__(self, observers: tuple[str, ...], setting: AccessSetting, owner_uid: int) -> None:
        super().__init__(setting, owner_uid)
        self._observers = observers

    def roles(self, person: Person) -> tuple[Role, ...]:
        return ("viewer",) if person.name in self._observers else super().roles(person)


def watching(who: Who, observers: tuple[str, ...]) -> Who:
    """The same people; an observer who wants to do something is told that they are one."""

    async def found(request: Request) -> Person:
        person = await who(request)
        if person.name in observers and request.method != "GET" and request.url.path not in LOOKING:
            raise RequestRefused(
                f"{person.actor} is an observer of this drill and may do nothing in it",
                "Whoever starts it says who observes: opsconsole drill run ID --observer NAME.",
            )
        return person

    return found


class Unshared:
    """Views for scripts: each is computed when it is asked for, so that an answer depends on nobody's haste."""

    waiting = 0

    def __init__(self, compute: Callable[[Asked], bytes]) -> None:
        self._compute = compute

    async def answer(self, asked: Asked, after: int) -> bytes:
        """Never waits: whoever follows a view asks again when something was done."""
        return await asyncio.to_thread(self._compute, asked)


class Inside(httpx.BaseTransport):
    """A connection to the app, for clients that are not asynchronous."""

    def __init__(self, app: Starlette) -> None:
        self._app = app
        self._runner = asyncio.Runner()
        self.person = ""
        """Who asks from now on."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._runner.run(self._answered(request))

    def door(self, person: str) -> httpx.ASGITransport:
        """The same for clients of this person that are asynchronous."""
        return httpx.ASGITransport(self._app, client=(person, 0))

    async def _answered(self, request: httpx.Request) -> httpx.Response:
        inner = self.door(self.person)
        asked = httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
        response = await inner.handle_async_request(asked)
        content = await response.aread()
        return httpx.Response(response.status_code, headers=response.headers, content=content)

    def close(self) -> None:
        """Kept: every client of the home closes its transport, and the next one needs it."""

    def end(self) -> None:
        self._runner.close()
