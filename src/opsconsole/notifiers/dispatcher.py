"""The dispatcher: from a notice to everybody who is to hear of it, whatever fails on the way.

Always true here: whoever notifies waits for the journal and for nobody else; what was queued is in the journal before
it is sent, and what became of it afterwards, so after a crash it is sent again rather than not at all; of one key at
one notifier one attempt is under way at a time, and they are in order; nobody is told twice that the same thing fires.
If the journal cannot be written people are told nevertheless, as long as this process lives.

How an attempt ends decides what follows: what the other side took is done; a notice that it refuses is given up at
once (``base.FINAL``); everything else is tried again (``backoff.py``) until it is given up after the time that is
configured.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import msgspec

from opsconsole.clock import Clock
from opsconsole.errors import JournalError, UsageError
from opsconsole.journal.book import Append, Book
from opsconsole.journal.walk import Event, written
from opsconsole.notifiers import backoff
from opsconsole.notifiers.base import FINAL, Indeterminate, Kind, Message, Notifier, OutsideError, Refreshing
from opsconsole.notifiers.ledger import FAILED, QUEUED, SENT, Deliveries, Entry, Line, after
from opsconsole.notifiers.pace import MOST_WAITING, Pace
from opsconsole.wire import Notice, NotifierRow

log = logging.getLogger("opsconsole")
_SELF = "opsconsole"
_FOLLOW_UP = frozenset({"resolved", "update", "escalated"})
"""What is said of something goes to whoever was told of it, whatever else was configured or named."""


@dataclass(frozen=True)
class Way:
    """A notifier as it is configured."""

    kind: Kind
    notifier: Notifier
    severities: frozenset[str] = frozenset()
    """That it gets; all where none is named."""
    services: frozenset[str] = frozenset()
    give_up_s: float = 86_400.0


def _new_id() -> str:
    return uuid4().hex[:16]


class Dispatcher:
    """Every notifier of one home. Safe to use from several threads; ``step`` does the work of one notifier."""

    def __init__(
        self,
        ways: Mapping[str, Way],
        append: Append,
        state: Deliveries,
        clock: Clock,
        *,
        tell: Callable[[], None] = lambda: None,
        wake: Callable[[Iterable[str]], None] = lambda names: None,
        trouble: Callable[[str], None] = lambda what: None,
        chance: Callable[[], float] = random.random,
        new_id: Callable[[], str] = _new_id,
    ) -> None:
        """``state`` is what followed from the journal so far; ``tell``: there is something new to show; ``wake``: these
        notifiers have something to do; ``trouble``: a person should know."""
        self.ways = ways
        self._append = append
        self._clock = clock
        self._wake, self._trouble = wake, trouble
        self._chance, self._new_id = chance, new_id
        self._lock = threading.RLock()
        self.book = Book(self._append_or_remember, after, state, tell)
        self._paces = {name: Pace() for name in ways}
        for name, pace in self._paces.items():
            for entry in state.of(name).waiting:
                pace.restored(entry, clock.now(), clock.monotonic(), ways[name].give_up_s)

    # Queueing -----------------------------------------------------------------------------------------------------

    def notify(self, notice: Notice, names: Iterable[str] = (), actor: str = _SELF) -> tuple[str, ...]:
        """Tell people; the notifiers that will: of those that are named, whatever else they get; or of all whose
        severities and services it is of.

        Nobody is named who was told already. Names that there are not are trouble, and stop nothing.
        """
        wanted = tuple(names)
        for name in sorted({*wanted} - {*self.ways}):
            self._trouble(f"{notice.title}: there is no notifier {name!r}")
        with self._lock:
            chosen = {name: self._new_id() for name in self.ways if self._wants(name, notice, wanted)}
            if chosen:
                self._queue(actor, notice, chosen)
        self._wake(chosen)
        return tuple(chosen)

    def _wants(self, name: str, notice: Notice, wanted: tuple[str, ...]) -> bool:
        way, line = self.ways[name], self.book.state.of(name)
        newest = line.newest(notice.key)
        is_open = newest is not None and newest.kind != "resolved"
        if notice.kind == "resolved":
            return is_open
        if notice.kind in way.kind.needs_open and not is_open:
            return False
        is_told = line.fired.get(notice.key) == notice.severity if notice.kind == "firing" else newest == notice
        if is_told:
            return False
        if notice.kind in _FOLLOW_UP and is_open and (not wanted or name in wanted):
            return True
        if wanted:
            return name in wanted
        is_of_severity = not way.severities or notice.severity in way.severities
        is_of_service = not way.services or notice.service in way.services
        return is_of_severity and is_of_service

    def _queue(self, actor: str, notice: Notice, chosen: Mapping[str, str]) -> None:
        self.book.note(actor, QUEUED, notice=msgspec.to_builtins(notice), deliveries=dict(chosen))
        for name, id in chosen.items():  # noqa: A001
            pace = self._paces[name]
            pace.queued(id, self._clock.monotonic())
            waiting = self.book.state.of(name).waiting
            if len(waiting) > MOST_WAITING and (least := pace.least(waiting)) is not None:
                self._give_up(least, least.attempts, f"more than {MOST_WAITING} are waiting: {pace.trouble}")

    # Sending ------------------------------------------------------------------------------------------------------

    def due_in_s(self, name: str) -> float | None:
        """Seconds until this notifier has something to do; None when there is nothing."""
        with self._lock:
            pace, line = self._paces[name], self.book.state.of(name)
            if pace.flying:
                return None
            next_up = pace.next(line.waiting)
            due = [next_up[1]] if next_up else []
            if (refresh_s := self._refresh_due_s(name)) is not None:
                due.append(refresh_s)
            return max(0.0, min(due) - self._clock.monotonic()) if due else None

    def step(self, name: str) -> bool:
        """One attempt of this notifier, if one is due; was there one?"""
        with self._lock:
            pace, line, now_s = self._paces[name], self.book.state.of(name), self._clock.monotonic()
            if pace.flying:
                return False
            next_up = pace.next(line.waiting)
            if next_up is not None and next_up[1] <= now_s:
                entry = next_up[0]
                pace.flying = entry.id
            elif (refresh_s := self._refresh_due_s(name)) is not None and refresh_s <= now_s:
                pace.flying = "refresh"
            else:
                return False
        try:
            if pace.flying == "refresh":
                self._refresh(name)
            else:
                self._attempt(name, entry)
        finally:
            pace.flying = ""
        return True

    def _attempt(self, name: str, entry: Entry) -> None:
        opened = self.book.state.of(name).opened.get(entry.notice.key)
        try:
            told = self._send(name, Message(entry.notice, entry.id, opened))
        except OutsideError as failure:
            with self._lock:
                self._failed(name, entry, failure)
            return
        with self._lock:
            self._paces[name].worked()
            self._paces[name].forget(entry.id)
            self.book.note(_SELF, SENT, **_named(entry), attempts=entry.attempts + 1, told=told)

    def _send(self, name: str, message: Message) -> str:
        """Raises OutsideError, and nothing else."""
        try:
            return self.ways[name].notifier.send(message)
        except OutsideError:
            raise
        except Exception as error:  # a plug-in may fail in any way, and no other notice has to suffer for it
            log.exception("notifier %s failed", name)
            raise Indeterminate(f"{type(error).__name__}: {error}", "Mend the notifier.") from error

    def _failed(self, name: str, entry: Entry, failure: OutsideError) -> None:
        pace, way, now_s = self._paces[name], self.ways[name], self._clock.monotonic()
        if isinstance(failure, FINAL):
            pace.worked()
            self._give_up(entry, entry.attempts + 1, failure.message)
            return
        pace.failed(failure.message, now_s, self._chance(), failure.retry_after_s)
        attempts = entry.attempts + 1
        if pace.age_s(entry.id, now_s) >= way.give_up_s and attempts >= backoff.LEAST_ATTEMPTS:
            self._give_up(entry, attempts, failure.message)
        else:
            wait_s = pace.put_off(entry, now_s, self._chance(), failure.retry_after_s)
            next_at = self._clock.now() + timedelta(seconds=wait_s)
            self.book.note(
                _SELF, FAILED, **_named(entry), attempts=attempts, told=failure.message, next_at=next_at.isoformat()
            )
        if pace.failures >= backoff.LEAST_ATTEMPTS:
            self._give_up_old(name, failure.message)

    def _give_up_old(self, name: str, why: str) -> None:
        """What waits too long for a line that is down, whether its turn came or not."""
        pace, now_s = self._paces[name], self._clock.monotonic()
        for entry in self.book.state.of(name).waiting:
            if pace.age_s(entry.id, now_s) >= self.ways[name].give_up_s and entry.attempts == 0:
                self._give_up(entry, 0, why)

    def give_up_removed(self) -> None:
        """What waits for notifiers that are not configured any more."""
        with self._lock:
            for name, line in self.book.state.lines.items():
                for entry in line.waiting if name not in self.ways else ():
                    self._give_up(entry, entry.attempts, "this notifier is not configured any more")

    def _give_up(self, entry: Entry, attempts: int, why: str) -> None:
        if entry.notifier in self._paces:
            self._paces[entry.notifier].forget(entry.id)
        self.book.note(_SELF, FAILED, **_named(entry), attempts=attempts, told=why, next_at=None)
        self._trouble(f"{entry.notifier} was never told: {entry.notice.title}: {why}")

    # Refreshing ---------------------------------------------------------------------------------------------------

    def _refresh_due_s(self, name: str) -> float | None:
        notifier, pace = self.ways[name].notifier, self._paces[name]
        if not isinstance(notifier, Refreshing) or not _still_open(self.book.state.of(name)):
            return None
        last_s = pace.refreshed_s
        return pace.rested_s(self._clock.monotonic() if last_s is None else last_s + notifier.refresh_every_s)

    def _refresh(self, name: str) -> None:
        notifier, pace = self.ways[name].notifier, self._paces[name]
        if not isinstance(notifier, Refreshing):
            raise AssertionError("only those are refreshed that want it")
        try:
            notifier.refresh(_still_open(self.book.state.of(name)))
        except OutsideError as failure:
            with self._lock:
                pace.failed(failure.message, self._clock.monotonic(), self._chance(), failure.retry_after_s)
        else:
            with self._lock:
                pace.worked()
                pace.refreshed_s = self._clock.monotonic()

    # Looking ------------------------------------------------------------------------------------------------------

    def test(self, name: str, notice: Notice, actor: str) -> Entry:
        """Tell one notifier now, once, and wait for what becomes of it. Raises UsageError for a name that is none."""
        if name not in self.ways:
            known = ", ".join(self.ways) or "none"
            raise UsageError(f"there is no notifier {name!r}", f"There are: {known}. They stand under `notifiers:`.")
        id = self._new_id()  # noqa: A001
        with self._lock:
            self.book.note(actor, QUEUED, notice=msgspec.to_builtins(notice), deliveries={name: id})
            pace = self._paces[name]
            pace.queued(id, self._clock.monotonic())
            entry = self._entry(name, id)
            pace.put_off(entry, self._clock.monotonic(), 1.0, backoff.MOST_ASKED_S)
        try:
            told = self._send(name, Message(notice, id))
        except OutsideError as failure:
            self.book.note(_SELF, FAILED, **_named(entry), attempts=1, told=failure.message, next_at=None)
        else:
            self.book.note(_SELF, SENT, **_named(entry), attempts=1, told=told)
        with self._lock:
            pace.forget(id)
        return next(entry for entry in reversed(self.book.state.ended) if entry.id == id)

    def _entry(self, name: str, id: str) -> Entry:  # noqa: A002
        return next(entry for entry in self.book.state.of(name).waiting if entry.id == id)

    def row(self, name: str) -> NotifierRow:
        """One notifier, and how it does."""
        way, line = self.ways[name], self.book.state.of(name)
        return NotifierRow(
            name=name,
            kind=way.kind.name,
            where=way.notifier.where,
            severities=tuple(severity for severity in ("page", "ticket", "info") if severity in way.severities),
            services=tuple(sorted(way.services)),
            waiting=len(line.waiting),
            sent=line.sent,
            given_up=line.given_up,
            last_sent_at=line.last_sent_at,
            trouble=self._paces[name].trouble,
        )

    def close(self) -> None:
        for way in self.ways.values():
            way.notifier.close()

    def _append_or_remember(self, actor: str, kind: str, data: dict[str, Any]) -> Event:
        try:
            return self._append(actor, kind, data)
        except JournalError as error:
            self._trouble(f"who is told cannot be written down, and is forgotten at a restart: {error.message}")
            at = written(self._clock.now())
            return Event(seq=0, at=at, actor=actor, kind=kind, data=data, previous="")


def _named(entry: Entry) -> dict[str, str]:
    """What an event calls a delivery: by its key it is read what it was about."""
    return {"id": entry.id, "notifier": entry.notifier, "key": entry.notice.key}


def _still_open(line: Line) -> tuple[Notice, ...]:
    """What was told and is not over, and whose end is not on its way either."""
    ending = {entry.notice.key for entry in line.waiting if entry.notice.kind == "resolved"}
    return tuple(notice for key, notice in line.opened.items() if key not in ending)
