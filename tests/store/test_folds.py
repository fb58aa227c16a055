"""Minutes, hours and days add up to the same, at every moment and whatever arrives late."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from batches import batch
from hypothesis import given, settings
from hypothesis import strategies as st

from opsconsole.store import folds, schema
from opsconsole.store.database import Database, rows
from opsconsole.store.writer import Writer

START = datetime(2026, 1, 1)  # noqa: DTZ001 - as the store keeps it


def record(minute: int, latency_ms: float = 50.0, **changed: Any) -> dict[str, Any]:
    return {
        "ts": START + timedelta(minutes=minute),
        "status": 500 if minute % 3 == 0 else 200,
        "latency_ms": latency_ms,
        "input_tokens": minute,
        "output_tokens": 2,
        "cost_usd": 0.5,
        "cost_source": "logged",
        "user_key": f"u{minute % 4}",
        "f0": float(minute % 5),
        "f1": "xyz"[minute % 3],
    } | changed


def totals(database: Database, level: str) -> dict[str, list[tuple[Any, ...]]]:
    """Each family's sums by key over all time, as read at a level."""
    found = {}
    for family in schema.FAMILIES:
        relation = folds.reading(database.writer, level)[family.name]
        keys = ", ".join(family.keys)
        found[family.name] = rows(
            database.writer, f"SELECT {keys}, {family.merged()} FROM {relation} AS r GROUP BY {keys} ORDER BY ALL"
        )
    return found


STEPS = st.lists(
    st.one_of(
        st.lists(st.integers(0, 4 * 1440), min_size=1, max_size=5),
        st.sampled_from(["recent", "hour", "day", "expire"]),
    ),
    min_size=1,
    max_size=14,
)


@settings(max_examples=12, deadline=None)
@given(steps=STEPS)
def test_all_levels_add_up_to_the_same_whenever_they_are_read(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Any]
) -> None:
    folder = tmp_path_factory.mktemp("folds")
    database = Database(folder / "store.duckdb", folder / "spool")
    try:
        writer, written, is_expired = Writer(database.writer), [], False
        for step in steps:
            if isinstance(step, list):
                written += step
                writer.commit(batch(database.writer, [record(minute) for minute in step]))
            elif step == "recent":
                folds.fold_recent(database.writer)
            elif step == "expire":
                folds.expire(database.writer, START + timedelta(days=5), requests_days=1, minutes_days=1, hours_days=2)
                is_expired = True
            else:
                folds.fold_level(database.writer, step)
            by_day = totals(database, "day")
            assert sum(row[1] for row in by_day["traffic"]) == len(written)
            if written:
                assert sum(row[5] for row in by_day["traffic"]) == sum(written)
                assert sum(row[3] for row in by_day["histograms"] if row[1] == 0) == len(written)
            if not is_expired:
                assert totals(database, "hour") == by_day
                assert totals(database, "minute") == by_day
    finally:
        database.close()


def test_buckets_are_of_their_level(database: Database) -> None:
    Writer(database.writer).commit(batch(database.writer, [record(m) for m in (0, 61, 62, 1500)]))
    for _ in range(2):
        for level, width in (("minute", 60), ("hour", 3600), ("day", 86_400)):
            relation = folds.reading(database.writer, level)["traffic"]
            buckets = rows(database.writer, f"SELECT bucket, sum(requests) FROM {relation} AS t GROUP BY 1 ORDER BY 1")
            seconds = [int((bucket - START).total_seconds()) for bucket, _ in buckets]
            assert all(second % width == 0 for second in seconds)
            assert sum(n for _, n in buckets) == 4
        folds.fold_recent(database.writer)
        folds.fold_level(database.writer, "hour")


def test_retention_takes_the_fine_and_leaves_the_coarse(database: Database) -> None:
    Writer(database.writer).commit(batch(database.writer, [record(m) for m in range(0, 4 * 1440, 60)]))
    folds.fold_recent(database.writer)
    folds.fold_level(database.writer, "hour")
    folds.fold_level(database.writer, "day")
    before = totals(database, "day")
    folds.expire(database.writer, START + timedelta(days=4), requests_days=2, minutes_days=1, hours_days=3)
    assert totals(database, "day") == before
    counts = [
        rows(database.writer, f"SELECT count(*) FROM {table}")[0][0]
        for table in ("requests", "traffic_minute", "traffic_hour")
    ]
    assert counts == [48, 24, 72]


def test_retention_never_takes_what_no_coarser_level_has(database: Database) -> None:
    Writer(database.writer).commit(batch(database.writer, [record(m) for m in range(10)]))
    folds.fold_recent(database.writer)
    folds.expire(database.writer, START + timedelta(days=400), requests_days=1, minutes_days=1, hours_days=1)
    assert [row[1] for row in totals(database, "day")["traffic"]] == [10]


def test_folding_what_is_empty_changes_nothing(database: Database) -> None:
    for _ in range(2):
        folds.fold_recent(database.writer)
        folds.fold_level(database.writer, "hour")
        folds.fold_level(database.writer, "day")
    assert totals(database, "day")["traffic"] == []
    assert folds.recent_rows(database.writer) == 0
