"""When each checklist was last drilled: a fold over the journal, in which a drill's score names the lists that it used.

Always true here: what is new in the journal is taken in when it is asked for, whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from threading import Lock

from opsconsole.journal.walk import Event

SCORED = "drill.scored"


class Drills:
    """The drills of one home, as far as checklists are concerned; asked from several threads."""

    def __init__(self, events: Callable[[int], Iterator[Event]]) -> None:
        """``events`` are those of the journal after a number."""
        self._events, self._seq, self._lock = events, 0, Lock()
        self._last: dict[str, datetime] = {}

    def last(self) -> Mapping[str, datetime]:
        """Id of a checklist → when the last drill that used it was scored."""
        with self._lock:
            for event in self._events(self._seq):
                self._seq = event.seq
                if event.kind == SCORED:
                    self._last |= {str(name): datetime.fromisoformat(event.at) for name in event.data["checklists"]}
            return dict(self._last)
