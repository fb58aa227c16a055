"""Minutes of every service, remembered: what burn rates and silences are computed from.

Always true here: the newest minutes are asked for at each look, older ones again from time to time (late records), so
that a look costs its newest minutes and not the days before; a service takes 12 bytes a minute.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsconsole.daemon.observing.look import Look
from opsconsole.signals.blame import SUFFERED, Blame, blame
from opsconsole.store import watching
from opsconsole.store.queries import Columns

Counts = NDArray[np.signedinteger[Any]]

KEPT_MINUTES = 7 * 1440 + 360
"""A week and a quarter of a day: the same hour of the week before is in it."""
MINUTE = timedelta(minutes=1)
DEPTHS: tuple[tuple[timedelta, timedelta], ...] = (
    (timedelta(hours=6), KEPT_MINUTES * MINUTE),
    (timedelta(minutes=10), timedelta(hours=6)),
    (timedelta(0), timedelta(minutes=15)),
)
"""(how long ago at the least, how far back then): every look asks for a quarter of an hour, and so on."""


class Minutes:
    """Counts of consecutive minutes, oldest first, of every service; the last one is over."""

    def __init__(self) -> None:
        self._asked: dict[int, datetime] = {}
        self._end = 0
        self._requests: dict[str, Counts] = {}
        self._counted: dict[str, Counts] = {}
        self._caller: dict[str, Counts] = {}
        self._suffered: dict[str, Counts] = {}
        self.providers: dict[tuple[str, str], str] = {}
        self._providers_at: datetime | None = None

    def look(self, look: Look) -> None:
        """Take in what is new."""
        self._find_providers(look)
        self._move_to(int(look.minute.timestamp()) // 60)
        end = look.minute
        start = end - self._depth(end)
        taken = watching.minutes(look.connection, start, end)
        first = self._index(int(start.timestamp()) // 60)
        for tables, columns, name in (
            (self._requests, taken, "requests"),
            (self._counted, taken, "counted"),
        ):
            self._write(tables, first, columns["service"], columns["minute"], columns[name])
        self._write_failures(first, watching.failures(look.connection, start, end))

    def _depth(self, now: datetime) -> timedelta:
        for i, (every, depth) in enumerate(DEPTHS):
            asked = self._asked.get(i)
            if asked is None or now - asked >= every:
                self._asked.update(dict.fromkeys(range(i, len(DEPTHS)), now))
                return depth
        return DEPTHS[-1][1]

    def _find_providers(self, look: Look) -> None:
        if self._providers_at is None or look.now - self._providers_at > timedelta(minutes=10):
            self.providers |= watching.providers(look.connection, look.now - timedelta(hours=1))
            self._providers_at = look.now

    def _index(self, minute: int) -> int:
        return max(minute - (self._end - KEPT_MINUTES), 0)

    def _move_to(self, end: int) -> None:
        """Minutes go by: the oldest go out, the newest are empty yet. A clock that is set back forgets nothing."""
        gone = end - self._end
        if gone <= 0:
            return
        for tables in (self._requests, self._counted, self._caller, self._suffered):
            for service, counts in tables.items():
                kept = np.zeros(KEPT_MINUTES, dtype=np.int32)
                if gone < KEPT_MINUTES:
                    kept[: KEPT_MINUTES - gone] = counts[gone:]
                tables[service] = kept
        self._end = end

    def _write(
        self, tables: dict[str, Counts], first: int, services: NDArray[Any], minutes: NDArray[Any], n: NDArray[Any]
    ) -> None:
        for counts in tables.values():
            counts[first:] = 0
        for service in np.unique(services.astype(str)).tolist() if len(services) else ():
            mine = services == service
            places = minutes[mine].astype(np.int64) - (self._end - KEPT_MINUTES)
            inside = (places >= first) & (places < KEPT_MINUTES)
            counts = tables.setdefault(service, np.zeros(KEPT_MINUTES, dtype=np.int32))
            np.add.at(counts, places[inside], n[mine][inside].astype(np.int32))

    def _write_failures(self, first: int, found: Columns) -> None:
        owners = np.array(
            [
                self.blamed(service, model, error_class).owner
                for service, model, error_class in zip(
                    found["service"].tolist(), found["model"].tolist(), found["error_class"].tolist(), strict=True
                )
            ],
            dtype=object,
        )
        is_suffered = np.isin(owners, list(SUFFERED)) if len(owners) else np.zeros(0, dtype=bool)
        for tables, chosen in ((self._suffered, is_suffered), (self._caller, ~is_suffered)):
            self._write(tables, first, found["service"][chosen], found["minute"][chosen], found["n"][chosen])

    def blamed(self, service: str, model: str, error_class: str) -> Blame:
        """Whose an error is."""
        return _blame(error_class, bool(self.provider(service, model)))

    def provider(self, service: str, model: str) -> str:
        """Who serves a model, as the log names it; empty where it does not."""
        return self.providers.get((service, model), "")

    def requests(self, service: str, since: datetime | None = None) -> Counts:
        """Of each minute, from the one of this moment on."""
        return self._of(self._requests, service)[self._since(since) :]

    def outcomes(self, service: str) -> tuple[Counts, Counts]:
        """(failures that users suffer, requests of known outcome without those that the caller got wrong)."""
        total = self._of(self._counted, service) - self._of(self._caller, service)
        return np.minimum(self._of(self._suffered, service), np.maximum(total, 0)), np.maximum(total, 0)

    def _of(self, tables: dict[str, Counts], service: str) -> Counts:
        found = tables.get(service)
        return found if found is not None else np.zeros(KEPT_MINUTES, dtype=np.int32)

    def _since(self, since: datetime | None) -> int:
        return self._index(int(since.timestamp()) // 60) if since is not None else 0


@lru_cache(maxsize=4096)
def _blame(error_class: str, has_provider: bool) -> Blame:
    return blame(error_class, has_provider=has_provider)
