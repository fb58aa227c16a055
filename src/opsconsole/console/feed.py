"""Where views come from: the client, asked again and again for the one view that is on the screen.

Always true here: one question is open at a time; a newer answer replaces an older one and none is queued; a daemon that
is gone is asked again ever more slowly, and the last answer stays with whoever holds it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

import msgspec

from opsconsole import wire
from opsconsole.console.frame import Link
from opsconsole.console.place import ViewName
from opsconsole.errors import DaemonError, RequestRefused, UsageError

S = TypeVar("S", bound=msgspec.Struct)


class Client(Protocol):
    """What the console needs of the daemon. With ``after`` above 0 a call waits until the revision is newer, or until
    the daemon's time-out, and then returns the newest; it raises DaemonError when the daemon is gone."""

    async def view(self, kind: str, parameters: Mapping[str, str], after: int = 0) -> wire.Answer: ...

    async def health(self) -> wire.Health: ...

    async def present(self, presence: wire.Presence) -> wire.Present: ...

    async def plan(self, order: wire.OrderRequest) -> wire.Plan: ...

    async def apply(self, request: wire.ApplyRequest) -> wire.Outcome: ...

    async def approve(self, request: wire.ApproveRequest) -> wire.Approval: ...

    async def arm(self, request: wire.ArmRequest) -> wire.Permission: ...

    async def do(self, path: str, request: msgspec.Struct, kind: type[S]) -> S:
        """Have something done by the route of the API that has this path; its answer is of that kind."""
        ...


@dataclass(frozen=True)
class Question:
    """Which view is wanted."""

    view: ViewName
    parameters: tuple[tuple[str, str], ...] = ()
    """As the daemon's API names them, in the order of names."""


LEAST_PAUSE_S = 0.5
"""Between two answers: twice a second is as fast as a person reads."""

FIRST_RETRY_S, LAST_RETRY_S = 0.5, 15.0
"""Pauses between attempts to reach a daemon that is gone: doubled each time."""


class Feed:
    """Asks one question until it is cancelled, and tells of answers and of how the link stands."""

    def __init__(
        self,
        client: Client,
        on_answer: Callable[[Question, wire.Answer], None],
        on_link: Callable[[Link], None],
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._on_answer = on_answer
        self._on_link = on_link
        self._pause = pause
        self._link = Link()

    async def follow(self, question: Question) -> None:
        """Ask until cancelled."""
        after, retry_s, version = 0, FIRST_RETRY_S, self._link.version
        if self._link.word == "refused":  # that was another question
            self._set_link(Link())
        while True:
            try:
                if self._link.word != "ok":
                    health = await self._client.health()
                    if health.api_version != wire.API_VERSION:
                        self._set_link(Link("foreign", _foreign(health), health.version))
                        return
                    version = health.version
                answer = await self._client.view(question.view, dict(question.parameters), after)
            except (RequestRefused, UsageError) as refused:
                self._set_link(Link("refused", refused.message, remedy=refused.remedy))
            except DaemonError as gone:
                self._set_link(Link("lost", gone.message))
            else:
                self._set_link(Link("ok", version=version))
                if answer.revision != after or not after:
                    self._on_answer(question, answer)
                after, retry_s = answer.revision, FIRST_RETRY_S
                await self._pause(LEAST_PAUSE_S)
                continue
            await self._pause(retry_s)
            after, retry_s = 0, min(LAST_RETRY_S, retry_s * 2)

    def _set_link(self, link: Link) -> None:
        if link != self._link:
            self._link = link
            self._on_link(link)


def _foreign(health: wire.Health) -> str:
    spoken = f"version {health.api_version} of the wire, this console version {wire.API_VERSION}"
    return f"the daemon ({health.version}) speaks {spoken}"
