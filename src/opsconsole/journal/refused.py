"""What was refused, written down: the first refusal at once, and those that repeat it as a number, once a minute.

Always true here: every refusal is counted in some event; whoever asks over and over, or for ever other things, writes
no more than a few events a minute; what cannot be written down yet hides no answer from whoever asked, and is written
down later.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from opsconsole.clock import Clock
from opsconsole.errors import JournalError

ONCE_IN = timedelta(minutes=1)
"""The same refusal of the same actor is one event in so long."""
MOST_OF_ONE = 20
"""Different refusals of one actor within that: further ones are counted together."""
MOST_OF_ALL = 200
"""Different refusals of all: on a shared account a name is what somebody says, and there is no end of names."""
OTHERS, EVERYBODY = "request.refused", "several"

log = logging.getLogger("opsconsole")

Key = tuple[str, str, tuple[str, ...]]
"""(actor, kind, what makes two refusals the same)."""


@dataclass
class Again:
    """A refusal that was written down, and what came after it."""

    until: datetime
    data: dict[str, Any]
    times: int
    """Refusals since the last event of them."""


class Refused:
    """The refusals of one daemon; any thread may tell one."""

    def __init__(self, note: Callable[..., Any], clock: Clock) -> None:
        """``note`` takes (actor, kind, **data) and raises JournalError where it cannot be written down."""
        self._note, self._clock = note, clock
        self._lock = Lock()
        self._again: dict[Key, Again] = {}

    def tell(self, actor: str, kind: str, same: tuple[str, ...], **data: Any) -> None:
        """One refusal; ``same`` names it: others of this actor and kind with the same words repeat it."""
        now, key = self._clock.now(), (actor, kind, same)
        with self._lock:
            if key not in self._again and (whose := self._crowded(actor)):
                key, data = (whose, OTHERS, ()), {"why": "more was refused than is told one by one"}
            known = self._again.setdefault(key, Again(now, data, 0))
            known.data, known.times = data, known.times + 1
            if now >= known.until:
                self._write(key, known, now)

    def _crowded(self, actor: str) -> str:
        """Under whose name a further refusal is counted, where it is not told by itself."""
        if sum(each[0] == actor for each in self._again) >= MOST_OF_ONE:
            return actor
        return EVERYBODY if len(self._again) >= MOST_OF_ALL else ""

    def catch_up(self, *, is_last: bool = False) -> None:
        """Write down what was repeated and is due; all of it where nothing comes after."""
        now = self._clock.now()
        with self._lock:
            for key, known in list(self._again.items()):
                if now < known.until and not is_last:
                    continue
                if known.times:
                    self._write(key, known, now)
                else:
                    del self._again[key]

    def _write(self, key: Key, known: Again, now: datetime) -> None:
        actor, kind, _ = key
        try:
            self._note(actor, kind, **known.data, **({"times": known.times} if known.times > 1 else {}))
        except JournalError as error:
            log.warning("a refusal of %s could not be written down yet: %s", actor, error.message)
            return
        known.until, known.times = now + ONCE_IN, 0
