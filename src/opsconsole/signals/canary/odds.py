"""Evidence about an odds ratio from minutes that are compared each within itself, so that no rhythm of the day matters.

In one minute n_b requests of the baseline and n_c of the canary show m events between them, k of them at the canary.
If routing is random and the canary's odds are ψ times the baseline's, k given m is Fisher's noncentral hypergeometric,
P(k) ∝ C(n_c, k) C(n_b, m−k) ψ^k, whatever the minute's own rate (Cox 1958, "The regression analysis of binary
sequences", JRSS B 20:215-242). Likelihood ratios multiply over the minutes into a test martingale, and their average
over alternatives is one as well (the safe logrank test: ter Schure, Pérez-Ortiz, Ly & Grünwald 2020, arXiv 2011.06931).

Always true here: each e-value is exact, its mean over the support is 1 at ψ₀ and at most 1 below (the ratio grows with
k and the law with ψ); minutes without an event, or with one side empty, change nothing; the order of minutes is
irrelevant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import exp, inf, log
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Grid = tuple[float, ...]
"""Logarithms of odds ratios."""

STEPS: tuple[float, ...] = (1.2, 1.5, 2.0, 3.0, 6.0)
"""Alternatives: so many times the largest tolerated odds ratio."""


def worse_than(tolerated: float) -> Grid:
    """The tolerated odds ratio, and then the alternatives above it."""
    return (log(tolerated), *(log(tolerated * step) for step in STEPS))


def less_than(tolerated: float) -> Grid:
    """The tolerated odds ratio, and then the alternatives below it."""
    return (log(tolerated), *(log(tolerated / step) for step in STEPS))


FINE: Grid = tuple(float(x) for x in np.arange(-40, 41) * log(1.1))
"""1/45 … 45 in steps of a tenth: what a confidence sequence is read from."""
_FINE = np.array(FINE)
_PRIOR = -0.5 * _FINE**2 - np.logaddexp.reduce(-0.5 * _FINE**2)
"""Logarithms of weights: standard normal in the logarithm of the odds ratio."""


@lru_cache(maxsize=16_384)
def log_partition(n_baseline: int, n_canary: int, m: int, grid: Grid) -> Floats:
    """ln E[ψ^k] under ψ = 1, for each ln ψ of the grid; read-only. Cost: the support's size times the grid's."""
    k = np.arange(max(0, m - n_baseline), min(n_canary, m) + 1, dtype=np.float64)
    weights = (
        scipy.special.gammaln(n_canary + 1)
        - scipy.special.gammaln(k + 1)
        - scipy.special.gammaln(n_canary - k + 1)
        + scipy.special.gammaln(n_baseline + 1)
        - scipy.special.gammaln(m - k + 1)
        - scipy.special.gammaln(n_baseline - m + k + 1)
    )
    weights -= log_sum(weights)
    exponents = weights + np.outer(np.array(grid), k)
    peaks = exponents.max(axis=1)
    found = np.asarray(peaks + np.log(np.exp(exponents - peaks[:, None]).sum(axis=1)))
    found.setflags(write=False)
    return found


def log_sum(logs: NDArray[Any]) -> float:
    """ln Σ exp, of all of an array; -inf of an empty one."""
    peak = float(logs.max()) if logs.size else -inf
    return peak if peak == -inf else peak + log(float(np.exp(logs - peak).sum()))


@dataclass(frozen=True, eq=False)
class Odds:
    """The conditional log-likelihood of each odds ratio of a grid, summed over minutes."""

    grid: Grid
    log_likelihood: Floats
    """Relative to odds ratio 1."""

    @classmethod
    def over(cls, grid: Grid) -> Odds:
        return cls(grid, np.zeros(len(grid)))

    def seen(self, k: int, m: int, n_baseline: int, n_canary: int) -> Odds:
        """With one more minute: k of m events at the canary."""
        if not (0 < m < n_baseline + n_canary and n_baseline and n_canary):
            return self
        added = k * np.array(self.grid) - log_partition(n_baseline, n_canary, m, self.grid)
        return replace(self, log_likelihood=self.log_likelihood + added)

    def scaled(self, factor: float) -> Odds:
        """As if all of it had happened ``factor`` times."""
        return replace(self, log_likelihood=factor * self.log_likelihood)

    def log_e(self) -> float:
        """ln of the e-value against the grid's first odds ratio (and all beyond it), averaged over the others."""
        return log_sum(self.log_likelihood[1:] - self.log_likelihood[0]) - log(len(self.grid) - 1)

    def estimate(self) -> float | None:
        """The likeliest odds ratio of a FINE grid; None where the likelihood has no top inside it."""
        top = int(np.argmax(self.log_likelihood))
        if top in (0, len(self.grid) - 1):
            return None
        before, at, after = self.log_likelihood[top - 1 : top + 2]
        bend = before - 2 * at + after
        if bend >= 0:
            return None
        return exp(self.grid[top] + (self.grid[1] - self.grid[0]) * 0.5 * float((before - after) / bend))

    def interval(self, alpha: float) -> tuple[float | None, float | None]:
        """Confidence sequence of a FINE grid: holds at every look at once with 1 − α; None where it has no end.

        An odds ratio is out once the mixture's likelihood is 1/α times its own (Robbins 1970, "Statistical methods
        related to the law of the iterated logarithm", Ann. Math. Statist. 41:1397-1409). Exact.
        """
        inside = log_sum(_PRIOR + self.log_likelihood) - self.log_likelihood - log(1 / alpha)
        within = np.flatnonzero(inside < 0)
        first, last = int(within[0]), int(within[-1])
        low = None if first == 0 else _crossing(self.grid, inside, first - 1)
        high = None if last == len(self.grid) - 1 else _crossing(self.grid, inside, last)
        return low, high


def _crossing(grid: Sequence[float], values: Floats, i: int) -> float:
    """Where the line between two neighbours of the grid is zero, as an odds ratio."""
    part = float(values[i] / (values[i] - values[i + 1]))
    return exp(grid[i] + part * (grid[i + 1] - grid[i]))
