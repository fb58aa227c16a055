"""Armed consoles: where it matters, a console is read-only until somebody types the name of the environment.

Always true here: an armed console is armed for the person who typed, on that console alone, and for a bounded time; it
locks itself by the clock, whether or not anybody looks; nothing is armed when the daemon starts.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import NamedTuple

from opsconsole.clock import Clock
from opsconsole.environment import EnvironmentKind
from opsconsole.errors import RequestRefused, UsageError
from opsconsole.releases.access import Access, Person
from opsconsole.wire import Permission

MOST_ARMED = 256
MOST_CHARACTERS = 200
"""Of a console's name, and of any word that it says."""


def named(console: str, *words: str) -> None:
    """Raises UsageError where a console has no name, or it or another word of it is too long."""
    if not console or max(map(len, (console, *words))) > MOST_CHARACTERS:
        raise UsageError("a console says its name, and every word in at most 200 characters")


class Armed(NamedTuple):
    """A console that may act."""

    person: Person
    console: str
    until: datetime


class Arms:
    """The armed consoles of one daemon; asked from several threads."""

    def __init__(self, access: Access, clock: Clock, environment: str, kind: EnvironmentKind) -> None:
        self._access, self._clock, self._environment = access, clock, environment
        wanted = access.setting.read_only
        self.must_arm = wanted == "always" or (wanted == "auto" and kind == "prod")
        """Is every console of this environment read-only until it is armed?"""
        self._for = timedelta(minutes=access.setting.arm_minutes)
        self._lock = Lock()
        self._armed: dict[tuple[int, str, str], Armed] = {}

    def arm(
        self, person: Person, console: str, typed: str, note: Callable[[datetime], object] = lambda until: None
    ) -> Permission:
        """Let this console act for ``access.arm_minutes`` from now on; ``note`` writes that down first, until when.

        Raises RequestRefused for whoever is no operator, and for other words than the environment's name; UsageError
        for a console without a name.
        """
        named(console)
        self._access.require(person, "operator", "arm a console")
        if not self._environment:
            raise RequestRefused(
                "a console is armed with the name of the environment, and this one has none",
                "Name it in opsconsole.yaml: `environment: prod`.",
            )
        if typed != self._environment:
            raise RequestRefused("what was typed is not the name of this environment", f"Type {self._environment}.")
        now, key = self._clock.now(), _key(person, console)
        with self._lock:
            others = sum(1 for each, armed in self._armed.items() if armed.until > now and each != key)
            if others >= MOST_ARMED:
                raise RequestRefused(f"{MOST_ARMED} consoles are armed already", "Lock one of them.")
            note(now + self._for)
            self._armed[key] = Armed(person, console, now + self._for)
        return self.permission(person, console)

    def lock(self, person: Person, console: str) -> bool:
        """Make it read-only again; was it armed?"""
        with self._lock:
            armed = self._armed.pop(_key(person, console), None)
        return armed is not None and armed.until > self._clock.now()

    def is_armed(self, person: Person, console: str) -> bool:
        return self._until(person, console) is not None

    def is_read_only(self, person: Person, console: str) -> bool:
        """Whoever is no operator always is; an operator is where that is asked for, until the console is armed."""
        if not self._access.has(person, "operator"):
            return True
        return self.must_arm and not self.is_armed(person, console)

    def permission(self, person: Person, console: str) -> Permission:
        """Who this is, and what they may do on this console now."""
        return Permission(
            actor=person.actor,
            roles=self._access.roles(person),
            is_read_only=self.is_read_only(person, console),
            armed_until=self._until(person, console),
            environment=self._environment,
        )

    def expired(self) -> tuple[Armed, ...]:
        """Those that have locked themselves since this was last asked (about every second): each is told once."""
        now = self._clock.now()
        with self._lock:
            over = tuple(armed for armed in self._armed.values() if armed.until <= now)
            for armed in over:
                del self._armed[_key(armed.person, armed.console)]
        return over

    def _until(self, person: Person, console: str) -> datetime | None:
        with self._lock:
            armed = self._armed.get(_key(person, console))
        return armed.until if armed is not None and armed.until > self._clock.now() else None


def _key(person: Person, console: str) -> tuple[int, str, str]:
    """Whoever calls a console of theirs by another's name has not armed that one."""
    return person.uid, person.key, console
