"""Which version served how many requests since a moment: what the traffic says of a release."""

from __future__ import annotations

from datetime import datetime

import duckdb

from opsconsole.store.database import naive, rows

_SERVED = """
SELECT coalesce(version, ''), count(*)
FROM requests
WHERE service = $service AND ts >= $since
GROUP BY 1
"""


def served_since(connection: duckdb.DuckDBPyConnection, service: str, since: datetime) -> dict[str, int]:
    """Version → requests of a service that began at or after this moment; records without a version are left out."""
    found = rows(connection, _SERVED, {"service": service, "since": naive(since)})
    return {version: n for version, n in found if version}
