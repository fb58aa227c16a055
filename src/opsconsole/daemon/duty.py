"""What is on the screens of whoever is on call: alerts with their deliveries, incidents, and how much of it is open.

Always true here: nothing is decided; each answer is put together from the books of alerts, notifiers, incidents and
checklists at that moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from time import perf_counter

import msgspec

from opsconsole import wire
from opsconsole.daemon.alerting import Alerting
from opsconsole.daemon.engine import Engine
from opsconsole.daemon.notifying import Notifying
from opsconsole.daemon.responding import Responding
from opsconsole.daemon.running import Running
from opsconsole.daemon.views.reading import Asked
from opsconsole.daemon.views.told import told_of
from opsconsole.daemon.views.untimed import frame_of
from opsconsole.errors import UsageError

KINDS = ("alerts", "alert", "incidents", "incident")
"""Views that are answered here."""
HELD: frozenset[wire.AlertState] = frozenset({"silenced", "inhibited"})
"""Nobody is told of these, and so nobody is called by the first line of the screen."""
MOST_EVENTS = 200
MOST_DELIVERIES = 100
"""Of one alert, the newest."""
SLACK = timedelta(minutes=1)


class Duty:
    """The on-call views of one home."""

    def __init__(
        self, engine: Engine, alerting: Alerting, responding: Responding, notifying: Notifying, running: Running
    ) -> None:
        self._engine, self._alerting, self._responding = engine, alerting, responding
        self._notifying, self._running = notifying, running
        self._read: tuple[str, int, tuple[wire.AlertEvent, ...]] = ("", 0, ())
        """The history that was read last: of which alert, when the journal had how many events."""

    def tally(self) -> wire.OnCall:
        """How much is open and not held back: what every console says in its first line."""
        told = [alert for alert in self._alerting.keeper.alerts() if alert.state not in HELD]
        pages = [alert for alert in told if alert.severity == "page"]
        return wire.OnCall(
            pages=len(pages),
            tickets=len(told) - len(pages),
            unanswered=sum(alert.acknowledged_at is None for alert in pages),
            incidents=len(self._responding.conduct.state.open),
        )

    def view(self, asked: Asked) -> wire.View:
        """Raises UsageError for what there is not."""
        if asked.kind == "alerts":
            return self._alerts(asked)
        if asked.kind == "alert":
            return self._alert(asked.option("alert"))
        if asked.kind == "incident":
            return self._responding.incident(asked.option("incident"))
        return self._incidents()

    # Alerts -------------------------------------------------------------------------------------------------------

    def _alerts(self, asked: Asked) -> wire.AlertsView:
        view = self._alerting.view(asked)
        ids = {alert.id for alert in (*view.alerts, *view.resolved)}
        entries = self._entries()
        return msgspec.structs.replace(
            view,
            deliveries={name: told for name in ids if (told := _told(entries.get(name, ())))},
            incidents={name: incident for name, incident in self._linked().items() if name in ids},
        )

    def _entries(self) -> Mapping[str, tuple[wire.Delivery, ...]]:
        """Alert → its deliveries, newest first."""
        found: dict[str, list[wire.Delivery]] = {}
        for entry in self._notifying.dispatcher.book.state.entries():
            if name := entry.notice.labels.get("alert"):
                found.setdefault(name, []).append(entry.delivery())
        return {name: tuple(each[:MOST_DELIVERIES]) for name, each in found.items()}

    def _linked(self) -> dict[str, str]:
        """Alert → the newest incident that it is linked to."""
        return {
            link.ref: incident.incident
            for incident in self._responding.conduct.state.by_id.values()
            for link in incident.links
            if link.kind == "alert"
        }

    def _alert(self, name: str) -> wire.AlertView:
        began, keeper = perf_counter(), self._alerting.keeper
        wanted = name.upper()
        open_now = keeper.state.of(wanted)
        alert = open_now or next((each for each in keeper.state.recent if each.id == wanted), None)
        if alert is None:
            known = ", ".join(each.id for each in keeper.alerts()[:12]) or "none"
            raise UsageError(f"there is no alert {name!r}", f"Open are: {known}.")
        shown = keeper.shown(alert)
        rules = {rule.id: rule for rule in self._alerting.rules(alert.services[0] if alert.services else "").rules}
        named = dict.fromkeys(member.rule for member in shown.members)
        return wire.AlertView(
            alert=shown,
            rules=tuple(rules[rule] for rule in named if rule in rules),
            deliveries=self._entries().get(shown.id, ()),
            history=self._history(shown),
            silences=tuple(each for each in keeper.silences() if each.subject in ("", shown.subject)),
            incident=self._linked().get(shown.id, ""),
            checklist=self._running.entry(shown.checklist),
            **frame_of(self._engine, began),
        )

    def _history(self, alert: wire.Alert) -> tuple[wire.AlertEvent, ...]:
        """Remembered until there is something new in the journal, for it may have to be read from far back."""
        n = self._engine.journal.length
        if self._read[:2] != (alert.id, n):
            self._read = (alert.id, n, self._events(alert))
        return self._read[2]

    def _events(self, alert: wire.Alert) -> tuple[wire.AlertEvent, ...]:
        events = self._engine.journal.between(alert.fired_at - SLACK, self._engine.clock.now() + SLACK)
        mine = [
            wire.AlertEvent(at=datetime.fromisoformat(event.at), actor=event.actor, text=told_of(event)[2])
            for event in events
            if event.data.get("alert") == alert.id
        ]
        return tuple(reversed(mine[-MOST_EVENTS:]))

    # Incidents ----------------------------------------------------------------------------------------------------

    def _incidents(self) -> wire.IncidentsView:
        began, reply = perf_counter(), self._responding.incidents()
        ordered = sorted(reply.incidents, key=lambda each: (each.resolved_at is not None, _rank(each)))
        return wire.IncidentsView(incidents=tuple(ordered), findings=reply.findings, **frame_of(self._engine, began))


def _rank(each: wire.IncidentBrief) -> str:
    """The worst first among those that are open; the others stay newest first."""
    return each.severity if each.resolved_at is None else ""


_WORDS: tuple[tuple[wire.DeliveryWord, str], ...] = (
    ("given up", "NOT TOLD: "),
    ("failed", "not told yet: "),
    ("pending", "telling "),
    ("sent", "told "),
)
"""Word of a delivery → how it is begun, the worst first."""


def _told(deliveries: Iterable[wire.Delivery]) -> str:
    """Who knows of it and who could not be told, in words."""
    newest: dict[str, wire.DeliveryWord] = {}
    for each in deliveries:
        newest.setdefault(each.notifier, each.word)
    parts = []
    for word, begin in _WORDS:
        if names := [name for name, found in newest.items() if found == word]:
            parts.append(f"{begin}{', '.join(names)}")
    return "; ".join(parts)
