"""A batch's rollups: every count and sum that panels read, written as partial rows at the level ``recent``.

Always true here: a record is counted once in each family that it has a value for; what it did not log counts nowhere (a
null among the values of a feature that its log does have is counted as such). Columns that are counted alike are
unnested and counted in one statement: a small batch costs its statements, not its rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import duckdb

from opsconsole import bins
from opsconsole.store import schema
from opsconsole.store.database import rows

FeatureKind = Literal["numeric", "categorical"]


@dataclass(frozen=True)
class BatchFeature:
    """A feature column of a batch's relation."""

    name: str
    kind: FeatureKind
    column: str


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


UNBILLED_FAILURE = "(coalesce({b}status, 0) >= 400 AND coalesce({b}output_tokens, 0) = 0)"
"""A request that failed before it generated anything: providers do not bill it, so its prompt has no price to miss."""

UNPRICED = (
    f"CASE WHEN cost_usd IS NULL AND NOT {UNBILLED_FAILURE.format(b='')} "
    f"THEN coalesce({PROMPT_TOKENS}, 0) + coalesce({GENERATED_TOKENS}, 0) ELSE 0 END"
)

_KEYED = """
CREATE OR REPLACE TEMP TABLE keyed AS
SELECT date_trunc('minute', b.ts) AS bucket, s.series_id, s.deployment_id, b.ts, b.status,
       CASE WHEN b.status >= 400 THEN coalesce(b.error_type, 'HTTP ' || b.status) END AS error_class,
       b.latency_ms, b.ttft_ms, b.queue_ms, b.input_tokens, b.output_tokens, b.cached_tokens, b.cache_write_tokens,
       b.reasoning_tokens, b.cost_usd, b.cost_source, b.cache_hit, b.user_key, b.api_key_id, b.route,
       b.finish_reason, b.confidence, b.prediction{features}
FROM {relation} AS b JOIN series AS s
  ON s.service = coalesce(b.service, '') AND s.model = coalesce(b.model, '')
 AND s.version = coalesce(b.version, '') AND s.region = coalesce(b.region, '')
WHERE b.ts IS NOT NULL
"""

_TRAFFIC = f"""
INSERT INTO traffic_recent
SELECT 0, bucket, series_id, count(*), count(*) FILTER (status >= 400), count(*) FILTER (status < 200),
       count(*) FILTER (status IS NULL), sum(input_tokens), sum(output_tokens), sum(cached_tokens),
       sum(cache_write_tokens), sum(reasoning_tokens), sum(cost_usd), count(cost_usd),
       count(*) FILTER (cost_source = 'priced'), sum({UNPRICED}), count(*) FILTER (cache_hit), count(cache_hit),
       min(ts), max(ts)
FROM keyed GROUP BY bucket, series_id
"""

_FAILURES = """
INSERT INTO failures_recent
SELECT 0, bucket, series_id, left(error_class, 80) AS class, count(*) FROM keyed WHERE error_class IS NOT NULL
GROUP BY bucket, series_id, class
"""

_METRICS: dict[str, tuple[frozenset[str], str]] = {
    "latency_ms": (frozenset({"latency_ms"}), "latency_ms"),
    "ttft_ms": (frozenset({"ttft_ms"}), "ttft_ms"),
    "tokens_per_s": (
        frozenset({"latency_ms", "output_tokens"}),
        f"CASE WHEN {GENERATED_TOKENS} > 0 AND latency_ms > 0 AND coalesce(status, 200) < 400 "
        f"THEN {GENERATED_TOKENS} * 1000.0 / latency_ms END",
    ),
    "queue_ms": (frozenset({"queue_ms"}), "queue_ms"),
}
"""Metric → (columns that must be logged, SQL value; NULL where it was not measured)."""

_HISTOGRAMS = f"""
INSERT INTO histograms_recent
SELECT 0, bucket, series_id, metric, {bins.sql_code("x", bins.LATENCY_SCHEMA)} AS code, count(*)
FROM (SELECT bucket, series_id, unnest([{{names}}]) AS metric, unnest([{{values}}]) AS x FROM keyed)
WHERE x IS NOT NULL GROUP BY bucket, series_id, metric, code
"""

_NUMERIC = f"""
INSERT INTO distributions_recent
SELECT 0, bucket, deployment_id, feature_id, {bins.sql_code("x", bins.FEATURE_SCHEMA)} AS code, count(*)
FROM (SELECT bucket, deployment_id, unnest([{{names}}]) AS feature_id, unnest([{{values}}]) AS x FROM keyed)
GROUP BY bucket, deployment_id, feature_id, code
"""

