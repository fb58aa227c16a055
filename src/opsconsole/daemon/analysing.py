"""The analysis of each rollout that is under way, minute by minute as its records come in.

Always true here: a minute is judged once, when it is over and its records have had time to arrive; the analysis of a
rollout is forgotten with it, and made anew from the store after a restart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from opsconsole import wire
from opsconsole.config.settings import ReleaseSetting
from opsconsole.daemon.engine import Engine
from opsconsole.releases.book import ReleaseBook
from opsconsole.signals import canary
from opsconsole.signals.canary.analysis import Analysis
from opsconsole.store.canary import MINUTE, minutes

USUAL = timedelta(minutes=30)
"""What is usual is learnt from so long before a rollout."""


@dataclass(frozen=True)
class Analysed:
    """How far a rollout was judged."""

    started_at: datetime
    until: datetime
    analysis: Analysis
    reading: wire.CanaryReading


class Analysing:
    """The analyses of one home; asked from several threads."""

    def __init__(self, engine: Engine, book: ReleaseBook, settings: Mapping[str, ReleaseSetting]) -> None:
        self._engine = engine
        self._book = book
        self._settings = settings
        self._lock = Lock()
        self._analysed: dict[str, Analysed] = {}

    def reading(self, service: str) -> wire.CanaryReading | None:
        """What the analysis of the service's open rollout says now; None where none is under way."""
        rollout = self._book.of(service).rollout
        if rollout is None or not rollout.is_open or service not in self._settings:
            self._analysed.pop(service, None)
            return None
        setting = self._settings[service].analysis
        with self._lock:
            known = self._analysed.get(service)
            if known is None or known.started_at != rollout.started_at:
                since, analysis = rollout.started_at - USUAL, canary.begun(setting)
            else:
                since, analysis = known.until, known.analysis
            now = self._engine.clock.now()
            connection = self._engine.reader()
            try:
                found = minutes(connection, service, rollout.baseline, rollout.version, since=since, now=now)
            finally:
                connection.close()
            if not found and known is not None and known.started_at == rollout.started_at:
                return known.reading
            for minute in found:
                counted = canary.counts(minute.at, rollout.changes, setting.warm_up_minutes)
                analysis = canary.after(analysis, minute, counted=counted)
            reading = canary.read(analysis, rollout.baseline, rollout.version)
            until = found[-1].at + MINUTE if found else since
            self._analysed[service] = Analysed(rollout.started_at, until, analysis, reading)
            return reading
