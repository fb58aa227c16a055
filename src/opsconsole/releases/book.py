"""The journal as releases see it: what is written down is true at once, and what is true was written down first.

Always true here: an event is on the disk before the state says so; events are taken in the order of the journal; one
change of a service is under way at a time, whoever asked for it.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

from opsconsole.journal.chain import Event
from opsconsole.releases.ledger import Releases, ServiceReleases, after

Append = Callable[[str, str, dict[str, Any]], Event]
"""(actor, kind, data) → the event, once it is on the disk."""


class Book:
    """Appends what happens to releases, and holds the state that follows."""

    def __init__(self, append: Append, state: Releases, tell: Callable[[], None]) -> None:
        """``tell`` is called after each event: views have something new to show."""
        self._append = append
        self._tell = tell
        self._lock = Lock()
        self._services: dict[str, Lock] = {}
        self.state = state

    def note(self, actor: str, kind: str, **data: Any) -> Event:
        """Write an event down, and let the state follow."""
        with self._lock:
            event = self._append(actor, kind, data)
            self.state = after(self.state, event)
        self._tell()
        return event

    def note_unless_newer(self, known: ServiceReleases, actor: str, kind: str, *, service: str, **data: Any) -> None:
        """Write down what follows from ``known``, unless more has been written down of that service since."""
        with self._lock:
            if self.state.of(service) != known:
                return
            self.state = after(self.state, self._append(actor, kind, {"service": service, **data}))
        self._tell()

    def of(self, service: str) -> ServiceReleases:
        return self.state.of(service)

    def only_change_of(self, service: str) -> Lock:
        """Held while something is changed at a service's target."""
        with self._lock:
            return self._services.setdefault(service, Lock())
