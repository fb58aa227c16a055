"""Health: one word, and reasons in words with numbers that fit a row of 80 columns."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from opsconsole import bins, wire
from opsconsole.signals.health import VersionFacts, judge_service, judge_version, peer_of

LONGEST_REASON = 44


def facts(label: str, requests: int = 2_000, factor: float = 1.0, **changes: Any) -> VersionFacts:
    sample = factor * np.random.default_rng(1).lognormal(6.5, 0.5, requests)
    codes, counts = np.unique(bins.codes(sample, bins.LATENCY_SCHEMA), return_counts=True)
    return replace(
        VersionFacts(label, requests, 0, requests, latency_codes=codes, latency_counts=counts),
        **{"usd_per_request": 0.01, "n_known_cost": requests, **changes},
    )


def drifted(version: str, feature: str = "prompt_length", **changes: Any) -> wire.DriftFinding:
    return wire.DriftFinding(
        **{
            "feature": feature,
            "kind": "numeric",
            "version": version,
            "verdict": "drift",
            "n": 5_000,
            "n_baseline": 9_000,
            "effect": 0.12,
            "reasons": ("shape, median ×1.31",),
            **changes,
        }
    )


V1 = facts("v1", 8_000)


def test_nothing_found_is_ok_without_reasons() -> None:
    assert judge_version(facts("v2"), V1) == ("ok", ())


def test_no_requests_are_quiet() -> None:
    assert judge_version(facts("v2", 0), V1) == ("quiet", ())


def test_a_handful_of_requests_says_nothing_yet() -> None:
    assert judge_version(facts("v2", 19, errors=19), V1) == ("unknown", ("v2 only 19 requests",))


def test_outcomes_that_were_not_logged_are_not_healthy() -> None:
    assert judge_version(facts("v2", counted=0)) == ("unknown", ("v2 outcomes not logged",))
    assert judge_version(facts("v2", counted=7)) == ("unknown", ("v2 only 7 outcomes known",))


def test_errors_fail_with_rate_and_first_class() -> None:
    total = facts("", errors=144, top_error="429")
    assert judge_version(total) == ("fail", ("errors 7.2% (429 first)",))


def test_some_errors_warn() -> None:
    assert judge_version(facts("v2", errors=60)) == ("warn", ("v2 errors 3.0%",))


def test_an_error_rate_that_chance_explains_is_ok() -> None:
    assert judge_version(facts("v2", 100, errors=2))[0] == "ok"


def test_a_slower_version_warns_with_ratio_and_values() -> None:
    word, reasons = judge_version(facts("v2", factor=1.9), V1)
    assert word == "warn"
    assert reasons[0].startswith("v2 p99 1.9× v1 (")
    assert reasons[0].endswith(" s)")
    assert reasons[1].startswith("v2 p50 1.9× v1 (1.3 s vs ")


def test_a_faster_version_is_ok() -> None:
    assert judge_version(facts("v2", factor=0.5), V1) == ("ok", ())


def test_a_slower_tail_of_few_requests_is_not_judged() -> None:
    assert judge_version(facts("v2", 99, factor=5.0), V1)[0] == "ok"


def test_a_costlier_version_warns() -> None:
    assert judge_version(facts("v2", usd_per_request=0.016), V1) == ("warn", ("v2 costs 1.6× v1 per request",))


def test_costs_that_are_mostly_unknown_are_not_compared() -> None:
    assert judge_version(facts("v2", usd_per_request=0.9, n_known_cost=50), V1) == ("ok", ())
    assert judge_version(facts("v2", usd_per_request=None), V1) == ("ok", ())


def test_a_version_that_fails_more_than_its_peer_warns() -> None:
    word, reasons = judge_version(facts("v2", errors=60), replace(V1, errors=8))
    assert word == "warn"
    assert "v2 fails more: 3.0% vs v1 0.1%" in reasons


def test_drift_warns_with_the_worst_feature() -> None:
    assert judge_version(facts("v2"), V1, [drifted("v2")]) == ("warn", ("v2 prompt_length drifted (0.12)",))
    more = [drifted("v2"), drifted("v2", "output_length", effect=0.05)]
    assert judge_version(facts("v2"), V1, more)[1] == ("v2 prompt_length drifted (0.12) +1",)


def test_drift_of_quality_says_what_went_wrong() -> None:
    finding = drifted("v2", effect=0.0, reasons=("nulls 0.1% → 12%",))
    assert judge_version(facts("v2"), V1, [finding])[1] == ("v2 prompt_length nulls 0.1% → 12%",)


def test_drift_of_another_version_is_not_this_ones() -> None:
    assert judge_version(facts("v2"), V1, [drifted("v1"), drifted("v2", verdict="ok")]) == ("ok", ())


def test_the_worst_reason_comes_first() -> None:
    word, reasons = judge_version(facts("v2", factor=1.9, errors=200), V1, [drifted("v2")])
    assert word == "fail"
    assert reasons[0] == "v2 errors 10%"
    assert len(reasons) == 5


def test_every_reason_fits_a_row() -> None:
    _, reasons = judge_version(
        facts("v2", factor=2.0, errors=200, top_error="rate_limited", usd_per_request=0.1), V1, [drifted("v2")]
    )
    assert max(len(reason) for reason in reasons) <= LONGEST_REASON


def test_long_names_are_shortened() -> None:
    _, reasons = judge_version(facts("registry.example/very/long/model@sha256:0123456789", errors=400), V1)
    assert reasons[0] == "registry.example/ve… errors 20%"


@pytest.mark.parametrize("versions", [[V1], [V1, facts("v2", errors=0)]])
def test_a_service_of_healthy_versions_is_ok(versions: list[VersionFacts]) -> None:
    assert judge_service(facts("", 10_000), versions) == ("ok", ())


def test_a_failing_version_that_hardly_anybody_reaches_makes_the_service_warn() -> None:
    stray = facts("v2", 40, errors=40)
    assert judge_service(facts("", 8_040, errors=40), [V1, stray])[0] == "warn"


def test_a_service_of_many_bad_versions_names_the_worst_and_counts_the_rest() -> None:
    bad = [facts(f"v{i}", 400, errors=100) for i in range(20)]
    reasons = judge_service(facts("", 8_000, errors=2_000), bad)[1]
    assert reasons[0] == "errors 25%"
    assert reasons[-1] == "and 9 more"


def test_a_failing_canary_makes_the_service_fail() -> None:
    canary = facts("v2", 300, errors=90)
    assert judge_service(facts("", 8_300, errors=90), [V1, canary])[0] == "fail"
    assert judge_service(facts("", 8_300, errors=90), [V1, canary])[1][0] == "v2 errors 30%"


def test_a_slow_canary_makes_the_service_warn() -> None:
    word, reasons = judge_service(facts("", 10_000), [V1, facts("v2", factor=1.9)])
    assert word == "warn"
    assert reasons[0].startswith("v2 p99 1.9× v1")


def test_a_tiny_version_does_not_make_the_service_unknown() -> None:
    assert judge_service(facts("", 8_003), [V1, facts("v2", 3)]) == ("ok", ())


def test_one_version_says_its_errors_once() -> None:
    total = facts("", errors=200)
    assert judge_service(total, [facts("v1", errors=200)]) == ("fail", ("v1 errors 10%",))


def test_a_service_without_requests_is_quiet() -> None:
    assert judge_service(facts("", 0), []) == ("quiet", ())


def test_a_version_is_not_blamed_for_its_faster_successor() -> None:
    old = replace(V1, first_at=datetime(2026, 11, 1, tzinfo=UTC))
    new = facts("v2", 9_000, factor=0.4, first_at=datetime(2026, 11, 20, tzinfo=UTC))
    assert peer_of(old, [old, new]) is None
    assert peer_of(new, [old, new]) is old
    assert judge_service(facts("", 17_000), [new, old]) == ("ok", ())


def test_without_first_times_the_peer_is_the_largest_other() -> None:
    versions = [facts("v1", 500), facts("v2", 9_000), facts("v3", 800)]
    assert peer_of(versions[0], versions) is versions[1]
    assert peer_of(versions[1], versions) is versions[2]
    assert peer_of(versions[1], versions[1:2]) is None
