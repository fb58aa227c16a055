"""How full, and when it will be."""

from __future__ import annotations

import numpy as np
import pytest

from opsconsole.signals.saturation import filling

MINUTES = np.arange(120.0)


def test_a_disk_that_fills_steadily_is_full_when_it_says() -> None:
    found = filling(MINUTES, 40 + 0.1 * MINUTES + np.random.default_rng(0).normal(0, 0.3, 120), 100)
    assert found.share == pytest.approx(0.52, abs=0.01)
    assert found.minutes_to_limit == pytest.approx(481, rel=0.1)
    assert found.earliest_minutes is not None
    assert found.minutes_to_limit is not None
    assert found.earliest_minutes < found.minutes_to_limit


@pytest.mark.parametrize("slope", [0.0, -0.1])
def test_what_does_not_rise_for_sure_has_no_date(slope: float) -> None:
    readings = 50 + slope * MINUTES + np.random.default_rng(1).normal(0, 2, 120)
    assert filling(MINUTES, readings, 100).minutes_to_limit is None


def test_wild_readings_move_neither_level_nor_date() -> None:
    readings = 40 + 0.1 * MINUTES
    readings[::7] = 100
    found = filling(MINUTES, readings, 100)
    assert found.share == pytest.approx(0.52, abs=0.02)
    assert found.minutes_to_limit == pytest.approx(481, rel=0.15)


def test_what_is_full_is_full_now() -> None:
    found = filling(MINUTES, np.full(120, 101.0), 100)
    assert (found.share, found.minutes_to_limit) == (pytest.approx(1.01), 0.0)


def test_no_reading_is_not_empty() -> None:
    assert filling(MINUTES, np.full(120, np.nan), 100).share is None
    assert filling(MINUTES[:3], np.full(3, 50.0), 100).minutes_to_limit is None


def test_long_series_keep_their_latest_reading() -> None:
    minutes = np.arange(5_001.0)
    found = filling(minutes, minutes / 100, 100)
    assert found.minutes_to_limit == pytest.approx(5_000, rel=0.01)


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        filling(MINUTES, MINUTES, 0)
