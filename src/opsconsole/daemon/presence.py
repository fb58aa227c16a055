"""Who is attached: what consoles say of themselves, for as long as they go on saying it.

Always true here: a console that has said nothing for ``FORGET_AFTER`` is gone; never more than ``MOST_CONSOLES`` are
remembered; since when somebody is here is what the daemon's clock says, and who it is what the socket says. Silence and
rings are measured in the time of the people, which in a drill is not the daemon's.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock

import msgspec

from opsconsole import wire
from opsconsole.clock import Clock
from opsconsole.errors import UsageError
from opsconsole.releases.arming import named

FORGET_AFTER = timedelta(seconds=12)
MOST_CONSOLES = 64
RINGS_FOR = timedelta(seconds=30)
"""A bell that nobody heard by then is no bell any more."""
MOST_RINGS = 20


class Attendance:
    """The consoles of one daemon; asked from several threads."""

    def __init__(self, clock: Clock, people: Clock | None = None) -> None:
        """``people`` is the clock of those who sit at the consoles, where it is another one."""
        self._clock, self._people = clock, people or clock
        self._lock = Lock()
        self._here: dict[tuple[str, str], tuple[datetime, wire.Presence]] = {}
        """By person and console: whoever takes another's name stands beside them, not in their place."""
        self._rings: tuple[wire.Ring, ...] = ()
        self._rung = int(self._people.now().timestamp())  # a console that outlives its daemon hears the next one

    def tell(self, said: wire.Presence, user: str = "") -> wire.Present:
        """One console says where it is, and hears of all; ``user`` is who it is, whatever it says.

        Raises UsageError when it has no name, or there are too many.
        """
        named(said.console, said.user, said.origin, said.view, said.service, said.armed)
        now, at = self._people.now(), self._clock.now()
        with self._lock:
            self._here = {name: each for name, each in self._here.items() if now - each[0] <= FORGET_AFTER}
            key = (user, said.console)
            known = self._here.get(key)
            if known is None and len(self._here) >= MOST_CONSOLES:
                raise UsageError(f"{MOST_CONSOLES} consoles are attached already", "Close one of them.")
            since = known[1].since if known else at
            self._here[key] = (now, msgspec.structs.replace(said, since=since, user=user or said.user))
            here = sorted((each for _, each in self._here.values()), key=lambda each: (each.since or at, each.console))
            rings = tuple(ring for ring in self._rings if ring.until > now)
        return wire.Present(consoles=tuple(here), rings=rings)

    def ring(self, words: str, has_bell: bool, *, is_said: bool = False) -> int:
        """Have every attached console show this once; how many there are.

        What ``is_said`` stands on their screens in words.
        """
        with self._lock:
            consoles, until = self._count(), self._people.now() + RINGS_FOR
            if consoles:
                self._rung += 1
                ring = wire.Ring(number=self._rung, has_bell=has_bell, words=words, until=until, is_said=is_said)
                self._rings = (*self._rings, ring)[-MOST_RINGS:]
            return consoles

    def _count(self) -> int:
        now = self._people.now()
        return sum(now - at <= FORGET_AFTER for at, _ in self._here.values())

    def here(self) -> tuple[wire.Presence, ...]:
        """Everyone who said so lately."""
        now = self._people.now()
        with self._lock:
            return tuple(said for at, said in self._here.values() if now - at <= FORGET_AFTER)
