"""The book of alerts, and the one turn in which people and timers meet.

Always true here: whoever has the turn sees the newest state, and nobody else changes what is told meanwhile: once an
acknowledgement has returned, no step of that alert's ladder is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock

from opsconsole.alerts.ledger import Alerts, after
from opsconsole.journal.book import Append, Book


class AlertBook(Book[Alerts]):
    """What is known of alerts."""

    def __init__(self, append: Append, state: Alerts, tell: Callable[[], None]) -> None:
        super().__init__(append, after, state, tell)
        self.turn = RLock()
        """Held while a decision is made and written down, by people and by the clock alike."""
