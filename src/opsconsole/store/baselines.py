"""Pinned baselines: counts that stay as they were when they were set, whatever happens to the records behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import duckdb

from opsconsole import bins
from opsconsole.store.database import aware, naive, rows, transaction

BaselineKind = Literal["version", "range", "file"]
Count = tuple[str, str, int, str | None, int]
"""(feature, kind, code, category, requests)."""


@dataclass(frozen=True)
class Pinned:
    """The newest baseline of a service."""

    baseline_id: int
    kind: BaselineKind
    label: str
    set_at: datetime
    set_by: str


def pin(
    connection: duckdb.DuckDBPyConnection,
    *,
    service: str,
    kind: BaselineKind,
    label: str,
    set_at: datetime,
    set_by: str,
    counts: list[Count],
) -> Pinned:
    """Store counts as the service's baseline from now on; older ones stay in the table, unused."""
    baseline_id = int(rows(connection, "SELECT coalesce(max(baseline_id), 0) + 1 FROM baselines")[0][0])
    with transaction(connection):
        connection.execute(
            "INSERT INTO baselines VALUES (?, ?, ?, ?, ?, ?)",
            [baseline_id, service, label, kind, naive(set_at), set_by],
        )
        connection.executemany(
            "INSERT INTO baseline_counts VALUES (?, ?, ?, ?, ?, ?)", [[baseline_id, *count] for count in counts]
        )
    return Pinned(baseline_id, kind, label, set_at, set_by)


def pinned(connection: duckdb.DuckDBPyConnection, service: str) -> Pinned | None:
    """The service's baseline, if one was set."""
    found = rows(
        connection,
        "SELECT baseline_id, kind, label, set_at, set_by FROM baselines WHERE service = ? "
        "ORDER BY baseline_id DESC LIMIT 1",
        [service],
    )
    if not found:
        return None
    baseline_id, kind, label, set_at, set_by = found[0]
    return Pinned(baseline_id, kind, label, aware(set_at), set_by)


def counts_of(connection: duckdb.DuckDBPyConnection, baseline_id: int) -> list[Count]:
    """What was pinned."""
    return [
        (feature, kind, int(code), category, int(n))
        for feature, kind, code, category, n in rows(
            connection,
            "SELECT feature, kind, code, category, sum(requests) FROM baseline_counts WHERE baseline_id = ? "
            "GROUP BY ALL",
            [baseline_id],
        )
    ]


def count_relation(
    connection: duckdb.DuckDBPyConnection, relation: str, features: Sequence[tuple[str, str, str]]
) -> list[Count]:
    """Counts of a relation that is not in the store; ``features`` are (name, kind, SQL column)."""
    counts: list[Count] = []
    for name, kind, column in features:
        if kind == "numeric":
            code = bins.sql_code(f"{column}::DOUBLE", bins.FEATURE_SCHEMA)
            found = rows(connection, f"SELECT {code} AS code, NULL, count(*) FROM {relation} AS b GROUP BY code")
        else:
            found = rows(
                connection,
                f"SELECT CASE WHEN {column} IS NULL THEN {bins.NULL} ELSE 0 END, {column}, count(*) "
                f"FROM {relation} AS b GROUP BY ALL",
            )
        counts += [(name, kind, int(code), category, int(n)) for code, category, n in found]
    return counts
