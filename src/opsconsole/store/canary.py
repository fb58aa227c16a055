"""The minutes of a gradual rollout: two versions of a service, counted side by side from single requests.

Always true here: a minute is answered only when it is closed, so that it is the same whenever it is asked for; a
request belongs to the minute in which it started; what was not logged is not counted.

A request is logged when it ends, so those that arrive late are the slow ones. A minute is therefore closed only when
``SETTLE`` has passed since its end, several times as long as a request usually takes. What arrives later still is not
looked at by an analysis that has been past that minute: to count some minutes twice would break its promise. One that
begins anew, after a restart of the daemon, counts it where it belongs; ``late`` says how many requests that were.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import duckdb

from opsconsole import bins
from opsconsole.minutes import Bins, Minute, Moments, Side
from opsconsole.store.database import aware, naive, rows
from opsconsole.store.rollups import GENERATED_TOKENS

MINUTE = timedelta(minutes=1)
SETTLE = timedelta(minutes=2)

CATEGORIES: tuple[str, ...] = ("prediction", "finish_reason")
"""Columns whose values are counted."""
LONGEST_VALUE = 80

_MOMENTS = "count({x}), coalesce(sum({x}), 0)::DOUBLE, coalesce(sum({x} * {x}), 0)::DOUBLE"
_NUMBERS: dict[str, str] = {
    "log_latency": "CASE WHEN latency_ms > 0 AND isfinite(latency_ms) THEN ln(latency_ms) END",
    "cost": "CASE WHEN isfinite(cost_usd) THEN cost_usd END",
    "output": f"{GENERATED_TOKENS}::DOUBLE",
}
_HISTOGRAMS: dict[str, str] = {
    "latency": "CASE WHEN latency_ms >= 0 AND isfinite(latency_ms) THEN latency_ms END",
    "outputs": f"{GENERATED_TOKENS}::DOUBLE",
}


def _counted(expression: str) -> str:
    return f"histogram(CASE WHEN {expression} IS NOT NULL THEN {bins.sql_code(expression, bins.LATENCY_SCHEMA)} END)"


_MINUTES = f"""
SELECT date_trunc('minute', ts) AS minute, coalesce(version, '') = $canary AS is_canary,
       count(*), count(*) FILTER (status >= 200), count(*) FILTER (status >= 400),
       {", ".join(_MOMENTS.format(x=name) for name in _NUMBERS)},
       {", ".join(_counted(f"{name}_value") for name in _HISTOGRAMS)},
       {", ".join(f"histogram(left({name}, {LONGEST_VALUE}))" for name in CATEGORIES)}
FROM (SELECT ts, version, status, {", ".join(CATEGORIES)},
             {", ".join(f"{sql} AS {name}" for name, sql in _NUMBERS.items())},
             {", ".join(f"{sql} AS {name}_value" for name, sql in _HISTOGRAMS.items())}
      FROM requests
      WHERE ts >= $from AND ts < $to AND coalesce(service, '') = $service
        AND coalesce(version, '') IN ($baseline, $canary))
GROUP BY minute, is_canary ORDER BY minute
"""

_COUNT = """
SELECT count(*) FROM requests
WHERE ts >= $from AND ts < $to AND coalesce(service, '') = $service AND coalesce(version, '') IN ($baseline, $canary)
"""


def closed_until(now: datetime) -> datetime:
    """Every minute that ended by this moment is closed."""
    return (now - SETTLE).replace(second=0, microsecond=0)


def minutes(
    connection: duckdb.DuckDBPyConnection,
    service: str,
    baseline: str,
    canary: str,
    *,
    since: datetime,
    now: datetime,
) -> list[Minute]:
    """Every closed minute from the one of ``since`` on, oldest first; those without a request are there too.

    To go on, give the end of the last minute that was answered. An empty list when none has closed since.
    """
    first, end = since.replace(second=0, microsecond=0), closed_until(now)
    if end <= first:
        return []
    found: dict[datetime, dict[bool, Side]] = {}
    for minute, is_canary, *values in rows(connection, _MINUTES, _window(service, baseline, canary, first, end)):
        found.setdefault(aware(minute), {})[is_canary] = _side(values)
    answered = []
    for i in range((end - first) // MINUTE):
        at = first + i * MINUTE
        sides = found.get(at, {})
        answered.append(Minute(at, sides.get(False, Side()), sides.get(True, Side())))
    return answered


def late(connection: duckdb.DuckDBPyConnection, service: str, baseline: str, canary: str, judged: list[Minute]) -> int:
    """Requests of minutes that were answered before which have arrived since."""
    if not judged:
        return 0
    window = _window(service, baseline, canary, judged[0].at, judged[-1].at + MINUTE)
    return int(rows(connection, _COUNT, window)[0][0]) - sum(
        minute.baseline.requests + minute.canary.requests for minute in judged
    )


def _window(service: str, baseline: str, canary: str, start: datetime, end: datetime) -> dict[str, Any]:
    return {"service": service, "baseline": baseline, "canary": canary, "from": naive(start), "to": naive(end)}


def _side(values: list[Any]) -> Side:
    requests, answered, errors, *rest = values
    moments = [
        Moments(int(n), total, squares) for n, total, squares in zip(rest[0:9:3], rest[1:9:3], rest[2:9:3], strict=True)
    ]
    latency, outputs, *categories = rest[9:]
    return Side(
        requests=requests,
        answered=answered,
        errors=errors,
        log_latency=moments[0],
        latency=_bins(latency),
        cost=moments[1],
        output=moments[2],
        outputs=_bins(outputs),
        categories={name: dict(found) for name, found in zip(CATEGORIES, categories, strict=True) if found},
    )


def _bins(counted: Mapping[int, int] | None) -> Bins:
    return Bins.of(counted) if counted else Bins()
