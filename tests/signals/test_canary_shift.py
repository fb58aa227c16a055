"""The score process: its e-value by integration, its interval by its own bound, and validity where costs are skewed."""

from __future__ import annotations

from math import exp, inf, log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rolling import moments
from scipy import integrate, stats

from opsconsole.minutes import Moments
from opsconsole.signals.canary.shift import TAU, Score, Usual, of_logarithms, of_means

SCORES = st.builds(Score, st.floats(-300, 300), st.floats(1, 1000), st.floats(1, 1000), st.floats(0, 1000))


def mixture(s: float, q: float) -> float:
    """The half-normal mixture of exp(λs − λ²q/2), by integration."""

    def integrand(rate: float) -> float:
        return 2 * stats.norm.pdf(rate, scale=TAU) * exp(rate * s - rate * rate * q / 2)

    return float(integrate.quad(integrand, 0, inf, epsabs=0)[0])


@pytest.mark.parametrize(("s", "q"), [(0.0, 0.0), (0.0, 500.0), (40.0, 300.0), (-40.0, 300.0), (5.0, 10.0)])
def test_the_e_value_is_the_half_normal_mixture(s: float, q: float) -> None:
    score = Score(s, 1.0, q, 0.0)
    assert exp(score.log_e_above(0.0)) == pytest.approx(mixture(s, q), rel=1e-6)
    assert exp(score.log_e_below(0.0)) == pytest.approx(mixture(-s, q), rel=1e-6)


@given(SCORES, st.floats(0, 2), st.floats(0, 2))
def test_the_more_is_tolerated_the_less_is_evidence(score: Score, one: float, other: float) -> None:
    flat = Score(score.a, score.b, score.c)
    low, high = sorted((one, other))
    assert flat.log_e_above(high) <= flat.log_e_above(low) + 1e-9


@given(SCORES)
def test_the_interval_holds_the_estimate_and_ends_on_its_bound(score: Score) -> None:
    low, high = score.interval(0.01)
    estimate = score.estimate()
    assert estimate is not None
    for end, is_low in ((low, True), (high, False)):
        if end is not None:
            assert (end <= estimate) if is_low else (end >= estimate)
            s, q = score.at(end)
            bound = sqrt((q + TAU**-2) * log((1 + TAU**2 * q) / 1e-4))
            assert abs(s) == pytest.approx(bound, rel=1e-5)


def test_nothing_seen_has_no_interval() -> None:
    assert Score().interval(0.01) == (None, None)
    assert Score().estimate() is None
    assert Score().log_e_above(0.0) == 0.0


@pytest.mark.parametrize("judge", [of_logarithms, of_means])
def test_a_minute_with_one_side_empty_says_nothing(judge: type) -> None:
    some = Moments(3, 6.0, 14.0)
    usual = Usual(Moments(100, 200.0, 500.0), 100.0, 98.0)
    assert judge(some, Moments(), usual, 0.1) == judge(Moments(), some, usual, 0.1) == Score()


def test_amounts_that_are_all_nothing_say_nothing() -> None:
    free = Moments(50, 0.0, 0.0)
    assert of_means(free, free, Usual(), 0.1) == Score()


def test_the_ratio_of_means_is_found_from_minutes_with_one_request_each() -> None:
    random, usual, score = np.random.default_rng(3), Usual(), Score()
    for _ in range(2000):
        one, other = moments(np.exp(random.standard_normal(20))), moments(1.3 * np.exp(random.standard_normal(1)))
        score += of_means(one, other, usual, 0.1)
        usual = usual.with_minute(one, other)
    low, high = score.interval(0.01)
    assert low is not None
    assert high is not None
    assert low < 1.3 < high
    assert score.estimate() == pytest.approx(1.3, rel=0.08)


@pytest.mark.parametrize(("n_baseline", "n_canary"), [(50, 50), (99, 1)])
def test_skewed_costs_raise_no_more_alarms_than_promised(n_baseline: int, n_canary: int) -> None:
    random = np.random.default_rng(4)
    alpha, reps, alarms, passes = 0.05, 60, 0, 0
    for _ in range(reps):
        score, usual, is_alarmed, is_passed = Score(), Usual(), False, False
        for minute in range(150):
            one, other = (moments(np.exp(1.2 * random.standard_normal(n))) for n in (n_baseline, n_canary))
            score += of_means(one, other, usual, 0.1)
            usual = usual.with_minute(one, other)
            is_alarmed |= score.log_e_above(1.0) >= log(1 / alpha)
            if minute % 10 == 9:
                high = score.interval(alpha)[1]
                is_passed |= high is not None and high < 1.0
        alarms += is_alarmed
        passes += is_passed
    for wrong in (alarms, passes):
        assert stats.binomtest(wrong, reps, alpha, "greater").pvalue > 0.01
