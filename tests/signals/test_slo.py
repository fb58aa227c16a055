"""Burn rates: the workbook's numbers, a guard that is exact, and windows without requests that say nothing."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from opsconsole import bins
from opsconsole.signals.slo import (
    GUARD,
    RULES,
    Objective,
    Window,
    budget_left,
    burning,
    chance,
    detection_minutes,
    edge,
    replayed,
    slower,
)

MONTH, FOUR_WEEKS = Objective(0.999), Objective(0.999, 28)


def steady(minutes: int, total: int, bad: int) -> tuple[np.ndarray, np.ndarray]:
    return np.full(minutes, bad), np.full(minutes, total)


@pytest.mark.parametrize(
    ("objective", "rates"), [(MONTH, (14.4, 6.0, 3.0, 1.0)), (FOUR_WEEKS, (13.44, 5.6, 2.8, 0.9333333))]
)
def test_the_rates_are_those_of_the_workbooks_table(objective: Objective, rates: tuple[float, ...]) -> None:
    assert [rule.burn_rate(objective) for rule in RULES] == pytest.approx(rates)
    assert [(rule.severity, rule.long_minutes, rule.short_minutes) for rule in RULES] == [
        ("page", 60, 5),
        ("page", 360, 30),
        ("ticket", 1440, 120),
        ("ticket", 4320, 360),
    ]


@given(st.floats(0.01, 0.99999))
def test_a_total_outage_can_always_fire_and_the_budget_itself_never_does(slo: float) -> None:
    objective = Objective(slo)
    for rule in RULES:
        assert objective.budget * min(1.0, rule.burn_rate(objective)) <= rule.error_rate(objective) < 1


def test_a_high_objective_is_not_capped() -> None:
    assert RULES[0].error_rate(Objective(0.99)) == pytest.approx(0.144)
    assert RULES[0].error_rate(Objective(0.90)) == pytest.approx(0.775)


@given(
    st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([0.001, 0.01, 0.3])
)
def test_the_guard_is_exact(counts: tuple[int, int], budget: float) -> None:
    bad, n = counts
    p = Fraction(budget)
    exact = sum(comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(bad, n + 1))
    assert float(chance(np.array([bad]), np.array([n]), budget)[0]) == pytest.approx(float(exact), rel=1e-9, abs=1e-300)


def test_the_guard_agrees_with_scipys_binomial_on_large_counts() -> None:
    bad, n = np.array([0, 1, 40, 200, 100_000]), np.array([10, 10**6, 20_000, 100_000, 10**8])
    assert chance(bad, n, 0.001) == pytest.approx(stats.binom.sf(bad - 1, n, 0.001), rel=1e-9)


def test_more_bad_events_than_events_are_refused() -> None:
    with pytest.raises(ValueError, match="more bad"):
        chance(np.array([2]), np.array([1]), 0.1)


@pytest.mark.parametrize("slo", [0.0, 1.0, 99.9, -1.0])
def test_an_objective_that_is_no_share_is_refused(slo: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Objective(slo)


def test_no_requests_is_neither_good_nor_bad() -> None:
    found = burning(*steady(4320, 0, 0), MONTH)
    assert [(burn.burn_rate, burn.p_value, burn.is_firing) for burn in found] == [(None, 1.0, False)] * 4
    assert Window(5, 0, 0).rate is None
    assert burning(np.array([], dtype=int), np.array([], dtype=int), MONTH)[0].long == Window(60, 0, 0)


def test_one_failure_of_three_at_night_is_no_page_and_an_outage_at_ten_an_hour_is_one() -> None:
    bad, total = steady(360, 0, 0)
    total[-60::20], bad[-1], total[-1] = 1, 1, 1
    found = burning(bad, total, MONTH)
    assert found[0].long.rate is not None
    assert found[0].long.rate > found[0].error_rate
    assert not any(burn.is_firing for burn in found)
    bad[-13::6] = total[-13::6] = 1
    assert [burn.is_firing for burn in burning(bad, total, MONTH)][:2] == [True, True]


def test_what_is_over_stops_firing_with_the_short_window() -> None:
    bad, total = steady(120, 100, 0)
    bad[60:90] = 50
    fired = replayed(bad, total, MONTH)[0]
    assert fired[89]
    assert fired[93]
    assert not fired[94:].any()


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=400))
def test_replaying_says_what_looking_each_minute_would_have(minutes: list[tuple[int, int]]) -> None:
    bad, good = np.array(minutes).T
    total = bad + good
    objective = Objective(0.9)
    fired = replayed(bad, total, objective)
    for end in {1, len(minutes) // 2 + 1, len(minutes)}:
        looked = [burn.is_firing for burn in burning(bad[:end], total[:end], objective)]
        assert looked == fired[:, end - 1].tolist()


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=90),
    st.integers(0, 89),
)
def test_more_failures_never_burn_less(minutes: list[tuple[int, int]], place: int) -> None:
    bad, good = np.array(minutes).T
    total = bad + good
    worse = bad.copy()
    worse[place % len(bad)] = total[place % len(bad)]
    for one, other in zip(burning(bad, total, MONTH), burning(worse, total, MONTH), strict=True):
        assert (other.burn_rate or 0) >= (one.burn_rate or 0)
        assert other.p_value <= one.p_value
        assert other.is_firing or not one.is_firing


def test_the_budget_used_and_when_it_is_gone() -> None:
    half = budget_left(500, 1_000_000, MONTH, burn_rate=2.0)
    assert half.used == pytest.approx(0.5)
    assert half.exhausted_in_minutes == pytest.approx(0.25 * 30 * 1440)
    assert budget_left(500, 1_000_000, MONTH, burn_rate=0.4).exhausted_in_minutes is None
    assert budget_left(500, 1_000_000, MONTH, burn_rate=None).exhausted_in_minutes is None
    assert budget_left(2_000, 1_000_000, MONTH, burn_rate=0.0).exhausted_in_minutes == 0.0
    assert budget_left(0, 0, MONTH, burn_rate=3.0).used is None


def test_detection_takes_as_long_as_the_formula_says() -> None:
    fast = RULES[0]
    assert detection_minutes(fast, MONTH, 1.0) == pytest.approx(14.4 * 60 * 0.001)
    assert detection_minutes(fast, MONTH, 0.01) is None
    assert detection_minutes(fast, MONTH, 0.5, per_minute=1_000) == pytest.approx(14.4 * 60 * 0.001 / 0.5)


def test_detection_at_low_traffic_waits_for_enough_failures_and_a_replay_agrees() -> None:
    foretold = detection_minutes(RULES[0], MONTH, 0.5, per_minute=2)
    assert foretold is not None
    bad, total = steady(600, 2, 0)
    bad[300:] = 1
    first = int(np.argmax(replayed(bad, total, MONTH)[0])) - 300 + 1
    assert foretold <= first <= foretold + 5
    assert detection_minutes(RULES[0], MONTH, 0.5, per_minute=0.02) is None


def test_an_alarm_of_a_service_within_its_objective_is_as_rare_as_the_guard() -> None:
    rng = np.random.default_rng(4)
    total = rng.poisson(50 / 60, 60 * 24 * 60)
    bad = rng.binomial(total, 0.01)
    looks = replayed(bad, total, Objective(0.99))[0]
    assert looks.mean() < GUARD


# Latency -----------------------------------------------------------------------------------------------------------


@given(st.floats(0.01, 1e7))
def test_a_latency_objective_moves_by_no_more_than_a_bins_half(threshold: float) -> None:
    at = edge(threshold)
    assert at.ms == pytest.approx(threshold, rel=0.0110)
    assert bins.bounds(at.code, bins.LATENCY_SCHEMA)[1] == pytest.approx(at.ms)


def test_what_lies_on_the_edge_is_good() -> None:
    at = edge(1024.0)
    assert at.ms == 1024.0
    codes = bins.codes(np.array([1024.0, 1024.1, 5.0, 0.0]), bins.LATENCY_SCHEMA)
    counts = np.array([3, 4, 5, 6])
    assert slower(codes, counts, at) == (4, 18)


def test_nulls_are_not_among_the_latencies() -> None:
    codes = np.array([bins.NULL, bins.NOT_A_NUMBER, edge(10).code + 1])
    assert slower(codes, np.array([7, 7, 2]), edge(10)) == (2, 2)


@pytest.mark.parametrize("threshold", [0.0, -3.0, float("inf"), float("nan")])
def test_a_latency_objective_that_is_none_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        edge(threshold)
