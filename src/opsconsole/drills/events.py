"""One line of a drill's event log: what people did, as the journal has it, or what the stage did, in one order.

Always true here: a line says when it was in the drill's own time and nothing of the machine that it ran on; what
players may not see is in the stage's lines alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

Log = Literal["journal", "stage"]
STARTED, ENDED = "drill.started", "drill.ended"
SERVED = "drill.served"
FAULTED, CLEARED = "drill.faulted", "drill.cleared"
TOLD = "drill.told"
HINTED = "drill.hinted"
JUDGED = "drill.judged"
LOOKED = "drill.steady"
EFFECTIVE = "drill.effective"
SAID = "drill.said"
NOTED = "drill.noted"
STOPPED = "drill.stopped"


class Logged(msgspec.Struct, frozen=True, kw_only=True):
    """One event."""

    t: float
    """Seconds since the drill's start; before it they are negative."""
    at: str
    """The drill's clock (ISO 8601, UTC)."""
    log: Log
    actor: str
    kind: str
    data: Mapping[str, Any]

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.at)


def until_end(events: Sequence[Logged]) -> Sequence[Logged]:
    """What belongs to the drill: nothing that came after its end."""
    end = next((n for n, event in enumerate(events, 1) if event.kind == ENDED), len(events))
    return events[:end]


def written(events: Iterable[Logged]) -> bytes:
    """The event log as JSON lines."""
    return b"".join(msgspec.json.encode(event) + b"\n" for event in events)


def read(content: bytes) -> Iterator[Logged]:
    """Raises msgspec.DecodeError for a line that is no event."""
    return (msgspec.json.decode(line, type=Logged) for line in content.splitlines() if line)
