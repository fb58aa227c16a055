"""Notifiers in the daemon: who is configured, a thread for each of them, and what became of every notice.

Always true here: a notifier that hangs keeps nobody waiting, neither whoever notifies nor another notifier; what could
not be delivered is said by `opsconsole doctor` and in the journal.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from opsconsole import wire
from opsconsole.config.load import lines_of
from opsconsole.config.notifying import NotifierSetting
from opsconsole.daemon.engine import Engine
from opsconsole.daemon.presence import Attendance
from opsconsole.notifiers import registry
from opsconsole.notifiers.base import Site
from opsconsole.notifiers.dispatcher import Dispatcher, Way
from opsconsole.notifiers.ledger import fold
from opsconsole.releases.access import Person

LOOK_EVERY_S = 1.0
"""Between two looks at the clock while nothing is due: a clock that jumps, as a drill's does, is noticed."""
END_WITHIN_S = 2.0
"""How long a notifier that is in the middle of something may delay the end of the daemon; what it was doing is done
again after the next start."""
TROUBLE_FOR = timedelta(days=1)
"""How long something that was given up, or could not be begun, is said to be wrong."""
MOST_TROUBLES = 20
_TEST_BODY = "If you can read this, opsconsole can tell you when something is wrong. Nothing is."

Notify = Callable[[wire.Notice, tuple[str, ...]], tuple[str, ...]]
"""Tell people: a notice, and the names of the notifiers that it goes out by; the names of those that it really will."""

log = logging.getLogger("opsconsole")


def untold(wanted: tuple[str, ...], told: tuple[str, ...]) -> str:
    """In words, who was to be told and will not be; empty where all will."""
    missing = [name for name in wanted if name not in told]
    return f"NOT by {', '.join(missing)}, which there is not, or which does not take it" if missing else ""


class Notifying:
    """Everybody who can be told, from one home."""

    def __init__(self, engine: Engine, attendance: Attendance) -> None:
        """Raises ConfigError for a notifier that cannot be understood, JournalError for a broken journal."""
        self._engine = engine
        self._attendance = attendance
        self._troubles: deque[tuple[datetime, str]] = deque(maxlen=MOST_TROUBLES)
        settings = engine.settings.notifiers
        self.dispatcher = Dispatcher(
            {name: self._way(name, setting) for name, setting in settings.items()},
            engine.journal.append,
            fold(engine.journal.events()),
            engine.clock,
            tell=self._tell_views,
            wake=self._wake,
            trouble=self._tell_trouble,
        )
        self._stopping = threading.Event()
        self._news = {name: threading.Event() for name in settings}
        self._threads = [
            threading.Thread(target=self._look_after, args=(name,), name=f"notifier {name}", daemon=True)
            for name in settings
        ]
        engine.on_stop(self.stop)

    def _way(self, name: str, setting: NotifierSetting) -> Way:
        engine = self._engine
        line = lines_of(engine.home.config, "notifiers").get(name, str(engine.home.config))
        site = Site(
            directory=engine.home.directory,
            clock=engine.clock,
            environ=os.environ,
            environment=engine.settings.environment,
            ring=self._attendance.ring,
        )
        kind, notifier = registry.make(setting.kind, setting.options, site, f"{line}: notifiers.{name}")
        return Way(
            kind=kind,
            notifier=notifier,
            severities=frozenset(setting.severities),
            services=frozenset(setting.services),
            give_up_s=setting.give_up_hours * 3_600,
        )

    def start(self) -> None:
        """Begin to deliver, with what was not delivered when the daemon last stopped."""
        self.dispatcher.give_up_removed()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._wake(self._news)
        for thread in self._threads:
            if thread.is_alive():
                thread.join(END_WITHIN_S)
        self.dispatcher.close()

    # Telling ------------------------------------------------------------------------------------------------------

    def notify(self, notice: wire.Notice, names: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Tell people; the notifiers that will: of those that are named, or of all whose severity and service it is."""
        return self.dispatcher.notify(notice, names)

    def test(self, person: Person, request: wire.NotifyTestRequest) -> wire.Delivery:
        """Tell one notifier, once; what became of it. Raises UsageError for a name that is none."""
        now = self._engine.clock.now()
        notice = wire.Notice(
            key=f"test:{request.notifier}:{now:%Y%m%dT%H%M%S}",
            kind="test",
            severity="info",
            title=f"test of {request.notifier} by {person.who}",
            body=_TEST_BODY,
            at=now,
        )
        return self.dispatcher.test(request.notifier, notice, person.actor).delivery()

    def _look_after(self, name: str) -> None:
        news = self._news[name]
        while not self._stopping.is_set():
            news.clear()
            if self._engine.guarded(f"notifier {name}", lambda: self.dispatcher.step(name)):
                continue
            due_s = self.dispatcher.due_in_s(name)
            news.wait(LOOK_EVERY_S if due_s is None else min(due_s, LOOK_EVERY_S))

    def _wake(self, names: Iterable[str]) -> None:
        for name in names:
            self._news[name].set()

    def _tell_views(self) -> None:
        self._engine.submit(self._engine.changed)

    def _tell_trouble(self, what: str) -> None:
        log.error("%s", what)
        self._troubles.append((self._engine.clock.now(), what))

    # Looking ------------------------------------------------------------------------------------------------------

    def deliveries(self, notifier: str = "", key: str = "") -> wire.DeliveriesReply:
        """Who was told, when, by what; of one notifier, or of one key, where that is named."""
        state = self.dispatcher.book.state
        chosen = (
            entry.delivery()
            for entry in state.entries()
            if notifier in ("", entry.notifier) and key in ("", entry.notice.key)
        )
        return wire.DeliveriesReply(deliveries=tuple(chosen), forgotten=state.forgotten)

    def notifiers(self) -> wire.NotifiersReply:
        return wire.NotifiersReply(notifiers=tuple(map(self.dispatcher.row, self.dispatcher.ways)))

    def given_up(self) -> tuple[wire.Delivery, ...]:
        """What nobody was told of in the last day: a finding for whoever watches the watchers."""
        since = self._engine.clock.now() - TROUBLE_FOR
        ended = self.dispatcher.book.state.ended
        return tuple(
            entry.delivery()
            for entry in ended
            if entry.word == "given up" and entry.notice.kind != "test" and (entry.last_at or entry.queued_at) >= since
        )

    def checks(self) -> tuple[wire.Check, ...]:
        """For `opsconsole doctor`: one a notifier, and what went wrong lately whichever it was."""
        lost = self.given_up()
        checks = [
            _check(row, [each for each in lost if each.notifier == row.name]) for row in self.notifiers().notifiers
        ]
        since = self._engine.clock.now() - TROUBLE_FOR
        if recent := [what for at, what in list(self._troubles) if at >= since]:
            remedy = "`opsconsole notify deliveries` has each message; a wrong name is corrected where it is used."
            checks.append(wire.Check(name="telling people", found="; ".join(recent), is_ok=False, remedy=remedy))
        return tuple(checks)


def _check(row: wire.NotifierRow, lost: list[wire.Delivery]) -> wire.Check:
    said = [f"{row.sent:,} sent, {row.waiting:,} waiting"]
    if lost:
        said.append(f"{len(lost):,} NEVER DELIVERED in the last day, {lost[-1].title!r} for one: {lost[-1].told}")
    if row.trouble:
        said.append(row.trouble)
    return wire.Check(
        name=f"notifier {row.name}",
        found="; ".join(said),
        is_ok=not lost and not row.trouble,
        remedy=f"`opsconsole notify test {row.name}` tries the way there; `opsconsole notify deliveries` has each.",
    )
