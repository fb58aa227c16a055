"""One reading of the store: a connection, a moment, a window, and what every view says of itself.

Always true here: a window ends now while records arrive, else at the newest record, and says which; asked as of a
moment it ends with the last whole minute before it (hour in a window of days, day in one of years), whatever came
later; its length is a whole number of the axis' steps; two views of one revision agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

import duckdb

from opsconsole import wire
from opsconsole.config.settings import Settings
from opsconsole.daemon.deployed import Deployed
from opsconsole.daemon.drifting import FoundDrift
from opsconsole.errors import UsageError
from opsconsole.journal.chain import Event
from opsconsole.signals.health import SEVERITY, HealthSettings
from opsconsole.store.queries import Extent, Questions, SpanMemory, TimeAxis, axis_until, time_axis

DriftOf = Callable[[duckdb.DuckDBPyConnection, str, datetime, datetime, Extent], FoundDrift]
"""Drift of (connection, service, start, end, extent): the daemon remembers it for a few seconds."""

LIVE_SLACK = timedelta(minutes=10)


@dataclass(frozen=True)
class Asked:
    """Which view of what: the key under which consoles share a result."""

    kind: str
    window: str
    service: str = ""
    as_of: datetime | None = None
    """The moment at which to look; None is now."""
    options: tuple[tuple[str, str], ...] = ()
    """What this kind of view lets one choose, by name, in the order of names."""

    def option(self, name: str, default: str = "") -> str:
        return dict(self.options).get(name, default)


@dataclass(frozen=True)
class Context:
    """What a view needs beside the store."""

    revision: int
    environment: str
    now: datetime
    settings: Settings
    health: HealthSettings
    find_drift: DriftOf
    spans: SpanMemory
    sources: Callable[[], tuple[wire.SourceRow, ...]] = tuple
    events: Callable[[datetime, datetime], Iterable[Event]] = lambda start, end: ()
    """The journal's of a time range, oldest first."""
    out_of_band: Callable[[str], str] = lambda service: ""
    """How a service's target differs from what was done here; empty where it does not."""
    deployed_of: Callable[[str, datetime | None], Deployed] = lambda service, as_of: Deployed()
    """What is known of a service's releases now, or was at a moment."""
    alerts_of: Callable[[str], tuple[str, ...]] = lambda service: ()
    """What fires of a service, worst first, in words."""
    severity_of: Callable[[str], wire.AlertSeverity | None] = lambda service: None
    """The worst that fires of it."""


class Reading:
    """What views read, on one connection and for one moment."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, context: Context, asked: Asked) -> None:
        if asked.window not in wire.WINDOWS:
            raise UsageError(f"there is no window {asked.window!r}", f"Choose one of {', '.join(wire.WINDOWS)}.")
        self.connection = connection
        self.context = context
        self.asked = asked
        self.questions = Questions(connection, context.spans)
        self._started = perf_counter()
        self._known = self.questions.extents()
        self.extents = {
            name: extent for name, extent in self._known.items() if not asked.as_of or extent.first_at < asked.as_of
        }
        """Of the services that there were at the moment that is looked at; where they end is what is known now."""
        self.deployments = self.questions.deployments()

    def moment(self, name: str) -> datetime | None:
        """An option that is a time, if it was given. Raises UsageError when it is none."""
        text = self.asked.option(name)
        if not text:
            return None
        try:
            at = datetime.fromisoformat(text)
        except ValueError as error:
            raise UsageError(f"{name} is no time: {text!r}", "Write it as 2026-01-31T12:00:00+00:00.") from error
        return at if at.tzinfo else at.replace(tzinfo=UTC)

    def judged(
        self, service: str, found: tuple[wire.HealthWord, tuple[str, ...]]
    ) -> tuple[wire.HealthWord, tuple[str, ...]]:
        """A service's state and reasons, with what fires, and what its target says that nobody here did."""
        if self.asked.as_of is not None:
            return found
        state, reasons = found
        if told := self.context.out_of_band(service):
            state, reasons = _at_least("warn", state), (f"out of band change: {told}", *reasons)
        if severity := self.context.severity_of(service):
            state = _at_least("fail" if severity == "page" else "warn", state)
        return state, (*self.alerts(service), *reasons)

    def alerts(self, service: str) -> tuple[str, ...]:
        """What fires of a service now; nothing is said of the past."""
        return self.context.alerts_of(service) if self.asked.as_of is None else ()

    def extent(self, service: str) -> Extent:
        """Raises UsageError when there is no such service."""
        if service not in self.extents and service in self._known:
            since = self._known[service].first_at
            raise UsageError(f"{service!r} was not there yet", f"Its first record is of {since:%Y-%m-%d %H:%M}.")
        if service not in self.extents:
            known = ", ".join(list(self.extents)[:8]) or "none yet"
            raise UsageError(f"there is no service {service!r}", f"Known services: {known}.")
        return self.extents[service]

    def asked_extents(self) -> list[Extent]:
        """Of the service that was asked for, or of all where none was."""
        return [self.extent(self.asked.service)] if self.asked.service else list(self.extents.values())

    def drift(self, service: str, axis: TimeAxis) -> FoundDrift:
        """Of a service's window, as the daemon remembers it."""
        return self.context.find_drift(self.connection, service, axis.start, axis.end, self.extents[service])

    def first_seen(self, service: str, start: datetime, end: datetime) -> tuple[wire.Marker, ...]:
        """Versions that came after the service's first one, between two moments."""
        return tuple(
            wire.Marker(at=at, kind="release", text=f"{version} first seen")
            for version, at in self.questions.first_seen(service)[1:]
            if version and start <= at < end
        )

    def axis(self, extents: Sequence[Extent]) -> tuple[TimeAxis, datetime, bool]:
        """(axis, end, is it live) of the window over these services."""
        now, length = self.context.now, timedelta(seconds=wire.WINDOWS[self.asked.window])
        if self.asked.as_of is not None:
            first = min((extent.first_at for extent in extents), default=self.asked.as_of)
            past = axis_until(self.asked.as_of, self.asked.as_of - length if length else first)
            return past, past.end, False
        if not extents:
            return time_axis(now - (length or timedelta(hours=1)), now), now, True
        newest = max(extent.last_at for extent in extents)
        is_live = newest >= now - max(length, LIVE_SLACK)
        end = max(now, newest) if is_live and length else newest
        start = end - length if length else min(extent.first_at for extent in extents)
        return time_axis(start, end), end, is_live

    def frame(self, axis: TimeAxis, end: datetime, *, is_live: bool) -> dict[str, Any]:
        """The fields that every view has."""
        return {
            "revision": self.context.revision,
            "environment": self.context.environment,
            "now": self.context.now,
            "end": end,
            "is_live": is_live,
            "as_of": self.asked.as_of,
            "window": self.asked.window,
            "axis": wire.Axis(start=axis.start, step_s=axis.step_s, buckets=axis.buckets),
            "query_ms": round((perf_counter() - self._started) * 1000, 1),
        }


def _at_least(least: wire.HealthWord, state: wire.HealthWord) -> wire.HealthWord:
    return min(least, state, key=SEVERITY.__getitem__)


def span_s(axis: TimeAxis, end: datetime, extent: Extent) -> float:
    """Seconds of the window in which the service can have had records."""
    return max((min(end, axis.end) - max(axis.start, extent.first_at)).total_seconds(), 0.0)


def rate(requests: int, axis: TimeAxis, end: datetime, extent: Extent) -> float | None:
    """Requests a second; None for less than a second."""
    seconds = span_s(axis, end, extent)
    return requests / seconds if seconds >= 1 else None
