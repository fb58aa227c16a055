"""The drift rule: which features of a version differ from the baseline, by enough, and beyond chance.

Always true here: "drift" needs two keys, a p-value that stands after Benjamini-Hochberg over every test of the look,
and a change beyond its practical minimum; with too few values nothing is claimed either way. Calibration and power are
measured by ``benchmarks/drift_calibration.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Literal, NamedTuple

import numpy as np

from opsconsole import bins, wire
from opsconsole.signals.counts import FeatureCounts
from opsconsole.signals.quality import Check, Noise, QualitySettings, nulls, strangers
from opsconsole.signals.quantiles import smooth_median
from opsconsole.signals.shape import compare
from opsconsole.signals.words import ratio

Verdict = Literal["drift", "ok", "too few", "no baseline"]

SEVERITY: dict[Verdict, int] = {"drift": 0, "ok": 1, "too few": 2, "no baseline": 3}
"""The order of findings: worst first."""


@dataclass(frozen=True)
class DriftSettings:
    """When a difference is called drift."""

    q: float = 0.01
    """False discovery rate over all tests of one look."""
    min_effect: float = 0.015
    """Bias-corrected Jensen-Shannon distance: 2 % of requests five times slower is 0.027, all 8 % slower 0.034."""
    min_n: int = 100
    """Fewer values than this, in the window or in the baseline, are too few to judge."""
    quality: QualitySettings = field(default_factory=QualitySettings)


class Comparison(NamedTuple):
    """One feature's counts in the baseline and in the window, and the dispersion of its ordinary traffic."""

    baseline: FeatureCounts
    window: FeatureCounts
    phi: float | None = None
    """From ``dispersion``; None when it could not be estimated."""
    nu: float = inf


@dataclass(frozen=True)
class _Measured:
    """One feature before its p-values are adjusted."""

    verdict_without_tests: Verdict
    tests: tuple[Check, ...] = ()
    effect: float | None = None
    median_ratio: float | None = None
    unseen_rate: float | None = None


def adjusted(p_values: Sequence[float]) -> tuple[float, ...]:
    """Benjamini-Hochberg adjusted p-values, in the order given (1995, J. R. Statist. Soc. B 57:289-300, step-up)."""
    if not p_values:
        return ()
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p)
    scaled = p[order] * len(p) / np.arange(1, len(p) + 1)
    stepped = np.minimum(1.0, np.minimum.accumulate(scaled[::-1])[::-1])
    out = np.empty_like(p)
    out[order] = stepped
    return tuple(out.tolist())


def judge(
    features: Mapping[str, Comparison], version: str, settings: DriftSettings | None = None
) -> tuple[wire.DriftFinding, ...]:
    """Findings of one version, worst first. All tests of all the features make one Benjamini-Hochberg family."""
    return judge_all({version: features}, settings)[0]


def judge_all(
    versions: Mapping[str, Mapping[str, Comparison]], settings: DriftSettings | None = None
) -> tuple[tuple[wire.DriftFinding, ...], int]:
    """Findings of every version of one look, worst first, and how many tests the Benjamini-Hochberg family held."""
    settings = settings or DriftSettings()
    measured = [
        (version, feature, comparison, _measure(comparison, settings))
        for version, features in versions.items()
        for feature, comparison in features.items()
    ]
    p_values = [test.p_value for *_, found in measured for test in found.tests]
    remaining = iter(adjusted(p_values))
    findings = [
        _finding(version, feature, comparison, found, [next(remaining) for _ in found.tests], settings)
        for version, feature, comparison, found in measured
    ]
    findings.sort(key=lambda finding: (SEVERITY[finding.verdict], -(finding.effect or 0.0), finding.p_value or 0.0))
    return tuple(findings), len(p_values)


def _measure(comparison: Comparison, settings: DriftSettings) -> _Measured:
    baseline, window = comparison.baseline, comparison.window
    if baseline.n + baseline.n_null == 0:
        return _Measured("no baseline")
    if min(baseline.n + baseline.n_null, window.n + window.n_null) < settings.min_n:
        return _Measured("too few")
    noise = Noise(comparison.phi or 1.0, comparison.nu if comparison.phi else inf)
    null_test = nulls(baseline, window, settings.quality, noise)
    if min(baseline.n, window.n) < settings.min_n:
        return _Measured("too few", tests=(null_test,) if null_test else ())
    shape = compare(baseline, window)
    median_ratio = _median_ratio(baseline, window)
    effect = shape.effect(noise.phi) if shape else None
    shape_test = shape and Check(
        p_value=shape.p_value(noise.phi, noise.nu),
        matters=effect is not None and effect > settings.min_effect,
        reason="shape" if median_ratio is None else f"shape, median {ratio(median_ratio)}",
    )
    stranger_test, unseen_rate = strangers(baseline, window, settings.quality, noise)
    return _Measured(
        "ok",
        tests=tuple(test for test in (shape_test, null_test, stranger_test) if test),
        effect=effect,
        median_ratio=median_ratio,
        unseen_rate=unseen_rate,
    )


def _finding(
    version: str,
    feature: str,
    comparison: Comparison,
    found: _Measured,
    p_values: Sequence[float],
    settings: DriftSettings,
) -> wire.DriftFinding:
    baseline, window = comparison.baseline, comparison.window
    reasons = tuple(
        test.reason for test, p in zip(found.tests, p_values, strict=True) if p < settings.q and test.matters
    )
    return wire.DriftFinding(
        feature=feature,
        kind=window.kind,
        version=version,
        verdict="drift" if reasons else found.verdict_without_tests,
        n=window.n,
        n_baseline=baseline.n,
        p_value=min(p_values, default=None),
        effect=found.effect,
        phi=comparison.phi,
        median_ratio=found.median_ratio,
        null_rate=_null_rate(window),
        null_rate_baseline=_null_rate(baseline),
        unseen_rate=found.unseen_rate,
        reasons=reasons,
    )


def _null_rate(counts: FeatureCounts) -> float | None:
    total = counts.n + counts.n_null
    return counts.n_null / total if total else None


def _median_ratio(baseline: FeatureCounts, window: FeatureCounts) -> float | None:
    """Window median over baseline median; None for categories, and where a ratio says nothing (zeros, mixed signs)."""
    before, after = (
        smooth_median(np.array([*side.numbers]), np.array([*side.numbers.values()]), bins.FEATURE_SCHEMA)
        for side in (baseline, window)
    )
    return after / before if before and after and before * after > 0 else None
