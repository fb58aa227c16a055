"""Notices for tests, and notifiers that do as a test says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from opsconsole.clock import ManualClock
from opsconsole.journal import Journal
from opsconsole.notifiers.base import Kind, Message, Notifier, Options, Site
from opsconsole.notifiers.dispatcher import Dispatcher, Way
from opsconsole.notifiers.ledger import fold
from opsconsole.notifiers.registry import make
from opsconsole.wire import Notice

NOW = datetime(2026, 11, 25, 3, 14, 15, tzinfo=UTC)
WHERE = "opsconsole.yaml:14: notifiers.on-call"


class SetClock(ManualClock):
    """A clock whose time of day can be set, while intervals go on as they were."""

    def set_by(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


def notice(**changed: Any) -> Notice:
    """A page about a service."""
    given: dict[str, Any] = {
        "key": "alert:chat-assist:burn",
        "kind": "firing",
        "severity": "page",
        "service": "chat-assist",
        "title": "error budget burns 14 times too fast",
        "body": "errors 9.1 % (low 8.2 %) of 4,812 requests in 5 min\nv42 since 03:02: 71 % of it",
        "at": NOW,
        "labels": {"rule": "burn", "version": "v42"},
        "links": ("https://ops.internal/alerts/7", "opsconsole show explain chat-assist"),
    }
    return Notice(**given | changed)


def site(directory: Path, environ: Mapping[str, str] | None = None, clock: ManualClock | None = None) -> Site:
    return Site(directory, clock or ManualClock(NOW), environ or {}, environment="prod")


def built(kind: str, directory: Path, environ: Mapping[str, str] | None = None, **options: Any) -> Notifier:
    """A notifier, through the registry's door."""
    return make(kind, options, site(directory, environ), WHERE)[1]


class Spoken:
    """A notifier that does what a test says, and remembers what it was told."""

    where = "spoken"

    def __init__(self, answer: Callable[[Message], str] = lambda message: "taken") -> None:
        self.answer = answer
        self.tried: list[Message] = []
        self.taken: list[Message] = []

    def send(self, message: Message) -> str:
        self.tried.append(message)
        told = self.answer(message)
        self.taken.append(message)
        return told

    def close(self) -> None:
        """Nothing is held open."""


SPOKEN = Kind(
    name="spoken", about="Says it.", options=Options, make=lambda options, site: Spoken(), tested_against="itself"
)


class Office:
    """A dispatcher on a journal of its own, that can be started again as after a crash."""

    def __init__(self, directory: Path, ways: Mapping[str, Way]) -> None:
        self.directory, self.ways = directory, dict(ways)
        self.clock = SetClock(NOW)
        self.troubles: list[str] = []
        self.chance = 0.5
        self._ids = count()
        self.dispatcher = self.restart()

    def restart(self) -> Dispatcher:
        """What is not in the journal is forgotten."""
        self.journal = Journal(self.directory / "journal", self.clock)
        self.dispatcher = Dispatcher(
            self.ways,
            self.append,
            fold(self.journal.events()),
            self.clock,
            trouble=self.troubles.append,
            chance=lambda: self.chance,
            new_id=lambda: f"n{next(self._ids)}",
        )
        return self.dispatcher

    def append(self, actor: str, kind: str, data: dict[str, Any]) -> Any:
        return self.journal.append(actor, kind, data)

    def work(self, name: str = "on-call", *, for_s: float = 0.0) -> None:
        """Everything that is due, and what becomes due in so many seconds."""
        until_s = self.clock.monotonic() + for_s
        while True:
            if self.dispatcher.step(name):
                continue
            due_s = self.dispatcher.due_in_s(name)
            if due_s is None or self.clock.monotonic() + due_s > until_s:
                self.clock.advance(until_s - self.clock.monotonic())
                return
            self.clock.advance(due_s)

    def deliveries(self) -> list[Any]:
        return [entry.delivery() for entry in self.dispatcher.book.state.entries()]


def way(notifier: Notifier, **changed: Any) -> Way:
    return Way(kind=changed.pop("kind", SPOKEN), notifier=notifier, **changed)
