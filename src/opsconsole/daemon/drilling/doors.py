"""Asking a drill's API from within its own process, as a person of one's choice.

Always true here: it is the same app, with the same door, as behind the socket; only who asks is told otherwise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
from starlette.applications import Starlette
from starlette.requests import Request

from opsconsole.daemon.views.reading import Asked
from opsconsole.releases.access import Person

NOBODYS_UID = -1


def person_named(name: str) -> Person:
    """A player of a script: nobody with an account here."""
    return Person(name=name, uid=NOBODYS_UID)


async def by_script(request: Request) -> Person:
    """Whom the transport names as its client."""
    return person_named(request.client.host if request.client else "")


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
