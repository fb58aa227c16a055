"""How hard a service is pressed: what was refused for a limit, what timed out, what was cached, by slot of an axis."""

from __future__ import annotations

import duckdb
import numpy as np

from opsconsole.store import folds
from opsconsole.store.database import naive, rows
from opsconsole.store.queries import Columns, TimeAxis

_FAILURES = """
SELECT (epoch(f.bucket)::BIGINT - $start) // $step AS slot, f.error_class, sum(f.requests)
FROM {failures} AS f JOIN series AS s USING (series_id)
WHERE f.bucket >= $from AND f.bucket < $to AND s.service = $service
GROUP BY ALL
"""

_LOAD = """
SELECT (epoch(t.bucket)::BIGINT - $start) // $step AS slot, sum(t.requests) AS requests, sum(t.pending) AS pending,
       (sum(coalesce(t.input_tokens, 0) + coalesce(t.output_tokens, 0) + coalesce(t.cached_tokens, 0)
            + coalesce(t.cache_write_tokens, 0) + coalesce(t.reasoning_tokens, 0)))::DOUBLE AS tokens,
       count(t.input_tokens) + count(t.output_tokens) AS with_tokens,
       sum(t.cache_hits) AS cache_hits, sum(t.cache_known) AS cache_known
FROM {traffic} AS t JOIN series AS s USING (series_id)
WHERE t.bucket >= $from AND t.bucket < $to AND s.service = $service
GROUP BY slot
"""


def failures(connection: duckdb.DuckDBPyConnection, axis: TimeAxis, service: str) -> list[tuple[int, str, int]]:
    """(slot, error class, requests)."""
    sql = _FAILURES.format(**folds.reading(connection, axis.level))
    return [(int(slot), name, int(n)) for slot, name, n in rows(connection, sql, _over(axis, service))]


def load(connection: duckdb.DuckDBPyConnection, axis: TimeAxis, service: str) -> Columns:
    """Requests, pending ones, tokens and cache hits of each slot, zero where there were none; parallel to the axis."""
    sql = _LOAD.format(**folds.reading(connection, axis.level))
    found = connection.execute(sql, _over(axis, service)).fetchnumpy()
    slots = np.asarray(found["slot"], dtype=np.int64)
    columns: Columns = {}
    for name in ("requests", "pending", "tokens", "with_tokens", "cache_hits", "cache_known"):
        column = np.zeros(axis.buckets)
        column[slots] = np.ma.filled(np.ma.asarray(found[name]), 0)
        columns[name] = column
    return columns


def _over(axis: TimeAxis, service: str) -> dict[str, object]:
    return {
        "from": naive(axis.start),
        "to": naive(axis.end),
        "service": service,
        "start": int(axis.start.timestamp()),
        "step": axis.step_s,
    }
