"""Do two sets of counts come from one distribution? A calibrated test, and how far apart they are.

Always true here: both sides are treated as samples (a baseline is not the truth), bins are merged by the pooled counts
alone (so the test stays valid given the pool), and the distance is corrected for what noise alone would show.

Method: G, the two-sample likelihood ratio (Wilks 1938), equal to 2(n1+n2) times the Jensen-Shannon divergence with
sample-size weights, divided by Williams' correction (1976, Biometrika 63:33-37) for small expectations. Real traffic
varies more than independent draws do, so G/df is divided by the dispersion φ and judged as F(df, ν), after Rao & Scott
(1984, Annals of Statistics 12:46-60); φ = 1 and ν = ∞ give back the χ² test.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isinf, sqrt

import numpy as np
import scipy
from numpy.typing import NDArray

from opsconsole.signals.counts import FeatureCounts, aligned, folded

MIN_EXPECTED = 5.0
"""Bins that expect fewer on either side are merged: numbers with their neighbours, categories into a rest."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Shape:
    """What the G test found."""

    g: float
    """Williams-corrected G."""
    df: int
    distance: float
    """Jensen-Shannon distance of the merged bins: square root of nats, 0 to 0.83, not yet corrected for noise."""
    floor: float
    """Divergence in nats that independent draws show on average: (k−1)(1/n1 + 1/n2)/8."""

    def p_value(self, phi: float = 1.0, nu: float = inf) -> float:
        """Chance of a G this large without drift, when neighbours differ φ times more than independent draws."""
        return tail(self.g / self.df / phi, self.df, nu)

    def effect(self, phi: float = 1.0) -> float:
        """Jensen-Shannon distance with the noise of such traffic taken off, never below 0."""
        return sqrt(max(0.0, self.distance**2 - phi * self.floor))


def tail(statistic: float, df: int, nu: float) -> float:
    """P(F(df, ν) > statistic); ν = ∞ is χ²(df)/df."""
    return float(scipy.special.chdtrc(df, statistic * df) if isinf(nu) else scipy.special.fdtrc(df, nu, statistic))


def compare(baseline: FeatureCounts, window: FeatureCounts) -> Shape | None:
    """The G test over values (nulls and not-a-numbers left out); None when fewer than two bins are left to compare."""
    is_numeric = window.kind == "numeric"
    if is_numeric:
        a, b = aligned(baseline.numbers, window.numbers)
    else:
        a, b = aligned(*folded(baseline.categories, window.categories))
    if a.sum() == 0 or b.sum() == 0:
        return None
    a, b = (merge_neighbours if is_numeric else merge_rest)(a, b)
    return _g_test(a, b) if len(a) > 1 else None


def _expected(a: Floats, b: Floats) -> Floats:
    """Expected count of each bin on the smaller side."""
    n_1, n_2 = a.sum(), b.sum()
    return np.asarray((a + b) * min(n_1, n_2) / (n_1 + n_2))


def merge_neighbours(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Ordered bins joined from the left until each expects MIN_EXPECTED; what is left over joins the last."""
    starts, start, gathered = [], 0, 0.0
    for position, expected in enumerate(_expected(a, b).tolist()):
        gathered += expected
        if gathered >= MIN_EXPECTED:
            starts.append(start)
            start, gathered = position + 1, 0.0
    if not starts:
        return a.sum(keepdims=True), b.sum(keepdims=True)
    return np.add.reduceat(a, starts), np.add.reduceat(b, starts)


def merge_rest(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Unordered bins that expect less than MIN_EXPECTED become one; if that is still too few, the next rarest joins."""
    expected = _expected(a, b)
    order = np.argsort(-expected, kind="stable")
    a, b, expected = a[order], b[order], expected[order]
    kept = int(np.count_nonzero(expected >= MIN_EXPECTED))
    if kept == len(expected):
        return a, b
    if expected[kept:].sum() < MIN_EXPECTED:
        kept = max(0, kept - 1)
    return np.append(a[:kept], a[kept:].sum()), np.append(b[:kept], b[kept:].sum())


def _g_test(a: Floats, b: Floats) -> Shape:
    n_1, n_2 = float(a.sum()), float(b.sum())
    n, pooled, df = n_1 + n_2, a + b, len(a) - 1
    g = 2 * float(
        (scipy.special.xlogy(a, a * n / (n_1 * pooled)) + scipy.special.xlogy(b, b * n / (n_2 * pooled))).sum()
    )
    williams = 1 + (n / n_1 + n / n_2 - 1) * (float((n / pooled).sum()) - 1) / (6 * n * df)
    p_1, p_2 = a / n_1, b / n_2
    mixed = (p_1 + p_2) / 2
    divergence = float((scipy.special.xlogy(p_1, p_1 / mixed) + scipy.special.xlogy(p_2, p_2 / mixed)).sum()) / 2
    return Shape(
        g=max(0.0, g) / williams,
        df=df,
        distance=sqrt(max(0.0, divergence)),
        floor=df * (1 / n_1 + 1 / n_2) / 8,
    )
