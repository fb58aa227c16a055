"""The questions that alerts put to the store: of every service at once, by minute or by hour.

Always true here: only rollups are read, but for which provider a model is served by, which no rollup knows; a question
names its window, so that what it costs is decided by whoever asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import numpy as np

from opsconsole import bins
from opsconsole.store import folds, schema
from opsconsole.store.database import naive, rows
from opsconsole.store.queries import Columns

_MINUTES = """
SELECT s.service, (epoch(t.bucket)::BIGINT // 60) AS minute, sum(t.requests)::BIGINT AS requests,
       sum(t.requests - t.pending - t.unknown)::BIGINT AS counted
FROM {traffic} AS t JOIN series AS s USING (series_id)
WHERE t.bucket >= $from AND t.bucket < $to GROUP BY ALL
"""

_FAILURES = """
SELECT s.service, s.model, (epoch(f.bucket)::BIGINT // 60) AS minute, f.error_class, sum(f.requests)::BIGINT AS n
FROM {failures} AS f JOIN series AS s USING (series_id)
WHERE f.bucket >= $from AND f.bucket < $to GROUP BY ALL
"""

_MODELS = """
SELECT s.service, s.model, (epoch(t.bucket)::BIGINT // 60) AS minute,
       sum(t.requests - t.pending - t.unknown)::BIGINT AS counted
FROM {traffic} AS t JOIN series AS s USING (series_id)
WHERE t.bucket >= $from AND t.bucket < $to AND s.model <> '' GROUP BY ALL
"""

_PROVIDERS = """
SELECT service, model, mode(provider) FROM requests
WHERE ts >= $from AND provider IS NOT NULL AND provider <> '' AND model IS NOT NULL GROUP BY ALL
"""

_HISTOGRAM = """
SELECT s.service, h.code, sum(h.requests)::BIGINT AS n
FROM {histograms} AS h JOIN series AS s USING (series_id)
WHERE h.bucket >= $from AND h.bucket < $to AND h.metric = $metric GROUP BY ALL
"""

_WAITS = """
SELECT s.service, h.metric, h.code, sum(h.requests)::BIGINT AS n,
       coalesce(sum(h.requests) FILTER (h.bucket >= $late), 0)::BIGINT AS n_late
FROM {histograms} AS h JOIN series AS s USING (series_id)
WHERE h.bucket >= $from AND h.bucket < $to AND h.metric IN ($latency, $queue) AND h.code NOT IN ($null, $nan)
GROUP BY ALL
"""

_SLOWER = """
SELECT (epoch(h.bucket)::BIGINT // 60) AS minute, sum(h.requests) FILTER (h.code > $edge)::BIGINT AS slow,
       sum(h.requests)::BIGINT AS n
FROM {histograms} AS h JOIN series AS s USING (series_id)
WHERE h.bucket >= $from AND h.bucket < $to AND h.metric = $metric AND s.service = $service
  AND h.code NOT IN ($null, $nan)
GROUP BY ALL
"""

_SPENT = """
SELECT s.service, (epoch(t.bucket)::BIGINT // 3600) AS hour, s.model, sum(t.requests)::BIGINT, sum(t.cost_usd),
       sum(t.cost_known)::BIGINT, sum(t.unpriced_tokens)::BIGINT, sum(t.input_tokens)::BIGINT,
       sum(t.cached_tokens)::BIGINT, sum(t.cache_write_tokens)::BIGINT, sum(t.output_tokens)::BIGINT,
       sum(t.reasoning_tokens)::BIGINT
FROM {traffic} AS t JOIN series AS s USING (series_id)
WHERE t.bucket >= $from AND t.bucket < $to GROUP BY ALL
"""

_KEYS = """
SELECT d.service, b.value, (epoch(b.bucket)::BIGINT // 3600) AS hour, sum(b.requests)::BIGINT, sum(b.cost_usd)
FROM {breakdowns} AS b JOIN deployments AS d USING (deployment_id)
WHERE b.bucket >= $from AND b.bucket < $to AND b.dimension = 'api_key_id' GROUP BY ALL
"""

_KEYS_SINCE = """
SELECT d.service, b.value, min(b.bucket), max(b.bucket)
FROM {breakdowns} AS b JOIN deployments AS d USING (deployment_id)
WHERE b.dimension = 'api_key_id' GROUP BY ALL
"""

_FEATURE = """
SELECT d.service, x.code, c.value, {slot} AS slot, sum(x.requests)::BIGINT AS n
FROM {distributions} AS x JOIN deployments AS d USING (deployment_id) JOIN features AS f USING (feature_id)
     LEFT JOIN categories AS c ON c.feature_id = f.feature_id AND c.category_id = x.code AND f.kind = 'categorical'
WHERE x.bucket >= $from AND x.bucket < $to AND f.name = $feature AND ($service = '' OR d.service = $service)
GROUP BY ALL
"""


def minutes(connection: duckdb.DuckDBPyConnection, start: datetime, end: datetime) -> Columns:
    """Requests, and those whose outcome is known, by service and minute (since the epoch)."""
    return _columns(connection, _MINUTES, start, end)


def failures(connection: duckdb.DuckDBPyConnection, start: datetime, end: datetime) -> Columns:
    """Failed requests by service, model, minute and error class."""
    return _columns(connection, _FAILURES, start, end)


def models(connection: duckdb.DuckDBPyConnection, start: datetime, end: datetime) -> Columns:
    """Requests of known outcome by service, model and minute."""
    return _columns(connection, _MODELS, start, end)


def _columns(connection: duckdb.DuckDBPyConnection, sql: str, start: datetime, end: datetime) -> Columns:
    return _fetched(connection, sql, {"from": naive(start), "to": naive(end)})


def _fetched(connection: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, Any]) -> Columns:
    found = connection.execute(sql.format(**folds.reading(connection, "minute")), parameters).fetchnumpy()
    return {
        name: column.filled(0) if isinstance(column, np.ma.MaskedArray) else np.asarray(column)
        for name, column in found.items()
    }


def providers(connection: duckdb.DuckDBPyConnection, since: datetime) -> dict[tuple[str, str], str]:
    """(service, model) → the provider that served it, where the log names one."""
    found = rows(connection, _PROVIDERS, {"from": naive(since)})
    return {(service or "", model): provider for service, model, provider in found}


def histogram(
    connection: duckdb.DuckDBPyConnection, metric: str, start: datetime, end: datetime, *, level: str = "minute"
) -> dict[str, dict[int, int]]:
    """Service → code → requests of a metric."""
    sql = _HISTOGRAM.format(**folds.reading(connection, level))
    parameters = {"from": naive(start), "to": naive(end), "metric": schema.METRICS[metric]}
    counted: dict[str, dict[int, int]] = {}
    for service, code, n in rows(connection, sql, parameters):
        if code not in (bins.NULL, bins.NOT_A_NUMBER):
            counted.setdefault(service, {})[int(code)] = int(n)
    return counted


@dataclass(frozen=True)
class Waits:
    """Code → requests, by service: of latency since two moments, and of the time in a queue since the later one."""

    latency: dict[str, dict[int, int]]
    latency_late: dict[str, dict[int, int]]
    queue_late: dict[str, dict[int, int]]


def waits(connection: duckdb.DuckDBPyConnection, start: datetime, late: datetime, end: datetime) -> Waits:
    """How long requests took and waited, from ``start`` and from ``late`` on: one question for all of it."""
    found = Waits({}, {}, {})
    sql = _WAITS.format(**folds.reading(connection, "minute"))
    parameters = {
        "from": naive(start),
        "late": naive(late),
        "to": naive(end),
        "latency": schema.METRICS["latency_ms"],
        "queue": schema.METRICS["queue_ms"],
        "null": bins.NULL,
        "nan": bins.NOT_A_NUMBER,
    }
    for service, metric, code, n, n_late in rows(connection, sql, parameters):
        is_latency = metric == schema.METRICS["latency_ms"]
        if is_latency:
            found.latency.setdefault(service, {})[int(code)] = int(n)
        if n_late:
            late_of = found.latency_late if is_latency else found.queue_late
            late_of.setdefault(service, {})[int(code)] = int(n_late)
    return found


def slower(connection: duckdb.DuckDBPyConnection, service: str, edge: int, start: datetime, end: datetime) -> Columns:
    """Answers in a bin above the edge, and all, by minute."""
    parameters = {
        "from": naive(start),
        "to": naive(end),
        "metric": schema.METRICS["latency_ms"],
        "service": service,
        "edge": edge,
        "null": bins.NULL,
        "nan": bins.NOT_A_NUMBER,
    }
    return _fetched(connection, _SLOWER, parameters)


def spent(connection: duckdb.DuckDBPyConnection, start: datetime, end: datetime) -> list[tuple[Any, ...]]:
    """(service, hour since the epoch, model, requests, USD, requests of known cost, unpriced tokens, and tokens: input,
    cached, cache write, output, reasoning); None for what was not logged."""
    sql = _SPENT.format(**folds.reading(connection, "hour"))
    return rows(connection, sql, {"from": naive(start), "to": naive(end)})


def keys(connection: duckdb.DuckDBPyConnection, start: datetime, end: datetime) -> list[tuple[Any, ...]]:
    """(service, API key, hour since the epoch, requests, USD)."""
    sql = _KEYS.format(**folds.reading(connection, "hour"))
    return rows(connection, sql, {"from": naive(start), "to": naive(end)})


def keys_since(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, datetime, datetime]]:
    """(service, API key, the day it was first seen, the day it was last seen), naive UTC."""
    return rows(connection, _KEYS_SINCE.format(**folds.reading(connection, "day")))


def feature(
    connection: duckdb.DuckDBPyConnection, name: str, start: datetime, end: datetime, *, level: str = "minute"
) -> dict[str, dict[int, int]]:
    """Service → code → values of one numeric feature."""
    counted: dict[str, dict[int, int]] = {}
    for service, code, _, _, n in _of_feature(connection, name, "", start, end, level, "0"):
        counted.setdefault(service, {})[int(code)] = int(n)
    return counted


def categories(
    connection: duckdb.DuckDBPyConnection, name: str, service: str, start: datetime, end: datetime
) -> Mapping[int, Mapping[str, int]]:
    """Minute → value → how often, of one feature of a service."""
    counted: dict[int, dict[str, int]] = {}
    slot = "epoch(x.bucket)::BIGINT // 60"
    for _, _, value, minute, n in _of_feature(connection, name, service, start, end, "minute", slot):
        if value is not None:
            at = counted.setdefault(int(minute), {})
            at[str(value)] = at.get(str(value), 0) + int(n)
    return counted


def _of_feature(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    service: str,
    start: datetime,
    end: datetime,
    level: str,
    slot: str,
) -> list[tuple[Any, ...]]:
    sql = _FEATURE.format(slot=slot, **folds.reading(connection, level))
    return rows(connection, sql, {"from": naive(start), "to": naive(end), "feature": name, "service": service})
