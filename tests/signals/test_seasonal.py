"""How unusual a value is for its time: unmoved by units, by the future, and by what is not known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from opsconsole.signals.seasonal import Rhythm, medians, rarity_bar, unusualness

SHORT = Rhythm(season=12, recent=6, lags=4)


def weekly(weeks: int, seed: int = 0, noise: float = 0.1) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    hours = np.arange(168 * weeks)
    level = np.where((hours // 24) % 7 < 5, 10.0, 2.0) * (1.2 + np.sin(2 * np.pi * hours / 24))
    return level * np.exp(rng.normal(0, noise, len(hours)))


@given(
    st.lists(st.one_of(st.just(0.0), st.floats(0.01, 1e6)), min_size=30, max_size=90),
    st.sampled_from([1e-6, 0.001, 7.0, 1e5]),
)
def test_scaling_changes_no_z(values: list[float], by: float) -> None:
    series = np.array(values)
    one, other = unusualness(series, SHORT), unusualness(series * by, SHORT)
    assert one.z == pytest.approx(other.z, nan_ok=True, rel=1e-6, abs=1e-6)
    assert one.expected * by == pytest.approx(other.expected, nan_ok=True, rel=1e-6, abs=1e-9 * by)


@pytest.mark.parametrize("least", [5e-324, 1e-307])
@pytest.mark.parametrize("place", [0, 19])
def test_a_value_that_is_almost_nothing_makes_no_other_infinite(least: float, place: int) -> None:
    series = np.zeros(40)
    series[place], series[30] = least, 1e3
    found = unusualness(series, SHORT)
    assert np.isfinite(found.z[30])
    assert np.isfinite(found.expected[30])


@given(st.lists(st.one_of(st.just(float("nan")), st.floats(-1e4, 1e4)), min_size=20, max_size=70), st.data())
def test_the_past_does_not_look_different_tomorrow(values: list[float], data: st.DataObject) -> None:
    end = data.draw(st.integers(1, len(values)))
    series = np.array(values)
    whole, part = unusualness(series, SHORT), unusualness(series[:end], SHORT)
    assert part.z == pytest.approx(whole.z[:end], nan_ok=True)
    assert part.expected == pytest.approx(whole.expected[:end], nan_ok=True)


def test_a_monday_morning_is_usual_and_the_same_load_on_a_sunday_is_not() -> None:
    series = weekly(6)
    sunday = 5 * 168 + 6 * 24 + 6
    series[sunday] = series[5 * 168 + 6]
    found = unusualness(series)
    assert found.is_seasonal[-1]
    assert abs(found.z[5 * 168 + 6]) < 3
    assert found.z[sunday] > 10
    assert found.expected[sunday] == pytest.approx(2.0 * 2.2, rel=0.25)


def test_before_two_seasons_the_latest_level_is_the_measure() -> None:
    found = unusualness(weekly(2, noise=0.1))
    assert np.isnan(found.z[:24]).all()
    assert not found.is_seasonal[: 2 * 168].any()
    assert not np.isnan(found.z[24:]).any()


def test_a_series_that_never_moves_is_not_unusual_for_a_hair() -> None:
    series = np.full(500, 3.0)
    series[-1] = 3.1
    assert abs(unusualness(series).z[-1]) < 1
    series[-1] = 6.0
    assert unusualness(series).z[-1] > 10


def test_unknown_values_are_neither_usual_nor_zero() -> None:
    series = weekly(5)
    series[200:260] = np.nan
    found = unusualness(series)
    assert np.isnan(found.z[200:260]).all()
    known = unusualness(weekly(5))
    assert found.expected[-1] == pytest.approx(known.expected[-1], rel=0.2)
    assert np.isnan(unusualness(np.full(400, np.nan)).z).all()
    assert len(unusualness(np.array([])).z) == 0


def test_a_series_of_zeros_expects_zeros() -> None:
    series = np.zeros(400)
    series[-1] = 5.0
    found = unusualness(series)
    assert found.expected[-1] == 0.0
    assert found.z[-1] > 10


def test_medians_are_of_what_is_known() -> None:
    rows = np.array([[1.0, np.nan, 3.0], [np.nan] * 3, [5.0, 1.0, 2.0]])
    assert medians(rows) == pytest.approx([2.0, np.nan, 2.0], nan_ok=True)


def test_values_together_are_judged_by_the_mean_of_their_z() -> None:
    series = weekly(4)
    alone = unusualness(series).z
    together = unusualness(series, Rhythm(together=3)).z
    assert together[-1] == pytest.approx(alone[-3:].mean())


def test_what_a_series_often_does_is_not_rare() -> None:
    z = np.tile([0.1, 0.2, 0.3, 0.0, 9.0], 100)
    bar = rarity_bar(z)
    assert np.isneginf(bar[:100]).all()
    assert bar[-1] == 9.0
    assert rarity_bar(np.where(z > 1, np.nan, z))[-1] <= 0.3
