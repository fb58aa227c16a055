"""ADWIN on minutes: has the error rate changed, since when, and from what to what.

Always true here: the state is a value and grows with the logarithm of time; minutes may be of any size, those without
outcomes count for nothing; without a change the chance of an alarm is at most about ``delta`` a window, as its authors
bound it for single outcomes.

Bifet & Gavaldà 2007, "Learning from time-changing data with adaptive windowing", SDM: a window is cut where two of its
parts differ by more than ``sqrt(2/m · v · ln(2/δ')) + 2/(3m) · ln(2/δ')`` with ``1/m = 1/n0 + 1/n1`` and
``δ' = δ / ln(n)``, as its authors' code has it. Here ``v`` is ``p(1−p)``, and 1/m is multiplied by a dispersion (at
least 1) measured within the two parts, because errors of one minute are seldom independent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DELTA = 0.002
"""As in the authors' implementation, MOA and river."""
MOST_ALIKE = 5
"""Buckets of one size; one more, and the two oldest become one of twice the minutes."""
LEAST_OUTCOMES = 5
"""In either part of a cut."""


class Bucket(NamedTuple):
    """Consecutive minutes, added up."""

    minutes: int
    bad: float
    n: float
    squares: float
    """Σ bad²/n of its minutes: what dispersion is computed from."""


@dataclass(frozen=True)
class Change:
    """A cut: what came before it is forgotten."""

    minutes_ago: int
    """When it was, counted back from the end of the minute that revealed it (whole buckets: it grows coarser)."""
    before: float
    after: float
    n_before: int
    n_after: int

    @property
    def is_worse(self) -> bool:
        return self.after > self.before


@dataclass(frozen=True)
class Adwin:
    """The window: buckets from the oldest to the newest."""

    delta: float = DELTA
    buckets: tuple[Bucket, ...] = ()

    @property
    def n(self) -> int:
        """Outcomes in the window."""
        return int(sum(bucket.n for bucket in self.buckets))

    @property
    def rate(self) -> float | None:
        """Error rate of the window; None when it is empty."""
        n = sum(bucket.n for bucket in self.buckets)
        return sum(bucket.bad for bucket in self.buckets) / n if n else None


def after(state: Adwin, bad: int, n: int) -> tuple[Adwin, Change | None]:
    """The window after one more minute of ``bad`` among ``n`` outcomes, and the change that it revealed."""
    if not 0 <= bad <= n:
        raise ValueError(f"{bad} bad outcomes of {n}")
    if not n:
        return state, None
    buckets = _compressed((*state.buckets, Bucket(1, float(bad), float(n), bad * bad / n)))
    change: Change | None = None
    while (cut := _cut(buckets, state.delta)) is not None:
        change = _change(buckets, cut)
        buckets = buckets[cut:]
    return Adwin(state.delta, buckets), change


def changes(minutes: Iterable[tuple[int, int]], delta: float = DELTA) -> Iterator[tuple[int, Change]]:
    """(index of the minute that revealed it, change) over minutes of (bad, n)."""
    state = Adwin(delta)
    for i, (bad, n) in enumerate(minutes):
        state, change = after(state, bad, n)
        if change is not None:
            yield i, change


def _compressed(buckets: tuple[Bucket, ...]) -> tuple[Bucket, ...]:
    """At most MOST_ALIKE buckets of a size; sizes fall from the oldest to the newest."""
    kept = list(buckets)
    end = len(kept)
    while end > 0:
        size = kept[end - 1].minutes
        begin = end
        while begin > 0 and kept[begin - 1].minutes == size:
            begin -= 1
        if end - begin <= MOST_ALIKE:
            break
        one, other = kept[begin], kept[begin + 1]
        kept[begin : begin + 2] = [
            Bucket(one.minutes + other.minutes, one.bad + other.bad, one.n + other.n, one.squares + other.squares)
        ]
        end = begin + 1
    return tuple(kept)


def _cut(buckets: tuple[Bucket, ...], delta: float) -> int | None:
    """How many of the oldest buckets to forget: the most evident cut; None where there is none."""
    if len(buckets) < 2:
        return None
    minutes, bad, n, squares = np.array(buckets).T
    before = np.cumsum(np.stack((minutes, bad, n, squares)), axis=1)
    total = before[:, -1:]
    m0, bad0, n0, squares0 = before[:, :-1]
    m1, bad1, n1, squares1 = (total - before)[:, :-1]
    is_enough = (n0 >= LEAST_OUTCOMES) & (n1 >= LEAST_OUTCOMES)
    if not is_enough.any():
        return None
    p = float(total[1, 0] / total[2, 0])
    variance = p * (1 - p)
    if variance == 0:
        return None
    n0, n1 = np.maximum(n0, 1.0), np.maximum(n1, 1.0)
    scatter = (squares0 - bad0 * bad0 / n0) + (squares1 - bad1 * bad1 / n1)
    phi = np.maximum(1.0, scatter / np.maximum(m0 + m1 - 2, 1.0) / variance)
    confidence = log(2 * log(max(float(total[2, 0]), 3.0)) / delta)
    reciprocal = 1 / np.maximum(n0 - LEAST_OUTCOMES + 1, 1.0) + 1 / np.maximum(n1 - LEAST_OUTCOMES + 1, 1.0)
    reciprocal = reciprocal * phi  # so many outcomes are worth n/φ independent ones
    needed = np.sqrt(2 * reciprocal * variance * confidence) + 2 / 3 * reciprocal * confidence
    excess = np.where(is_enough, np.abs(bad0 / n0 - bad1 / n1) / needed, 0.0)
    best = int(np.argmax(excess))
    return best + 1 if excess[best] > 1 else None


def _change(buckets: tuple[Bucket, ...], cut: int) -> Change:
    (_, bad0, n0, _), (minutes1, bad1, n1, _) = (
        tuple(sum(column) for column in zip(*part, strict=True)) for part in (buckets[:cut], buckets[cut:])
    )
    return Change(int(minutes1), bad0 / n0, bad1 / n1, int(n0), int(n1))
