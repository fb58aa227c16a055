"""Who and what costs money: by model and version from rollups of any level, by user, route and key from an hour's.

Always true here: a window of a few hours is counted request by request where rollups are too coarse; what has no name
is the empty value; money that is not known is no money, its tokens are counted beside.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb

from opsconsole import wire
from opsconsole.store import folds, schema
from opsconsole.store.database import aware, naive, rows
from opsconsole.store.queries import TimeAxis
from opsconsole.store.rollups import UNPRICED

MOST_SLICES = 50
BY_REQUEST_UP_TO_S = 3 * 3600
"""Windows up to this long are counted from single requests, exactly."""

_SERIES = """
SELECT s.model, s.version, (epoch(t.bucket)::BIGINT - $start) // $step AS slot,
       sum(t.requests), sum(t.errors), sum(t.cost_usd), sum(t.cost_known), sum(t.unpriced_tokens)
FROM {traffic} AS t JOIN series AS s USING (series_id)
WHERE t.bucket >= $from AND t.bucket < $to AND ($service = '' OR s.service = $service)
GROUP BY ALL
"""

_BY_HOUR = """
SELECT b.dimension, b.value, sum(b.requests) AS n, sum(b.errors), sum(b.cost_usd) AS usd, sum(b.unpriced_tokens)
FROM {breakdowns} AS b JOIN deployments AS d USING (deployment_id)
WHERE b.bucket >= $from AND b.bucket < $to AND ($service = '' OR d.service = $service)
GROUP BY ALL
"""

_BY_REQUEST = f"""
SELECT CASE WHEN grouping(user_key) = 0 THEN 'user_key' WHEN grouping(route) = 0 THEN 'route' ELSE 'api_key_id' END,
       coalesce(user_key, route, api_key_id), count(*) AS n, count(*) FILTER (status >= 400), sum(cost_usd) AS usd,
       sum({UNPRICED})
FROM requests WHERE ts >= $from AND ts < $to AND ($service = '' OR coalesce(service, '') = $service)
GROUP BY GROUPING SETS ((user_key), (route), (api_key_id))
HAVING coalesce(user_key, route, api_key_id) IS NOT NULL
"""

_DAYS = """
SELECT date_trunc('day', t.bucket) AS day, sum(t.cost_usd)
FROM {traffic} AS t JOIN series AS s USING (series_id)
WHERE t.bucket >= $from AND t.bucket < $to AND ($service = '' OR s.service = $service) AND t.cost_known > 0
GROUP BY day ORDER BY day
"""

SeriesRow = tuple[str, str, int, int, int, float | None, int, int]
"""(model, version, slot, requests, errors, USD, requests of known cost, unpriced tokens)."""


def of_series(connection: duckdb.DuckDBPyConnection, axis: TimeAxis, service: str) -> list[SeriesRow]:
    """Spending by model, version and slot of the axis; of every service where none is named."""
    parameters = _over(axis.start, axis.end, service) | {"start": int(axis.start.timestamp()), "step": axis.step_s}
    sql = _SERIES.format(**folds.reading(connection, axis.level))
    return [
        (model, version, int(slot), int(n), int(errors), usd if known else None, int(known or 0), int(unpriced or 0))
        for model, version, slot, n, errors, usd, known, unpriced in rows(connection, sql, parameters)
    ]


def by_dimension(
    connection: duckdb.DuckDBPyConnection, start: datetime, end: datetime, service: str
) -> tuple[dict[str, list[wire.CostSlice]], datetime | None]:
    """(dimension → its values, dearest first, without shares; the hour from which they are counted if it is not
    ``start``)."""
    if (end - start).total_seconds() <= BY_REQUEST_UP_TO_S:
        found, since = rows(connection, _BY_REQUEST, _over(start, end, service)), None
    else:
        hour = start.replace(minute=0, second=0, microsecond=0)
        sql = _BY_HOUR.format(**folds.reading(connection, "hour"))
        found, since = rows(connection, sql, _over(hour, end, service)), hour if hour != start else None
    slices: dict[str, list[wire.CostSlice]] = {name: [] for name in schema.BREAKDOWN_DIMENSIONS}
    for dimension, value, n, errors, usd, unpriced in found:
        slices[dimension].append(cost_slice(value, int(n), int(errors), usd, int(unpriced or 0)))
    return {name: ranked(each) for name, each in slices.items()}, since


def cost_slice(value: str, requests: int, errors: int, usd: float | None, unpriced: int) -> wire.CostSlice:
    """One value; its share is not known yet."""
    per_request = usd / requests if usd is not None and requests else None
    return wire.CostSlice(
        value=value, requests=requests, errors=errors, usd=usd, share=None, usd_per_request=per_request,
        unpriced_tokens=unpriced,
    )  # fmt: skip


def ranked(slices: list[wire.CostSlice]) -> list[wire.CostSlice]:
    """Dearest first; those of unknown cost by their tokens without a price, then by requests."""
    return sorted(slices, key=lambda each: (-(each.usd or 0.0), -each.unpriced_tokens, -each.requests, each.value))


def by_day(
    connection: duckdb.DuckDBPyConnection, start: datetime, end: datetime, service: str
) -> list[tuple[datetime, float]]:
    """(day, USD) of the days that have a known cost."""
    sql = _DAYS.format(**folds.reading(connection, "hour"))
    return [(aware(day), float(usd)) for day, usd in rows(connection, sql, _over(start, end, service))]


def _over(start: datetime, end: datetime, service: str) -> dict[str, Any]:
    return {"from": naive(start), "to": naive(end), "service": service}