_CATEGORIES_COUNTED = """
CREATE OR REPLACE TEMP TABLE categories_counted AS
SELECT bucket, deployment_id, feature_id, value, count(*) AS n
FROM (SELECT bucket, deployment_id, unnest([{names}]) AS feature_id, unnest([{values}]) AS value FROM keyed)
GROUP BY bucket, deployment_id, feature_id, value
"""

_NEW_CATEGORIES = f"""
SELECT feature_id, value FROM categories_counted AS v
WHERE value IS NOT NULL AND NOT EXISTS
      (SELECT 1 FROM categories AS c WHERE c.feature_id = v.feature_id AND c.value = v.value)
GROUP BY feature_id, value
QUALIFY row_number() OVER (PARTITION BY feature_id ORDER BY sum(n) DESC, value) <= {schema.MAX_CATEGORIES}
ORDER BY feature_id, sum(n) DESC, value
"""

_CATEGORICAL = f"""
INSERT INTO distributions_recent
SELECT 0, bucket, deployment_id, v.feature_id,
       CASE WHEN v.value IS NULL THEN {bins.NULL} ELSE coalesce(c.category_id, 0) END AS code, sum(v.n)
FROM categories_counted AS v LEFT JOIN categories AS c ON c.feature_id = v.feature_id AND c.value = v.value
GROUP BY bucket, deployment_id, v.feature_id, code
"""

_BREAKDOWNS = f"""
INSERT INTO breakdowns_recent
SELECT 0, hour, deployment_id, dimension, value, count(*), count(*) FILTER (status >= 400), sum(cost_usd), sum(unpriced)
FROM (SELECT date_trunc('hour', bucket) AS hour, deployment_id, status, cost_usd, {UNPRICED} AS unpriced,
             unnest([{{names}}]) AS dimension, unnest([{{values}}]) AS value FROM keyed)
WHERE value IS NOT NULL GROUP BY hour, deployment_id, dimension, value
"""


class Rollups:
    """Counts batches; remembers which features and categories have a number. Used by one thread."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._features: dict[tuple[str, str], int] = {}
        self._categories: dict[int, int] = {}
        self.reload()

    def reload(self) -> None:
        """Know again what the store knows: after a batch was rolled back."""
        self._features = {
            (name, kind): feature_id
            for feature_id, name, kind in rows(self._connection, "SELECT feature_id, name, kind FROM features")
        }
        self._categories = dict(
            rows(self._connection, "SELECT feature_id, count(*) FROM categories GROUP BY feature_id")
        )

    def count(self, relation: str, logged: frozenset[str], features: Sequence[BatchFeature]) -> None:
        """Count every record of the relation that has a time; its series must be registered."""
        run = self._connection.execute
        run(_KEYED.format(relation=relation, features="".join(f", b.{feature.column}" for feature in features)))
        run(_TRAFFIC)
        if "status" in logged:
            run(_FAILURES)
        measured = {schema.METRICS[name]: sql for name, (needed, sql) in _METRICS.items() if needed <= logged}
        if measured:
            run(_HISTOGRAMS.format(**_lists(measured)))
        watched = watched_features(logged, features)
        numeric = {self._feature_id(name, kind): f"{sql}::DOUBLE" for name, kind, sql in watched if kind == "numeric"}
        if numeric:
            run(_NUMERIC.format(**_lists(numeric)))
        categorical = {self._feature_id(name, kind): sql for name, kind, sql in watched if kind == "categorical"}
        if categorical:
            run(_CATEGORIES_COUNTED.format(**_lists(categorical)))
            self._register_categories()
            run(_CATEGORICAL)
        broken_down = {f"'{name}'": name for name in schema.BREAKDOWN_DIMENSIONS if name in logged}
        if broken_down:
            run(_BREAKDOWNS.format(**_lists(broken_down)))

    def _feature_id(self, name: str, kind: str) -> int:
        found = self._features.get((name, kind))
        if found is None:
            found = self._features[name, kind] = len(self._features) + 1
            self._connection.execute("INSERT INTO features VALUES (?, ?, ?)", [found, name, kind])
        return found

    def _register_categories(self) -> None:
        """Give a number to values that were never seen, as long as their feature has room."""
        new = []
        for feature_id, value in rows(self._connection, _NEW_CATEGORIES):
            number = self._categories.get(feature_id, 0) + 1
            if number <= schema.MAX_CATEGORIES:
                self._categories[feature_id] = number
                new.append([number, feature_id, value])
        if new:
            self._connection.executemany("INSERT INTO categories VALUES (?, ?, ?)", new)


def _lists(columns: dict[int, str] | dict[str, str]) -> dict[str, str]:
    """The two parallel lists that a statement unnests."""
    return {"names": ", ".join(str(name) for name in columns), "values": ", ".join(columns.values())}
