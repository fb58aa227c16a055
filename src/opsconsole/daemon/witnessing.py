"""What the daemon has seen that sets an incident's milestones: in the journal, and in the services' own signals.

Always true here: a moment is when something happened, never when it was looked at; the journal is read once, from where
it was last read; a view that finds nothing is not asked again at once.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, NamedTuple

from opsconsole import wire
from opsconsole.clock import Clock
from opsconsole.daemon.views.reading import Asked
from opsconsole.errors import UsageError
from opsconsole.incidents.milestones import Seen
from opsconsole.incidents.timeline import range_command, show, window_of
from opsconsole.journal import Event, Journal

HELD = timedelta(minutes=2)
"""Signals that are back have to stay so long before anybody is told that users are well."""
NEIGHBOURS = timedelta(minutes=10)
"""Bad stretches that are closer together are one."""
LOOK_AGAIN = timedelta(minutes=1)
LOOK_UNTIL = timedelta(minutes=30)
"""For the beginning of what was wrong: records that come later than that are waited for by nobody."""

ViewOf = Callable[[Asked], wire.View | wire.SourcesView]


class Release(NamedTuple):
    service: str
    at: datetime


class Witness:
    """Evidence for incidents; follows the journal when it is told to."""

    def __init__(self, journal: Journal, view: ViewOf, clock: Clock) -> None:
        self._journal, self._view, self._clock = journal, view, clock
        self._lock = Lock()
        self._seq = 0
        self._alerts = 0
        self._fired: dict[str, Seen] = {}
        self._acknowledged: dict[str, Seen] = {}
        self._resolved: dict[str, Seen] = {}
        self._effective: dict[str, Seen] = {}
        self._decided: dict[str, Seen] = {}
        self.releases: dict[str, Release] = {}
        """Operation → the service, and when it began."""
        self.runs: list[tuple[str, str]] = []
        """(incident, run of a checklist) as runs name them."""
        self._looked: dict[tuple[str, datetime], datetime] = {}

    def follow(self) -> None:
        """Take in what is new in the journal; from any thread."""
        with self._lock:
            for event in self._journal.events(self._seq):
                self._seq = event.seq
                take = _TAKES.get(event.kind)
                if take is not None:
                    take(self, event)

    # From the journal ---------------------------------------------------------------------------------------------

    def alert_fired(self, alert: str) -> Seen | None:
        return self._fired.get(alert)

    def alert_acknowledged(self, alert: str) -> Seen | None:
        return self._acknowledged.get(alert)

    def alert_resolved(self, alert: str) -> Seen | None:
        return self._resolved.get(alert)

    def effective(self, op_id: str) -> Seen | None:
        return self._effective.get(op_id)

    def decided(self, run: str) -> Seen | None:
        return self._decided.get(run)

    def _shown(self, event: Event, service: str) -> Seen:
        at = datetime.fromisoformat(event.at)
        return Seen(at, show("service" if service else "fleet", service, at, at + timedelta(days=1), "1h"))

    def _take_fired(self, event: Event) -> None:
        """An alert without a name of its own is called by its number: the first that fired is A-1."""
        self._alerts += 1
        alert = str(event.data.get("alert") or f"A-{self._alerts}")
        services = event.data.get("services") or [""]
        self._fired.setdefault(alert, self._shown(event, str(services[0])))
        self._resolved.pop(alert, None)

    def _take_alert(self, found: dict[str, Seen], event: Event) -> None:
        alert = str(event.data["alert"])
        fired = self._fired.get(alert)
        at = datetime.fromisoformat(event.at)
        found[alert] = Seen(at, fired.command if fired else show("fleet", "", at, at + timedelta(days=1)))

    def _take_acknowledged(self, event: Event) -> None:
        if str(event.data["alert"]) not in self._acknowledged:
            self._take_alert(self._acknowledged, event)

    def _take_resolved(self, event: Event) -> None:
        self._take_alert(self._resolved, event)

    def _take_changed(self, event: Event) -> None:
        """It is back, or found worse: it is not over."""
        if not event.data.get("is_cleared"):
            self._resolved.pop(str(event.data["alert"]), None)

    def _take_started(self, event: Event) -> None:
        service = str(event.data["service"])
        self.releases[str(event.data["plan"]["op_id"])] = Release(service, datetime.fromisoformat(event.at))

    def _take_verified(self, event: Event) -> None:
        op_id = str(event.data["op_id"])
        if event.data["verdict"]["effect"] == "effective":
            command = shlex.join(["opsconsole", "release", "history", str(event.data["service"])])
            self._effective.setdefault(op_id, Seen(datetime.fromisoformat(event.at), command))
        else:
            self._effective.pop(op_id, None)

    def _take_run(self, event: Event) -> None:
        self.runs.append((str(event.data.get("incident", "")), str(event.data["run"])))

    def _take_decided(self, event: Event) -> None:
        run, at = str(event.data["run"]), datetime.fromisoformat(event.at)
        self._decided.setdefault(run, Seen(at, show("fleet", "", at, at + timedelta(days=1))))

    # From the signals ---------------------------------------------------------------------------------------------

    def well_since(self, service: str, since: datetime) -> Seen | None:
        """The end of the last bad stretch, once there were requests and none has followed for ``HELD``."""
        now = self._clock.now()
        if now - since < HELD:
            return None
        view = self._service(service, window_of(now - since + NEIGHBOURS), None)
        if view is None or not view.is_live or not _requests(view, now - HELD):
            return None
        bad = [breach.stop for breach in view.breaches if breach.stop > since]
        if any(stop > now - HELD for stop in bad):
            return None
        at = max([since, *bad])
        return Seen(at, range_command("service", service, since, now))

    def worse_since(self, service: str, before: datetime) -> Seen | None:
        """The beginning of the bad stretch in which this moment lies; looked for once a minute, for half an hour."""
        now, key = self._clock.now(), (service, before)
        last = self._looked.get(key)
        if now - before > LOOK_UNTIL or (last is not None and now - last < LOOK_AGAIN):
            return None
        self._looked[key] = now
        until = min(now, before + NEIGHBOURS)
        for window in ("1h", "6h", "24h"):
            view = self._service(service, window, until)
            start = _beginning(view, before) if view is not None else None
            if view is not None and (start is None or start > view.axis.start):
                return Seen(start, range_command("service", service, start, until)) if start is not None else None
        return None

    def _service(self, service: str, window: str, as_of: datetime | None) -> wire.ServiceView | None:
        try:
            view = self._view(Asked("service", window, service, as_of))
        except UsageError:
            return None  # a service without records has no signals
        return view if isinstance(view, wire.ServiceView) else None


def _requests(view: wire.ServiceView, since: datetime) -> int:
    step = timedelta(seconds=view.axis.step_s)
    return sum(n for i, n in enumerate(view.lines.requests) if view.axis.start + (i + 1) * step > since)


def _beginning(view: wire.ServiceView, before: datetime) -> datetime | None:
    """Of the bad stretches that lead up to a moment, with no longer pause than ``NEIGHBOURS``."""
    edge, found = before, None
    for breach in sorted(view.breaches, key=lambda breach: breach.start, reverse=True):
        if breach.start > before:
            continue
        if breach.stop < edge - NEIGHBOURS:
            break
        edge = found = breach.start
    return found


_TAKES: dict[str, Callable[[Witness, Any], None]] = {
    "alert.fired": Witness._take_fired,
    "alert.changed": Witness._take_changed,
    "alert.acknowledged": Witness._take_acknowledged,
    "alert.resolved": Witness._take_resolved,
    "release.started": Witness._take_started,
    "release.verified": Witness._take_verified,
    "checklist.started": Witness._take_run,
    "checklist.decided": Witness._take_decided,
}
