"""The minutes of a rollout, as plain Python counts them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from math import log
from typing import Any

import numpy as np
import pytest
from batches import batch

from opsconsole import bins
from opsconsole.minutes import Bins, Minute, Side
from opsconsole.store import canary
from opsconsole.store.database import Database, naive
from opsconsole.store.writer import Writer

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
LONG_AFTER = NOON + timedelta(hours=2)


def at(minute: float, **values: Any) -> dict[str, Any]:
    return {"ts": naive(NOON + timedelta(minutes=minute)), "version": "v1"} | values


def written(database: Database, records: list[dict[str, Any]]) -> None:
    Writer(database.writer).commit(batch(database.writer, records))


def asked(database: Database, since: datetime = NOON, now: datetime = LONG_AFTER) -> list[Minute]:
    return canary.minutes(database.reader(), "chat", "v1", "v2", since=since, now=now)


def drawn(n: int) -> list[dict[str, Any]]:
    """Requests of ten minutes with everything that may be missing missing now and then."""
    random = np.random.default_rng(5)

    def maybe(value: Any) -> Any:
        return value if random.random() < 0.9 else None

    return [
        at(
            float(random.uniform(0, 10)),
            version=str(random.choice(["v1", "v2", "v3"])),
            service=str(random.choice(["chat", "chat", "other"])),
            status=maybe(int(random.choice([102, 200, 204, 404, 500]))),
            latency_ms=maybe(float(random.choice([0.0, 12.5, random.lognormal(5, 1)]))),
            cost_usd=maybe(float(random.choice([0.0, 0.002, 0.1]))),
            output_tokens=maybe(int(random.integers(0, 500))),
            reasoning_tokens=maybe(int(random.integers(0, 20))),
            finish_reason=maybe(str(random.choice(["stop", "length"]))),
            prediction=maybe("x" * int(random.integers(1, 120))),
        )
        for _ in range(n)
    ]


def moments(values: list[float]) -> tuple[int, float, float]:
    return len(values), pytest.approx(sum(values)), pytest.approx(sum(v * v for v in values))


def counted(values: list[float]) -> dict[int, int]:
    return dict(Counter(bins.codes(np.array(values, dtype=float), bins.LATENCY_SCHEMA).tolist()))


def as_dict(found: Bins) -> dict[int, int]:
    assert sorted(found.codes.tolist()) == found.codes.tolist()
    return dict(zip(found.codes.tolist(), found.counts.tolist(), strict=True))


def assert_counts(side: Side, records: list[dict[str, Any]]) -> None:
    statuses = [r["status"] for r in records if r["status"] is not None]
    latencies = [r["latency_ms"] for r in records if r["latency_ms"] is not None]
    tokens = [
        float(r["output_tokens"] + (r["reasoning_tokens"] or 0)) for r in records if r["output_tokens"] is not None
    ]
    assert side.requests == len(records)
    assert side.answered == sum(status >= 200 for status in statuses)
    assert side.errors == sum(status >= 400 for status in statuses)
    assert (side.log_latency.n, side.log_latency.total, side.log_latency.squares) == moments(
        [log(x) for x in latencies if x > 0]
    )
    assert as_dict(side.latency) == counted(latencies)
    assert (side.cost.n, side.cost.total, side.cost.squares) == moments(
        [r["cost_usd"] for r in records if r["cost_usd"] is not None]
    )
    assert (side.output.n, side.output.total, side.output.squares) == moments(tokens)
    assert as_dict(side.outputs) == counted(tokens)
    for column in canary.CATEGORIES:
        assert dict(side.categories.get(column, {})) == Counter(r[column][:80] for r in records if r[column])


def test_every_minute_is_what_plain_python_counts(database: Database) -> None:
    records = drawn(600)
    written(database, records)
    found = asked(database, now=NOON + timedelta(minutes=12))
    assert [minute.at for minute in found] == [NOON + timedelta(minutes=i) for i in range(10)]
    for minute in found:
        here = [
            r
            for r in records
            if r["service"] == "chat" and naive(minute.at) <= r["ts"] < naive(minute.at + canary.MINUTE)
        ]
        assert_counts(minute.baseline, [r for r in here if r["version"] == "v1"])
        assert_counts(minute.canary, [r for r in here if r["version"] == "v2"])


def test_minutes_without_requests_are_there_and_empty(database: Database) -> None:
    written(database, [at(0.5, status=200), at(3.5, status=200, version="v2")])
    found = asked(database, now=NOON + timedelta(minutes=7))
    assert [(m.baseline.requests, m.canary.requests) for m in found] == [(1, 0), (0, 0), (0, 0), (0, 1), (0, 0)]


def test_what_is_asked_for_in_parts_is_what_is_asked_for_at_once(database: Database) -> None:
    written(database, drawn(200))
    whole = asked(database, now=NOON + timedelta(minutes=12, seconds=30))
    since, parts = NOON, []
    for seconds in range(0, 800, 37):
        new = asked(database, since, NOON + timedelta(seconds=seconds))
        since = new[-1].at + canary.MINUTE if new else since
        parts += new
    told = [[(m.at, m.baseline.requests, m.canary.requests, m.canary.errors) for m in some] for some in (whole, parts)]
    assert told[1][: len(told[0])] == told[0]


def test_a_minute_that_may_still_grow_is_not_answered(database: Database) -> None:
    written(database, [at(0.5, status=200)])
    end = NOON + canary.MINUTE
    assert asked(database, now=end) == []
    assert asked(database, now=end + canary.SETTLE - timedelta(microseconds=1)) == []
    assert len(asked(database, now=end + canary.SETTLE)) == 1
    assert asked(database, since=NOON + timedelta(hours=1), now=NOON) == []


def test_a_minute_begins_on_the_minute_wherever_one_begins_to_ask(database: Database) -> None:
    written(database, [at(0.1, status=200), at(0.9, status=200)])
    found = asked(database, since=NOON + timedelta(seconds=30))
    assert found[0].at == NOON
    assert found[0].baseline.requests == 2


def test_requests_that_arrive_when_their_minute_was_answered_are_told_as_late(database: Database) -> None:
    written(database, [at(0.5, status=200), at(1.5, status=200, version="v2")])
    found = asked(database, now=NOON + timedelta(minutes=4))
    assert canary.late(database.reader(), "chat", "v1", "v2", found) == 0
    written(database, [at(0.6, status=500, version="v2"), at(0.7, status=200, version="v9")])
    assert canary.late(database.reader(), "chat", "v1", "v2", found) == 1
    assert canary.late(database.reader(), "chat", "v1", "v2", []) == 0
