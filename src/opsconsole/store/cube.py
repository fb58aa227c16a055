"""The traffic of two ranges, cut by every dimension at once: one pass over the requests of both.

Always true here: beyond the ``MOST_USERS`` most frequent users all are ``(other)``; what the log did not name is the
empty value; a request that is in neither range is not read.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import duckdb

from opsconsole import wire
from opsconsole.store import schema
from opsconsole.store.database import naive, rows
from opsconsole.store.queries import Columns

Range = tuple[datetime, datetime]

MOST_USERS = 40
"""Fewer for users: one that explains a change has a large part of the traffic."""

_MEASURES: dict[wire.ExplainMetric, tuple[str, str, str, str]] = {
    "latency": ("count(x)", "sum(x)", "sum(x * x)", "sum(x)"),
    "errors": ("count(x)", "sum(x)", "sum(x)", "sum(x)"),
    "cost": ("count(x)", "sum(x)", "sum(x * x)", "sum(cost_usd)"),
    "traffic": ("count(*)", "count(*)", "count(*)", "count(*)"),
}
"""Metric → SQL of a period's weight, score, squares and value; ``x`` is what is compared."""
_COMPARED: dict[wire.ExplainMetric, str] = {
    "latency": "CASE WHEN latency_ms > 0 THEN ln(latency_ms) END",
    "errors": "CASE WHEN status >= 400 THEN 1.0 WHEN status >= 200 THEN 0.0 END",
    "cost": "CASE WHEN cost_usd > 0 THEN ln(cost_usd) END",
    "traffic": "1",
}
_TYPE = "CASE WHEN status >= 400 THEN coalesce(error_type, 'HTTP ' || status) ELSE '' END"

_USERS = f"""
SELECT user_key FROM requests
WHERE ((ts >= $b0 AND ts < $b1) OR (ts >= $a0 AND ts < $a1)) AND coalesce(service, '') = $service
  AND user_key IS NOT NULL
GROUP BY user_key ORDER BY count(*) DESC, user_key LIMIT {MOST_USERS}
"""

_CUBE = """
SELECT {dimensions}, (ts >= $a0 AND ts < $a1) AS is_after,
       {weight}::DOUBLE AS weight, {score}::DOUBLE AS score, {squares}::DOUBLE AS squares, {value}::DOUBLE AS value
FROM (SELECT *, {compared} AS x FROM requests
      WHERE ((ts >= $b0 AND ts < $b1) OR (ts >= $a0 AND ts < $a1)) AND coalesce(service, '') = $service)
GROUP BY ALL
"""


def cut(
    connection: duckdb.DuckDBPyConnection, service: str, metric: wire.ExplainMetric, before: Range, after: Range
) -> Columns:
    """One row a cell and range: its value of each dimension, ``is_after``, and the four sums; where the ranges overlap,
    a request belongs to the later one."""
    parameters: dict[str, Any] = {
        "service": service,
        "b0": naive(before[0]),
        "b1": naive(before[1]),
        "a0": naive(after[0]),
        "a1": naive(after[1]),
    }
    users = [str(user) for (user,) in rows(connection, _USERS, parameters)]
    sql, more = _dimensions(metric, users)
    weight, score, squares, value = _MEASURES[metric]
    return connection.execute(
        _CUBE.format(
            dimensions=", ".join(f"{expression} AS {name}" for name, expression in sql.items()),
            weight=weight,
            score=score,
            squares=squares,
            value=value,
            compared=_COMPARED[metric],
        ),
        parameters | more,
    ).fetchnumpy()


def _dimensions(metric: wire.ExplainMetric, users: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """SQL of each dimension, and the parameters that it has."""
    sql = {name: f"coalesce({name}, '')" for name in wire.EXPLAIN_DIMENSIONS if name not in ("user_key", "error_type")}
    more = {f"u{i}": user for i, user in enumerate(users)}
    if users:
        known = ", ".join(f"${name}" for name in more)
        sql["user_key"] = (
            f"CASE WHEN user_key IS NULL THEN '' WHEN user_key IN ({known}) THEN user_key "
            f"ELSE '{schema.OTHER_CATEGORY}' END"
        )
    if metric == "errors":
        sql["error_type"] = _TYPE
    return sql, more
