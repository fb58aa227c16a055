"""The one way into the store: a batch of records, its rollups, its rejects and its offset, in one transaction.

Always true here: either all of a batch is in the store and its source's offset stands behind it, or nothing of it is.
That is what makes reading a file again after a crash count every line exactly once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import duckdb

from opsconsole import bins, records
from opsconsole.store import schema
from opsconsole.store.database import aware, rows, transaction

FeatureKind = Literal["numeric", "categorical"]


@dataclass(frozen=True)
class BatchFeature:
    """A feature column of a batch's relation."""

    name: str
    kind: FeatureKind
    column: str


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

PROMPT_TOKENS = "(input_tokens + coalesce(cached_tokens, 0) + coalesce(cache_write_tokens, 0))"
GENERATED_TOKENS = "(output_tokens + coalesce(reasoning_tokens, 0))"

_STANDARD_FEATURES: tuple[tuple[str, FeatureKind, str], ...] = (
    ("input_tokens", "numeric", PROMPT_TOKENS),
    ("output_tokens", "numeric", GENERATED_TOKENS),
    ("confidence", "numeric", "confidence"),
    ("finish_reason", "categorical", "finish_reason"),
    ("prediction", "categorical", "prediction"),
)
"""(column that must be logged, kind, SQL): what drift watches beside the log's own features."""


def watched_features(logged: frozenset[str], features: Sequence[BatchFeature]) -> list[tuple[str, FeatureKind, str]]:
    """(name, kind, SQL value) of everything whose distribution is counted."""
    standard = [feature for feature in _STANDARD_FEATURES if feature[0] in logged]
    return standard + [(feature.name, feature.kind, feature.column) for feature in features]


_GROUPS = """
SELECT coalesce(service, ''), coalesce(model, ''), coalesce(version, ''), coalesce(region, ''),
       count(*), count(ts), min(ts), max(ts)
FROM {relation} AS b GROUP BY ALL
"""

_KEYED = """
CREATE OR REPLACE TEMP TABLE keyed AS
SELECT date_trunc('minute', b.ts) AS bucket, s.series_id, s.deployment_id, b.ts, b.status,
       CASE WHEN b.status >= 400 THEN coalesce(b.error_type, 'HTTP ' || b.status) END AS error_class,
       b.latency_ms, b.ttft_ms, b.input_tokens, b.output_tokens, b.cached_tokens, b.cache_write_tokens,
       b.reasoning_tokens,
       b.cost_usd, b.cost_source, b.cache_hit, b.user_key, b.api_key_id, b.route, b.finish_reason, b.confidence,
       b.prediction{features}
FROM {relation} AS b JOIN series AS s
  ON s.service = coalesce(b.service, '') AND s.model = coalesce(b.model, '')
 AND s.version = coalesce(b.version, '') AND s.region = coalesce(b.region, '')
WHERE b.ts IS NOT NULL
"""

UNBILLED_FAILURE = "(coalesce({b}status, 0) >= 400 AND coalesce({b}output_tokens, 0) = 0)"
"""A request that failed before it generated anything: providers do not bill it, so its prompt has no price to miss."""

_UNPRICED = (
    f"CASE WHEN cost_usd IS NULL AND NOT {UNBILLED_FAILURE.format(b='')} "
    f"THEN coalesce({PROMPT_TOKENS}, 0) + coalesce({GENERATED_TOKENS}, 0) ELSE 0 END"
)

_TRAFFIC = f"""
INSERT INTO traffic_recent
SELECT 0, bucket, series_id, count(*), count(*) FILTER (status >= 400), count(*) FILTER (status < 200),
       count(*) FILTER (status IS NULL), sum(input_tokens), sum(output_tokens), sum(cached_tokens),
       sum(cache_write_tokens), sum(reasoning_tokens), sum(cost_usd), count(cost_usd),
       count(*) FILTER (cost_source = 'priced'), sum({_UNPRICED}), count(*) FILTER (cache_hit), count(cache_hit),
       min(ts), max(ts)
FROM keyed GROUP BY bucket, series_id
"""

_FAILURES = """
INSERT INTO failures_recent
SELECT 0, bucket, series_id, left(error_class, 80), count(*) FROM keyed WHERE error_class IS NOT NULL
GROUP BY bucket, series_id, left(error_class, 80)
"""

