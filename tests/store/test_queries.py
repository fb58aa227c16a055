"""Questions to the store: each answered from rollups, over exactly the window that was asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from batches import batch
from hypothesis import given
from hypothesis import strategies as st

from opsconsole import wire
from opsconsole.store import folds
from opsconsole.store.database import Database, naive
from opsconsole.store.queries import Questions, TimeAxis, time_axis
from opsconsole.store.writer import Writer

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)

MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(start=MOMENTS, length_s=st.one_of(st.integers(0, 10**9), st.sampled_from([*wire.WINDOWS.values()])))
def test_an_axis_covers_its_window_with_the_end_in_whole_aligned_steps(start: datetime, length_s: int) -> None:
    end = min(start + timedelta(seconds=length_s), datetime(2100, 1, 1, tzinfo=UTC))
    axis = time_axis(start, end)
    assert axis.start <= start
    assert end < axis.end
    assert axis.start.timestamp() % axis.step_s == 0
    assert axis.start > start - timedelta(seconds=axis.step_s)
    assert axis.end <= end + timedelta(seconds=axis.step_s)
    assert axis.buckets <= 122 or axis.step_s == 2_592_000


@pytest.mark.parametrize("length", wire.WINDOWS.values())
def test_a_levels_buckets_fit_into_the_steps(length: int) -> None:
    axis = time_axis(NOON - timedelta(seconds=length), NOON)
    width = {"minute": 60, "hour": 3600, "day": 86_400}[axis.level]
    assert axis.step_s % width == 0


def fill(database: Database, minutes: range, **changed: Any) -> None:
    Writer(database.writer).commit(
        batch(
            database.writer,
            [
                {
                    "ts": naive(NOON) + timedelta(minutes=minute),
                    "status": 200 if minute % 4 else 503,
                    "latency_ms": 10.0,
                    "model": "m",
                    "user_key": f"u{minute % 7}",
                    "f0": 1.0,
                    "f1": "a",
                }
                | changed
                for minute in minutes
            ],
        )
    )


@pytest.fixture
def filled(database: Database) -> Database:
    """Two days of one request a minute, the older half of it folded; two versions; another service beside."""
    fill(database, range(-2880, -1440))
    folds.fold_recent(database.writer)
    folds.fold_level(database.writer, "hour")
    fill(database, range(-1440, 0), version="v2")
    fill(database, range(-10, 0), service="other", model=None)
    return database


@pytest.mark.parametrize("hours", [1, 6, 24, 48])
def test_traffic_counts_the_window_and_nothing_else(filled: Database, hours: int) -> None:
    questions = Questions(filled.writer)
    axis = TimeAxis(NOON - timedelta(hours=hours), 3600, hours)
    found = questions.traffic(axis, "chat")
    assert found["requests"].sum() == hours * 60
    assert found["errors"].sum() == hours * 15
    assert sorted(set(found["slot"].tolist())) == list(range(hours))
    assert np.isnan(found["cost_usd"]).all()
    assert questions.histograms(axis, "chat")["n"].sum() == hours * 60


def test_all_services_are_the_sum_of_each(filled: Database) -> None:
    questions = Questions(filled.writer)
    axis = TimeAxis(NOON - timedelta(hours=1), 60, 60)
    each = sum(questions.traffic(axis, service)["requests"].sum() for service in ("chat", "other"))
    assert questions.traffic(axis)["requests"].sum() == each == 70


def test_extents_reach_from_the_first_record_to_the_last(filled: Database) -> None:
    extents = Questions(filled.writer).extents()
    assert (extents["chat"].first_at, extents["chat"].requests) == (NOON - timedelta(days=2), 2880)
    assert extents["chat"].last_at == extents["other"].last_at == NOON - timedelta(minutes=1)


def test_failures_models_users_and_versions_are_of_the_service(filled: Database) -> None:
    questions = Questions(filled.writer)
    axis = TimeAxis(NOON - timedelta(hours=48), 3600, 48)
    assert questions.failures(axis, "chat") == {"v1": {"HTTP 503": 360}, "v2": {"HTTP 503": 360}}
    assert sorted(questions.models(axis, "chat").values()) == [("m",), ("m",)]
    assert questions.models(axis, "other") == {}
    assert questions.users(axis, "chat") == 7
    assert questions.first_seen("chat") == [("v1", NOON - timedelta(days=2)), ("v2", NOON - timedelta(days=1))]
    assert set(questions.deployments().values()) == {("chat", "v1"), ("chat", "v2"), ("other", "v1")}


def test_distributions_are_the_same_by_minute_and_by_hour(filled: Database) -> None:
    questions = Questions(filled.writer)
    whole = questions.distributions("chat", NOON - timedelta(hours=48), NOON)
    blocks = questions.distributions("chat", NOON - timedelta(hours=48), NOON, block_s=3600)

    def sums(found: list[Any]) -> dict[Any, int]:
        totals: dict[Any, int] = {}
        for version, name, kind, code, category, _, n in found:
            key = (version, name, kind, code, category)
            totals[key] = totals.get(key, 0) + n
        return totals

    assert sums(whole) == sums(blocks)
    assert sums(whole)["v2", "kind", "categorical", 1, "a"] == 1440
    assert len({block for *_, block, _ in blocks}) == 48


def test_money_that_nobody_logged_is_none(filled: Database) -> None:
    assert Questions(filled.writer).spent("chat", NOON - timedelta(days=3), NOON) == (None, 0, None)
    fill(filled, range(-60, 0), service="paid", cost_usd=0.5, cost_source="logged")
    usd, unpriced, first = Questions(filled.writer).spent("paid", NOON - timedelta(hours=1), NOON)
    assert (usd, unpriced, first) == (30.0, 0, NOON - timedelta(hours=1))
