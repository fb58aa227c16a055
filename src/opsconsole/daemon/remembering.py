"""Drift, remembered: it moves with hours and is dear to find, so views do not wait for it.

Always true here: a view's drift is at most ``OLDEST_S`` old; who asks first waits for the answer, and whoever asks soon
after gets that one while a newer is being found beside, one service at a time; a window that ended in the past is
remembered by its end, apart from the one that ends now; what is remembered is bounded in time, and in number for the
past.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

import duckdb

from opsconsole.daemon.drifting import FoundDrift, drift_of
from opsconsole.daemon.engine import Engine
from opsconsole.signals.drift import DriftSettings
from opsconsole.store.queries import Extent

FRESH_S, OLDEST_S = 15.0, 60.0
"""An answer older than the first is found anew beside, one older than the second is waited for."""

FORGET_S = 600.0
"""An answer that was not found anew for this long is dropped."""
MOST_PAST = 64
"""Answers about moments in the past that are kept: they are many when somebody steps through them."""

Key = tuple[str, int, datetime | None]
"""(service, window in seconds, its end where that is a moment in the past)."""


@dataclass(frozen=True)
class _Answer:
    at_s: float
    revision: int
    drift: FoundDrift


class DriftMemory:
    """What drift was found to be, by service and window."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        drift = engine.settings.drift
        self._settings = DriftSettings(q=drift.q, min_effect=drift.min_effect, min_n=drift.min_values)
        self._answers: dict[Key, _Answer] = {}
        self._being_found: set[Key] = set()
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="drift")
        engine.on_stop(lambda: self._worker.shutdown(wait=True, cancel_futures=True))

    def forget(self) -> None:
        """The baselines changed: what was found is no longer so."""
        self._answers.clear()

    def drift_of(
        self, connection: duckdb.DuckDBPyConnection, service: str, start: datetime, end: datetime, extent: Extent
    ) -> FoundDrift:
        """Drift of the service's window; found on the connection if nothing is remembered of it."""
        return self._answer((service, int((end - start).total_seconds()), None), connection, start, end, extent)

    def drift_as_of(
        self, connection: duckdb.DuckDBPyConnection, service: str, start: datetime, end: datetime, extent: Extent
    ) -> FoundDrift:
        """Drift of a window that ended in the past."""
        return self._answer((service, int((end - start).total_seconds()), end), connection, start, end, extent)

    def _answer(
        self, key: Key, connection: duckdb.DuckDBPyConnection, start: datetime, end: datetime, extent: Extent
    ) -> FoundDrift:
        found = self._answers.get(key)
        age_s = self._now_s() - found.at_s if found is not None else 0.0
        if found is None or (age_s > OLDEST_S and found.revision != self._engine.revision):
            return self._find(key, connection, start, end, extent)
        is_fresh = age_s < FRESH_S or found.revision == self._engine.revision
        if not is_fresh and self._engine.is_driven:
            return self._find(key, connection, start, end, extent)
        if not is_fresh and key not in self._being_found:
            self._being_found.add(key)
            self._worker.submit(self._renew, key, start, end, extent)
        return found.drift

    def _find(
        self, key: Key, connection: duckdb.DuckDBPyConnection, start: datetime, end: datetime, extent: Extent
    ) -> FoundDrift:
        at_s, revision = self._now_s(), self._engine.revision
        drift = drift_of(connection, key[0], start, end, extent, self._settings)
        self._answers.pop(key, None)
        self._answers[key] = _Answer(at_s, revision, drift)
        self._forget_old(at_s)
        return drift

    def _now_s(self) -> float:
        """What is remembered spares the machine, and so ages by its seconds; in a drill by those of the drill."""
        return self._engine.clock.monotonic() if self._engine.is_driven else monotonic()

    def _forget_old(self, now_s: float) -> None:
        """What nobody asked about for long; of the past also what is one too many. Oldest first, as they were found."""
        known = list(self._answers.items())  # a copy: other threads add to it meanwhile
        old = [key for key, answer in known if now_s - answer.at_s > FORGET_S]
        past = [key for key, _ in known if key[2] is not None]
        for key in (*old, *past[:-MOST_PAST]):
            self._answers.pop(key, None)

    def _renew(self, key: Key, start: datetime, end: datetime, extent: Extent) -> None:
        def find() -> None:
            connection = self._engine.reader()
            try:
                connection.execute("BEGIN TRANSACTION READ ONLY")
                self._find(key, connection, start, end, extent)
            finally:
                connection.close()

        self._engine.guarded(f"finding drift of {key[0]}", find)
        self._being_found.discard(key)
