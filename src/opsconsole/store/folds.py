"""How partial sums move from fine levels to coarse ones without ever being counted twice or lost.

Each level's rows carry the number of the fold that wrote them, and each level remembers up to which fold of the finer
level it has absorbed. So, at any moment and whatever arrives late::

    minutes = minute ∪ recent
    hours   = hour ∪ (minute rows that no hour has absorbed) ∪ recent
    days    = day ∪ (hour rows that no day has absorbed) ∪ (minute rows …) ∪ recent

and all three add up to the same totals. ``recent`` rows are deleted when folded; the other levels keep theirs until
retention takes them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb

from opsconsole.store import schema
from opsconsole.store.database import rows, transaction

FOLD_RECENT_ROWS = 150_000
"""Fold before ``recent`` grows so large that reading it shows in a panel's time."""
FOLD_UNABSORBED_ROWS = 500_000
"""As after a backfill: absorb before a coarse level's time has come, for the same reason."""


def _state(connection: duckdb.DuckDBPyConnection, level: str) -> tuple[int, int]:
    """(number of the level's last fold, last fold of the finer level that it has absorbed)."""
    found = rows(connection, "SELECT max(fold), max(absorbed) FROM folds WHERE level = ?", [level])
    return (found[0][0] or 0, found[0][1] or 0)


def recent_rows(connection: duckdb.DuckDBPyConnection) -> int:
    """Rows that the next fold of ``recent`` would take."""
    parts = " + ".join(f"(SELECT count(*) FROM {family.table('recent')})" for family in schema.FAMILIES)
    return int(rows(connection, f"SELECT {parts}")[0][0])


def fold_recent(connection: duckdb.DuckDBPyConnection) -> None:
    """Merge ``recent`` into the minute level; one transaction."""
    fold = _state(connection, "minute")[0] + 1
    with transaction(connection):
        for family in schema.FAMILIES:
            keys = ", ".join(family.keys)
            connection.execute(
                f"INSERT INTO {family.table('minute')} SELECT {fold}, bucket, {keys}, {family.merged()} "
                f"FROM {family.table('recent')} GROUP BY bucket, {keys} ORDER BY bucket, {keys}"
            )
            connection.execute(f"DELETE FROM {family.table('recent')}")
        connection.execute("INSERT INTO folds VALUES ('minute', ?, 0)", [fold])


def unabsorbed_rows(connection: duckdb.DuckDBPyConnection, level: str) -> int:
    """Rows of the finer level that ``level`` has not absorbed: every reading at ``level`` scans them."""
    finer = schema.LEVELS[schema.LEVELS.index(level) - 1]
    absorbed = _state(connection, level)[1]
    parts = " + ".join(
        f"(SELECT count(*) FROM {family.table(finer)} WHERE fold > {absorbed})" for family in schema.FAMILIES
    )
    return int(rows(connection, f"SELECT {parts}")[0][0])


def fold_level(connection: duckdb.DuckDBPyConnection, level: str) -> None:
    """Absorb into ``hour`` what the minutes hold that it has not, or into ``day`` what the hours hold."""
    finer = schema.LEVELS[schema.LEVELS.index(level) - 1]
    newest_finer = _state(connection, finer)[0]
    last, absorbed = _state(connection, level)
    if newest_finer <= absorbed:
        return
    with transaction(connection):
        for family in schema.FAMILIES:
            keys = ", ".join(family.keys)
            connection.execute(
                f"INSERT INTO {family.table(level)} "
                f"SELECT {last + 1}, date_trunc('{level}', bucket) AS coarse, {keys}, {family.merged()} "
                f"FROM {family.table(finer)} WHERE fold > {absorbed} GROUP BY coarse, {keys} "
                f"ORDER BY coarse, {keys}"
            )
        connection.execute("INSERT INTO folds VALUES (?, ?, ?)", [level, last + 1, newest_finer])


Part = tuple[str, ...]
FOLDED: Part = schema.LEVELS[1:]
RECENT: Part = schema.LEVELS[:1]


def reading(connection: duckdb.DuckDBPyConnection, level: str, part: Part = schema.LEVELS) -> dict[str, str]:
    """For each family: SQL of a relation (bucket, keys, measures) that is complete at ``level``, or ``part`` of it.

    Buckets of the finer parts are truncated to the level's own.
    """
    coarser = schema.LEVELS[2 : schema.LEVELS.index(level) + 1]
    absorbed = dict(rows(connection, "SELECT level, max(absorbed) FROM folds GROUP BY level")) if coarser else {}
    floor = {finer: absorbed.get(coarse) or 0 for finer, coarse in zip(schema.LEVELS[1:], coarser, strict=False)}
    relations = {}
    for family in schema.FAMILIES:
        columns = ", ".join((*family.keys, *family.measures))
        parts = [f"SELECT bucket, {columns} FROM {family.table(level)}"] if level in part else []
        for finer in (finer for finer in schema.LEVELS[: schema.LEVELS.index(level)] if finer in part):
            bucket = "bucket" if level == "minute" else f"date_trunc('{level}', bucket) AS bucket"
            where = f" WHERE fold > {floor[finer]}" if finer in floor else ""
            parts.append(f"SELECT {bucket}, {columns} FROM {family.table(finer)}{where}")
        relations[family.name] = "(" + " UNION ALL ".join(parts) + ")"
    return relations


def expire(
    connection: duckdb.DuckDBPyConnection, now: datetime, *, requests_days: int, minutes_days: int, hours_days: int
) -> None:
    """Delete what is older than its retention; coarse levels have absorbed it before."""
    moment = now.replace(tzinfo=None)
    absorbed_minutes, absorbed_hours = _state(connection, "hour")[1], _state(connection, "day")[1]
    with transaction(connection):
        connection.execute("DELETE FROM requests WHERE ts < ?", [moment - timedelta(days=requests_days)])
        for family in schema.FAMILIES:
            for level, days, absorbed in (
                ("minute", minutes_days, absorbed_minutes),
                ("hour", hours_days, absorbed_hours),
            ):
                connection.execute(
                    f"DELETE FROM {family.table(level)} WHERE bucket < ? AND fold <= ?",
                    [moment - timedelta(days=days), absorbed],
                )
        _merge_states(connection)


def _merge_states(connection: duckdb.DuckDBPyConnection) -> None:
    """One row a level instead of one a fold; another number of rows also says that something happened."""
    states = rows(connection, "SELECT level, max(fold), max(absorbed) FROM folds GROUP BY level")
    connection.execute("DELETE FROM folds")
    if states:
        connection.executemany("INSERT INTO folds VALUES (?, ?, ?)", states)
