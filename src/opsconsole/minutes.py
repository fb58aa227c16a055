"""What two versions of a service did in one minute, side by side: all that a gradual rollout is judged from.

Always true here: everything adds up, so several minutes are one ``Minute`` as well; what was not logged counts nowhere
(its ``n`` is less than ``requests``) and is never zero.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, sum and sum of squares of one number; its unit is that of the number."""

    n: int = 0
    total: float = 0.0
    squares: float = 0.0

    def __add__(self, other: Moments) -> Moments:
        return Moments(self.n + other.n, self.total + other.total, self.squares + other.squares)

    @property
    def mean(self) -> float:
        """Raises ZeroDivisionError without values."""
        return self.total / self.n

    @property
    def scatter(self) -> float:
        """Sum of squared distances from the mean; 0 without values."""
        return max(0.0, self.squares - self.total * self.total / self.n) if self.n else 0.0


NO_VALUES = Moments()
_NONE = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """How many values each bin of ``bins.py`` holds: codes in ascending order, and a count for each; numbers ≥ 0."""

    codes: Codes = field(default_factory=lambda: _NONE)
    counts: Codes = field(default_factory=lambda: _NONE)

    @classmethod
    def of(cls, counted: Mapping[int, int]) -> Bins:
        """From code → count, in any order."""
        codes = sorted(counted)
        return cls(np.array(codes, dtype=np.int64), np.array([counted[code] for code in codes], dtype=np.int64))

    @property
    def n(self) -> int:
        return int(self.counts.sum())

    def above(self, thresholds: NDArray[Any]) -> Codes:
        """How many values lie in bins above each threshold, which is a code; the thresholds' shape."""
        upto = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(self.counts)))
        return np.asarray(upto[-1] - upto[np.searchsorted(self.codes, thresholds, side="right")])

    def __add__(self, other: Bins) -> Bins:
        codes, places = np.unique(np.concatenate((self.codes, other.codes)), return_inverse=True)
        counts = np.bincount(places, np.concatenate((self.counts, other.counts)), len(codes))
        return Bins(codes, counts.astype(np.int64))


NO_BINS = Bins()


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One version's requests of a minute."""

    requests: int = 0
    answered: int = 0
    """Requests whose outcome is known: neither pending nor without a status."""
    errors: int = 0
    log_latency: Moments = NO_VALUES
    """Of ln(latency in ms)."""
    latency: Bins = NO_BINS
    """Schema ``bins.LATENCY_SCHEMA``, of ms."""
    cost: Moments = NO_VALUES
    """USD a request."""
    output: Moments = NO_VALUES
    """Generated tokens a request, reasoning included."""
    outputs: Bins = NO_BINS
    """The same in bins of schema ``bins.LATENCY_SCHEMA``."""
    categories: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Column (``prediction``, ``finish_reason``) → value → requests."""

    def __add__(self, other: Side) -> Side:
        if not other.requests:
            return self
        if not self.requests:
            return other
        columns = {*self.categories, *other.categories}
        return Side(
            requests=self.requests + other.requests,
            answered=self.answered + other.answered,
            errors=self.errors + other.errors,
            log_latency=self.log_latency + other.log_latency,
            latency=self.latency + other.latency,
            cost=self.cost + other.cost,
            output=self.output + other.output,
            outputs=self.outputs + other.outputs,
            categories={
                name: Counter(self.categories.get(name, {})) + Counter(other.categories.get(name, {}))
                for name in sorted(columns)
            },
        )


NOTHING = Side()


@dataclass(frozen=True, slots=True, eq=False)
class Minute:
    """Both versions in one minute, or in several that were added up."""

    at: datetime
    """Its beginning, UTC."""
    baseline: Side = NOTHING
    canary: Side = NOTHING

    def __add__(self, other: Minute) -> Minute:
        """The later one joins the earlier one."""
        return Minute(self.at, self.baseline + other.baseline, self.canary + other.canary)
