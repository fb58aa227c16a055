"""Are the slowest requests of the canary slower? Odds of exceeding the p90, p95 and p99 of the last half hour.

The canary's requests are held against thresholds that are 1 + ``slower`` times as high as those of the baseline, so
that the null is what the setting says: whichever quantile one looks at, the canary's is at most so much larger. To
tolerate an odds ratio of 1 + ``slower`` at one threshold instead would be something else: a version that is 4 % slower
throughout has odds of a tenth more at the p99, and would be found worse as soon as there is enough traffic.

Always true here: thresholds are known before the minute, and a minute is compared within itself, so evidence is exact.
The ratio that is told is that of the p95; its confidence sequence holds the factors that exceedances do not speak
against.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import ceil, log, log2

import numpy as np
from numpy.typing import NDArray

from opsconsole import bins
from opsconsole.minutes import Minute
from opsconsole.signals.canary.odds import Odds, log_sum, worse_than
from opsconsole.signals.canary.past import Past

QUANTILES: tuple[float, ...] = (0.9, 0.95, 0.99)
_TOLD = QUANTILES.index(0.95)
_SCALE = 1 << bins.LATENCY_SCHEMA
FACTORS = np.arange(-2 * _SCALE, 3 * _SCALE + 1)
"""Factors between the p95s that are looked at, in bins: a quarter to eight times."""
ODDS_TAU = 0.5
"""Spread of the log odds ratios that the confidence sequence looks for."""

Floats = NDArray[np.float64]


def _nothing() -> Floats:
    return np.zeros(len(FACTORS))


@dataclass(frozen=True, eq=False)
class Exceedances:
    """Evidence of exceedances, summed over minutes."""

    factor: int
    """How much higher the canary's thresholds are, in bins."""
    tests: tuple[Odds, ...]
    """One a quantile."""
    surplus: Floats = field(default_factory=_nothing)
    """Of each of FACTORS: the canary's exceedances of the p95 beyond what is expected if that is the factor …"""
    spread: Floats = field(default_factory=_nothing)
    """… and their variance."""

    @classmethod
    def tolerating(cls, ratio: float, odds: float = 1.0) -> Exceedances:
        """Quantiles that are ``ratio`` times as high (rounded up to a bin, 2.2 %), and odds of exceeding that."""
        return cls(ceil(_SCALE * log2(ratio) - 1e-9), (Odds.over(worse_than(odds)),) * len(QUANTILES))

    def seen(self, minute: Minute, past: Past) -> Exceedances:
        """With one more minute."""
        sides = minute.baseline.latency.n, minute.canary.latency.n
        if not all(sides):
            return self
        thresholds = past.latency.thresholds(QUANTILES)
        known = np.array([0 if each is None else each for each in thresholds])
        above = minute.baseline.latency.above(known).tolist()
        counted = minute.canary.latency.above(known + self.factor).tolist()
        tests = tuple(
            test if threshold is None else test.seen(k, k + b, *sides)
            for test, threshold, b, k in zip(self.tests, thresholds, above, counted, strict=True)
        )
        told = thresholds[_TOLD]
        grown = replace(self, tests=tests)
        return grown if told is None else grown._with_factors(minute, sides, told, above[_TOLD])

    def _with_factors(self, minute: Minute, sides: tuple[int, int], threshold: int, above: int) -> Exceedances:
        n_baseline, n_canary = sides
        n = n_baseline + n_canary
        k = minute.canary.latency.above(threshold + FACTORS)
        m = k + above
        spread = m * (n - m) * (n_baseline * n_canary / (n * n * max(n - 1, 1)))
        return replace(self, surplus=self.surplus + k - m * (n_canary / n), spread=self.spread + spread)

    def scaled(self, factor: float) -> Exceedances:
        """As if all of it had happened ``factor`` times."""
        tests = tuple(test.scaled(factor) for test in self.tests)
        return replace(self, tests=tests, surplus=factor * self.surplus, spread=factor * self.spread)

    def log_e(self) -> float:
        """ln of the e-value, averaged over the quantiles."""
        return log_sum(np.array([test.log_e() for test in self.tests])) - log(len(self.tests))

    def ratio(self) -> float | None:
        """Of the p95s; None where nothing exceeded, or it is beyond FACTORS."""
        below = np.flatnonzero(self.surplus <= 0)
        if not self.spread.any() or not below.size or below[0] == 0:
            return None
        i = int(below[0])
        part = self.surplus[i - 1] / (self.surplus[i - 1] - self.surplus[i])
        return float(2 ** ((FACTORS[i - 1] + part) / _SCALE))

    def interval(self, alpha: float) -> tuple[float | None, float | None]:
        """Confidence sequence of that ratio: holds at every look at once with 1 − α; None where it has no end.

        Each factor's surplus is a martingale whose variance is known given the minute (Mantel & Haenszel 1959, JNCI
        22:719-748), held to the bound of the normal mixture as in shift.py: asymptotic in the exceedances, and rounded
        outwards to a bin.
        """
        tau2 = ODDS_TAU * ODDS_TAU
        bound = (self.spread + 1 / tau2) * np.log((1 + tau2 * self.spread) / (alpha * alpha))
        within = np.flatnonzero(self.surplus**2 < bound)
        if not within.size:
            return None, None
        return _end(int(within[0]) - 1), _end(int(within[-1]) + 1)


def _end(i: int) -> float | None:
    return float(2 ** (FACTORS[i] / _SCALE)) if 0 <= i < len(FACTORS) else None
