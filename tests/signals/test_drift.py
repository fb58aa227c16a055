"""The drift verdict: two keys, in words, worst first."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from opsconsole import bins
from opsconsole.signals.counts import FeatureCounts
from opsconsole.signals.drift import Comparison, DriftSettings, adjusted, judge, judge_all


def latencies(seed: int, n: int, slow: float = 0.0, factor: float = 1.0, nulls: int = 0) -> FeatureCounts:
    generator = np.random.default_rng(seed)
    sample = factor * generator.lognormal(5, 0.8, n)
    sample = np.where(generator.random(n) < slow, 5 * sample, sample)
    codes, counts = np.unique(bins.codes(sample, bins.FEATURE_SCHEMA), return_counts=True)
    return FeatureCounts("numeric", dict(zip(codes.tolist(), counts.tolist(), strict=True)), nulls)


def categories(seed: int, n: int, k: int = 25, **extra: int) -> FeatureCounts:
    weights = 1 / np.arange(1, k + 1)
    counts = np.random.default_rng(seed).multinomial(n, weights / weights.sum()).tolist()
    tally = {f"v{i}": count for i, count in enumerate(counts) if count}
    return FeatureCounts("categorical", {**tally, **extra})


BASELINE = latencies(1, 100_000)


def test_a_slow_tail_of_two_percent_is_drift() -> None:
    finding = judge({"latency": Comparison(BASELINE, latencies(2, 10_000, slow=0.02))}, "v2")[0]
    assert finding.verdict == "drift"
    assert finding.version == "v2"
    assert finding.effect == pytest.approx(0.027, abs=0.01)
    assert finding.p_value is not None
    assert finding.p_value < 0.01
    assert (finding.n, finding.n_baseline) == (10_000, 100_000)


def test_a_shift_names_the_ratio_of_the_medians() -> None:
    finding = judge({"prompt": Comparison(BASELINE, latencies(3, 10_000, factor=1.31))}, "v2")[0]
    assert finding.median_ratio == pytest.approx(1.31, rel=0.03)
    assert finding.reasons[0].startswith("shape, median ×1.3")


def test_the_same_distribution_is_ok_and_gives_no_reason() -> None:
    finding = judge({"latency": Comparison(BASELINE, latencies(4, 10_000))}, "v2")[0]
    assert (finding.verdict, finding.reasons) == ("ok", ())


def test_a_significant_difference_below_the_practical_minimum_is_ok() -> None:
    pair = Comparison(latencies(5, 3_000_000), latencies(6, 3_000_000, factor=1.01))
    finding = judge({"latency": pair}, "v2")[0]
    assert finding.p_value is not None
    assert finding.p_value < 1e-6
    assert finding.verdict == "ok"
    assert judge({"latency": pair}, "v2", DriftSettings(min_effect=0.001))[0].verdict == "drift"


def test_nulls_are_drift_though_the_shape_is_the_same() -> None:
    pair = Comparison(latencies(7, 99_900, nulls=100), latencies(8, 8_800, nulls=1_200))
    finding = judge({"latency": pair}, "v2")[0]
    assert finding.verdict == "drift"
    assert finding.reasons == ("nulls 0.1% → 12%",)
    assert finding.null_rate == pytest.approx(0.12)
    assert finding.null_rate_baseline == pytest.approx(0.001)


def test_a_feature_that_is_no_longer_sent_is_drift_and_not_too_few() -> None:
    finding = judge({"latency": Comparison(BASELINE, FeatureCounts("numeric", {}, nulls=5_000))}, "v2")[0]
    assert finding.verdict == "drift"
    assert finding.reasons == ("nulls 0% → 100%",)
    assert finding.effect is None


def test_a_new_category_of_half_a_percent_is_found() -> None:
    pair = Comparison(categories(9, 100_000), categories(10, 9_950, zz=50))
    finding = judge({"country": pair}, "v2")[0]
    assert finding.verdict == "drift"
    assert "unseen 'zz' 0.5%" in finding.reasons
    assert finding.unseen_rate == pytest.approx(0.005)


def test_numbers_out_of_range_are_found() -> None:
    window = latencies(11, 9_700)
    beyond = {**window.codes, bins.BIAS + 200: 300}
    finding = judge({"age": Comparison(BASELINE, FeatureCounts("numeric", beyond))}, "v2")[0]
    assert finding.verdict == "drift"
    assert "out of range 3.0%" in finding.reasons


@pytest.mark.parametrize(
    ("baseline", "window"),
    [(BASELINE, latencies(12, 99)), (latencies(13, 99), latencies(14, 5_000, factor=9))],
)
def test_few_values_on_either_side_claim_nothing(baseline: FeatureCounts, window: FeatureCounts) -> None:
    finding = judge({"latency": Comparison(baseline, window)}, "v2")[0]
    assert finding.verdict == "too few"
    assert finding.p_value is None


def test_a_feature_without_baseline_says_so() -> None:
    finding = judge({"new": Comparison(FeatureCounts("numeric", {}), latencies(15, 5_000))}, "v2")[0]
    assert finding.verdict == "no baseline"
    assert finding.null_rate_baseline is None


def test_a_constant_is_ok_and_a_changed_constant_is_drift() -> None:
    one = FeatureCounts("numeric", {8192: 5_000})
    other = FeatureCounts("numeric", {8200: 5_000})
    assert judge({"k": Comparison(one, one)}, "v2")[0].verdict == "ok"
    assert judge({"k": Comparison(one, other)}, "v2")[0].verdict == "drift"


def test_dispersion_of_ordinary_traffic_is_forgiven_and_shown() -> None:
    pair = Comparison(BASELINE, latencies(16, 10_000, slow=0.02))
    forgiven = judge({"latency": pair._replace(phi=6.0, nu=300.0)}, "v2")[0]
    assert forgiven.verdict == "ok"
    assert forgiven.phi == 6.0
    assert judge({"latency": pair}, "v2")[0].phi is None


def test_findings_come_worst_first() -> None:
    found = judge(
        {
            "none": Comparison(FeatureCounts("numeric", {}), latencies(17, 500)),
            "few": Comparison(BASELINE, latencies(18, 50)),
            "fine": Comparison(BASELINE, latencies(19, 10_000)),
            "worse": Comparison(BASELINE, latencies(20, 10_000, factor=1.2)),
            "worst": Comparison(BASELINE, latencies(21, 10_000, factor=3.0)),
        },
        "v2",
    )
    assert [finding.feature for finding in found] == ["worst", "worse", "fine", "few", "none"]


def test_a_version_without_features_has_no_findings() -> None:
    assert judge({}, "v2") == ()


def test_every_test_of_every_version_shares_one_correction() -> None:
    features = {f"f{i}": Comparison(BASELINE, latencies(30 + i, 5_000)) for i in range(5)}
    alone, n_alone = judge_all({"v1": features})
    together, n_together = judge_all({"v1": features, "v2": features})
    assert n_together == 2 * n_alone == 20
    assert {finding.version for finding in together} == {"v1", "v2"}
    assert len(together) == 2 * len(alone)


@given(st.lists(st.floats(0, 1), max_size=40))
def test_adjustment_is_benjamini_and_hochbergs(p_values: list[float]) -> None:
    expected = stats.false_discovery_control(p_values).tolist() if p_values else []
    assert adjusted(p_values) == pytest.approx(expected)


def test_undrifted_features_are_rarely_called_drift() -> None:
    looks, alarms = 150, 0
    for seed in range(looks):
        features = {
            "a": Comparison(latencies(1_000 + seed, 2_000), latencies(2_000 + seed, 500)),
            "b": Comparison(categories(3_000 + seed, 1_000, k=100), categories(4_000 + seed, 1_000, k=100)),
        }
        alarms += any(finding.verdict == "drift" for finding in judge(features, "v2"))
    assert alarms / looks <= 0.04


def test_an_unestimated_dispersion_is_the_plain_test() -> None:
    pair = Comparison(BASELINE, latencies(22, 10_000, factor=1.05))
    assert judge({"x": pair}, "v")[0].p_value == judge({"x": pair._replace(phi=1.0, nu=inf)}, "v")[0].p_value
