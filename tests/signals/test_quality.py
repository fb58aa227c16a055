"""Data quality: nulls, unseen categories and values out of range are found, and are silent without drift."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from opsconsole import bins
from opsconsole.signals.counts import OTHER, FeatureCounts
from opsconsole.signals.quality import (
    Noise,
    QualitySettings,
    nulls,
    same_rate,
    strangers,
)

SETTINGS = QualitySettings()
IID = Noise()


def categorical(tally: dict[str, int], nulls: int = 0) -> FeatureCounts:
    return FeatureCounts("categorical", tally, nulls)


@given(st.integers(1, 60), st.integers(1, 60), st.data())
@settings(max_examples=60)
def test_rare_events_are_judged_by_fishers_exact_tails(n_1: int, n_2: int, data: st.DataObject) -> None:
    k_1 = data.draw(st.integers(0, min(n_1, 3)))
    k_2 = data.draw(st.integers(0, min(n_2, 1)))
    n, k = n_1 + n_2, k_1 + k_2
    if k in (0, n) or min(n_1, n_2) * min(k, n - k) / n >= 5:
        return
    law = stats.hypergeom(n, k, n_2)
    assert same_rate(k_1, n_1, k_2, n_2) == pytest.approx(min(1, 2 * min(law.cdf(k_2), law.sf(k_2 - 1))))


def test_common_events_are_judged_by_the_score_test() -> None:
    found = same_rate(500, 10_000, 600, 10_000)
    expected = stats.chi2_contingency([[500, 9500], [600, 9400]], correction=False).pvalue
    assert found == pytest.approx(expected, rel=0.01)


def test_nulls_that_appear_are_found_with_both_rates() -> None:
    check = nulls(categorical({"a": 99_900}, 100), categorical({"a": 8_800}, 1_200), SETTINGS, IID)
    assert check is not None
    assert check.matters
    assert check.p_value < 1e-100
    assert check.reason == "nulls 0.1% → 12%"


def test_nulls_that_vanish_are_found_too() -> None:
    check = nulls(categorical({"a": 900}, 100), categorical({"a": 1000}), SETTINGS, IID)
    assert check is not None
    assert check.matters
    assert check.p_value < 1e-6


def test_a_significant_but_tiny_change_of_nulls_does_not_matter() -> None:
    check = nulls(categorical({"a": 990_000}, 10_000), categorical({"a": 988_000}, 12_000), SETTINGS, IID)
    assert check is not None
    assert check.p_value < 1e-6
    assert not check.matters


def test_no_null_anywhere_is_no_test() -> None:
    assert nulls(categorical({"a": 100}), categorical({"a": 100}), SETTINGS, IID) is None


def test_nulls_of_numbers_count_under_their_code() -> None:
    window = FeatureCounts("numeric", {8192: 700, bins.NULL: 200}, nulls=100)
    assert (window.n, window.n_null) == (700, 300)


def test_a_new_category_is_named_with_its_share() -> None:
    baseline = categorical({"a": 60_000, "b": 40_000})
    window = categorical({"a": 6_000, "b": 3_950, "zz": 50})
    check = strangers(baseline, window, SETTINGS, IID)[0]
    assert check.p_value < 1e-20
    assert check.matters
    assert check.reason == "unseen 'zz' 0.5%"


def test_the_overflow_bucket_is_never_unseen() -> None:
    _, rate = strangers(categorical({"a": 100}), categorical({"a": 90, OTHER: 10}), SETTINGS, IID)
    assert rate == 0


def test_a_baseline_that_overflowed_does_not_make_its_rare_categories_unseen() -> None:
    baseline = categorical({"a": 9_000, OTHER: 1_000})
    window = categorical({"a": 900, "rare": 90, OTHER: 10})
    check = strangers(baseline, window, SETTINGS, IID)[0]
    assert check.p_value > 0.05
    assert not check.matters


def test_a_long_tail_makes_new_names_unsurprising() -> None:
    baseline = categorical({f"v{i}": 1 for i in range(500)} | {"a": 500})
    window = categorical({f"w{i}": 1 for i in range(500)} | {"a": 500})
    check = strangers(baseline, window, SETTINGS, IID)[0]
    assert check.p_value > 0.3


def test_numbers_beyond_the_baselines_bins_are_out_of_range() -> None:
    baseline = FeatureCounts("numeric", {8190: 5_000, 8192: 5_000})
    window = FeatureCounts("numeric", {8190: 940, 8191: 30, 8200: 20, bins.ZERO: 10})
    check, rate = strangers(baseline, window, SETTINGS, IID)
    assert rate == 0.03
    assert check.matters
    assert check.p_value < 1e-10
    assert check.reason == "out of range 3.0%"


def test_not_a_number_is_called_by_its_name() -> None:
    baseline = FeatureCounts("numeric", {8190: 5_000})
    window = FeatureCounts("numeric", {8190: 950, bins.NOT_A_NUMBER: 50})
    check = strangers(baseline, window, SETTINGS, IID)[0]
    assert check.reason == "not a number 5.0%"
    assert check.matters


def test_not_a_numbers_that_the_baseline_has_too_are_no_news() -> None:
    same = FeatureCounts("numeric", {8190: 950, bins.NOT_A_NUMBER: 50})
    check = strangers(same, same, SETTINGS, IID)[0]
    assert check.p_value > 0.3
    assert not check.matters


def test_a_busier_window_reaches_further_than_its_baseline_without_alarm() -> None:
    generator = np.random.default_rng(5)
    reps, hits = 1500, 0
    for _ in range(reps):
        sides = []
        for n in (300, 3_000):
            codes, counts = np.unique(
                bins.codes(generator.lognormal(5, 0.8, n), bins.FEATURE_SCHEMA), return_counts=True
            )
            sides.append(FeatureCounts("numeric", dict(zip(codes.tolist(), counts.tolist(), strict=True))))
        check = strangers(*sides, SETTINGS, IID)[0]
        hits += check.p_value < 0.05
    assert hits / reps <= 0.05


@pytest.mark.parametrize(("n_baseline", "n"), [(200, 200), (1_000, 1_000), (200, 2_000), (5_000, 500)])
def test_a_long_tail_raises_no_false_alarms_about_new_names(n_baseline: int, n: int) -> None:
    generator = np.random.default_rng(6)
    weights = 1 / np.arange(1, 1001)
    weights /= weights.sum()
    keys = [f"v{i}" for i in range(1000)]
    reps, hits = 600, 0
    for _ in range(reps):
        sides = [
            categorical(dict(zip(keys, generator.multinomial(size, weights).tolist(), strict=True)))
            for size in (n_baseline, n)
        ]
        check = strangers(*sides, SETTINGS, IID)[0]
        hits += check.p_value < 0.01
    assert hits / reps <= 0.02


def test_noise_widens_every_test() -> None:
    noisy = Noise(phi=4, nu=50)
    assert IID.widen(0.01) == 0.01
    assert noisy.widen(0.01) > 0.1
    assert noisy.widen(1.0) == pytest.approx(1)
    assert noisy.widen(0.0) < 1e-3
