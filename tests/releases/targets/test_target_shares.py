"""Shares, weights and routings: rounded without losing a version, compared without being fooled by rounding."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from opsconsole.releases.targets.base import Unsupported
from opsconsole.releases.targets.shares import heaviest, parts_of, same_routing, shares_of, spelled
from opsconsole.wire import Routing

WEIGHTS = st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 1e9), min_size=1).filter(
    lambda weights: sum(weights.values()) > 0
)


def routing(**shares: float) -> Routing:
    return Routing(shares=shares)


@given(WEIGHTS)
def test_shares_add_up_to_one(weights: dict[str, float]) -> None:
    assert math.isclose(sum(shares_of(weights).values()), 1)


@given(WEIGHTS, st.sampled_from([100, 10_000, 1_000_000]))
def test_parts_add_up_and_none_is_off_by_more_than_one(weights: dict[str, float], total: int) -> None:
    shares = shares_of(weights)
    assume(all(share == 0 or share > 1 / total for share in shares.values()))
    parts = parts_of(shares, total)
    assert sum(parts.values()) == total
    assert all(abs(parts[version] - share * total) < 1 for version, share in shares.items())
    assert all(parts[version] for version, share in shares.items() if share)


@given(WEIGHTS)
def test_rounding_to_whole_percents_is_the_same_routing(weights: dict[str, float]) -> None:
    shares = shares_of(weights)
    assume(all(share == 0 or share > 0.01 for share in shares.values()))
    rounded = shares_of(parts_of(shares, 100))
    assert same_routing(Routing(shares=shares), Routing(shares=rounded), tolerance=0.01)


def test_no_share_is_rounded_away() -> None:
    with pytest.raises(Unsupported, match=r"0\.4000% for b is less than this target can count \(1\.0000%\)"):
        parts_of({"a": 0.996, "b": 0.004}, 100)


def test_a_little_is_not_nothing() -> None:
    assert not same_routing(routing(a=1.0), routing(a=0.999, b=0.001))
    assert same_routing(routing(a=1.0), routing(a=1.0, b=0.0))
    assert same_routing(routing(a=0.333, b=0.667), routing(a=1 / 3, b=2 / 3))
    assert not same_routing(routing(a=0.5, b=0.5), routing(a=0.51, b=0.49))


def test_headers_and_copies_count() -> None:
    plain = routing(a=1.0)
    assert not same_routing(plain, Routing(shares={"a": 1.0}, headers={"X: y": "b"}))
    assert not same_routing(plain, Routing(shares={"a": 1.0}, shadow={"b": 0.1}))
    assert same_routing(plain, Routing(shares={"a": 1.0}, shadow={"b": 0.0}))


@pytest.mark.parametrize("weight", [-1, math.nan, math.inf, True, "9"])
def test_what_is_no_weight_is_refused(weight: object) -> None:
    with pytest.raises(ValueError, match=r"the weight of a is .*, not a number from 0 up"):
        shares_of({"a": weight, "b": 1})  # type: ignore[dict-item]


def test_the_heaviest_is_the_first_of_those_that_have_most() -> None:
    assert heaviest({"a": 0.2, "b": 0.4, "c": 0.4}) == "b"
    assert heaviest({}) == ""


def test_a_routing_in_words() -> None:
    assert spelled({"v41": 0.905, "v42": 0.095, "v43": 0.0}) == "v41 90.5 %, v42 9.5 %"
