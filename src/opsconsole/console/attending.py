"""Who else is attached, and what this console may do: said and heard every few seconds, and at once when it matters.

Always true here: a daemon that is gone says so where the views are asked for; here it only means that nobody is seen.
What this console may do stays as it was heard last: the daemon judges every act again.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from functools import partial

from opsconsole import wire
from opsconsole.clock import Clock
from opsconsole.console import hands
from opsconsole.console.feed import Client
from opsconsole.console.frame import State
from opsconsole.console.ringing import Ringing
from opsconsole.errors import OpsConsoleError

EVERY_S = 5.0
"""How often this console says where it is, and hears who else is."""


class Attending:
    """This console among the others."""

    def __init__(
        self,
        client: Client,
        clock: Clock,
        run: Callable[[Callable[[], Coroutine[None, None, None]]], object],
        show: Callable[[], None],
        write: Callable[[str], None],
        say: Callable[[str], None],
        environ: Mapping[str, str],
    ) -> None:
        """``write`` puts a sequence on the terminal, between two frames; ``say`` puts words into the last line."""
        self._client = client
        self._clock = clock
        self._run = run
        self._show = show
        self._say = say
        self._said = ""
        self._environ = environ
        self._ringing = Ringing(write, environ)
        self.others: tuple[wire.Presence, ...] = ()
        self.permission: wire.Permission | None = None
        self.releases: dict[str, wire.ReleaseBrief] | None = None
        self.on_call: wire.OnCall | None = None

    @property
    def armed_s(self) -> float | None:
        """Seconds for which this console may still act; None where it is not armed."""
        until = self.permission.armed_until if self.permission is not None else None
        return None if until is None else (until - self._clock.now()).total_seconds()

    def tell(self, state: State, armed: str, on: str = "") -> None:
        """Say where this console is, and what it has armed on which service."""
        self._said = armed
        self._run(partial(self._exchange, hands.presence(state, self._environ, armed, on)))

    def tell_armed(self, state: State, armed: str, on: str) -> None:
        """The same at once, if something was armed or let go since."""
        if armed != self._said:
            self.tell(state, armed, on)

    def permit(self, permission: wire.Permission) -> None:
        self.permission = permission
        self._show()

    async def _exchange(self, presence: wire.Presence) -> None:
        try:
            present = await self._client.present(presence)
        except OpsConsoleError:
            others: tuple[wire.Presence, ...] = ()
            permission, releases, on_call = self.permission, self.releases, self.on_call
        else:
            if said := self._ringing.hear(present.rings, self._clock.now()):
                self._say(" · ".join(said))
            others, permission = hands.others(present), present.permission
            on_call = present.on_call
            releases = None if present.releases is None else {each.service: each for each in present.releases}
        heard = (others, permission, releases, on_call)
        if heard != (self.others, self.permission, self.releases, self.on_call):
            self.others, self.permission, self.releases, self.on_call = heard
            self._show()
