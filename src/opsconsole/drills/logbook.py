"""The event log as it grows: the journal's events and the stage's own, in the order in which they happened.

Always true here: what the stage writes comes after everything that the journal held by then, whichever thread writes;
the end is the last line; nothing of the machine is kept: not its paths, not the number of a process.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from threading import RLock
from typing import Any

import msgspec

from opsconsole.clock import Clock
from opsconsole.drills.events import ENDED, Logged
from opsconsole.journal import Event, Journal

_CONSOLE = re.compile(rb'"cli-\d+"')
_STAGE = "stage"


class Logbook:
    """Owns a drill's event log."""

    def __init__(self, journal: Journal, clock: Clock, start: datetime, directory: str) -> None:
        """``directory`` is the home's: where the journal names it, the log says ``HOME``."""
        self._journal, self._clock, self._start = journal, clock, start
        self._directory = msgspec.json.encode(directory)[1:-1]
        self._seq = 0
        self._lock = RLock()
        self.events: list[Logged] = []
        self._listeners: list[Callable[[Logged], None]] = []

    def on_event(self, listener: Callable[[Logged], None]) -> None:
        """Be told of each event, once, in their order."""
        self._listeners.append(listener)

    def follow(self) -> None:
        """Take in what is new in the journal."""
        with self._lock:
            for event in list(self._journal.events(self._seq)):
                self._seq = event.seq
                self._add(self._of_journal(event))

    def note(self, kind: str, **data: Any) -> None:
        """Write down something that the stage did."""
        with self._lock:
            self.follow()
            now = self._clock.now()
            at = now.isoformat(timespec="microseconds")
            self._add(Logged(t=self._t(now), at=at, log="stage", actor=_STAGE, kind=kind, data=data))

    def _add(self, event: Logged) -> None:
        if self.events and self.events[-1].kind == ENDED:
            return  # whatever anybody does now is no part of the drill
        self.events.append(event)
        for listener in self._listeners:
            listener(event)

    def _of_journal(self, event: Event) -> Logged:
        data: Mapping[str, Any] = msgspec.json.decode(self._without_machine(msgspec.json.encode(event.data)))
        at = datetime.fromisoformat(event.at)
        return Logged(t=self._t(at), at=event.at, log="journal", actor=event.actor, kind=event.kind, data=data)

    def _without_machine(self, content: bytes) -> bytes:
        return _CONSOLE.sub(b'"cli"', content.replace(self._directory, b"HOME"))

    def _t(self, at: datetime) -> float:
        return round((at - self._start).total_seconds(), 3)
