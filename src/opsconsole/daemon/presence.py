"""Who is attached: what consoles say of themselves, for as long as they go on saying it.

Always true here: a console that has said nothing for ``FORGET_AFTER`` is gone; never more than ``MOST_CONSOLES`` are
remembered; since when somebody is here is what the daemon's clock says, and who it is what the socket says.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock

import msgspec

from opsconsole import wire
from opsconsole.clock import Clock
from opsconsole.errors import UsageError

FORGET_AFTER = timedelta(seconds=12)
MOST_CONSOLES = 64
MOST_CHARACTERS = 200
"""Of any word that a console says."""


class Attendance:
    """The consoles of one daemon; asked from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._here: dict[tuple[str, str], tuple[datetime, wire.Presence]] = {}
        """By person and console: whoever takes another's name stands beside them, not in their place."""

    def tell(self, said: wire.Presence, user: str = "") -> wire.Present:
        """One console says where it is, and hears of all; ``user`` is who it is, whatever it says.

        Raises UsageError when it has no name, or there are too many.
        """
        words = (said.console, said.user, said.origin, said.view, said.service, said.armed)
        if not said.console or max(map(len, words)) > MOST_CHARACTERS:
            raise UsageError("a console says its name, and every word in at most 200 characters")
        now = self._clock.now()
        with self._lock:
            self._here = {name: each for name, each in self._here.items() if now - each[0] <= FORGET_AFTER}
            key = (user, said.console)
            known = self._here.get(key)
            if known is None and len(self._here) >= MOST_CONSOLES:
                raise UsageError(f"{MOST_CONSOLES} consoles are attached already", "Close one of them.")
            since = known[1].since if known else now
            self._here[key] = (now, msgspec.structs.replace(said, since=since, user=user or said.user))
            here = sorted((each for _, each in self._here.values()), key=lambda each: (each.since or now, each.console))
        return wire.Present(consoles=tuple(here))

    def here(self) -> tuple[wire.Presence, ...]:
        """Everyone who said so lately."""
        now = self._clock.now()
        with self._lock:
            return tuple(said for at, said in self._here.values() if now - at <= FORGET_AFTER)
