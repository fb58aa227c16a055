"""What a staged chunk still lacks before it may be stored: digests instead of users, prices where none were logged."""

from __future__ import annotations

import duckdb

from opsconsole import records
from opsconsole.ingest.mapping import Mapping
from opsconsole.ingest.prices import PriceBook, join_rates, price
from opsconsole.ingest.privacy import Hasher


def enriched(
    connection: duckdb.DuckDBPyConnection, relation: str, mapping: Mapping, hasher: Hasher, prices: PriceBook
) -> str:
    """SQL of a relation like ``relation`` (a table) with hashed users and API keys and with priced costs."""
    replaced: list[str] = []
    joins: list[str] = []
    secret = tuple(
        column
        for column in records.HASHED_COLUMNS
        if column in mapping.columns and not all(rule.plain for rule in mapping.columns[column])
    )
    if secret:
        hasher.digest_into(connection, relation, secret)
        for column in secret:
            joins.append(f"LEFT JOIN digests AS d_{column} ON d_{column}.secret = b.{column}")
            replaced.append(f"d_{column}.digest AS {column}")
    if prices and "model" in mapping.columns and "input_tokens" in mapping.columns:
        prices.rates_into(connection, relation, mapping.columns)
        joins.append(join_rates(mapping.columns))
        usd = price(mapping.columns)
        replaced.append(f"coalesce(b.cost_usd, {usd}) AS cost_usd")
        replaced.append(
            f"CASE WHEN b.cost_usd IS NOT NULL THEN 'logged' WHEN ({usd}) IS NOT NULL THEN 'priced' "
            "ELSE 'unknown' END AS cost_source"
        )
    if not replaced:
        return relation
    return f"(SELECT b.* REPLACE ({', '.join(replaced)}) FROM {relation} AS b {' '.join(joins)})"
