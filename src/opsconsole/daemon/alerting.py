"""Alerts in the daemon: what is known of the store is judged, and what follows is written down and told.

Always true here: this has a thread of its own, so that a slow question delays no record and no view; it reads the store
like any view; without notifiers an alert is still fired, listed and kept.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from time import perf_counter, thread_time
from typing import NamedTuple

from opsconsole import wire
from opsconsole.alerts import incoming
from opsconsole.alerts.book import AlertBook
from opsconsole.alerts.facts import Facts
from opsconsole.alerts.findings import judge, united
from opsconsole.alerts.keeper import Keeper, ParamsOf, Tell
from opsconsole.alerts.ledger import fold
from opsconsole.alerts.rules import Metric, Rule, as_wire, changed
from opsconsole.alerts.table import RULES
from opsconsole.daemon.engine import Engine
from opsconsole.daemon.observing.comparing import Comparing
from opsconsole.daemon.observing.console import Console
from opsconsole.daemon.observing.judging import feedback, unusual_inputs
from opsconsole.daemon.observing.look import WATCHED_FOR, Look, Seen
from opsconsole.daemon.observing.minutes import Minutes
from opsconsole.daemon.observing.observer import Observer, unknown_of
from opsconsole.daemon.observing.serving import Serving
from opsconsole.daemon.observing.spending import Spending
from opsconsole.daemon.releasing import Releasing
from opsconsole.daemon.remembering import DriftMemory
from opsconsole.daemon.views.reading import Asked
from opsconsole.errors import OpsConsoleError
from opsconsole.releases.access import Person
from opsconsole.signals.words import percent
from opsconsole.store.queries import Questions, SpanMemory, time_axis

LOOK_EVERY_S = 10.0
EXPLAIN_WINDOW = "1h"
MOST_SLICES = 3
LISTED_FOR = timedelta(hours=24)
"""Resolved alerts that the view lists, and the window that it says."""
BACKLOG = "reading"
"""A source's state while it has more to read."""

log = logging.getLogger("opsconsole")


class _Rules(NamedTuple):
    on: Mapping[str, Rule]
    off: tuple[Rule, ...]


