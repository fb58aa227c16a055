"""Batches for tests: records as dicts become a relation that a Writer takes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import duckdb

from opsconsole import records
from opsconsole.store.rollups import BatchFeature
from opsconsole.store.writer import Batch

COLUMNS = [column for column in records.COLUMNS if column.name != "features"]
FEATURES = (BatchFeature("size", "numeric", "f0"), BatchFeature("kind", "categorical", "f1"))
BASE = Batch(
    relation="batch",
    source_id=1,
    end_offset=0,
    features=FEATURES,
    logged=frozenset(records.MAPPABLE),
)


def batch(connection: duckdb.DuckDBPyConnection, rows: Sequence[dict[str, Any]], **changed: Any) -> Batch:
    """The records as a temporary table; ``changed`` are fields of the Batch."""
    types = {column.name: column.sql_type for column in COLUMNS} | {"f0": "DOUBLE", "f1": "VARCHAR"}
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE batch ({', '.join(f'{name} {sql_type}' for name, sql_type in types.items())})"
    )
    defaults = {"service": "chat", "version": "v1", "cost_source": "unknown", "source_id": 1, "source_offset": 0}
    given = [{name: (defaults | row).get(name) for name in types} for row in rows]
    connection.execute(
        "INSERT INTO batch SELECT unnest(from_json(?::JSON, ?), recursive := true)",
        [json.dumps(given, default=str), json.dumps([types])],
    )
    return replace(BASE, **changed)
