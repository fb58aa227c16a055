"""The one way into the store: a batch of records, its rollups, its rejects and its offset, in one transaction.

Always true here: either all of a batch is in the store and its source's offset stands behind it, or nothing of it is.
That is what makes reading a file again after a crash count every line exactly once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import duckdb

from opsconsole import records
from opsconsole.store import schema
from opsconsole.store.database import aware, rows, transaction
from opsconsole.store.rollups import BatchFeature, Rollups


@dataclass(frozen=True)
class Batch:
    """Records on their way in."""

    relation: str
    """A table or subquery with every canonical column but ``features``, and a column for each feature."""
    source_id: int
    end_offset: int
    """Where reading goes on once this batch is committed."""
    raw_bytes: int = 0
    """Bytes of the file that this batch used up (compressed ones, for gz and zst)."""
    features: tuple[BatchFeature, ...] = ()
    logged: frozenset[str] = frozenset()
    """Canonical columns that the source logs at all."""
    rejects: tuple[tuple[int, int, str], ...] = ()
    """(offset, length in bytes, reason) of lines that are no record."""
    coerced: Mapping[str, int] = field(default_factory=dict)
    """Field → values that were not of its type."""


@dataclass(frozen=True)
class Committed:
    """What a commit took in."""

    accepted: int
    rejected: int
    reject_reasons: Mapping[str, int]
    first_at: datetime | None
    last_at: datetime | None


MAX_REJECT_ROWS = 1_000
"""Rejected lines of one batch that are kept one by one; all of them are counted."""

_GROUPS = """
SELECT coalesce(service, ''), coalesce(model, ''), coalesce(version, ''), coalesce(region, ''),
       count(*), count(ts), min(ts), max(ts)
FROM {relation} AS b GROUP BY ALL
"""

_FOLDED_SERIES = f"""(SELECT b.* REPLACE (
    CASE WHEN s.series_id IS NULL THEN '{schema.OTHER_CATEGORY}' ELSE b.model END AS model,
    CASE WHEN s.series_id IS NULL THEN '{schema.OTHER_CATEGORY}' ELSE b.version END AS version,
    CASE WHEN s.series_id IS NULL THEN '{schema.OTHER_CATEGORY}' ELSE b.region END AS region)
  FROM {{relation}} AS b LEFT JOIN series AS s
    ON s.service = coalesce(b.service, '') AND s.model = coalesce(b.model, '')
   AND s.version = coalesce(b.version, '') AND s.region = coalesce(b.region, ''))"""
"""A relation in which every series that has no number of its own is its service's ``(other)``."""


class Writer:
    """Commits batches on the store's writing connection; used by one thread."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._series = {
            (service, model, version, region): series_id
            for series_id, service, model, version, region in rows(
                connection, "SELECT series_id, service, model, version, region FROM series"
            )
        }
        self._deployments = {
            (service, version): deployment_id
            for deployment_id, service, version in rows(
                connection, "SELECT deployment_id, service, version FROM deployments"
            )
        }
        self._rollups = Rollups(connection)

    def commit(self, batch: Batch) -> Committed:
        """Write the batch; on any error nothing of it is written and the error rises."""
        known = (dict(self._series), dict(self._deployments))
        try:
            with transaction(self._connection):
                return self._write(batch)
        except BaseException:
            self._series, self._deployments = known
            self._rollups.reload()
            raise

    def _write(self, batch: Batch) -> Committed:
        run = self._connection.execute
        groups = rows(self._connection, _GROUPS.format(relation=batch.relation))
        total, accepted = sum(group[4] for group in groups), sum(group[5] for group in groups)
        first_at = min((group[6] for group in groups if group[5]), default=None)
        last_at = max((group[7] for group in groups if group[5]), default=None)
        without_time = (
            rows(
                self._connection,
                f"SELECT source_offset FROM {batch.relation} AS b WHERE ts IS NULL LIMIT {MAX_REJECT_ROWS}",
            )
            if total > accepted
            else []
        )
        if accepted:
            relation = batch.relation
            if not self._register_series([group[:4] for group in groups if group[5]]):
                relation = _FOLDED_SERIES.format(relation=relation)
            self._rollups.count(relation, batch.logged, batch.features)
            self._insert_requests(batch)
        reasons = self._record_rejects(batch, [int(row[0]) for row in without_time], total - accepted)
        rejected = len(batch.rejects) + total - accepted
        run(
            "INSERT INTO progress VALUES (?, ?, ?, ?, ?, ?, ?)",
            [batch.source_id, batch.end_offset, batch.raw_bytes, accepted, rejected, first_at, last_at],
        )
        return Committed(
            accepted, rejected, reasons, aware(first_at) if first_at else None, aware(last_at) if last_at else None
        )

    def _insert_requests(self, batch: Batch) -> None:
        numbers = {f.name: f"CASE WHEN isfinite({f.column}) THEN {f.column} END" for f in batch.features}
        packed = ", ".join(
            f"{_literal(f.name)}: {numbers[f.name] if f.kind == 'numeric' else f.column}" for f in batch.features
        )
        columns = ", ".join(
            column.name if column.name != "features" else (f"{{{packed}}}::JSON" if packed else "NULL")
            for column in records.COLUMNS
        )
        self._connection.execute(
            f"INSERT INTO requests SELECT {columns} FROM {batch.relation} AS b WHERE ts IS NOT NULL"
        )

    def _register_series(self, found: Sequence[tuple[str, str, str, str]]) -> bool:
        """Give every series a number; False when some got none, because there are too many."""
        has_all = True
        for key in sorted(found):
            if key in self._series:
                continue
            if len(self._series) < schema.MAX_SERIES:
                self._number_series(key)
                continue
            has_all = False
            other = (key[0], schema.OTHER_CATEGORY, schema.OTHER_CATEGORY, schema.OTHER_CATEGORY)
            if other not in self._series:
                self._number_series(other)
        return has_all

    def _number_series(self, key: tuple[str, str, str, str]) -> None:
        service, _, version, _ = key
        deployment = self._deployments.get((service, version))
        if deployment is None:
            deployment = self._deployments[service, version] = len(self._deployments) + 1
            self._connection.execute("INSERT INTO deployments VALUES (?, ?, ?)", [deployment, service, version])
        series_id = self._series[key] = len(self._series) + 1
        self._connection.execute("INSERT INTO series VALUES (?, ?, ?, ?, ?, ?)", [series_id, deployment, *key])

    def _record_rejects(self, batch: Batch, without_time: Sequence[int], n_without_time: int) -> dict[str, int]:
        reasons: dict[str, int] = {}
        for _, _, reason in batch.rejects:
            reasons[reason] = reasons.get(reason, 0) + 1
        if n_without_time:
            reasons["no usable time"] = n_without_time
        counted = [("rejected", what, n) for what, n in reasons.items()]
        counted += [("coerced", what, n) for what, n in batch.coerced.items() if n]
        if counted:
            self._connection.executemany(
                "INSERT INTO quarantine VALUES (?, ?, ?, ?)", [[batch.source_id, *row] for row in counted]
            )
        kept = [*batch.rejects, *((offset, 0, "no usable time") for offset in without_time)][:MAX_REJECT_ROWS]
        if kept:
            self._connection.executemany(
                "INSERT INTO rejects VALUES (?, ?, ?, ?)", [[batch.source_id, *row] for row in kept]
            )
        return reasons


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
