"""Does the canary answer differently? How many tokens, which prediction, why the answer ended.

There is no better or worse here, so evidence is two-sided, and a new version that differs a little is none: odds may
differ by half either way. Every test is conditional on the minute as in odds.py: of a column's value against all its
other values, and of requests above a quantile of the last half hour. Values take places in the order in which they are
first seen, both versions together, and the i-th has 1/(i(i+1)) of its column's stake; so no list of values is needed
beforehand and the stakes add up to one.

Always true here: which tests there are depends on both versions together, never on which of them did what; the mean
over tests, columns and directions is an e-value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import log
from typing import ClassVar

import numpy as np

from opsconsole.minutes import Minute, Side
from opsconsole.signals import words
from opsconsole.signals.canary.odds import Odds, less_than, log_sum, worse_than
from opsconsole.signals.canary.past import Past
from opsconsole.signals.canary.shift import Score, of_means
from opsconsole.signals.canary.stakes import Stakes
from opsconsole.signals.canary.streams import Bound, added, spread

TOLERATED = 1.5
"""Odds ratio, either way."""
QUANTILES: tuple[float, ...] = (0.1, 0.5, 0.9)
MOST_VALUES = 32
"""Of a column; what comes later has no test of its own."""
LEAST_OUTPUT_SPREAD = 0.1
TOKENS = "output_tokens"


@dataclass(frozen=True, eq=False)
class Share:
    """The share of one kind of request among all, at both versions."""

    more: Odds = field(default_factory=lambda: Odds.over(worse_than(TOLERATED)))
    less: Odds = field(default_factory=lambda: Odds.over(less_than(1 / TOLERATED)))
    k: tuple[int, int] = (0, 0)
    n: tuple[int, int] = (0, 0)

    def seen(self, baseline: int, canary: int, sides: tuple[int, int]) -> Share:
        found = (canary, canary + baseline, *sides)
        return Share(
            self.more.seen(*found), self.less.seen(*found), added(self.k, baseline, canary), added(self.n, *sides)
        )

    def log_e(self) -> float:
        return float(np.logaddexp(self.more.log_e(), self.less.log_e())) - log(2)

    def scaled(self, factor: float) -> Share:
        return replace(self, more=self.more.scaled(factor), less=self.less.scaled(factor))

    def told(self) -> str:
        """``12% beside 3.0%``, the canary first."""
        return " beside ".join(words.percent(self.k[i] / self.n[i]) for i in (1, 0))


Parts = Mapping[str, Mapping[str, Share]]


@dataclass(frozen=True, eq=False)
class Outputs:
    """What the answers are like."""

    name: ClassVar[str] = "outputs"
    decides: ClassVar[bool] = False
    parts: Parts = field(default_factory=dict)
    """``output_tokens`` or a column → quantile or value, in the order of their places → its share."""
    stakes: Stakes = field(default_factory=Stakes)
    score: Score = field(default_factory=Score)
    """Of generated tokens a request."""
    n: tuple[int, int] = (0, 0)

    @staticmethod
    def logged(side: Side) -> int:
        return max((side.outputs.n, *(sum(counts.values()) for counts in side.categories.values())))

    def after(self, minute: Minute, past: Past) -> Outputs:
        parts = dict(self.parts)
        if minute.baseline.outputs.n and minute.canary.outputs.n:
            parts[TOKENS] = _with_tokens(parts.get(TOKENS, {}), minute, past)
        for column in sorted({*minute.baseline.categories} & {*minute.canary.categories}):
            parts[column] = _with_values(parts.get(column, {}), minute, column)
        new = [name for name, shares in parts.items() if shares and name not in self.stakes.logs]
        stakes = self.stakes.joined(new, {name: _log_e(name, shares) for name, shares in self.parts.items()})
        score = of_means(minute.baseline.output, minute.canary.output, past.usual("output"), LEAST_OUTPUT_SPREAD)
        n = added(self.n, self.logged(minute.baseline), self.logged(minute.canary))
        return Outputs(parts, stakes, self.score + score, n)

    def log_e(self) -> float:
        return self.stakes.log_e({name: _log_e(name, shares) for name, shares in self.parts.items()})

    def scaled(self, factor: float) -> Outputs:
        parts = {
            name: {key: share.scaled(factor) for key, share in shares.items()} for name, shares in self.parts.items()
        }
        return replace(self, parts=parts, score=self.score.scaled(factor))

    def bound(self, alpha: float) -> Bound:
        """Ratio of the mean numbers of generated tokens; it decides nothing."""
        low, high = self.score.interval(alpha)
        return Bound(self.score.estimate(), None if low is None else max(low, 0.0), high, TOLERATED)

    def told(self, bound: Bound) -> str:
        found = [
            (share.log_e(), name, key, share)
            for name, shares in self.parts.items()
            for key, share in shares.items()
            if any(share.k)
        ]
        if not found:
            return f"output tokens {spread(bound)}"
        _, name, key, share = max(found, key=lambda each: (each[0], each[1:3]))
        if name == TOKENS:
            return f"output tokens {spread(bound)}, above the usual {key} in {share.told()}"
        return f"{name} {words.name(key)} in {share.told()}"


def _with_tokens(shares: Mapping[str, Share], minute: Minute, past: Past) -> Mapping[str, Share]:
    thresholds = past.outputs.thresholds(QUANTILES)
    known = np.array([0 if each is None else each for each in thresholds])
    above = (minute.baseline.outputs.above(known).tolist(), minute.canary.outputs.above(known).tolist())
    sides = (minute.baseline.outputs.n, minute.canary.outputs.n)
    grown = dict(shares)
    for i, (quantile, threshold) in enumerate(zip(QUANTILES, thresholds, strict=True)):
        key = f"p{100 * quantile:.0f}"
        before = grown.get(key, Share())
        grown[key] = before if threshold is None else before.seen(above[0][i], above[1][i], sides)
    return grown


def _with_values(shares: Mapping[str, Share], minute: Minute, column: str) -> Mapping[str, Share]:
    one, other = Counter(minute.baseline.categories[column]), Counter(minute.canary.categories[column])
    sides = (one.total(), other.total())
    if not all(sides):
        return shares
    pooled = one + other
    grown = dict(shares)
    for value in sorted(pooled.keys() - grown.keys(), key=lambda each: (-pooled[each], each)):
        if len(grown) < MOST_VALUES:
            grown[value] = Share()
    return {value: share.seen(one[value], other[value], sides) for value, share in grown.items()}


def _log_e(name: str, shares: Mapping[str, Share]) -> float:
    """ln of a part's e-value: the mean over quantiles; over values by their places, the rest of the stake at 1."""
    if not shares:
        return 0.0
    found = np.array([share.log_e() for share in shares.values()])
    if name == TOKENS:
        return log_sum(found) - log(len(found))
    places = np.arange(1, len(found) + 1)
    return log_sum(np.append(found - np.log(places * (places + 1.0)), -log(len(found) + 1.0)))
