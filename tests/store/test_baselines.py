"""A pinned baseline stays what it was when it was set."""

from __future__ import annotations

from datetime import UTC, datetime

from batches import batch

from opsconsole import bins
from opsconsole.store import baselines
from opsconsole.store.baselines import Count, count_relation, counts_of, pin, pinned
from opsconsole.store.database import Database

NOW = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
COUNTS: list[Count] = [
    ("size", "numeric", bins.BIAS, None, 7),
    ("size", "numeric", bins.NULL, None, 2),
    ("kind", "categorical", 0, "a", 5),
    ("kind", "categorical", 0, "b", 4),
]


def set_one(database: Database, service: str = "chat", label: str = "v1", counts: list[Count] = COUNTS) -> int:
    made = pin(database.writer, service=service, kind="version", label=label, set_at=NOW, set_by="ann", counts=counts)
    return made.baseline_id


def test_a_baseline_is_read_as_it_was_pinned(database: Database) -> None:
    assert pinned(database.writer, "chat") is None
    number = set_one(database)
    found = pinned(database.reader(), "chat")
    assert found == baselines.Pinned(number, "version", "v1", NOW, "ann")
    assert sorted(counts_of(database.writer, number), key=repr) == sorted(COUNTS, key=repr)


def test_the_newest_of_a_service_counts(database: Database) -> None:
    first = set_one(database)
    set_one(database, service="other", label="v9")
    second = set_one(database, label="v2", counts=COUNTS[:1])
    found = pinned(database.writer, "chat")
    assert found is not None
    assert (found.baseline_id, found.label) == (second, "v2")
    assert counts_of(database.writer, second) == COUNTS[:1]
    assert len(counts_of(database.writer, first)) == len(COUNTS)


def test_counting_a_relation_stores_nothing(database: Database) -> None:
    records = [{"f0": value, "f1": kind} for value, kind in [(1.0, "a"), (1.0, "b"), (None, None), (0.0, "a")]]
    batch(database.writer, records)
    found = count_relation(database.writer, "batch", [("size", "numeric", "f0"), ("kind", "categorical", "f1")])
    expected = [
        ("size", "numeric", bins.BIAS, None, 2),
        ("size", "numeric", bins.NULL, None, 1),
        ("size", "numeric", bins.ZERO, None, 1),
        ("kind", "categorical", 0, "a", 2),
        ("kind", "categorical", 0, "b", 1),
        ("kind", "categorical", bins.NULL, None, 1),
    ]
    assert sorted(found, key=repr) == sorted(expected, key=repr)
