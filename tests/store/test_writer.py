"""A batch is in the store as a whole, or not at all; and what is counted is what was written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from batches import batch

from opsconsole import bins
from opsconsole.store import schema
from opsconsole.store.database import Database, rows
from opsconsole.store.writer import MAX_REJECT_ROWS, Writer

AT = datetime(2026, 1, 1, 12)  # noqa: DTZ001 - as the store keeps it


def some(n: int, **changed: Any) -> list[dict[str, Any]]:
    return [
        {
            "ts": AT + timedelta(seconds=i),
            "request_id": f"r{i}",
            "model": "m",
            "status": 200,
            "latency_ms": 100.0,
            "output_tokens": 50,
            "input_tokens": 10,
            "source_offset": i,
            "f0": float(i),
            "f1": "ab"[i % 2],
        }
        | changed
        for i in range(n)
    ]


def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    names = [row[0] for row in rows(database.writer, "SELECT table_name FROM duckdb_tables() WHERE NOT temporary")]
    return {name: sorted(rows(database.writer, f"SELECT * FROM {name}"), key=repr) for name in names}


def test_a_commit_says_what_it_took_in(database: Database) -> None:
    records = [*some(3), {"ts": None, "source_offset": 77}]
    committed = Writer(database.writer).commit(
        batch(database.writer, records, end_offset=99, rejects=((5, 10, "not JSON"), (20, 3, "not JSON")))
    )
    assert (committed.accepted, committed.rejected) == (3, 3)
    assert committed.reject_reasons == {"not JSON": 2, "no usable time": 1}
    assert committed.first_at == AT.replace(tzinfo=UTC)
    assert committed.last_at == AT.replace(tzinfo=UTC) + timedelta(seconds=2)
    assert rows(database.writer, "SELECT end_offset, accepted, rejected FROM progress") == [(99, 3, 3)]
    assert rows(database.writer, "SELECT source_offset, length FROM rejects ORDER BY 1") == [(5, 10), (20, 3), (77, 0)]


@pytest.mark.parametrize(
    "broken_table", ["progress", "requests", "histograms_recent", "quarantine", "breakdowns_recent"]
)
def test_a_commit_that_fails_leaves_no_trace(database: Database, broken_table: str) -> None:
    writer = Writer(database.writer)
    writer.commit(batch(database.writer, some(2)))
    before = everything(database)
    database.writer.execute(f"ALTER TABLE {broken_table} RENAME TO hidden")
    more = some(5, version="v2", f1="new", route="/a", ttft_ms=5.0, error_type="x", status=500)
    with pytest.raises(Exception, match=broken_table):
        writer.commit(batch(database.writer, more, rejects=((1, 1, "not JSON"),)))
    database.writer.execute(f"ALTER TABLE hidden RENAME TO {broken_table}")
    assert everything(database) == before
    writer.commit(batch(database.writer, more))
    assert rows(database.writer, "SELECT version, count(*) FROM requests GROUP BY 1 ORDER BY 1") == [
        ("v1", 2),
        ("v2", 5),
    ]
    assert rows(database.writer, "SELECT count(*), count(DISTINCT series_id) FROM series") == [(2, 2)]


def test_a_new_writer_knows_what_the_last_one_registered(database: Database) -> None:
    for _ in range(2):
        Writer(database.writer).commit(batch(database.writer, some(4)))
    for table, n in (("series", 1), ("deployments", 1), ("categories", 2)):
        assert rows(database.writer, f"SELECT count(*) FROM {table}") == [(n,)]
    assert rows(database.writer, "SELECT sum(requests) FROM traffic_recent") == [(8,)]


def test_outcomes_are_counted_apart(database: Database) -> None:
    statuses = [102, 200, 204, 301, 404, 500, None]
    records = [some(1, status=status, error_type="Oops" if status == 500 else None)[0] for status in statuses]
    Writer(database.writer).commit(batch(database.writer, records))
    counted = rows(database.writer, "SELECT sum(requests), sum(errors), sum(pending), sum(unknown) FROM traffic_recent")
    assert counted == [(7, 2, 1, 1)]
    classes = rows(database.writer, "SELECT error_class, requests FROM failures_recent ORDER BY 1")
    assert classes == [("HTTP 404", 1), ("Oops", 1)]


def test_tokens_without_a_price_are_counted_and_never_cost_nothing(database: Database) -> None:
    records = some(2, cached_tokens=5) + some(1, cost_usd=0.25, cost_source="logged")
    Writer(database.writer).commit(batch(database.writer, records))
    counted = rows(database.writer, "SELECT sum(cost_usd), sum(cost_known), sum(unpriced_tokens) FROM traffic_recent")
    assert counted == [(0.25, 1, 2 * (10 + 5 + 50))]


def test_what_no_request_has_stays_null(database: Database) -> None:
    Writer(database.writer).commit(batch(database.writer, [{"ts": AT}]))
    sums = "input_tokens, output_tokens, cached_tokens, cache_write_tokens, reasoning_tokens, cost_usd"
    assert rows(database.writer, f"SELECT {sums} FROM traffic_recent") == [(None,) * 6]
    assert rows(database.writer, "SELECT * FROM histograms_recent") == []


def test_every_value_of_a_feature_is_in_one_bin(database: Database) -> None:
    values = [1.0, -2.0, 0.0, None, float("nan"), float("inf")]
    records = [some(1, f0=value, f1=None)[0] for value in values]
    Writer(database.writer).commit(batch(database.writer, records))
    found = rows(
        database.writer,
        "SELECT code, sum(requests) FROM distributions_recent JOIN features USING (feature_id) WHERE name = 'size' "
        "GROUP BY 1 ORDER BY 1",
    )
    expected = {bins.NULL: 1, -(bins.BIAS + 4): 1, bins.ZERO: 1, bins.BIAS: 1, bins.NOT_A_NUMBER: 2}
    assert dict(found) == expected
    assert rows(database.writer, "SELECT features ->> '$.size' FROM requests WHERE isfinite(latency_ms)")[4:] == [
        (None,),
        (None,),
    ]


def test_categories_beyond_the_limit_count_as_other(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "MAX_CATEGORIES", 3)
    writer = Writer(database.writer)
    writer.commit(batch(database.writer, [some(1, f1=kind)[0] for kind in "aaabbccd"]))
    writer.commit(batch(database.writer, [some(1, f1=kind)[0] for kind in "ae"]))
    found = rows(
        database.writer,
        "SELECT coalesce(c.value, 'other'), sum(d.requests) FROM distributions_recent AS d JOIN features AS f "
        "USING (feature_id) LEFT JOIN categories AS c ON c.feature_id = d.feature_id AND c.category_id = d.code "
        "WHERE f.name = 'kind' GROUP BY ALL ORDER BY 1",
    )
    assert found == [("a", 4), ("b", 2), ("c", 2), ("other", 2)]


def test_more_series_than_can_be_told_apart_lose_no_request(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "MAX_SERIES", 3)
    Writer(database.writer).commit(batch(database.writer, [some(1, version=f"v{i}")[0] for i in range(10)]))
    assert rows(database.writer, "SELECT sum(requests) FROM traffic_recent") == [(10,)]
    assert rows(database.writer, "SELECT count(*) FROM deployments") == [(4,)]


def test_rejects_beyond_what_is_kept_are_still_counted(database: Database) -> None:
    n = MAX_REJECT_ROWS + 50
    rejects = tuple((i, 1, "not JSON") for i in range(n))
    Writer(database.writer).commit(batch(database.writer, [], rejects=rejects))
    assert rows(database.writer, "SELECT count(*) FROM rejects") == [(MAX_REJECT_ROWS,)]
    assert rows(database.writer, "SELECT sum(occurrences) FROM quarantine") == [(n,)]


def test_a_batch_without_records_moves_the_offset(database: Database) -> None:
    committed = Writer(database.writer).commit(batch(database.writer, [], end_offset=42))
    assert (committed.accepted, committed.first_at) == (0, None)
    assert rows(database.writer, "SELECT max(end_offset) FROM progress") == [(42,)]


def test_latency_bins_hold_the_latencies(database: Database, tmp_path: Path) -> None:
    latencies = [0.0, 0.5, 1.0, 90.0, 100.0, 12345.6]
    Writer(database.writer).commit(
        batch(database.writer, [some(1, latency_ms=x, output_tokens=None)[0] for x in latencies])
    )
    found = rows(database.writer, "SELECT code FROM histograms_recent WHERE metric = 0 ORDER BY code")
    for (code,), latency in zip(found, latencies, strict=True):
        low, high = bins.bounds(code, bins.LATENCY_SCHEMA)
        assert low < latency <= high or low == latency == high
