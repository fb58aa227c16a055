"""The G test: calibrated on small and large counts, deaf to relabelling, corrected for noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from opsconsole import bins
from opsconsole.signals.counts import OTHER, FeatureCounts, aligned
from opsconsole.signals.shape import MIN_EXPECTED, compare, merge_neighbours, merge_rest, tail

tallies = st.dictionaries(st.integers(8000, 8060), st.integers(0, 300), min_size=1, max_size=40)


def numeric(tally: dict[int, int]) -> FeatureCounts:
    return FeatureCounts("numeric", tally)


def categorical(tally: dict[str, int]) -> FeatureCounts:
    return FeatureCounts("categorical", tally)


def test_without_rare_bins_it_is_the_textbook_g_test() -> None:
    a, b = {"x": 120, "y": 80, "z": 40}, {"x": 90, "y": 100, "z": 50}
    shape = compare(categorical(a), categorical(b))
    table = np.array([list(a.values()), list(b.values())])
    expected = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")
    assert shape is not None
    assert shape.df == expected.dof == 2
    assert shape.g == pytest.approx(expected.statistic, rel=0.01)
    assert shape.g < expected.statistic


def test_tail_is_the_f_distribution_and_its_chi_squared_limit() -> None:
    assert tail(2.5, 4, 20) == pytest.approx(stats.f.sf(2.5, 4, 20))
    assert tail(2.5, 4, np.inf) == pytest.approx(stats.chi2.sf(10, 4))


@given(tallies, tallies)
def test_neither_side_is_privileged(one: dict[int, int], other: dict[int, int]) -> None:
    forth, back = compare(numeric(one), numeric(other)), compare(numeric(other), numeric(one))
    assert (forth is None) == (back is None)
    if forth is not None and back is not None:
        assert forth.p_value() == pytest.approx(back.p_value())
        assert forth.effect() == pytest.approx(back.effect(), abs=1e-9)


@given(tallies, tallies, st.booleans())
def test_merging_loses_no_count_and_leaves_no_rare_bin(
    one: dict[int, int], other: dict[int, int], is_ordered: bool
) -> None:
    a, b = aligned(one, other)
    if a.sum() == 0 or b.sum() == 0:
        return
    merged_a, merged_b = (merge_neighbours if is_ordered else merge_rest)(a, b)
    assert merged_a.sum() == a.sum()
    assert merged_b.sum() == b.sum()
    expected = (merged_a + merged_b) * min(a.sum(), b.sum()) / (a.sum() + b.sum())
    assert len(expected) == 1 or (expected >= MIN_EXPECTED - 1e-9).all()


def test_equal_counts_show_no_effect() -> None:
    tally = dict.fromkeys(range(8190, 8210), 50)
    shape = compare(numeric(tally), numeric(tally))
    assert shape is not None
    assert shape.effect() == 0
    assert shape.p_value() == pytest.approx(1)


def test_disjoint_values_are_as_far_apart_as_can_be() -> None:
    shape = compare(categorical({"x": 100_000}), categorical({"y": 100_000}))
    assert shape is not None
    assert shape.effect() == pytest.approx(np.sqrt(np.log(2)), abs=1e-4)
    assert shape.p_value() < 1e-100


def test_one_constant_value_leaves_nothing_to_test() -> None:
    assert compare(categorical({"x": 500}), categorical({"x": 900})) is None


def test_nulls_and_not_a_numbers_are_no_part_of_the_shape() -> None:
    clean = {8192: 500, 8193: 500}
    dirty = {**clean, bins.NULL: 700, bins.NOT_A_NUMBER: 300}
    shape = compare(numeric(clean), numeric(dirty))
    assert shape is not None
    assert shape.p_value() == pytest.approx(1)


def test_a_window_that_names_what_the_baseline_lumped_together_has_the_same_shape() -> None:
    baseline = categorical({"a": 9_000, OTHER: 1_000})
    named = categorical({"a": 900, "rare": 60, "rarer": 40})
    for one, other in ((baseline, named), (named, baseline)):
        shape = compare(one, other)
        assert shape is not None
        assert shape.p_value() == pytest.approx(1)


def test_dispersion_makes_the_same_difference_less_surprising() -> None:
    shape = compare(categorical({"x": 500, "y": 500}), categorical({"x": 440, "y": 560}))
    assert shape is not None
    assert shape.p_value() < 0.01 < shape.p_value(phi=3, nu=40)
    assert shape.effect(phi=3) < shape.effect()


def test_small_counts_of_a_long_tail_do_not_raise_false_alarms() -> None:
    generator = np.random.default_rng(7)
    weights = 1 / np.arange(1, 101)
    weights /= weights.sum()
    keys = [f"v{i}" for i in range(100)]
    reps = 1500
    hits = 0
    for _ in range(reps):
        one, other = (dict(zip(keys, generator.multinomial(200, weights).tolist(), strict=True)) for _ in range(2))
        shape = compare(categorical(one), categorical(other))
        assert shape is not None
        hits += shape.p_value() < 0.05
    assert 0.025 <= hits / reps <= 0.1
