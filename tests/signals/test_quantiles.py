"""Quantiles from bins: the true order statistic always lies within the bounds that are shown."""

from __future__ import annotations

import math
import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsconsole import bins
from opsconsole.signals.quantiles import (
    latency,
    quantile,
    quantile_interval,
    quantiles_by_group,
    rank,
    smooth_median,
)

SCHEMA = bins.LATENCY_SCHEMA
values = st.lists(
    st.one_of(
        st.floats(1e-6, 1e9),
        st.floats(-1e9, -1e-6),
        st.just(0.0),
    ),
    min_size=1,
    max_size=200,
)
shares = st.sampled_from([0.001, 0.01, 0.1, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0])


def counted(numbers: list[float]) -> tuple[np.ndarray, np.ndarray]:
    tally = Counter(bins.codes(np.array(numbers), SCHEMA).tolist())
    return np.array(list(tally.keys())), np.array(list(tally.values()))


@given(values, shares)
def test_the_order_statistic_lies_within_the_bounds(numbers: list[float], q: float) -> None:
    codes, counts = counted(numbers)
    estimate = quantile(codes, counts, q, SCHEMA)
    truth = sorted(numbers)[rank(q, len(numbers)) - 1]
    assert estimate is not None
    assert estimate.n == len(numbers)
    slack = 1e-12 * abs(truth)
    assert estimate.low - slack <= truth <= estimate.high + slack
    assert abs(estimate.value - truth) <= 0.011 * abs(truth)


@given(values, shares)
def test_the_rank_interval_holds_the_quantile(numbers: list[float], q: float) -> None:
    codes, counts = counted(numbers)
    estimate, interval = quantile(codes, counts, q, SCHEMA), quantile_interval(codes, counts, q, SCHEMA)
    assert estimate is not None
    assert interval is not None
    assert interval[0] <= estimate.low
    assert estimate.high <= interval[1]


@given(values, shares)
def test_order_and_partial_counts_make_no_difference(numbers: list[float], q: float) -> None:
    codes, counts = counted(numbers)
    parts = [(code, 1) for code, count in zip(codes, counts, strict=True) for _ in range(count)]
    random.Random(0).shuffle(parts)
    split = np.array([code for code, _ in parts]), np.array([count for _, count in parts])
    assert quantile(*split, q, SCHEMA) == quantile(codes, counts, q, SCHEMA)
    assert smooth_median(*split, SCHEMA) == pytest.approx(smooth_median(codes, counts, SCHEMA))


@given(st.lists(values, min_size=1, max_size=5), shares)
def test_groups_give_what_each_group_gives_alone(groups: list[list[float]], q: float) -> None:
    rows = [
        (index, code, count)
        for index, numbers in enumerate(groups)
        for code, count in zip(*counted(numbers), strict=True)
    ]
    index, codes, counts = (np.array(column) for column in zip(*rows, strict=True))
    together = quantiles_by_group(index, codes, counts, len(groups), q, SCHEMA)
    for numbers, found in zip(groups, together, strict=True):
        alone = quantile(*counted(numbers), q, SCHEMA)
        assert alone is not None
        assert found == alone.value


def test_a_group_without_numbers_is_nan() -> None:
    found = quantiles_by_group(np.array([1, 2]), np.array([8192, bins.NULL]), np.array([5, 5]), 4, 0.5, SCHEMA)
    assert np.isnan(found[[0, 2, 3]]).all()
    assert found[1] == bins.middle(8192, SCHEMA)


def test_no_rows_give_nan_for_every_group() -> None:
    nothing = np.array([], dtype=np.int16)
    assert np.isnan(quantiles_by_group(nothing, nothing, nothing, 3, 0.5, SCHEMA)).all()


def test_nulls_and_not_a_numbers_are_not_among_the_values() -> None:
    codes = np.array([bins.NULL, bins.NOT_A_NUMBER, 8192])
    estimate = quantile(codes, np.array([100, 100, 3]), 0.5, SCHEMA)
    assert estimate is not None
    assert estimate.n == 3
    assert estimate.value == bins.middle(8192, SCHEMA)


def test_nothing_counted_is_none_and_not_zero() -> None:
    codes, counts = np.array([bins.NULL]), np.array([7])
    assert quantile(codes, counts, 0.5, SCHEMA) is None
    assert quantile_interval(codes, counts, 0.5, SCHEMA) is None
    assert smooth_median(codes, counts, SCHEMA) is None
    assert latency(codes, counts).n == 0
    assert latency(codes, counts).p99 is None


def test_zero_sorts_between_negative_and_positive() -> None:
    codes, counts = counted([-5.0, 0.0, 5.0])
    low, middle, high = (quantile(codes, counts, q, SCHEMA) for q in (0.01, 0.5, 1.0))
    assert low is not None
    assert middle is not None
    assert high is not None
    assert low.value < 0 == middle.value < high.value


def test_p99_of_one_hundred_is_the_ninety_ninth() -> None:
    numbers = [float(i) for i in range(1, 101)]
    summary = latency(*counted(numbers))
    assert summary.p99 is not None
    assert summary.p99.low < 99 <= summary.p99.high
    assert summary.p50 is not None
    assert summary.p50.low < 50 <= summary.p50.high


def test_rank_is_not_fooled_by_binary_fractions() -> None:
    assert rank(0.07, 100) == 7
    assert rank(0.5, 1) == 1
    assert rank(0.001, 3) == 1


def test_smooth_median_sees_less_than_a_bin() -> None:
    generator = np.random.default_rng(1)
    sample = generator.lognormal(5, 0.8, 20_000)
    coarse = bins.FEATURE_SCHEMA
    medians = []
    for factor in (1.0, 1.08):
        tally = Counter(bins.codes(sample * factor, coarse).tolist())
        medians.append(smooth_median(np.array(list(tally)), np.array(list(tally.values())), coarse))
    before, after = medians
    assert before is not None
    assert after is not None
    assert math.isclose(after / before, 1.08, rel_tol=0.01)
