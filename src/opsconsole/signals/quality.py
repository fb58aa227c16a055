"""Data quality: nulls, categories never seen before, numbers out of range. Tests of their own beside the shape.

Always true here: each test gives a p-value that is valid on its own (never too small without drift, however rare the
event) and says whether the change is large enough to matter; the caller adjusts and decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isinf, log1p, sqrt

import numpy as np
import scipy
from numpy.typing import NDArray

from opsconsole.signals.counts import OTHER, FeatureCounts, aligned
from opsconsole.signals.intervals import Z_95, difference, wilson
from opsconsole.signals.shape import tail
from opsconsole.signals.words import name, percent

Floats = NDArray[np.float64]

SPARSE = 5.0
"""Below this expected count the exact test is used."""


@dataclass(frozen=True)
class Check:
    """What one test of one feature found."""

    p_value: float
    matters: bool
    """Is the change beyond the practical minimum?"""
    reason: str
    """What changed, in words with numbers."""


@dataclass(frozen=True)
class QualitySettings:
    """Changes smaller than these are left alone, however significant."""

    min_null_difference: float = 0.005
    """Null rates must differ by more than this, by the near end of the 95 % interval."""
    min_unseen_rate: float = 0.001
    """Unseen or out-of-range values must exceed the expected rate by more than this, by the interval's low end."""


@dataclass(frozen=True)
class Noise:
    """Dispersion of the feature's traffic; the default is independent draws."""

    phi: float = 1.0
    nu: float = inf

    def widen(self, p_value: float) -> float:
        """The p-value as it is when counts vary φ times as much: its χ²(1) quantile over φ, judged as F(1, ν)."""
        if self.phi == 1 and isinf(self.nu):
            return p_value
        return tail(float(scipy.special.chdtri(1, max(p_value, 1e-300))) / self.phi, 1, self.nu)

    @property
    def z(self) -> float:
        """Half width of a 95 % interval, in standard errors of independent draws."""
        return Z_95 * sqrt(self.phi)


def nulls(baseline: FeatureCounts, window: FeatureCounts, settings: QualitySettings, noise: Noise) -> Check | None:
    """Has the null rate changed, in either direction? None when neither side has a null."""
    k_1, n_1 = baseline.n_null, baseline.n + baseline.n_null
    k_2, n_2 = window.n_null, window.n + window.n_null
    if k_1 + k_2 == 0:
        return None
    low, high = difference(k_1, n_1, k_2, n_2, noise.z)
    return Check(
        p_value=noise.widen(same_rate(k_1, n_1, k_2, n_2)),
        matters=max(low, -high) > settings.min_null_difference,
        reason=f"nulls {percent(k_1 / n_1)} → {percent(k_2 / n_2)}",
    )


def same_rate(k_1: int, n_1: int, k_2: int, n_2: int) -> float:
    """Two-sided p-value of k_1 of n_1 and k_2 of n_2 having one rate.

    The score test with n−1 (Campbell 2007, Statistics in Medicine 26:3661-3675) where counts allow it, else Fisher's
    exact test, twice the smaller tail.
    """
    n, k = n_1 + n_2, k_1 + k_2
    if k in (0, n):
        return 1.0
    if min(n_1, n_2) * min(k, n - k) / n >= SPARSE:
        gap = k_1 * (n_2 - k_2) - k_2 * (n_1 - k_1)
        return tail((n - 1) * (gap / n_1) * (gap / n_2) / (k * (n - k)), 1, inf)
    support = np.arange(max(0, k - n_1), min(k, n_2) + 1)
    chance = np.exp(_log_choose(n_2, support) + _log_choose(n_1, k - support) - _log_choose(n, np.array(k)))
    return min(1.0, 2 * min(float(chance[support <= k_2].sum()), float(chance[support >= k_2].sum())))


def _log_choose(n: int, k: NDArray[np.int_]) -> Floats:
    return np.asarray(scipy.special.gammaln(n + 1) - scipy.special.gammaln(k + 1) - scipy.special.gammaln(n - k + 1))


