"""Missing data and wrong clocks: judged by the source's own rhythm."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsconsole.signals.silence import nothing, silence, skew

RNG = np.random.default_rng(0)


def test_a_busy_source_is_missed_after_minutes_and_a_slow_one_after_hours() -> None:
    busy, slow = RNG.poisson(50, 1500), RNG.poisson(0.2, 10_000)
    assert silence(np.concatenate((busy, np.zeros(4)))).state == "flowing"
    assert silence(np.concatenate((busy, np.zeros(5)))).state == "quiet"
    assert silence(np.concatenate((slow, np.zeros(40)))).state == "flowing"
    found = silence(np.concatenate((slow, np.zeros(400))))
    assert found.state == "quiet"
    assert found.silent_minutes >= 400
    assert found.longest_before is not None
    assert found.silent_minutes > 1.5 * found.longest_before


def test_nights_without_requests_are_not_missed_and_a_silent_noon_is() -> None:
    day = np.where((np.arange(1440) >= 480) & (np.arange(1440) < 1200), 20.0, 0.0)
    weeks = RNG.poisson(np.tile(day, 15))
    assert silence(np.concatenate((weeks, np.zeros(470)))).state == "flowing"
    late = np.concatenate((weeks, np.zeros(480 + 660)))
    found = silence(late)
    assert found.expected is not None
    assert found.expected > 1_000
    assert found.p_value is not None
    assert found.p_value < 1e-6


def test_a_job_that_comes_once_an_hour_is_missed_after_two() -> None:
    hourly = np.zeros(60 * 24 * 8)
    hourly[::60] = 1_000
    assert silence(hourly).state == "flowing"
    assert silence(np.concatenate((hourly, np.zeros(30)))).state == "flowing"
    assert silence(np.concatenate((hourly, np.zeros(200)))).state == "quiet"


@pytest.mark.parametrize("counts", [np.zeros(0), np.zeros(5_000), np.concatenate((np.ones(100), np.zeros(50)))])
def test_a_source_that_is_hardly_known_is_neither_quiet_nor_flowing(counts: np.ndarray) -> None:
    found = silence(counts)
    assert found.state == "too little known"
    assert found.expected is None


def test_ordinary_traffic_of_any_size_is_never_quiet() -> None:
    for rate in (0.02, 0.3, 5.0):
        counts = np.random.default_rng(3).poisson(rate, 6_000)
        assert not any(silence(counts[:end]).state == "quiet" for end in range(300, 6_000, 7))


@given(st.floats(0.01, 500), st.floats(1, 50))
def test_restless_arrivals_make_silence_likelier(expected: float, phi: float) -> None:
    assert 0 <= nothing(expected, 1.0) <= nothing(expected, phi) <= 1


def test_little_dispersion_is_nearly_poisson() -> None:
    assert nothing(7.0, 1.000001) == pytest.approx(np.exp(-7.0), rel=1e-4)


# Clocks ------------------------------------------------------------------------------------------------------------


def test_records_from_the_future_are_a_wrong_clock_and_late_ones_are_not() -> None:
    late = -RNG.exponential(30, 200)
    assert skew(late).verdict == "ok"
    found = skew(late + 400)
    assert found.verdict == "ahead"
    assert found.median_s == pytest.approx(380, abs=15)


def test_whole_hours_are_another_zone() -> None:
    assert skew(-7_200 - RNG.exponential(2, 100)).verdict == "another zone?"
    assert skew(19_800 - RNG.exponential(2, 100)).verdict == "another zone?"
    assert skew(-RNG.uniform(0, 14_400, 100)).verdict == "ok"


def test_a_few_records_say_nothing_of_a_clock() -> None:
    assert skew(np.full(5, 1e6)).verdict == "too little known"
