"""Evidence about odds, against direct enumeration of every way in which a minute can turn out."""

from __future__ import annotations

from math import comb, exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from opsconsole.signals.canary.odds import FINE, Odds, less_than, log_partition, worse_than

TABLES = st.tuples(st.integers(1, 40), st.integers(1, 40)).flatmap(
    lambda sides: st.tuples(st.just(sides[0]), st.just(sides[1]), st.integers(1, sides[0] + sides[1] - 1))
)
"""(n of the baseline, n of the canary, events of both)."""
RATIOS = st.sampled_from([0.5, 1.0, 1.1, 1.25, 2.0])


def law(n_baseline: int, n_canary: int, m: int, ratio: float) -> dict[int, float]:
    """k → probability: Fisher's noncentral hypergeometric, by enumeration."""
    support = range(max(0, m - n_baseline), min(n_canary, m) + 1)
    weights = {k: comb(n_canary, k) * comb(n_baseline, m - k) * ratio**k for k in support}
    return {k: weight / sum(weights.values()) for k, weight in weights.items()}


def mean_e(table: tuple[int, int, int], test: Odds, truth: float) -> float:
    n_baseline, n_canary, m = table
    return sum(p * exp(test.seen(k, m, n_baseline, n_canary).log_e()) for k, p in law(*table, truth).items())


@given(TABLES)
def test_the_partition_is_what_enumeration_says(table: tuple[int, int, int]) -> None:
    n_baseline, n_canary, m = table
    grid = (0.0, log(1.2), log(6.0), -log(3.0))
    expected = [log(sum(p * exp(x * k) for k, p in law(*table, 1.0).items())) for x in grid]
    assert log_partition(n_baseline, n_canary, m, grid) == pytest.approx(expected, abs=1e-9)


@given(TABLES, RATIOS)
def test_the_mean_e_value_of_a_canary_at_the_tolerance_is_one(table: tuple[int, int, int], tolerated: float) -> None:
    assert mean_e(table, Odds.over(worse_than(tolerated)), tolerated) == pytest.approx(1, abs=1e-9)
    assert mean_e(table, Odds.over(less_than(tolerated)), tolerated) == pytest.approx(1, abs=1e-9)


@given(TABLES, RATIOS, st.floats(0.05, 1.0))
def test_the_mean_e_value_of_a_canary_within_tolerance_is_at_most_one(
    table: tuple[int, int, int], tolerated: float, part: float
) -> None:
    assert mean_e(table, Odds.over(worse_than(tolerated)), part * tolerated) <= 1 + 1e-9
    assert mean_e(table, Odds.over(less_than(tolerated)), tolerated / part) <= 1 + 1e-9


@given(TABLES)
def test_more_events_at_the_canary_are_more_evidence(table: tuple[int, int, int]) -> None:
    n_baseline, n_canary, m = table
    test = Odds.over(worse_than(1.25))
    found = [test.seen(k, m, n_baseline, n_canary).log_e() for k in law(*table, 1.0)]
    assert found == sorted(found)


@given(st.lists(TABLES.flatmap(lambda t: st.tuples(st.just(t), st.sampled_from(sorted(law(*t, 1.0))))), max_size=6))
def test_the_order_of_minutes_is_irrelevant(seen: list[tuple[tuple[int, int, int], int]]) -> None:
    there, back = Odds.over(worse_than(1.0)), Odds.over(worse_than(1.0))
    for (n_baseline, n_canary, m), k in seen:
        there = there.seen(k, m, n_baseline, n_canary)
    for (n_baseline, n_canary, m), k in reversed(seen):
        back = back.seen(k, m, n_baseline, n_canary)
    assert there.log_e() == pytest.approx(back.log_e(), abs=1e-9)


@pytest.mark.parametrize(
    ("k", "m", "n_baseline", "n_canary"), [(0, 0, 50, 50), (0, 3, 50, 0), (3, 3, 0, 50), (50, 100, 50, 50)]
)
def test_a_minute_that_cannot_tell_says_nothing(k: int, m: int, n_baseline: int, n_canary: int) -> None:
    for grid in (worse_than(1.1), FINE):
        assert not Odds.over(grid).seen(k, m, n_baseline, n_canary).log_likelihood.any()


def test_events_at_one_side_alone_set_no_end_to_the_ratio() -> None:
    none = Odds.over(FINE)
    assert none.interval(0.01) == (None, None)
    assert none.estimate() is None
    only_canary = none
    for _ in range(50):
        only_canary = only_canary.seen(2, 2, 50, 50)
    low, high = only_canary.interval(0.01)
    assert low is not None
    assert low > 2
    assert high is None


@pytest.mark.parametrize("truth", [1.0, 2.0])
@pytest.mark.parametrize(("n_baseline", "n_canary"), [(50, 50), (300, 3)])
def test_the_confidence_sequence_holds_the_truth_at_every_look(truth: float, n_baseline: int, n_canary: int) -> None:
    random = np.random.default_rng(11)
    missed, reps = 0, 60
    for _ in range(reps):
        odds, is_missed = Odds.over(FINE), False
        for minute in range(80):
            p = 0.02 + 0.06 * random.random()
            failing = truth * p / (1 - p + truth * p)
            k, b = int(random.binomial(n_canary, failing)), int(random.binomial(n_baseline, p))
            odds = odds.seen(k, k + b, n_baseline, n_canary)
            if minute % 8 == 7:
                low, high = odds.interval(0.05)
                is_missed |= (low is not None and low > truth) or (high is not None and high < truth)
        missed += is_missed
    assert stats.binomtest(missed, reps, 0.05, "greater").pvalue > 0.01


def test_the_estimate_is_near_the_truth_and_inside_its_interval() -> None:
    random, odds = np.random.default_rng(12), Odds.over(FINE)
    for _ in range(300):
        k, b = int(random.binomial(100, 2 / 51)), int(random.binomial(200, 0.02))
        odds = odds.seen(k, k + b, 200, 100)
    low, high = odds.interval(0.01)
    estimate = odds.estimate()
    assert low is not None
    assert high is not None
    assert estimate is not None
    assert low < estimate < high
    assert estimate == pytest.approx(2.0, rel=0.15)
