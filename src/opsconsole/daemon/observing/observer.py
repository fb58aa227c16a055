"""Which eye is opened how often, and everything that they saw as facts.

Always true here: an eye rests at least ``REST_PER_WORK`` times as long as it took, so that all of them together take a
few per cent of a core however large the fleet is; what was seen is forgotten when it was not seen again for
``FORGET_AFTER`` of its time, and is then not known any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import thread_time

from opsconsole.alerts.facts import Facts, Reading
from opsconsole.daemon.observing.look import Eye, Look, Seen

REST_PER_WORK = 50.0
"""Two per cent of a core for each eye at the most."""
FORGET_AFTER = 4.0


@dataclass
class _Opened:
    """One eye with its memory."""

    name: str
    every_s: float
    eye: Eye
    due_s: float = 0.0
    rest_s: float = 0.0
    seen_s: float = 0.0
    seen: tuple[Seen, ...] = field(default=())


class Observer:
    """Opens eyes; used by one thread."""

    def __init__(self, eyes: Iterable[tuple[str, float, Eye]], monotonic: Callable[[], float]) -> None:
        """``eyes`` are (name, seconds from one look to the next at the least, eye)."""
        self._eyes = [_Opened(name, every_s, eye) for name, every_s, eye in eyes]
        self._monotonic = monotonic
        self.took_s: dict[str, float] = {}
        """Eye → CPU seconds of its last look."""

    def look(
        self, look: Look, guarded: Callable[[str, Callable[[], tuple[Seen, ...]]], tuple[Seen, ...] | None]
    ) -> None:
        """Open the eyes that are due; one that fails has seen nothing."""
        for opened in self._eyes:
            now = self._monotonic()
            if now < opened.due_s:
                continue
            began = thread_time()
            seen = guarded(f"looking at {opened.name}", lambda opened=opened: tuple(opened.eye(look)))  # type: ignore[misc]
            took = thread_time() - began
            self.took_s[opened.name] = took
            opened.rest_s = max(opened.every_s, took * REST_PER_WORK)
            opened.due_s = now + opened.rest_s
            if seen is not None:
                opened.seen, opened.seen_s = seen, now

    def facts(self, at: datetime) -> tuple[Facts, ...]:
        """Everything that is known now, by subject."""
        now = self._monotonic()
        readings: dict[str, dict[str, tuple[Reading, ...]]] = {}
        unknown: dict[str, dict[str, str]] = {}
        services: dict[str, set[str]] = {}
        for opened in self._eyes:
            if not opened.seen or now - opened.seen_s > FORGET_AFTER * max(opened.rest_s, 10.0):
                continue
            for seen in opened.seen:
                whose = services.setdefault(seen.subject, set())
                whose |= {seen.subject} if seen.services is None else set(seen.services)
                if seen.unknown:
                    unknown.setdefault(seen.subject, {})[seen.signal] = seen.unknown
                else:
                    readings.setdefault(seen.subject, {})[seen.signal] = seen.readings
        return tuple(
            Facts(
                subject=subject,
                services=tuple(sorted(whose)),
                at=at,
                readings=readings.get(subject, {}),
                unknown=unknown.get(subject, {}),
            )
            for subject, whose in services.items()
        )


def unknown_of(facts: Iterable[Facts], subject: str) -> Mapping[str, str]:
    """Signal → why it cannot be said, of one subject."""
    return next((each.unknown for each in facts if each.subject == subject), {})