_METRIC_VALUES: dict[str, tuple[str, str]] = {
    "latency_ms": ("latency_ms", "latency_ms IS NOT NULL"),
    "ttft_ms": ("ttft_ms", "ttft_ms IS NOT NULL"),
    "tokens_per_s": (
        f"{GENERATED_TOKENS} * 1000.0 / latency_ms",
        f"{GENERATED_TOKENS} > 0 AND latency_ms > 0 AND coalesce(status, 200) < 400",
    ),
}
"""Metric → (SQL value, SQL condition under which it was measured)."""


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
        self._features = {
            (name, kind): feature_id
            for feature_id, name, kind in rows(connection, "SELECT feature_id, name, kind FROM features")
        }
        self._categories: dict[int, int] = dict(
            rows(connection, "SELECT feature_id, count(*) FROM categories GROUP BY feature_id")
        )

    def commit(self, batch: Batch) -> Committed:
        """Write the batch; on any error nothing of it is written and the error rises."""
        known = (dict(self._series), dict(self._deployments), dict(self._features), dict(self._categories))
        try:
            with transaction(self._connection):
                return self._write(batch)
        except BaseException:
            self._series, self._deployments, self._features, self._categories = known
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
            self._register_series([group[:4] for group in groups if group[5]])
            run(
                _KEYED.format(
                    relation=batch.relation,
                    features="".join(f", b.{feature.column}" for feature in batch.features),
                )
            )
            self._insert_requests(batch)
            run(_TRAFFIC)
            run(_FAILURES)
            self._count_metrics(batch.logged)
            self._count_features(batch)
            self._count_breakdowns(batch.logged)
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

    def _register_series(self, found: Sequence[tuple[str, str, str, str]]) -> None:
        for key in sorted(found):
            if key in self._series:
                continue
            service, _, version, _ = key
            if len(self._series) >= schema.MAX_SERIES:
                version = schema.OTHER_CATEGORY
            deployment = self._deployments.get((service, version))
            if deployment is None:
                deployment = self._deployments[service, version] = len(self._deployments) + 1
                self._connection.execute("INSERT INTO deployments VALUES (?, ?, ?)", [deployment, service, version])
            series_id = self._series[key] = len(self._series) + 1
            self._connection.execute("INSERT INTO series VALUES (?, ?, ?, ?, ?, ?)", [series_id, deployment, *key])

    def _count_metrics(self, logged: frozenset[str]) -> None:
        needed = {"latency_ms": {"latency_ms"}, "ttft_ms": {"ttft_ms"}, "tokens_per_s": {"latency_ms", "output_tokens"}}
        for metric, number in schema.METRICS.items():
            if not needed[metric] <= logged:
                continue
            value, condition = _METRIC_VALUES[metric]
            self._connection.execute(
                f"INSERT INTO histograms_recent SELECT 0, bucket, series_id, {number}, "
                f"{bins.sql_code(value, bins.LATENCY_SCHEMA)} AS code, count(*) FROM keyed WHERE {condition} "
                "GROUP BY bucket, series_id, code"
            )

    def _count_features(self, batch: Batch) -> None:
        for name, kind, column in watched_features(batch.logged, batch.features):
            feature_id = self._feature_id(name, kind)
            if kind == "numeric":
                self._connection.execute(
                    f"INSERT INTO distributions_recent SELECT 0, bucket, deployment_id, {feature_id}, "
                    f"{bins.sql_code(f'{column}::DOUBLE', bins.FEATURE_SCHEMA)} AS code, count(*) FROM keyed "
                    "GROUP BY bucket, deployment_id, code"
                )
            else:
                self._connection.execute(
                    f"CREATE OR REPLACE TEMP TABLE counted AS SELECT bucket, deployment_id, {column} AS value, "
                    "count(*) AS n FROM keyed GROUP BY ALL"
                )
                self._register_categories(feature_id)
                self._connection.execute(
                    "INSERT INTO distributions_recent "
                    f"SELECT 0, bucket, deployment_id, {feature_id}, CASE WHEN v.value IS NULL THEN {bins.NULL} "
                    "ELSE coalesce(c.category_id, 0) END AS code, sum(v.n) FROM counted AS v "
                    f"LEFT JOIN categories AS c ON c.feature_id = {feature_id} AND c.value = v.value "
                    "GROUP BY bucket, deployment_id, code"
                )

    def _feature_id(self, name: str, kind: str) -> int:
        found = self._features.get((name, kind))
        if found is None:
            found = self._features[name, kind] = len(self._features) + 1
            self._connection.execute("INSERT INTO features VALUES (?, ?, ?)", [found, name, kind])
        return found

    def _register_categories(self, feature_id: int) -> None:
        room = schema.MAX_CATEGORIES - self._categories.get(feature_id, 0)
        if room <= 0:
            return
        new = rows(
            self._connection,
            "SELECT value FROM (SELECT value, sum(n) AS n FROM counted WHERE value IS NOT NULL GROUP BY value) AS v "
            f"WHERE value NOT IN (SELECT value FROM categories WHERE feature_id = {feature_id}) "
            f"ORDER BY n DESC, value LIMIT {room}",
        )
        if not new:
            return
        first = self._categories.get(feature_id, 0) + 1
        self._connection.executemany(
            "INSERT INTO categories VALUES (?, ?, ?)",
            [[first + i, feature_id, value] for i, (value,) in enumerate(new)],
        )
        self._categories[feature_id] = first + len(new) - 1

    def _count_breakdowns(self, logged: frozenset[str]) -> None:
        for dimension in schema.BREAKDOWN_DIMENSIONS:
            if dimension not in logged:
                continue
            self._connection.execute(
                "INSERT INTO breakdowns_recent "
                f"SELECT 0, date_trunc('hour', bucket) AS hour, deployment_id, '{dimension}', {dimension}, count(*), "
                f"count(*) FILTER (status >= 400), sum(cost_usd), sum({_UNPRICED}) FROM keyed "
                f"WHERE {dimension} IS NOT NULL GROUP BY hour, deployment_id, {dimension}"
            )

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
