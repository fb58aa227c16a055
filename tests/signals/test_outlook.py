"""The month's end: where spending leads, how sure that is, and whether the budget holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from test_seasonal import weekly

from opsconsole.signals.outlook import outlook, profile

NOW = datetime(2026, 11, 16, tzinfo=UTC)  # a Monday, half of the month
FIRST = NOW - timedelta(days=42)
LEFT_H = 15 * 24


def test_a_steady_spend_ends_where_it_leads() -> None:
    found = outlook(np.full(42 * 24, 2.0), FIRST, NOW, spent_usd=720.0, budget_usd=1440.0)
    assert found is not None
    assert found.expected_usd == pytest.approx(720 + 2 * LEFT_H)
    assert (found.low_usd, found.high_usd) == (pytest.approx(1440.0), pytest.approx(1440.0))
    assert found.pace == pytest.approx(1.0)


def test_weekends_are_not_mistaken_for_savings() -> None:
    usd = weekly(6, noise=0.02)
    saturday = NOW - timedelta(days=2)
    at = int((saturday - FIRST) / timedelta(hours=1))
    spent = float(usd[at - 13 * 24 : at].sum())
    found = outlook(usd[:at], FIRST, saturday, spent)
    truth = (
        spent
        + float(usd[at:].sum())
        + float(weekly(7, noise=0.0)[42 * 24 :].sum())
        + float(weekly(9, noise=0.0)[49 * 24 : 57 * 24].sum())
    )
    assert found is not None
    assert found.expected_usd == pytest.approx(truth, rel=0.03)


def test_a_restless_past_makes_a_wide_interval_that_holds_the_truth() -> None:
    held, widths = 0, []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        days = np.exp(rng.normal(0, 0.3, 42 + 15))
        hours = np.repeat(days, 24)
        found = outlook(hours[: 42 * 24], FIRST, NOW, 0.0)
        assert found is not None
        assert found.low_usd is not None
        assert found.high_usd is not None
        held += found.low_usd <= hours[42 * 24 :].sum() <= found.high_usd
        widths.append(found.high_usd / found.low_usd)
    assert held >= 34
    assert min(widths) > 1.1


def test_the_chance_to_overrun_falls_with_the_budget() -> None:
    rng = np.random.default_rng(0)
    hours = np.repeat(np.exp(rng.normal(0, 0.2, 42)), 24)
    shares = []
    for budget in (1.0, 300.0, 360.0, 420.0, 1e6):
        found = outlook(hours, FIRST, NOW, 0.0, budget)
        assert found is not None
        assert found.overrun is not None
        shares.append(found.overrun)
    assert shares == sorted(shares, reverse=True)
    assert (shares[0], shares[-1]) == (1.0, 0.0)


def test_a_rise_goes_on_but_dies_out() -> None:
    rising = np.repeat(np.linspace(1, 3, 42), 24)
    found = outlook(rising, FIRST, NOW, 0.0)
    assert found is not None
    assert 2.5 * LEFT_H < found.expected_usd < 3.9 * LEFT_H


def test_less_than_a_day_forecasts_nothing_and_a_few_days_no_interval() -> None:
    assert outlook(np.full(20, 1.0), NOW - timedelta(hours=20), NOW, 20.0) is None
    assert outlook(np.full(72, np.nan), NOW - timedelta(hours=72), NOW, 0.0, 100.0) is None
    found = outlook(np.full(72, 1.0), NOW - timedelta(hours=72), NOW, 72.0, 500.0)
    assert found is not None
    assert (found.low_usd, found.high_usd, found.overrun) == (None, None, None)


def test_the_same_history_gives_the_same_numbers() -> None:
    usd = weekly(6)
    assert outlook(usd, FIRST, NOW, 10.0, 900.0) == outlook(usd, FIRST, NOW, 10.0, 900.0)


def test_unknown_hours_are_not_free() -> None:
    usd = np.full(42 * 24, 2.0)
    usd[100:400] = np.nan
    found = outlook(usd, FIRST, NOW, 0.0)
    assert found is not None
    assert found.expected_usd == pytest.approx(2 * LEFT_H)


def test_a_profile_has_mean_one_and_needs_two_weeks() -> None:
    assert (profile(weekly(1), 0) == 1).all()
    weights = profile(weekly(4, noise=0.01), 0)
    assert weights.mean() == pytest.approx(1.0)
    assert weights[6] > 3 * weights[6 * 24 + 6]