class Alerting:
    """The alerts of one home."""

    def __init__(
        self,
        engine: Engine,
        view: Callable[[Asked], wire.View | wire.SourcesView],
        releasing: Releasing,
        drift: DriftMemory,
        spans: SpanMemory,
        tell: Tell,
        params_of: ParamsOf,
        overdue: Callable[[], tuple[wire.IncidentFinding, ...]],
    ) -> None:
        """``params_of`` knows the checklists, ``overdue`` what incidents left to be done.

        Raises JournalError for a broken journal.
        """
        self._engine, self._view, self._spans = engine, view, spans
        self._settings, self._params_of = engine.settings, params_of
        self._rules: dict[str, _Rules] = {}
        book = AlertBook(engine.journal.append, fold(engine.journal.events()), self._tell_views)
        self.keeper = Keeper(
            book,
            engine.clock,
            engine.settings.alerts,
            self.rules_of,
            environment=engine.settings.environment,
            why_nobody=wire.IN_A_DRILL if engine.is_driven else wire.NO_NOTIFIER,
            tell=tell,
            params_of=params_of,
            explain=self._explained,
        )
        self._heard = incoming.Remembered()
        self._minutes = Minutes()
        serving, comparing, spending = Serving(self._minutes), Comparing(spans, drift.drift_of), Spending()
        console = Console(engine, lambda: releasing.book.state.services, overdue)
        self._observer = Observer(
            (
                ("minutes", 0.0, self._take_minutes),
                ("error budgets", 0.0, serving.burning),
                ("silence", 20.0, serving.silent),
                ("providers", 0.0, serving.provided),
                ("usual latency", 900.0, serving.learn),
                ("latency", 30.0, serving.shifted),
                ("versions", 30.0, comparing.versions),
                ("drift", 60.0, comparing.drift),
                ("money", 300.0, spending.money),
                ("API keys", 300.0, spending.keys),
                ("key ages", 3600.0, spending.ages),
                ("feedback", 300.0, feedback),
                ("inputs", 60.0, unusual_inputs),
                ("sources", 0.0, console.sources),
                ("disk", 0.0, console.disk),
                ("releases", 0.0, console.releases),
                ("follow-ups", 0.0, console.overdue),
            ),
            engine.clock.monotonic,
        )
        self._facts: tuple[Facts, ...] = ()
        self.looked_at: datetime | None = None
        self.look_s: float | None = None
        """CPU seconds of the last look."""
        self._looking = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="alerts", daemon=True)
        engine.on_stop(self.stop)

    def start(self) -> None:
        if self._settings.alerts.enabled:
            self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _look_on(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            self._engine.guarded("looking after alerts", self.look)

    # One look -----------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Look once: observe, judge, decide, tell. Raises what a notifier raised, when everything else is done."""
        with self._looking:
            began = thread_time()
            now = self._engine.clock.now()
            self._observe(now)
            facts = [*self._observer.facts(now), *self._heard.facts(now, self._open_members())]
            self._facts = tuple(facts)
            try:
                self.keeper.look(united(judge(each, self.rules_of(each.subject)) for each in facts))
            finally:
                self.looked_at, self.look_s = now, thread_time() - began

    def _observe(self, now: datetime) -> None:
        connection = self._engine.reader()
        try:
            connection.execute("BEGIN TRANSACTION READ ONLY")
            extents = {
                service: extent
                for service, extent in Questions(connection, self._spans).extents().items()
                if extent.last_at >= now - WATCHED_FOR
            }
            look = Look(connection, now, self._settings, extents, self.rules_of, self._not_live())
            self._observer.look(look, self._engine.guarded)
        finally:
            connection.close()

    def _take_minutes(self, look: Look) -> tuple[Seen, ...]:
        self._minutes.look(look)
        return ()

    def _not_live(self) -> str:
        sources = self._engine.follower.sources
        if any(source.state == BACKLOG for source in sources):
            return "logs are still being read"
        return "" if any(source.state == "following" for source in sources) else "no log is followed"

    def _open_members(self) -> list[tuple[str, str, wire.AlertMember]]:
        return [
            (alert.subject, alert.cause, member)
            for alert in self.keeper.state.open.values()
            for member in alert.members
        ]

    def rules_of(self, subject: str) -> Mapping[str, Rule]:
        """The rules that are looked at for a subject."""
        return self._rules_of(subject).on

    def _rules_of(self, subject: str) -> _Rules:
        if subject not in self._settings.services:
            subject = ""
        if subject not in self._rules:
            own = self._settings.services[subject].alerts if subject else {}
            self._rules[subject] = _Rules(*changed(RULES, self._settings.alerts, own))
        return self._rules[subject]

    def _tell_views(self) -> None:
        self._engine.submit(self._engine.changed)

    # What changed? ------------------------------------------------------------------------------------------------

    def _explained(self, service: str, metric: Metric) -> tuple[str, ...]:
        """The slices of the traffic that explain most, in words; why not, where that fails."""
        asked = Asked("explain", EXPLAIN_WINDOW, service, options=(("metric", metric),))
        try:
            view = self._view(asked)
        except OpsConsoleError as error:
            return (f"not known: {error.message}",)
        if not isinstance(view, wire.ExplainView):
            raise AssertionError("the view `explain` is answered by an ExplainView")
        if not view.slices:
            return (f"no slice of the traffic explains a change of {metric} against {view.baseline_label}",)
        return tuple(_slice_told(each, view) for each in view.slices[:MOST_SLICES])

    # By people and other systems ----------------------------------------------------------------------------------

    def acknowledge(self, person: Person, request: wire.AckRequest) -> wire.Alert:
        return self.keeper.acknowledge(person.actor, person.who, request)

    def silence(self, person: Person, request: wire.SilenceRequest) -> wire.Silence:
        return self.keeper.silence(person.actor, person.who, request)

    def unsilence(self, person: Person, request: wire.UnsilenceRequest) -> wire.Silence:
        return self.keeper.unsilence(person.actor, request)

    def receive(self, sender: str, body: bytes) -> wire.IncomingReply:
        """A webhook of another system: its alerts are among the findings of the next look, which is made now."""
        webhook = incoming.read(incoming.spoken(sender), body)
        dropped = self._heard.take(webhook.heard, self._engine.clock.now())
        self.look()
        firing = sum(each.is_firing for each in webhook.heard)
        return wire.IncomingReply(
            firing=firing,
            resolved=len(webhook.heard) - firing,
            dropped=dropped + webhook.left_out,
            own=webhook.own,
        )

    # As it is shown -----------------------------------------------------------------------------------------------

    def reasons(self, service: str) -> tuple[str, ...]:
        return self.keeper.reasons(service)

    def severity(self, service: str) -> wire.AlertSeverity | None:
        return self.keeper.severity(service)

    def view(self, asked: Asked) -> wire.AlertsView:
        """Everything that is open, and what was resolved in the last day; of one service where one is named."""
        began, now = perf_counter(), self._engine.clock.now()
        axis = time_axis(now - LISTED_FOR, now)

        def mine(alerts: tuple[wire.Alert, ...]) -> tuple[wire.Alert, ...]:
            whose = asked.service
            return tuple(each for each in alerts if not whose or whose in (each.subject, *each.services))

        troubles = [
            f"{what}: {error}"
            for what, error in self._engine.failures.items()
            if what.startswith(("looking at ", "looking after alerts"))
        ]
        troubles += self._missing_checklists()
        if not self._settings.alerts.enabled:
            troubles.append("alerts are turned off in opsconsole.yaml")
        return wire.AlertsView(
            alerts=mine(self.keeper.alerts()),
            resolved=mine(self.keeper.resolved(now - LISTED_FOR)),
            silences=self.keeper.silences(),
            looked_at=self.looked_at,
            look_ms=None if self.look_s is None else round(self.look_s * 1000, 1),
            trouble="; ".join(troubles),
            revision=self._engine.revision,
            environment=self._settings.environment,
            now=now,
            end=now,
            is_live=True,
            window="24h",
            axis=wire.Axis(start=axis.start, step_s=axis.step_s, buckets=axis.buckets),
            query_ms=round((perf_counter() - began) * 1000, 1),
        )

    def _missing_checklists(self) -> list[str]:
        """What rules are told to name and there is not: files come and go while the daemon runs."""
        subjects = ("", *self._settings.services)
        named = {rule.checklist for subject in subjects for rule in self.rules_of(subject).values()}
        return [
            f"alerts name the checklist {name!r}, which there is not"
            for name in sorted(named - {""})
            if self._params_of(name) is None
        ]

    def rules(self, service: str) -> wire.AlertRulesReply:
        """Every rule as it holds for a service, or as it comes; with why some of them cannot be judged now."""
        on, off = self._rules_of(service)
        unknown = unknown_of(self._facts, service)
        return wire.AlertRulesReply(
            service=service,
            rules=tuple(
                as_wire(on.get(rule.id, rule), is_enabled=rule.id in on, unknown=unknown.get(rule.signal, ""))
                for rule in (on.get(each.id) or next(o for o in off if o.id == each.id) for each in RULES)
            ),
        )


def _slice_told(found: wire.Slice, view: wire.ExplainView) -> str:
    """``version v42: 62% of the change, 10% of the traffic (420 ms → 900 ms)``."""
    where = ", ".join(f"{name} {value or '(none)'}" for name, value in found.where)
    values = f" ({_value(found.baseline_value, view)} → {_value(found.value, view)})"
    share = percent(found.share) if found.share <= 1 else "more than all"  # the rest went the other way
    return (
        f"{where}: {share} of the change in {view.metric}, {percent(found.traffic_share)} of the traffic"
        f"{values}, against {view.baseline_label}"
    )


def _value(value: float | None, view: wire.ExplainView) -> str:
    if value is None:
        return "–"
    if view.unit == "share":
        return percent(value)
    return f"${value:.4g}" if view.unit == "usd" else f"{value:.4g} {view.unit}"
