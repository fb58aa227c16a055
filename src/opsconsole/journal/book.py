"""The journal as a room sees it: what is written down is true at once, and what is true was written down first.

Always true here: an event is on the disk before the state says so; events are taken in the order of the journal.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any, Generic, TypeVar

from opsconsole.journal.walk import Event

Append = Callable[[str, str, dict[str, Any]], Event]
"""(actor, kind, data) → the event, once it is on the disk."""

S = TypeVar("S")


class Book(Generic[S]):
    """Appends what happens in a room, and holds the state that follows; any thread may write."""

    def __init__(
        self, append: Append, after: Callable[[S, Event], S], state: S, tell: Callable[[], None] = lambda: None
    ) -> None:
        """``after`` is the room's fold, ``state`` what followed from the journal so far; ``tell`` is called after each
        event: views have something new to show."""
        self._append = append
        self._after = after
        self._tell = tell
        self._lock = Lock()
        self.state = state

    def note(self, actor: str, kind: str, **data: Any) -> Event:
        """Write an event down, and let the state follow. Raises JournalError when it cannot be written."""
        with self._lock:
            event = self._written(actor, kind, data)
        self._tell()
        return event

    def note_if(self, holds: Callable[[S], bool], actor: str, kind: str, **data: Any) -> Event | None:
        """The same, if this holds of the state at that moment; None where it does not."""
        with self._lock:
            if not holds(self.state):
                return None
            event = self._written(actor, kind, data)
        self._tell()
        return event

    def _written(self, actor: str, kind: str, data: dict[str, Any]) -> Event:
        event = self._append(actor, kind, data)
        self.state = self._after(self.state, event)
        return event
