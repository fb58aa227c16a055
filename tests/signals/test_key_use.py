"""API keys that are new or unlike themselves, and inputs beyond any before."""

from __future__ import annotations

import numpy as np
import pytest
from test_seasonal import weekly

from opsconsole import bins
from opsconsole.signals.keys import beyond, unusual_keys

HOURS = 24 * 7 * 3 + 1


def usual(level: float = 30.0) -> np.ndarray:
    return np.round(weekly(4, noise=0.2)[-HOURS:] * level)


def named(requests: dict[str, np.ndarray], usd: dict[str, np.ndarray], known: int = HOURS) -> list[tuple[str, str]]:
    return [(use.key, use.what) for use in unusual_keys(requests, usd, known)]


def test_a_key_seen_for_the_first_time_is_new_where_the_log_reaches_back() -> None:
    fresh = np.zeros(HOURS)
    fresh[-1] = 500
    assert named({"fresh": fresh, "old": usual()}, {}) == [("fresh", "new")]
    assert named({"fresh": fresh[-48:]}, {}, known=48) == []


def test_a_handful_of_requests_is_not_worth_a_word() -> None:
    fresh = np.zeros(HOURS)
    fresh[-1] = 3
    assert named({"fresh": fresh}, {}) == []


def test_ten_times_its_own_rate_is_unusual_and_its_dollars_too() -> None:
    requests = usual()
    usd = requests * 0.01
    assert named({"k": requests}, {"k": usd}) == []
    requests, usd = requests.copy(), usd.copy()
    requests[-1] *= 10
    usd[-1] *= 10
    assert named({"k": requests}, {"k": usd}) == [("k", "requests"), ("k", "spend")]


def test_a_jump_below_the_floors_is_none() -> None:
    requests = usual(1.0)
    requests[-1] = 60
    assert named({"k": requests}, {"k": requests * 1e-4}) == []


def test_spend_that_is_not_known_is_not_judged() -> None:
    requests = usual()
    assert named({"k": requests}, {"k": np.full(HOURS, np.nan)}) == []


# Inputs ------------------------------------------------------------------------------------------------------------


def counted(values: np.ndarray) -> dict[int, int]:
    codes, counts = np.unique(bins.codes(values, bins.FEATURE_SCHEMA), return_counts=True)
    return dict(zip(codes.tolist(), counts.tolist(), strict=True))


def test_inputs_longer_than_nearly_all_before_are_counted_against_chance() -> None:
    rng = np.random.default_rng(0)
    reference = counted(rng.lognormal(6, 1, 50_000))
    same = beyond(reference, counted(rng.lognormal(6, 1, 2_000)))
    assert same is not None
    assert same.p_value > 0.01
    flood = beyond(reference, counted(np.concatenate((rng.lognormal(6, 1, 2_000), np.full(40, 1e5)))))
    assert flood is not None
    assert flood.beyond >= 40
    assert flood.p_value < 1e-10
    assert flood.limit == pytest.approx(np.exp(6 + 3.09), rel=0.3)


def test_nothing_before_or_now_is_no_comparison() -> None:
    assert beyond({}, {9000: 3}) is None
    assert beyond({9000: 3}, {bins.NULL: 5}) is None
    found = beyond({9000: 10}, {9100: 1})
    assert found is not None
    assert found.expected_share == pytest.approx(1 / 11)
