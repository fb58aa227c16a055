"""A recording that is played back at the drill's time; stands where a fleet stands.

Always true here: a line is due when its request had ended; it says what the store held in the store's own words, so
that nothing of it has to be guessed; what people do changes nothing of it, since it has happened.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import orjson

from opsconsole.drills import recordings
from opsconsole.drills.fleet import Name, Served, Shares, World
from opsconsole.drills.recordings import COLUMNS, MOMENT
from opsconsole.drills.weather import forecast
from opsconsole.ingest.mapping import FeatureKind, Mapping, Rule
from opsconsole.records import DURATION_COLUMNS

_BITE = 5_000
_DUE = f"{MOMENT} + coalesce(round(latency_ms * 1000), 0)::BIGINT"
_LINES = f"""
SELECT {_DUE} AS due_us, {", ".join(COLUMNS)} FROM recorded WHERE service IS NOT NULL
ORDER BY due_us, {recordings.ORDER}
"""
_SERVICES = "SELECT DISTINCT service FROM recorded WHERE service IS NOT NULL ORDER BY service"
_KNOWN = "SELECT {counts} FROM recorded WHERE service = ?"
_FEATURES = """
SELECT name, bool_or(is_number) AND bool_and(is_number OR is_null)
FROM (SELECT name, json_type(of_name) IN ('BIGINT', 'UBIGINT', 'DOUBLE') AS is_number, json_type(of_name) = 'NULL'
             AS is_null
      FROM (SELECT name, json_extract(features, '$."' || name || '"') AS of_name
            FROM (SELECT features::JSON AS features, unnest(json_keys(features::JSON)) AS name FROM recorded
                  WHERE service = ? AND features IS NOT NULL)))
GROUP BY name ORDER BY name
"""


class Tape:
    """Plays one recording."""

    def __init__(self, path: Path, sha256: str, start_s: float) -> None:
        """Raises ConfigError for a file that is not the one that was recorded."""
        connection = recordings.opened(path, sha256)
        services = [str(service) for (service,) in connection.execute(_SERVICES).fetchall()]
        self._logs = {service: f"recorded-{number}" for number, service in enumerate(services, 1)}
        self.mappings = {log: _mapping(connection, service) for service, log in self._logs.items()}
        """Log → how it is read: one a service, so that what one of them does not log is no null in another."""
        self._start = datetime.fromtimestamp(start_s, tz=UTC)
        self._lines = _lines(connection)
        self._next = next(self._lines, None)
        self.actual = World("actual", forecast(()))

    def begin(self, shares: Shares) -> None:
        """Nothing differs: there is one world."""

    def past(self, begin_s: float, length_s: float, shares: Shares) -> None:
        """It is on the tape."""

    def serve(self, begin_s: float, length_s: float, shares: Shares) -> dict[Name, dict[str, Served]]:
        """Nobody is served who was not."""
        return {}

    def logged(self, until_s: float) -> dict[str, list[bytes]]:
        """The lines of requests that had ended by then, by log."""
        until_us = round((until_s - self._start.timestamp()) * 1_000_000)
        ended: dict[str, list[bytes]] = {}
        while self._next is not None and self._next["due_us"] <= until_us:
            ended.setdefault(self._logs[self._next["service"]], []).append(self._spoken(self._next))
            self._next = next(self._lines, None)
        return ended

    def _spoken(self, line: dict[str, Any]) -> bytes:
        ts = self._start + timedelta(microseconds=line.pop(MOMENT))
        del line["due_us"]
        features = orjson.loads(line["features"]) if line["features"] else None
        told = {name: value for name, value in line.items() if value is not None}
        return orjson.dumps({"ts": ts.isoformat(timespec="microseconds"), **told, "features": features}) + b"\n"


def _lines(connection: duckdb.DuckDBPyConnection) -> Iterator[dict[str, Any]]:
    names = ("due_us", *COLUMNS)
    found = connection.execute(_LINES)
    while rows := found.fetchmany(_BITE):
        yield from (dict(zip(names, row, strict=True)) for row in rows)
    connection.close()


def _mapping(connection: duckdb.DuckDBPyConnection, service: str) -> Mapping:
    """How the lines of a service are read: canonical columns as they are called, of those that it ever had."""
    names = [name for name in COLUMNS if name not in (MOMENT, "features")]
    counts = ", ".join(f"count({name})" for name in names)
    known = connection.execute(_KNOWN.format(counts=counts), [service]).fetchall()[0]
    columns = {name: (_rule(name),) for name, n in zip(names, known, strict=True) if n}
    kinds: dict[str, FeatureKind] = {
        f"features.{name}": "numeric" if is_number else "categorical"
        for name, is_number in connection.execute(_FEATURES, [service]).fetchall()
    }
    return Mapping(
        format="recording",
        framing="jsonl",
        columns={"ts": (Rule(path="ts", unit="iso8601"),), **columns},
        features=kinds,
        input_includes_cached=False,
        output_includes_reasoning=False,
    )


def _rule(name: str) -> Rule:
    return Rule(path=name, unit="ms" if name in DURATION_COLUMNS else "", plain=name == "api_key_id")
