"""The traffic of two ranges, cut by every dimension at once: one pass over the requests of both.

Always true here: beyond the most frequent users and routes all are ``(other)``; what the log did not name is the empty
value; a request that is in neither range is not read.
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

FREE_PART = 0.01
"""What costs nothing (a cache answered) is compared as if it cost this part of the usual: a logarithm needs one, and
a cache that stops answering has to show."""
MOST = {"user_key": 40, "route": 60}
"""Values that are told apart, of the dimensions that may have very many. Fewer users: one that explains a change has a
large part of the traffic."""

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
    "cost": "ln(greatest(cost_usd, $least))",
    "traffic": "1",
}
_TYPE = "CASE WHEN status >= 400 THEN coalesce(error_type, 'HTTP ' || status) ELSE '' END"

_WITHIN = "((ts >= $b0 AND ts < $b1) OR (ts >= $a0 AND ts < $a1)) AND coalesce(service, '') = $service"

_TOP = f"""
SELECT {{name}} FROM requests WHERE {_WITHIN} AND {{name}} IS NOT NULL
GROUP BY {{name}} ORDER BY count(*) DESC, {{name}} LIMIT {{most}}
"""

_USUAL_COST = f"SELECT exp(avg(ln(cost_usd))) FROM requests WHERE {_WITHIN} AND cost_usd > 0"

_CUBE = f"""
SELECT {{dimensions}}, (ts >= $a0 AND ts < $a1) AS is_after,
       {{weight}}::DOUBLE AS weight, {{score}}::DOUBLE AS score, {{squares}}::DOUBLE AS squares,
       {{value}}::DOUBLE AS value
FROM (SELECT *, {{compared}} AS x FROM requests {{joins}} WHERE {_WITHIN})
GROUP BY ALL
"""
_JOIN = "LEFT JOIN (SELECT unnest($top_{name}::VARCHAR[]) AS top_{name}) ON {name} = top_{name}"
"""Much cheaper than to compare each request with a list."""


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
    tops = {
        name: [value for (value,) in rows(connection, _TOP.format(name=name, most=most), parameters)]
        for name, most in MOST.items()
    }
    cut_short = [name for name, most in MOST.items() if len(tops[name]) == most]
    more: dict[str, Any] = {f"top_{name}": tops[name] for name in cut_short}
    if metric == "cost":
        ((usual,),) = rows(connection, _USUAL_COST, parameters)
        more["least"] = FREE_PART * (usual or 1.0)
    sql = _dimensions(metric, cut_short)
    weight, score, squares, value = _MEASURES[metric]
    return connection.execute(
        _CUBE.format(
            dimensions=", ".join(f"{expression} AS {name}" for name, expression in sql.items()),
            weight=weight,
            score=score,
            squares=squares,
            value=value,
            compared=_COMPARED[metric],
            joins=" ".join(_JOIN.format(name=name) for name in cut_short),
        ),
        parameters | more,
    ).fetchnumpy()


def count(connection: duckdb.DuckDBPyConnection, service: str, within: Range) -> int:
    """Requests of a service between two moments."""
    sql = "SELECT count(*) FROM requests WHERE ts >= ? AND ts < ? AND coalesce(service, '') = ?"
    return int(rows(connection, sql, [naive(within[0]), naive(within[1]), service])[0][0])


def _dimensions(metric: wire.ExplainMetric, cut_short: Sequence[str]) -> dict[str, str]:
    """SQL of each dimension that the metric has."""
    sql = {name: f"coalesce({name}, '')" for name in wire.EXPLAIN_DIMENSIONS if name != "error_type"}
    for name in cut_short:
        sql[name] = f"CASE WHEN {name} IS NULL THEN '' ELSE coalesce(top_{name}, '{schema.OTHER_CATEGORY}') END"
    if metric == "errors":
        sql["error_type"] = _TYPE
    return sql
