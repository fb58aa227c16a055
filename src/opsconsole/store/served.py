"""Which version served how many requests since a moment, and how: what the traffic says of a release.

Always true here: a request belongs to the moment at which it began; what no record logged is None and not 0, and so is
a tail of too few requests, or of a time so short that the slow ones of it are still under way.
"""

from __future__ import annotations

from datetime import datetime

import duckdb

from opsconsole import wire
from opsconsole.store.database import aware, naive, rows

TAIL_REQUESTS, TAIL_S = 100, 60.0
"""Of fewer requests, or in less time, a 99th percentile says nothing: it would be the largest of the fast ones."""

_SERVED = """
SELECT coalesce(version, ''), count(*)
FROM requests
WHERE service = $service AND ts >= $since
GROUP BY 1
"""

_FARED = """
SELECT coalesce(version, ''), count(*), count(*) FILTER (status >= 400), count(*) FILTER (status >= 200),
       quantile_disc(latency_ms, 0.99), avg(cost_usd), max(ts)
FROM requests
WHERE service = $service AND ts >= $since AND ts < $until
GROUP BY 1 ORDER BY 2 DESC
"""


def fared(
    connection: duckdb.DuckDBPyConnection, service: str, since: datetime, until: datetime
) -> tuple[wire.VersionEvidence, ...]:
    """How each version did with the requests that began between two moments, the most requests first."""
    span = {"service": service, "since": naive(since), "until": naive(until)}
    found = [row for row in rows(connection, _FARED, span) if row[0]]
    total = sum(n for _, n, *_ in found)
    is_early = (until - since).total_seconds() < TAIL_S
    return tuple(
        wire.VersionEvidence(
            version=version,
            share=n / total,
            n=n,
            error_rate=errors / known if known else None,
            p99_ms=None if is_early or n < TAIL_REQUESTS else p99_ms,
            usd_per_request=usd,
            last_at=aware(last),
        )
        for version, n, errors, known, p99_ms, usd, last in found
    )


def served_since(connection: duckdb.DuckDBPyConnection, service: str, since: datetime) -> dict[str, int]:
    """Version → requests of a service that began at or after this moment; records without a version are left out."""
    found = rows(connection, _SERVED, {"service": service, "since": naive(since)})
    return {version: n for version, n in found if version}
