"""Two versions, metric by metric: how much they differ, between which bounds, and whether that is better or worse.

Always true here: a verdict is "better" or "worse" only where the whole 95 % interval of the difference lies beyond zero
and its middle beyond what matters; "same" only where the whole interval lies within it. The intervals hold for requests
that are independent of each other; traffic that comes in bursts makes them too narrow, which is said where they are
shown.
"""

from __future__ import annotations

from math import exp, log, sqrt

from opsconsole import bins, wire
from opsconsole.signals.health import VersionFacts
from opsconsole.signals.intervals import Z_95, difference, wilson
from opsconsole.signals.quantiles import Codes, quantile, quantile_interval

Z_PAIR = Z_95 / sqrt(2)
"""Two intervals at this z that just touch differ at 95 % (Goldstein & Healy 1995, "The graphical presentation of a
collection of means", JRSS A 158:175-177)."""

LEAST_N = 20


def compared_rates(baseline: VersionFacts, candidate: VersionFacts, matters: float) -> wire.Comparison:
    """Error rates; the change is in points (Newcombe's interval)."""
    sides = [_rate(each) for each in (baseline, candidate)]
    if not (baseline.counted and candidate.counted):
        return _without("error rate", "share", sides)
    change = candidate.errors / candidate.counted - baseline.errors / baseline.counted
    low, high = difference(baseline.errors, baseline.counted, candidate.errors, candidate.counted)
    return wire.Comparison(
        metric="error rate",
        unit="share",
        baseline=sides[0],
        candidate=sides[1],
        change=change,
        change_low=low,
        change_high=high,
        verdict=verdict(low, high, -matters, matters, is_lower_better=True),
    )


def _rate(facts: VersionFacts) -> wire.Measure:
    if not facts.counted:
        return wire.Measure(value=None)
    low, high = wilson(facts.errors, facts.counted)
    return wire.Measure(value=facts.errors / facts.counted, low=low, high=high, n=facts.counted)


def compared_quantiles(
    metric: str,
    unit: str,
    q: float,
    baseline: tuple[Codes, Codes],
    candidate: tuple[Codes, Codes],
    matters: float,
    *,
    is_lower_better: bool = True,
) -> wire.Comparison:
    """One quantile of a duration or rate; the change is a ratio less one."""
    sides = [_quantile(*side, q) for side in (baseline, candidate)]
    near = [quantile_interval(*side, q, bins.LATENCY_SCHEMA, Z_PAIR) for side in (baseline, candidate)]
    if near[0] is None or near[1] is None or not sides[0].value or sides[1].value is None or not near[0][0]:
        return _without(metric, unit, sides, is_lower_better=is_lower_better)
    low, high = near[1][0] / near[0][1] - 1, near[1][1] / near[0][0] - 1
    is_enough = min(sides[0].n, sides[1].n) * min(q, 1 - q) >= 1 and min(sides[0].n, sides[1].n) >= LEAST_N
    found = verdict(low, high, 1 / matters - 1, matters - 1, is_lower_better=is_lower_better)
    return wire.Comparison(
        metric=metric,
        unit=unit,  # type: ignore[arg-type]
        baseline=sides[0],
        candidate=sides[1],
        change=sides[1].value / sides[0].value - 1,
        change_low=low,
        change_high=high,
        verdict=found if is_enough else "unsure",
        is_lower_better=is_lower_better,
    )


def _quantile(codes: Codes, counts: Codes, q: float) -> wire.Measure:
    found = quantile(codes, counts, q, bins.LATENCY_SCHEMA)
    bounds = quantile_interval(codes, counts, q, bins.LATENCY_SCHEMA)
    if found is None or bounds is None:
        return wire.Measure(value=None)
    return wire.Measure(value=found.value, low=bounds[0], high=bounds[1], n=found.n)


def compared_means(
    metric: str,
    unit: str,
    baseline: tuple[int, float | None, float | None],
    candidate: tuple[int, float | None, float | None],
    matters: float,
) -> wire.Comparison:
    """Means, from (n, mean, standard deviation); the change is a ratio less one.

    Its interval is that of the logarithm of the ratio by the delta method (Casella & Berger, "Statistical Inference",
    2nd ed., §5.5.4).
    """
    sides = [_mean(*side) for side in (baseline, candidate)]
    (n0, m0, d0), (n1, m1, d1) = baseline, candidate
    if min(n0, n1) < LEAST_N or not m0 or not m1 or d0 is None or d1 is None:
        return _without(metric, unit, sides)
    half = Z_95 * sqrt((d0 / m0) ** 2 / n0 + (d1 / m1) ** 2 / n1)
    step = log(m1 / m0)
    low, high = exp(step - half) - 1, exp(step + half) - 1
    return wire.Comparison(
        metric=metric,
        unit=unit,  # type: ignore[arg-type]
        baseline=sides[0],
        candidate=sides[1],
        change=m1 / m0 - 1,
        change_low=low,
        change_high=high,
        verdict=verdict(low, high, 1 / matters - 1, matters - 1, is_lower_better=True),
    )


def _mean(n: int, mean: float | None, deviation: float | None) -> wire.Measure:
    if mean is None or not n:
        return wire.Measure(value=None)
    half = Z_95 * deviation / sqrt(n) if deviation is not None else None
    return wire.Measure(
        value=mean, low=None if half is None else mean - half, high=None if half is None else mean + half, n=n
    )


def verdict(low: float, high: float, least: float, most: float, *, is_lower_better: bool) -> wire.Better:
    """``least`` … ``most``: differences that do not matter."""
    if least <= low and high <= most:
        return "same"
    middle = (low + high) / 2
    if low > 0 and middle > most:
        return "worse" if is_lower_better else "better"
    if high < 0 and middle < least:
        return "better" if is_lower_better else "worse"
    return "unsure"


def _without(metric: str, unit: str, sides: list[wire.Measure], *, is_lower_better: bool = True) -> wire.Comparison:
    return wire.Comparison(
        metric=metric,
        unit=unit,  # type: ignore[arg-type]
        baseline=sides[0],
        candidate=sides[1],
        verdict="not logged" if all(side.value is None for side in sides) else "unsure",
        is_lower_better=is_lower_better,
    )
