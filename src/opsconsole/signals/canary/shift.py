"""Evidence about a shift of a mean from minutes that are compared each within itself: the score process.

In one minute the means of the two sides differ by d = θ + noise of variance V. Weighted and summed over the minutes,
S(θ) = Σ w (d − θ) is a martingale with variance Q = Σ w² V, and exp(λS − λ²Q/2) averaged over a normal λ of spread τ
gives an e-process (Robbins 1970; Howard, Ramdas, McAuliffe & Sekhon 2021, "Time-uniform, nonparametric, nonasymptotic
confidence sequences", Ann. Statist. 49:1055-1080, eq. 14 and proposition 6 for the one-sided half-normal mixture).

Always true here: weights are foretold by earlier minutes where there are any, so that what is weighed does not choose
its weight. Not exact: V is estimated and a minute's mean is taken as normal, so this holds as requests add up
(Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2021, arXiv 2103.06476). It hardly speaks before: with few requests
τ²Q is small, and 1/α then lies beyond what noise reaches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log, sqrt

import scipy

from opsconsole.minutes import NO_VALUES, Moments

TAU = 0.1
"""Spread of the shifts that the mixture looks for, in logarithms or as a part of the mean: a tenth."""
PRIOR_DF = 20.0
"""A side's own variance in a minute counts beside so many degrees of freedom of what was foretold."""
LEAST_DF = 30
"""Earlier values that make a foretelling; with fewer, the minute's own count as well."""


@dataclass(frozen=True)
class Score:
    """S(x) = a − x·b with variance Q(x) = c + x²·d, summed over minutes.

    For logarithms x is the logarithm of the ratio and d is 0; for means x is the ratio itself (Fieller 1954, "Some
    problems in interval estimation", JRSS B 16:175-185), so that no ratio of noisy numbers is ever taken.
    """

    a: float = 0.0
    b: float = 0.0
    c: float = 0.0
    d: float = 0.0

    def __add__(self, other: Score) -> Score:
        return Score(self.a + other.a, self.b + other.b, self.c + other.c, self.d + other.d)

    def scaled(self, factor: float) -> Score:
        """As if all of it had happened ``factor`` times."""
        return Score(factor * self.a, factor * self.b, factor * self.c, factor * self.d)

    def at(self, x: float) -> tuple[float, float]:
        """(S, Q) of x."""
        return self.a - x * self.b, self.c + x * x * self.d

    def estimate(self) -> float | None:
        return self.a / self.b if self.b > 0 else None

    def log_e_above(self, x: float) -> float:
        """ln of the e-value against "at most x"."""
        return _half_normal(*self.at(x))

    def log_e_below(self, x: float) -> float:
        """ln of the e-value against "at least x"."""
        s, q = self.at(x)
        return _half_normal(-s, q)

    def interval(self, alpha: float) -> tuple[float | None, float | None]:
        """Confidence sequence of x: holds at every look at once with 1 − α; None where it has no end."""
        middle = self.estimate()
        if middle is None:
            return None, None

        def is_out(x: float) -> bool:
            s, q = self.at(x)
            return s * s >= (q + TAU**-2) * log((1 + TAU * TAU * q) / (alpha * alpha))

        return _edge(is_out, middle, -1), _edge(is_out, middle, 1)


def _half_normal(s: float, q: float) -> float:
    spread = 1 + TAU * TAU * q
    z = s * TAU / sqrt(spread)
    return log(2) - 0.5 * log(spread) + 0.5 * z * z + float(scipy.special.log_ndtr(z))


_WIDEST = 64.0


def _edge(is_out: Callable[[float], bool], middle: float, sign: int) -> float | None:
    step = 1e-3
    while not is_out(middle + sign * step):
        step *= 2
        if step > _WIDEST:
            return None
    inside, outside = middle + sign * step / 2, middle + sign * step
    if step == 1e-3:
        inside = middle
    for _ in range(40):
        between = (inside + outside) / 2
        inside, outside = (inside, between) if is_out(between) else (between, outside)
    return outside


@dataclass(frozen=True)
class Usual:
    """What earlier minutes tell of one number."""

    moments: Moments = NO_VALUES
    scatter: float = 0.0
    """Sum of squared distances from the mean of a minute's side."""
    df: float = 0.0
    """Its degrees of freedom."""

    def with_minute(self, baseline: Moments, canary: Moments) -> Usual:
        df = max(baseline.n - 1, 0) + max(canary.n - 1, 0)
        return Usual(self.moments + baseline + canary, self.scatter + baseline.scatter + canary.scatter, self.df + df)


def of_logarithms(baseline: Moments, canary: Moments, usual: Usual, floor: float) -> Score:
    """One minute of logarithms; ``floor`` is the least standard deviation that is believed."""
    if not (baseline.n and canary.n):
        return Score()
    known = usual if usual.df >= LEAST_DF else usual.with_minute(baseline, canary)
    if not known.df:
        return Score()
    spread = max(known.scatter / known.df, floor * floor)
    weight = 1 / (spread * (1 / baseline.n + 1 / canary.n))
    noise = _noise(baseline, spread) + _noise(canary, spread)
    return Score(weight * (canary.mean - baseline.mean), weight, weight * weight * noise)


def of_means(baseline: Moments, canary: Moments, usual: Usual, floor: float) -> Score:
    """One minute of amounts; ``floor`` is the least standard deviation that is believed, as a part of the mean."""
    if not (baseline.n and canary.n):
        return Score()
    known = usual if usual.df >= LEAST_DF and usual.moments.total > 0 else usual.with_minute(baseline, canary)
    if not (known.df and known.moments.total > 0):
        return Score()
    mean = known.moments.mean
    spread = max(known.scatter / known.df, (floor * mean) ** 2)
    weight = mean / (spread * (1 / baseline.n + 1 / canary.n))
    noise = (_noise(canary, spread), _noise(baseline, spread))
    return Score(weight * canary.mean, weight * baseline.mean, weight * weight * noise[0], weight * weight * noise[1])


def _noise(side: Moments, spread: float) -> float:
    """Variance of a side's mean: its own, held towards the usual one."""
    return (PRIOR_DF * spread + side.scatter) / (PRIOR_DF + side.n - 1) / side.n
