"""Who is asking: the account of the process at the other end of the Unix socket, as the kernel says it.

Always true here: an identity is read from the socket when it is connected (SO_PEERCRED, unix(7)) and from nothing that
a client sends; who may not look is refused before any route is chosen; a handler gets the person with ``person_of``.
"""

from __future__ import annotations

import asyncio
import grp
import os
import pwd
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from opsconsole.daemon.sshkey import claimed_key
from opsconsole.errors import OpsConsoleError, RequestRefused
from opsconsole.releases.access import Access, Person

_CREDENTIALS = struct.Struct("3i")
"""``struct ucred``: pid, uid, gid."""

Who = Callable[[Request], Awaitable[Person]]
"""How a request's person is found. Raises RequestRefused where that cannot be told."""
Refuse = Callable[[Request, Exception], Awaitable[Response]]
"""Answers whoever is refused."""


class Peer(NamedTuple):
    """The process that connected, as it was then."""

    pid: int
    """0 where it lives in a namespace that this process does not see."""
    uid: int
    gid: int


class Connection:
    """One client's connection: its peer, and the person once that was looked up."""

    def __init__(self, peer: Peer | None) -> None:
        self.peer = peer
        self.person: Person | None = None


class PeerProtocol(H11Protocol):
    """HTTP/1.1 that knows who is at the other end."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "connection": Connection(_peer_of(transport.get_extra_info("socket")))}


def _peer_of(connected: Any) -> Peer | None:
    if connected is None or connected.family != socket.AF_UNIX:
        return None
    credentials = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return Peer(*_CREDENTIALS.unpack(credentials))


def by_peer(keys: Mapping[str, str]) -> Who:
    """By the connection's peer, looked up once for each connection; ``keys`` is ``access.keys``."""

    async def who(request: Request) -> Person:
        connection: Connection | None = getattr(request.state, "connection", None)
        if connection is None or connection.peer is None:
            raise RequestRefused("who is asking cannot be told", "Connect through the home's Unix socket.")
        if connection.person is None:
            connection.person = await asyncio.to_thread(person_at, connection.peer, keys)
        return connection.person

    return who


def person_at(peer: Peer, keys: Mapping[str, str]) -> Person:
    """The person behind a process. SSH keys are looked for only where some are configured."""
    key = claimed_key(peer.pid, peer.uid) if keys else ""
    try:
        account = pwd.getpwuid(peer.uid)
    except KeyError:
        return Person(name=f"#{peer.uid}", uid=peer.uid, groups=_names([peer.gid]), key=key, called=keys.get(key, ""))
    groups = _names({peer.gid, *os.getgrouplist(account.pw_name, account.pw_gid)})
    return Person(name=account.pw_name, uid=peer.uid, groups=groups, key=key, called=keys.get(key, ""))


def _names(gids: Any) -> tuple[str, ...]:
    """Of Unix groups, those that have one."""
    names = []
    for gid in gids:
        try:
            names.append(grp.getgrgid(gid).gr_name)
        except KeyError:
            continue  # no rule can name it either
    return tuple(sorted(names))


class Admission:
    """The door before every route: finds the person, and lets in who may look."""

    def __init__(self, app: ASGIApp, who: Who, access: Access, refused: Refuse) -> None:
        self._app, self._who, self._access, self._refused = app, who, access, refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"the daemon speaks HTTP alone, not {scope['type']}")
        request = Request(scope)
        try:
            request.state.person = person = await self._who(request)
            self._access.require(person, "viewer", "look")
        except OpsConsoleError as error:
            await (await self._refused(request, error))(scope, receive, send)
            return
        await self._app(scope, receive, send)


def person_of(request: Request) -> Person:
    """Who sent this request."""
    person: Person = request.state.person
    return person
