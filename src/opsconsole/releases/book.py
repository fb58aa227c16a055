"""The book of releases: one change of a service is under way at a time, whoever asked for it."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

from opsconsole.journal.book import Append, Book
from opsconsole.releases.ledger import Releases, ServiceReleases, after


class ReleaseBook(Book[Releases]):
    """What is known of releases, and who may change a target now."""

    def __init__(self, append: Append, state: Releases, tell: Callable[[], None]) -> None:
        super().__init__(append, after, state, tell)
        self._services_lock = Lock()
        self._services: dict[str, Lock] = {}

    def note_unless_newer(self, known: ServiceReleases, actor: str, kind: str, *, service: str, **data: Any) -> None:
        """Write down what follows from ``known``, unless more has been written down of that service since."""
        self.note_if(lambda state: state.of(service) == known, actor, kind, service=service, **data)

    def of(self, service: str) -> ServiceReleases:
        return self.state.of(service)

    def only_change_of(self, service: str) -> Lock:
        """Held while something is changed at a service's target."""
        with self._services_lock:
            return self._services.setdefault(service, Lock())