@dataclass(frozen=True)
class Strangers:
    """Values of the window that the baseline never had."""

    count: int
    p_value: float
    """Chance of as many without drift, for independent draws."""
    expected: float
    """Share of the window's values that was to be expected."""
    what: str


def unseen_categories(baseline: FeatureCounts, window: FeatureCounts) -> Strangers:
    """Categories new to the window; none can be told when the baseline overflowed, for it knew more than it names.

    Without drift, and given how often each category was seen on both sides together (c), all c fell into the window
    with probability at most π = (n_2/(n_1+n_2))^c. Chernoff's bound on the tail of the unseen count Σ c·Bernoulli(π),
    ``min over s of exp(−s·x) Π(1 − π + π·exp(s·c))``, holds at any size: the events are negatively associated
    (Joag-Dev & Proschan 1983, Annals of Statistics 11:286-295). With a single candidate it is π itself.
    """
    known, seen = baseline.categories, window.categories
    unseen = {key: n for key, n in seen.items() if key not in known and key != OTHER}
    if OTHER in known or not unseen:
        return Strangers(count=0, p_value=1.0, expected=0.0, what="unseen")
    worst = max(unseen, key=lambda key: (unseen[key], key))
    more = f" +{len(unseen) - 1}" if len(unseen) > 1 else ""
    a, b = aligned(known, seen)
    pooled, categories = np.unique(a + b, return_counts=True)
    missed = np.exp(-pooled * log1p(baseline.n / window.n))
    count = sum(unseen.values())
    return Strangers(
        count=count,
        p_value=_chernoff(count, pooled, missed, categories),
        expected=float((categories * pooled * missed).sum()) / window.n,
        what=f"unseen '{name(worst)}'{more}",
    )


def _chernoff(count: int, weights: Floats, chances: Floats, repeats: NDArray[np.int_]) -> float:
    """Upper bound of P(Σ weights·Bernoulli(chances) >= count), each term repeated as often as told."""
    s = np.geomspace(1e-3 / weights.max(), 60.0, 100)[:, None]
    with np.errstate(divide="ignore"):
        terms = np.logaddexp(np.log1p(-chances), np.log(chances) + s * weights)
    return float(np.exp(min(0.0, float((terms @ repeats - s[:, 0] * count).min()))))


def out_of_range(baseline: FeatureCounts, window: FeatureCounts) -> Strangers:
    """Numbers in bins beyond the baseline's lowest and highest, and not-a-numbers.

    Beyond the two extremes of n_1 values lies a mass of about Gamma(2, n_1), whatever the distribution (Wilks 1941,
    Annals of Mathematical Statistics 12:91-96), and m not-a-numbers add m to its shape; so that the strangers among n_2
    values are negative binomial: ``P(X >= x) = I(n_2/(n_1+n_2); x, 2+m)``.
    """
    known, seen = baseline.numbers, window.numbers
    beyond = sum(n for code, n in seen.items() if known and not min(known) <= code <= max(known))
    count, share = beyond + window.n_not_a_number, window.n / (baseline.n + window.n)
    return Strangers(
        count=count,
        p_value=float(scipy.special.betainc(count, 2 + baseline.n_not_a_number, share)) if count else 1.0,
        expected=baseline.n_not_a_number / baseline.n,
        what="not a number" if window.n_not_a_number > beyond else "out of range",
    )


STRANGERS: dict[str, Callable[[FeatureCounts, FeatureCounts], Strangers]] = {
    "categorical": unseen_categories,
    "numeric": out_of_range,
}
"""What is strange for each kind of feature."""


def strangers(
    baseline: FeatureCounts, window: FeatureCounts, settings: QualitySettings, noise: Noise
) -> tuple[Check, float]:
    """Are there more values that the baseline never had than its size lets one expect? And their share."""
    found = STRANGERS[window.kind](baseline, window)
    low, _ = wilson(found.count, window.n, noise.z)
    rate = found.count / window.n
    check = Check(
        p_value=noise.widen(found.p_value),
        matters=low - found.expected > settings.min_unseen_rate,
        reason=f"{found.what} {percent(rate)}",
    )
    return check, rate
