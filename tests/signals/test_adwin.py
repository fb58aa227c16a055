"""Concept drift on minutes: silent without a change, soon with one, and calm when minutes are restless anyway."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsconsole.signals.adwin import MOST_ALIKE, Adwin, after, changes


def minutes(seed: int, *stretches: tuple[int, float], n: int = 20) -> list[tuple[int, int]]:
    """Minutes of n outcomes: (how many, their error rate)."""
    rng = np.random.default_rng(seed)
    return [(int(rng.binomial(n, rate)), n) for count, rate in stretches for _ in range(count)]


@pytest.mark.parametrize("seed", range(3))
def test_a_hundred_thousand_like_outcomes_raise_no_alarm(seed: int) -> None:
    assert not list(changes(minutes(seed, (5_000, 0.05))))


@pytest.mark.parametrize("seed", range(3))
def test_a_doubled_error_rate_is_found_as_soon_as_by_river_and_dated(seed: int) -> None:
    """River's ADWIN of the same delta needs 351 to 831 outcomes at these seeds' streams."""
    rng = np.random.default_rng(seed)
    rng.random(100_000)
    stream = np.concatenate((rng.random(20_000) < 0.05, rng.random(20_000) < 0.10))
    batched = [(int(stream[i : i + 20].sum()), 20) for i in range(0, len(stream), 20)]
    (place, found), *rest = changes(batched)
    assert 0 < (place + 1) * 20 - 20_000 <= 1_000
    assert found.is_worse
    assert (found.before, found.after) == (pytest.approx(0.05, abs=0.01), pytest.approx(0.10, abs=0.035))
    begun = (place + 1 - found.minutes_ago) * 20
    assert abs(begun - 20_000) <= 1_000
    assert all(change.is_worse for _, change in rest)


def test_a_better_rate_is_a_change_that_is_not_worse() -> None:
    (_, found), *_ = changes(minutes(1, (500, 0.2), (500, 0.02)))
    assert not found.is_worse


def test_minutes_that_are_restless_anyway_raise_no_alarm() -> None:
    rng = np.random.default_rng(5)
    rates = rng.beta(0.5, 9.5, 3_000)
    restless = [(int(rng.binomial(20, rate)), 20) for rate in rates]
    assert not list(changes(restless))


def test_minutes_without_outcomes_change_nothing() -> None:
    busy = minutes(2, (300, 0.05), (300, 0.2))
    gaps = [minute for one in busy for minute in (one, (0, 0))]
    assert [change for _, change in changes(gaps)] == [change for _, change in changes(busy)]
    assert Adwin().rate is None


def test_a_stream_that_never_fails_says_nothing() -> None:
    assert not list(changes([(0, 50)] * 500))


def test_impossible_minutes_are_refused() -> None:
    with pytest.raises(ValueError, match="3 bad outcomes of 2"):
        after(Adwin(), 3, 2)


@given(st.lists(st.integers(0, 30).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), max_size=300))
def test_the_window_holds_what_it_says_and_stays_small(stream: list[tuple[int, int]]) -> None:
    state, kept = Adwin(), 0
    for bad, n in stream:
        before = state.n + n
        state, change = after(state, bad, n)
        kept += n > 0
        assert state.n <= before
        assert change is not None or state.n == before
        if change is not None:
            kept = sum(bucket.minutes for bucket in state.buckets)
            assert 0 <= change.before <= 1
            assert 0 <= change.after <= 1
            assert change.minutes_ago >= kept
    assert sum(bucket.minutes for bucket in state.buckets) == kept
    sizes = [bucket.minutes for bucket in state.buckets]
    assert sizes == sorted(sizes, reverse=True)
    assert all(sizes.count(size) <= MOST_ALIKE for size in sizes)
