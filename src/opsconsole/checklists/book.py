"""The book of checklists: the runs as the journal tells them, and one hand at a time on each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from threading import Lock, RLock
from typing import NamedTuple

from opsconsole import wire
from opsconsole.checklists.machine import Runs, after
from opsconsole.errors import UsageError
from opsconsole.journal.book import Append, Book


class Planned(NamedTuple):
    """The plan that was shown last, and what it is of."""

    step: str
    attempt: int
    undoes: str
    plan: wire.Plan


class RunBook(Book[Runs]):
    """What is known of runs, and when each was last looked at."""

    def __init__(self, append: Append, state: Runs, tell: Callable[[], None] = lambda: None) -> None:
        super().__init__(append, after, state, tell)
        self.naming = RLock()
        """Held while a run gets its number."""
        self._locks_lock = Lock()
        self._locks: dict[str, RLock] = {}
        self.planned: dict[str, Planned] = {}
        """Run → the plan that may be executed."""
        self.looked: dict[tuple[str, str, int, str], tuple[datetime, str]] = {}
        """(run, step, attempt, which) → when a machine last looked, and what it found: what it found again and again
        while it waits is not written down each time."""

    def run(self, name: str) -> wire.Run:
        """Raises UsageError."""
        run = self.state.runs.get(name)
        if run is None:
            known = ", ".join(list(self.state.runs)[-5:]) or "none yet"
            raise UsageError(f"there is no run {name!r}", f"The last ones: {known}.")
        return run

    def only_hand_on(self, run: str) -> RLock:
        """Held while something is done in a run."""
        with self._locks_lock:
            return self._locks.setdefault(run, RLock())
