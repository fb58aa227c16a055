"""When one notifier is tried next: how long its line rests after a failure, and which delivery goes first.

Always true here: of one key only the oldest delivery is ever tried; what was never tried goes before what was, a page
before a ticket, and what failed longest ago before what failed lately, so that one notice that is always refused keeps
no other waiting. Intervals are monotonic: a clock that is set changes none of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from opsconsole.notifiers import backoff
from opsconsole.notifiers.ledger import Entry
from opsconsole.wire import NoticeKind, NoticeSeverity

LONGEST_REST_S = 60.0
"""So often at the least it is looked whether a line that was down works again."""
TRIED_FOR_S = 600.0
"""After a start what waits is tried for so long at the least: the network may come up after the daemon."""
MOST_WAITING = 500
"""Deliveries of one notifier; of more, the least important is given up."""
_RANKS: dict[NoticeSeverity, int] = {"page": 0, "ticket": 1, "info": 2}
_WORTH: dict[NoticeKind, int] = {"resolved": 0, "firing": 1, "escalated": 2, "update": 3, "test": 4}
"""What is given up last, where there is no room: an end that is not told leaves somebody else's alert open."""


class Pace:
    """One notifier's. Only ever touched under the dispatcher's lock."""

    def __init__(self) -> None:
        self.failures = 0
        """In a row, of whatever was tried."""
        self.flying = ""
        """Id of what is being tried now; empty when nothing is."""
        self.refreshed_s: float | None = None
        self.trouble = ""
        """Why the last attempt failed; empty when it did not."""
        self._rests_until_s = 0.0
        self._due_s: dict[str, float] = {}
        self._tried_s: dict[str, float] = {}
        self._since_s: dict[str, float] = {}

    def queued(self, id: str, now_s: float) -> None:  # noqa: A002
        self._due_s[id] = self._since_s[id] = now_s

    def restored(self, entry: Entry, now: datetime, now_s: float, give_up_s: float) -> None:
        """It waited when the daemon started; however long, or however the clock was set since, it is tried soon, and
        for a while."""
        waited_s = max(0.0, (now - entry.queued_at).total_seconds())
        waited_s = min(waited_s, max(0.0, give_up_s - TRIED_FOR_S))
        rest_s = (entry.next_at - now).total_seconds() if entry.next_at else 0.0
        self._since_s[entry.id] = now_s - waited_s
        self._due_s[entry.id] = now_s + min(max(0.0, rest_s), backoff.LONGEST_S)

    def forget(self, id: str) -> None:  # noqa: A002
        for known in (self._due_s, self._tried_s, self._since_s):
            known.pop(id, None)

    def age_s(self, id: str, now_s: float) -> float:  # noqa: A002
        return now_s - self._since_s[id]

    def worked(self) -> None:
        """The other side is there, and answers."""
        self.failures, self._rests_until_s, self.trouble = 0, 0.0, ""

    def failed(self, trouble: str, now_s: float, chance: float, asked_s: float | None) -> None:
        """It is not, or does not."""
        self.failures += 1
        self.trouble = trouble
        own_s = min(backoff.wait_s(self.failures, chance), LONGEST_REST_S)
        self._rests_until_s = now_s + max(own_s, min(asked_s or 0.0, backoff.MOST_ASKED_S))

    def put_off(self, entry: Entry, now_s: float, chance: float, asked_s: float | None) -> float:
        """Seconds after which this one is tried again."""
        wait_s = backoff.wait_s(entry.attempts + 1, chance, asked_s)
        self._tried_s[entry.id] = now_s
        self._due_s[entry.id] = now_s + wait_s
        return wait_s

    def next(self, waiting: Iterable[Entry]) -> tuple[Entry, float] | None:
        """What is tried next, and when (monotonic seconds); None when nothing waits."""
        heads: dict[str, Entry] = {}
        for entry in waiting:
            heads.setdefault(entry.notice.key, entry)
        if not heads:
            return None
        soonest_s = max(min(self._due_s[entry.id] for entry in heads.values()), self._rests_until_s)
        ready = [entry for entry in heads.values() if self._due_s[entry.id] <= soonest_s]
        first = min(ready, key=lambda entry: (self._tried_s.get(entry.id, -1.0), _RANKS[entry.notice.severity]))
        return first, soonest_s

    def rested_s(self, due_s: float) -> float:
        """When something that is due then can be tried."""
        return max(due_s, self._rests_until_s)

    def least(self, waiting: Iterable[Entry]) -> Entry | None:
        """What is given up first, where too much waits: the least important, and of these the oldest."""
        others = [entry for entry in waiting if entry.id != self.flying]
        return max(others, key=lambda entry: (_RANKS[entry.notice.severity], _WORTH[entry.notice.kind]), default=None)
