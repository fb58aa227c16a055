"""The canonical columns of a served request: their one home.

Always true here: a column's unit is in its name or in its row below; token classes are disjoint (a token is counted in
exactly one of them); ``None`` means "not logged" and never zero. The order is the order in the store.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One canonical column: what the store holds, in which unit, and what it means."""

    name: str
    sql_type: str
    unit: str
    meaning: str


COLUMNS: tuple[Column, ...] = (
    Column("ts", "TIMESTAMP", "UTC, µs", "when the request started"),
    Column("request_id", "VARCHAR", "", "the request's own id; feedback joins by it"),
    Column("service", "VARCHAR", "", "what users call"),
    Column("provider", "VARCHAR", "", "who runs the model"),
    Column("model", "VARCHAR", "", "the model that answered"),
    Column("version", "VARCHAR", "", "the deployed version that answered"),
    Column("route", "VARCHAR", "", "path or operation"),
    Column("region", "VARCHAR", "", "where it was served"),
    Column("status", "SMALLINT", "HTTP-like", "1xx still pending, 2xx and 3xx succeeded, 4xx and 5xx failed"),
    Column("error_type", "VARCHAR", "", "what kind of failure, in the log's own words"),
    Column("latency_ms", "DOUBLE", "ms", "from the request's start to its last byte"),
    Column("ttft_ms", "DOUBLE", "ms", "from the request's start to its first token"),
    Column("queue_ms", "DOUBLE", "ms", "waiting before work began"),
    Column("input_tokens", "BIGINT", "tokens", "prompt tokens that were neither read from nor written to a cache"),
    Column("output_tokens", "BIGINT", "tokens", "generated tokens, reasoning left out"),
    Column("cached_tokens", "BIGINT", "tokens", "prompt tokens read from the provider's cache"),
    Column("cache_write_tokens", "BIGINT", "tokens", "prompt tokens written to the provider's cache"),
    Column("reasoning_tokens", "BIGINT", "tokens", "generated tokens spent on reasoning"),
    Column("cost_usd", "DOUBLE", "USD", "what the request cost"),
    Column("cost_source", "VARCHAR", "", "logged | priced | unknown"),
    Column("cache_hit", "BOOLEAN", "", "answered from our own response cache"),
    Column("user_key", "VARCHAR", "", "keyed hash of user or tenant"),
    Column("api_key_id", "VARCHAR", "", "name or keyed hash of the API key, never the key"),
    Column("finish_reason", "VARCHAR", "", "why generation ended"),
    Column("confidence", "DOUBLE", "0 to 1", "the model's confidence in its prediction"),
    Column("prediction", "VARCHAR", "", "the predicted class, or the number as text"),
    Column("features", "JSON", "", "inputs by name: numbers and categories"),
    Column("source_id", "INTEGER", "", "the source that the line came from"),
    Column("source_offset", "BIGINT", "bytes", "where the line begins in its source"),
)

BILLED_BY: tuple[Column, ...] = (
    Column("service_tier", "VARCHAR", "", "as what the provider billed it: flex, priority, batch"),
    Column("cache_write_1h_tokens", "BIGINT", "tokens", "of cache_write_tokens those that are kept for an hour"),
)
"""Read from a log to price a request by, and not stored."""

BY_NAME: dict[str, Column] = {column.name: column for column in (*COLUMNS, *BILLED_BY)}

MAPPABLE: tuple[str, ...] = tuple(
    column.name
    for column in (*COLUMNS, *BILLED_BY)
    if column.name not in {"cost_source", "features", "source_id", "source_offset"}
)
"""The columns that a mapping can fill from a log; the others are made while ingesting."""

DURATION_COLUMNS: tuple[str, ...] = ("latency_ms", "ttft_ms", "queue_ms")
HASHED_COLUMNS: tuple[str, ...] = ("user_key", "api_key_id")
SERIES_KEY: tuple[str, ...] = ("service", "model", "version", "region")
"""The key of a rollup row."""

PENDING_STATUS = 102
SUCCEEDED_STATUS = 200
FAILED_STATUS = 500
"""What an outcome in words becomes: pending, succeeded and failed, in HTTP's numbers."""
