"""The four streams that harm is looked for in: errors, the slowest requests, latency as a whole, cost.

Always true here: a stream is a frozen value, one minute makes another of it, and until it has had data of both versions
its e-value is 1; ``bound`` is what non-inferiority is judged by, and speaks only of what both versions logged.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import exp, log, log1p
from typing import ClassVar, Protocol, Self

import numpy as np

from opsconsole import wire
from opsconsole.minutes import Minute, Side
from opsconsole.signals import words
from opsconsole.signals.canary.odds import FINE, Odds, log_sum, worse_than
from opsconsole.signals.canary.past import Past
from opsconsole.signals.canary.shift import Score, of_logarithms, of_means
from opsconsole.signals.canary.tail import Exceedances

NEGLIGIBLE_ERROR_RATE = 0.001
"""A canary whose error rate is surely below one in a thousand is no worse in errors, whatever the ratio: of a service
that hardly ever fails no number of requests tells a ratio."""
_BELOW = (0.1, 0.3, 0.6)
LEAST_LATENCY_SPREAD = 0.05
"""Standard deviation of ln(latency) of single requests: less is not believed."""
LEAST_COST_SPREAD = 0.1
"""Standard deviation of a request's cost, as a part of the mean: less is not believed, so that a price which is the
same for every request is not taken for certain after two minutes."""

Interval = tuple[float | None, float | None]


@dataclass(frozen=True)
class Bound:
    """Non-inferiority of one stream."""

    ratio: float | None
    low: float | None
    high: float | None
    tolerated: float
    is_negligible: bool = False
    """Whatever the ratio is, it does not matter."""
    is_void: bool = False
    """There is nothing to compare, and so nothing that could be worse."""

    @property
    def is_within(self) -> bool:
        return self.is_negligible or self.is_void or (self.high is not None and self.high < self.tolerated)


class Stream(Protocol):
    """One e-process with what it tells a person."""

    name: ClassVar[str]
    decides: ClassVar[bool]
    """Must it be within tolerance before the canary is called no worse?"""

    @property
    def n(self) -> tuple[int, int]:
        """Values that were compared: baseline, canary."""
        ...

    @staticmethod
    def logged(side: Side) -> int: ...

    def after(self, minute: Minute, past: Past) -> Self: ...

    def log_e(self) -> float: ...

    def scaled(self, factor: float) -> Self:
        """As if all of it had happened ``factor`` times."""
        ...

    def bound(self, alpha: float) -> Bound: ...

    def told(self, bound: Bound) -> str:
        """What the numbers are, in a few words."""
        ...


def compared(stream: Stream, minute: Minute) -> bool:
    """Did both versions log it?"""
    return bool(stream.logged(minute.baseline) and stream.logged(minute.canary))


def added(n: tuple[int, int], baseline: int, canary: int) -> tuple[int, int]:
    return n[0] + baseline, n[1] + canary


@dataclass(frozen=True, eq=False)
class Errors:
    """Failed requests among those whose outcome is known."""

    name: ClassVar[str] = "errors"
    decides: ClassVar[bool] = True
    tolerated: float
    """Odds ratio."""
    tests: Odds
    fine: Odds = field(default_factory=lambda: Odds.over(FINE))
    n: tuple[int, int] = (0, 0)
    k: tuple[int, int] = (0, 0)

    @classmethod
    def tolerating(cls, failing: float) -> Errors:
        return cls(1 + failing, Odds.over(worse_than(1 + failing)))

    @staticmethod
    def logged(side: Side) -> int:
        return side.answered

    def after(self, minute: Minute, past: Past) -> Errors:
        baseline, canary = minute.baseline, minute.canary
        seen = (canary.errors, canary.errors + baseline.errors, baseline.answered, canary.answered)
        return replace(
            self,
            tests=self.tests.seen(*seen),
            fine=self.fine.seen(*seen),
            n=added(self.n, baseline.answered, canary.answered),
            k=added(self.k, baseline.errors, canary.errors),
        )

    def log_e(self) -> float:
        return self.tests.log_e()

    def scaled(self, factor: float) -> Errors:
        n, k = ((round(factor * pair[0]), round(factor * pair[1])) for pair in (self.n, self.k))
        return replace(self, tests=self.tests.scaled(factor), fine=self.fine.scaled(factor), n=n, k=k)

    def bound(self, alpha: float) -> Bound:
        """Of the odds ratio, at α/2 beside α/2 for the rate itself; exact."""
        low, high = self.fine.interval(alpha / 2)
        is_rare = log_e_rare(self.k[1], self.n[1]) >= log(2 / alpha)
        return Bound(self.fine.estimate(), low, high, self.tolerated, is_rare)

    def told(self, bound: Bound) -> str:
        rates = " beside ".join(_rate(self.k[i], self.n[i]) for i in (1, 0))
        return f"errors {rates}" + (f", surely under {words.percent(NEGLIGIBLE_ERROR_RATE)}" * bound.is_negligible)


def _rate(k: int, n: int) -> str:
    return words.percent(k / n) if n else "–"


def log_e_rare(k: int, n: int) -> float:
    """ln of the e-value against "the rate is NEGLIGIBLE_ERROR_RATE or more", from k errors of n.

    Likelihood ratios of lower rates, averaged; the mean over time of a rate that wanders is covered too, because
    ln(1 − p + p·e^λ) is concave in p (Howard et al. 2021, sub-Bernoulli).
    """
    p = NEGLIGIBLE_ERROR_RATE
    ratios = [k * log(part) + (n - k) * (log1p(-part * p) - log1p(-p)) for part in _BELOW]
    return log_sum(np.array(ratios)) - log(len(ratios))


@dataclass(frozen=True, eq=False)
class Tail:
    """The slowest requests."""

    name: ClassVar[str] = "tail"
    decides: ClassVar[bool] = True
    tolerated: float
    """Ratio of the p95s."""
    exceedances: Exceedances
    n: tuple[int, int] = (0, 0)

    @classmethod
    def tolerating(cls, slower: float, odds: float = 1.0) -> Tail:
        return cls(1 + slower, Exceedances.tolerating(1 + slower, odds))

    @staticmethod
    def logged(side: Side) -> int:
        return side.latency.n

    def after(self, minute: Minute, past: Past) -> Tail:
        n = added(self.n, minute.baseline.latency.n, minute.canary.latency.n)
        return replace(self, exceedances=self.exceedances.seen(minute, past), n=n)

    def log_e(self) -> float:
        return self.exceedances.log_e()

    def scaled(self, factor: float) -> Tail:
        return replace(self, exceedances=self.exceedances.scaled(factor))

    def bound(self, alpha: float) -> Bound:
        return Bound(self.exceedances.ratio(), *self.exceedances.interval(alpha), self.tolerated)

    def told(self, bound: Bound) -> str:
        return f"p95 latency {spread(bound)}"


@dataclass(frozen=True, eq=False)
class Latency:
    """Latency as a whole: the geometric mean."""

    name: ClassVar[str] = "latency"
    decides: ClassVar[bool] = True
    tolerated: float
    score: Score = field(default_factory=Score)
    n: tuple[int, int] = (0, 0)

    @classmethod
    def tolerating(cls, slower: float) -> Latency:
        return cls(1 + slower)

    @staticmethod
    def logged(side: Side) -> int:
        return side.log_latency.n

    def after(self, minute: Minute, past: Past) -> Latency:
        baseline, canary = minute.baseline.log_latency, minute.canary.log_latency
        score = of_logarithms(baseline, canary, past.usual("log_latency"), LEAST_LATENCY_SPREAD)
        return replace(self, score=self.score + score, n=added(self.n, baseline.n, canary.n))

    def log_e(self) -> float:
        return self.score.log_e_above(log(self.tolerated))

    def scaled(self, factor: float) -> Latency:
        return replace(self, score=self.score.scaled(factor))

    def bound(self, alpha: float) -> Bound:
        middle, ends = self.score.estimate(), self.score.interval(alpha)
        ratio, low, high = (None if each is None else exp(each) for each in (middle, *ends))
        return Bound(ratio, low, high, self.tolerated)

    def told(self, bound: Bound) -> str:
        return f"latency {spread(bound)}"


@dataclass(frozen=True, eq=False)
class Cost:
    """What a request costs on average.

    On the scale of means and not of logarithms: a bill is a sum, and a canary of whose requests one in twenty costs ten
    times as much is 45 % dearer although the mean logarithm moved by a ninth. What costs nothing counts as nothing.
    """

    name: ClassVar[str] = "cost"
    decides: ClassVar[bool] = True
    tolerated: float
    score: Score = field(default_factory=Score)
    n: tuple[int, int] = (0, 0)
    usd: float = 0.0
    """Of both versions."""

    @classmethod
    def tolerating(cls, dearer: float) -> Cost:
        return cls(1 + dearer)

    @staticmethod
    def logged(side: Side) -> int:
        return side.cost.n

    def after(self, minute: Minute, past: Past) -> Cost:
        baseline, canary = minute.baseline.cost, minute.canary.cost
        score = of_means(baseline, canary, past.usual("cost"), LEAST_COST_SPREAD)
        usd = self.usd + baseline.total + canary.total
        return replace(self, score=self.score + score, n=added(self.n, baseline.n, canary.n), usd=usd)

    def log_e(self) -> float:
        return self.score.log_e_above(self.tolerated)

    def scaled(self, factor: float) -> Cost:
        return replace(self, score=self.score.scaled(factor))

    def bound(self, alpha: float) -> Bound:
        low, high = self.score.interval(alpha)
        low = None if low is None else max(low, 0.0)
        return Bound(self.score.estimate(), low, high, self.tolerated, is_void=not self.usd)

    def told(self, bound: Bound) -> str:
        return "no request costs anything" if bound.is_void else f"cost {spread(bound)}"


def spread(bound: Bound) -> str:
    """``×1.12 (1.05–1.20)``."""
    if bound.ratio is None:
        return "cannot be compared yet"
    ends = ["…" if each is None else f"{each:.2f}" for each in (bound.low, bound.high)]
    return f"{words.ratio(bound.ratio)} ({'–'.join(ends)})"


def reading_of(stream: Stream, bound: Bound, e: float, why: str) -> wire.StreamReading:
    return wire.StreamReading(
        name=stream.name,
        e=e,
        n_baseline=stream.n[0],
        n_canary=stream.n[1],
        ratio=bound.ratio,
        ratio_low=bound.low,
        ratio_high=bound.high,
        why=why,
    )
