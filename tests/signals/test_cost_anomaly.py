"""Unusual hours and dearer requests: real money, and nothing from what is not known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_seasonal import weekly

from opsconsole.signals.cost import AnomalySettings, CusumSettings, dearer, latest, replayed, run_length
from opsconsole.signals.seasonal import Rhythm

SHORT = AnomalySettings(floor=0.5, rhythm=Rhythm(season=12, recent=6, lags=4))


def test_three_times_the_usual_cost_is_an_anomaly_with_its_dollars() -> None:
    usd = weekly(5)
    usd[-1] *= 3
    found = latest(usd)
    assert found.verdict == "anomaly"
    assert found.against == "season"
    assert found.impact == pytest.approx(usd[-1] * 2 / 3, rel=0.3)
    assert found.z is not None
    assert found.bar is not None
    assert found.z > found.bar >= 3.5


def test_small_money_is_none_however_unusual() -> None:
    usd = weekly(5) / 1000
    usd[-1] *= 50
    found = latest(usd)
    assert found.z is not None
    assert found.z > 10
    assert found.verdict == "ok"


def test_a_cheap_hour_is_an_anomaly_only_where_both_ways_count() -> None:
    usd = weekly(5) + 5
    usd[-1] = 0.5
    assert latest(usd).verdict == "ok"
    assert latest(usd, AnomalySettings(both_ways=True)).verdict == "anomaly"


@pytest.mark.parametrize("usd", [[], [1.0] * 5, [float("nan")] * 400, [*([2.0] * 400), float("nan")]])
def test_too_little_is_not_ok(usd: list[float]) -> None:
    found = latest(np.array(usd))
    assert found.verdict == "too little known"
    assert found.impact is None


def test_in_the_first_two_weeks_the_last_day_is_the_measure() -> None:
    usd = np.concatenate((weekly(1) / 10 + 3, [30.0]))
    found = latest(usd)
    assert (found.verdict, found.against) == ("anomaly", "recent")


@given(st.lists(st.floats(0, 1e3), min_size=20, max_size=60), st.data())
def test_replaying_says_what_looking_each_hour_would_have(usd: list[float], data: st.DataObject) -> None:
    series = np.array(usd)
    end = data.draw(st.integers(1, len(usd)))
    assert bool(replayed(series, SHORT)[end - 1]) == (latest(series[:end], SHORT).verdict == "anomaly")


def test_ordinary_weeks_raise_less_than_their_rarity_allows() -> None:
    usd = np.concatenate([weekly(8, seed) for seed in range(2)])
    assert replayed(usd)[336:].mean() < 0.005


def test_spikes_of_every_size_are_usual_for_a_series_that_has_them() -> None:
    rng = np.random.default_rng(1)
    usd = weekly(12) + 1
    is_spike = rng.random(len(usd)) < 0.04
    usd[is_spike] *= np.exp(rng.uniform(0.5, 3, is_spike.sum()))
    with_key, without = replayed(usd), replayed(usd, AnomalySettings(rarity=0.0))
    assert with_key.sum() < without.sum() / 2


# Dearer requests ---------------------------------------------------------------------------------------------------


def test_a_lasting_rise_of_a_requests_cost_is_found_with_its_size_and_beginning() -> None:
    requests = np.round(weekly(5) * 1000)
    rng = np.random.default_rng(2)
    usd = requests * 0.002 * np.exp(rng.normal(0, 0.05, len(requests)))
    assert not dearer(usd, requests).is_dearer
    usd[-24:] *= 1.25
    found = dearer(usd, requests)
    assert found.is_dearer
    assert found.since is not None
    assert len(usd) - 24 - 3 <= found.since <= len(usd) - 20
    assert found.ratio == pytest.approx(1.25, rel=0.05)


def test_more_traffic_at_the_same_price_is_not_dearer() -> None:
    requests = np.round(weekly(5) * 1000)
    requests[-24:] *= 4
    assert not dearer(requests * 0.002, requests).is_dearer


def test_one_wild_hour_is_not_dearer_and_hours_without_requests_say_nothing() -> None:
    requests = np.round(weekly(5) * 1000)
    usd = requests * 0.002
    usd[-1] *= 20
    requests[-40:-2] = usd[-40:-2] = 0
    found = dearer(usd, requests)
    assert not found.is_dearer
    assert dearer(np.zeros(50), np.zeros(50)).value is None


def test_it_comes_down_again_after_a_long_rise() -> None:
    requests = np.full(168 * 6, 1000.0)
    usd = requests * 0.002
    usd[168 * 4 : 168 * 4 + 60] *= 2
    assert dearer(usd[: 168 * 4 + 60], requests[: 168 * 4 + 60]).is_dearer
    assert not dearer(usd[: 168 * 4 + 84], requests[: 168 * 4 + 84]).is_dearer


def test_run_lengths_are_the_published_ones() -> None:
    published = replace(CusumSettings(), drift=0.5, limit=5.0)
    assert run_length(published) == pytest.approx(930, rel=0.02)
    assert run_length(published, 1.0) == pytest.approx(10.4, rel=0.05)
    assert run_length(published, 0.5) == pytest.approx(38.0, rel=0.03)
