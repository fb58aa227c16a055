"""The tables of the store, as data, and the migrations that lead to them.

Always true here: no table has a primary key, a unique constraint or an index (DuckDB's open defects live there); every
rollup row is a partial sum, so that two rows of one key may stand side by side and are added on read.

Rollups come in families (what is counted, by which key) and levels (how coarse the bucket is). A row enters at level
``recent`` in the transaction of its batch and is folded upwards in the background; see folds.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from opsconsole import records

SCHEMA_VERSION = 1

LEVELS: tuple[str, ...] = ("recent", "minute", "hour", "day")
"""From fine to coarse; ``recent`` has minute buckets too and holds what no fold has touched yet."""

METRICS: dict[str, int] = {"latency_ms": 0, "ttft_ms": 1, "tokens_per_s": 2, "queue_ms": 3}
"""What histograms hold: name → its number in the ``metric`` column."""

OTHER_CATEGORY = "(other)"
MAX_CATEGORIES = 500
"""Distinct values kept of one categorical feature; what comes later counts as OTHER_CATEGORY."""
MAX_SERIES = 20_000
"""Distinct series; beyond, model, version and region of a new one are folded into OTHER_CATEGORY."""


@dataclass(frozen=True)
class Family:
    """One kind of rollup: its key beside the bucket, and how each measure adds up."""

    name: str
    keys: dict[str, str]
    measures: dict[str, tuple[str, str]]
    """Measure → (SQL type, aggregate that merges partial rows)."""

    def merged(self) -> str:
        """The SELECT list that merges partial rows of one key."""
        return ", ".join(f"{how}({name}) AS {name}" for name, (_, how) in self.measures.items())

    def table(self, level: str) -> str:
        return f"{self.name}_{level}"


def _sums(sql_type: str, *names: str) -> dict[str, tuple[str, str]]:
    return dict.fromkeys(names, (sql_type, "sum"))


FAMILIES: tuple[Family, ...] = (
    Family(
        "traffic",
        {"series_id": "INTEGER"},
        _sums("BIGINT", "requests", "errors", "pending", "unknown")
        | _sums("BIGINT", "input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens")
        | _sums("DOUBLE", "cost_usd")
        | _sums("BIGINT", "cost_known", "cost_priced", "unpriced_tokens", "cache_hits", "cache_known")
        | {"first_at": ("TIMESTAMP", "min"), "last_at": ("TIMESTAMP", "max")},
    ),
    Family("failures", {"series_id": "INTEGER", "error_class": "VARCHAR"}, _sums("BIGINT", "requests")),
    Family(
        "histograms",
        {"series_id": "INTEGER", "metric": "SMALLINT", "code": "SMALLINT"},
        _sums("BIGINT", "requests"),
    ),
    Family(
        "distributions",
        {"deployment_id": "INTEGER", "feature_id": "INTEGER", "code": "INTEGER"},
        _sums("BIGINT", "requests"),
    ),
    Family(
        "breakdowns",
        {"deployment_id": "INTEGER", "dimension": "VARCHAR", "value": "VARCHAR"},
        _sums("BIGINT", "requests", "errors") | _sums("DOUBLE", "cost_usd") | _sums("BIGINT", "unpriced_tokens"),
    ),
)

BREAKDOWN_DIMENSIONS: tuple[str, ...] = ("user_key", "api_key_id", "route")
"""Columns whose values are counted by the hour, for "who and what is expensive"."""

_TABLES = f"""
CREATE TABLE meta (name VARCHAR, value VARCHAR);
CREATE TABLE requests ({", ".join(f"{c.name} {c.sql_type}" for c in records.COLUMNS)});
CREATE TABLE series (series_id INTEGER, deployment_id INTEGER, service VARCHAR, model VARCHAR, version VARCHAR,
                     region VARCHAR);
CREATE TABLE deployments (deployment_id INTEGER, service VARCHAR, version VARCHAR);
CREATE TABLE features (feature_id INTEGER, name VARCHAR, kind VARCHAR);
CREATE TABLE categories (category_id INTEGER, feature_id INTEGER, value VARCHAR);
CREATE TABLE sources (source_id INTEGER, attached_at TIMESTAMP, path VARCHAR, device BIGINT, inode BIGINT,
                      head_length INTEGER, head_sha256 VARCHAR, follow BOOLEAN, mapping VARCHAR);
CREATE TABLE progress (source_id INTEGER, end_offset BIGINT, raw_bytes BIGINT, accepted BIGINT, rejected BIGINT,
                       first_at TIMESTAMP, last_at TIMESTAMP);
CREATE TABLE quarantine (source_id INTEGER, kind VARCHAR, what VARCHAR, occurrences BIGINT);
CREATE TABLE rejects (source_id INTEGER, source_offset BIGINT, length BIGINT, reason VARCHAR);
CREATE TABLE folds (level VARCHAR, fold INTEGER, absorbed INTEGER);
CREATE TABLE baselines (baseline_id INTEGER, service VARCHAR, label VARCHAR, kind VARCHAR, set_at TIMESTAMP,
                        set_by VARCHAR);
CREATE TABLE baseline_counts (baseline_id INTEGER, feature VARCHAR, kind VARCHAR, code INTEGER, category VARCHAR,
                              requests BIGINT);
"""


def _rollup_tables() -> str:
    return "".join(
        f"CREATE TABLE {family.table(level)} (fold INTEGER, bucket TIMESTAMP, "
        + ", ".join(f"{name} {sql_type}" for name, sql_type in family.keys.items())
        + ", "
        + ", ".join(f"{name} {sql_type}" for name, (sql_type, _) in family.measures.items())
        + ");\n"
        for family in FAMILIES
        for level in LEVELS
    )


MIGRATIONS: dict[int, str] = {1: _TABLES + _rollup_tables()}
"""Version → the SQL that leads to it from the version before."""
