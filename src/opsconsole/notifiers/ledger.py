"""What became of every notice: a fold over the journal, so that a restart forgets nobody who was not told yet.

Always true here: a state is frozen and follows from the events alone; deliveries of one key to one notifier stand in
the order in which they were queued; what ended is kept only as long as it is worth showing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec

from opsconsole.journal.walk import Event
from opsconsole.wire import Delivery, DeliveryWord, Notice, NoticeSeverity

MOST_ENDED = 500
"""Ended deliveries that are kept at hand; the journal has all."""
MOST_OPEN = 5_000
"""Keys of one notifier that are open at once; of more, the oldest is forgotten."""

QUEUED, SENT, FAILED = "notice.queued", "notice.sent", "notice.failed"


@dataclass(frozen=True)
class Entry:
    """One notice on its way to one notifier."""

    id: str
    notifier: str
    notice: Notice
    queued_at: datetime
    attempts: int = 0
    last_at: datetime | None = None
    next_at: datetime | None = None
    word: DeliveryWord = "pending"
    told: str = ""

    def delivery(self) -> Delivery:
        """As clients see it."""
        notice = self.notice
        return Delivery(
            notifier=self.notifier,
            key=notice.key,
            kind=notice.kind,
            severity=notice.severity,
            service=notice.service,
            title=notice.title,
            id=self.id,
            word=self.word,
            attempts=self.attempts,
            queued_at=self.queued_at,
            last_at=self.last_at,
            next_at=self.next_at,
            told=self.told,
        )


@dataclass(frozen=True)
class Line:
    """One notifier."""

    waiting: tuple[Entry, ...] = ()
    """Oldest first."""
    opened: Mapping[str, Notice] = field(default_factory=dict)
    """Key → what was told of it last and taken, while it is not over."""
    fired: Mapping[str, NoticeSeverity] = field(default_factory=dict)
    """Key → how severe it was when it last fired, from the moment on that this was queued until it is over."""
    sent: int = 0
    given_up: int = 0
    last_sent_at: datetime | None = None

    def newest(self, key: str) -> Notice | None:
        """The last that was said of a key, or is about to be; None when its end was told, or nothing ever was."""
        waiting = next((entry.notice for entry in reversed(self.waiting) if entry.notice.key == key), None)
        return waiting or self.opened.get(key)


@dataclass(frozen=True)
class Deliveries:
    """Every notifier, and what ended lately."""

    lines: Mapping[str, Line] = field(default_factory=dict)
    ended: tuple[Entry, ...] = ()
    """Oldest first."""
    forgotten: int = 0

    def of(self, notifier: str) -> Line:
        return self.lines.get(notifier, Line())

    def entries(self) -> Iterator[Entry]:
        """All that are at hand, those on their way first, the newest first."""
        waiting = [entry for line in self.lines.values() for entry in line.waiting]
        yield from sorted(waiting, key=lambda entry: entry.queued_at, reverse=True)
        yield from reversed(self.ended)


def fold(events: Iterable[Event], state: Deliveries | None = None) -> Deliveries:
    """The state after these events."""
    state = state or Deliveries()
    for event in events:
        state = after(state, event)
    return state


def after(state: Deliveries, event: Event) -> Deliveries:
    """The state after one more event; events of other rooms change nothing."""
    return _AFTER[event.kind](state, event) if event.kind in _AFTER else state


def _queued(state: Deliveries, event: Event) -> Deliveries:
    notice = msgspec.convert(event.data["notice"], Notice)
    for notifier, id in event.data["deliveries"].items():  # noqa: A001
        line = state.of(notifier)
        entry = Entry(id=id, notifier=notifier, notice=notice, queued_at=_at(event))
        fired = _fired(line, notice)
        state = _with(state, notifier, replace(line, waiting=(*line.waiting, entry), fired=fired))
    return state


def _sent(state: Deliveries, event: Event) -> Deliveries:
    entry = _entry(state, event.data)
    if entry is None:
        return state
    line = state.of(entry.notifier)
    done = replace(
        entry, word="sent", attempts=event.data["attempts"], last_at=_at(event), next_at=None, told=event.data["told"]
    )
    line = replace(
        line,
        waiting=_without(line, entry),
        opened=_opened(line, entry.notice),
        sent=line.sent + 1,
        last_sent_at=_at(event),
    )
    return _ended(_with(state, entry.notifier, line), done)


def _failed(state: Deliveries, event: Event) -> Deliveries:
    entry = _entry(state, event.data)
    if entry is None:
        return state
    line = state.of(entry.notifier)
    next_at = event.data.get("next_at")
    tried = replace(
        entry,
        word="failed" if next_at else "given up",
        attempts=event.data["attempts"],
        last_at=_at(event) if event.data["attempts"] > entry.attempts else entry.last_at,
        next_at=datetime.fromisoformat(next_at) if next_at else None,
        told=event.data["told"],
    )
    if next_at:
        waiting = tuple(tried if each.id == entry.id else each for each in line.waiting)
        return _with(state, entry.notifier, replace(line, waiting=waiting))
    # The end of something that nobody could be told of is its end nevertheless: it must not be refreshed for ever.
    opened = _opened(line, entry.notice) if entry.notice.kind == "resolved" else line.opened
    fired = line.fired
    if entry.notice.kind in ("firing", "escalated"):  # nobody knows of it: it may be said again
        fired = {key: severity for key, severity in fired.items() if key != entry.notice.key}
    line = replace(line, waiting=_without(line, entry), opened=opened, fired=fired, given_up=line.given_up + 1)
    return _ended(_with(state, entry.notifier, line), tried)


_AFTER: dict[str, Callable[[Deliveries, Event], Deliveries]] = {QUEUED: _queued, SENT: _sent, FAILED: _failed}


def _fired(line: Line, notice: Notice) -> Mapping[str, NoticeSeverity]:
    if notice.kind not in ("firing", "escalated", "resolved"):
        return line.fired
    others = {key: severity for key, severity in line.fired.items() if key != notice.key}
    if notice.kind == "resolved":
        return others
    if len(others) >= MOST_OPEN:
        del others[next(iter(others))]
    return others | {notice.key: notice.severity}


def _opened(line: Line, notice: Notice) -> Mapping[str, Notice]:
    """Open keys, the one that was told of last at the end."""
    others = {key: each for key, each in line.opened.items() if key != notice.key}
    if notice.kind == "resolved":
        return others
    if notice.kind == "test":
        return line.opened
    if len(others) >= MOST_OPEN:
        del others[next(iter(others))]
    return others | {notice.key: notice}


def _ended(state: Deliveries, entry: Entry) -> Deliveries:
    ended = (*state.ended, entry)
    over = max(0, len(ended) - MOST_ENDED)
    return replace(state, ended=ended[over:], forgotten=state.forgotten + over)


def _with(state: Deliveries, notifier: str, line: Line) -> Deliveries:
    return replace(state, lines={**state.lines, notifier: line})


def _without(line: Line, entry: Entry) -> tuple[Entry, ...]:
    return tuple(each for each in line.waiting if each.id != entry.id)


def _entry(state: Deliveries, data: Mapping[str, Any]) -> Entry | None:
    line = state.of(data["notifier"])
    return next((entry for entry in line.waiting if entry.id == data["id"]), None)


def _at(event: Event) -> datetime:
    return datetime.fromisoformat(event.at)
