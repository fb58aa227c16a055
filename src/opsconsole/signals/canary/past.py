"""What came before a minute, both versions together: where thresholds are taken from and how much numbers scatter.

Always true here: nothing of the minute that is about to be judged is in it, so that what it foretells is fixed before
the minute is looked at; it reaches back over ``REACH`` minutes with requests, however long ago those were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsconsole import bins
from opsconsole.minutes import Bins, Minute, Moments
from opsconsole.signals.canary.shift import Usual
from opsconsole.signals.quantiles import rank

REACH = 30
_LOWEST = bins.BIAS + (bins.MIN_EXPONENT << bins.LATENCY_SCHEMA)
_SLOTS = ((bins.MAX_EXPONENT - bins.MIN_EXPONENT) << bins.LATENCY_SCHEMA) + 2
"""Zero is slot 0; the code ``_LOWEST`` is slot 1."""

_NUMBERS: tuple[str, ...] = ("log_latency", "cost", "output")

Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pool:
    """Counts of each bin, of all that is remembered."""

    counts: Counts = field(default_factory=lambda: np.zeros(_SLOTS, dtype=np.int64))

    def changed(self, added: Sequence[Bins], dropped: Sequence[Bins]) -> Pool:
        counts = self.counts.copy()
        for sign, some in ((1, added), (-1, dropped)):
            for each in some:
                counts[np.maximum(each.codes - _LOWEST + 1, 0)] += sign * each.counts
        return Pool(counts)

    def thresholds(self, quantiles: Sequence[float]) -> list[int | None]:
        """The code of each quantile's bin; None where fewer than one value is expected on either side of it."""
        upto = np.cumsum(self.counts)
        n = int(upto[-1])
        return [
            _code(int(np.searchsorted(upto, rank(q, n)))) if n * min(q, 1 - q) > 1 - 1e-9 else None for q in quantiles
        ]


def _code(slot: int) -> int:
    return slot + _LOWEST - 1 if slot else bins.ZERO


@dataclass(frozen=True, eq=False)
class Past:
    """The last minutes before the one that is judged."""

    remembered: tuple[Minute, ...] = ()
    latency: Pool = field(default_factory=Pool)
    outputs: Pool = field(default_factory=Pool)
    sums: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 5 * len(_NUMBERS))))
    """A row a minute: of each number n, sum, sum of squares, scatter and degrees of freedom."""

    def usual(self, number: str) -> Usual:
        """What is known of ``log_latency``, ``cost`` or ``output``."""
        first = 5 * _NUMBERS.index(number)
        n, total, squares, scatter, df = self.sums[:, first : first + 5].sum(axis=0).tolist()
        return Usual(Moments(round(n), total, squares), scatter, df)

    def after(self, minute: Minute) -> Past:
        """With one more minute, and without what then is too long ago."""
        dropped = self.remembered[:1] if len(self.remembered) == REACH else ()
        return replace(
            self,
            remembered=(*self.remembered[len(dropped) :], minute),
            latency=self.latency.changed(
                [minute.baseline.latency, minute.canary.latency],
                [side.latency for each in dropped for side in (each.baseline, each.canary)],
            ),
            outputs=self.outputs.changed(
                [minute.baseline.outputs, minute.canary.outputs],
                [side.outputs for each in dropped for side in (each.baseline, each.canary)],
            )
            if minute.baseline.outputs.n or minute.canary.outputs.n or self.outputs.counts.any()
            else self.outputs,
            sums=np.concatenate((self.sums[len(dropped) :], [_row(minute)])),
        )


def _row(minute: Minute) -> list[float]:
    row: list[float] = []
    for number in _NUMBERS:
        one: Any = getattr(minute.baseline, number)
        usual = Usual().with_minute(one, getattr(minute.canary, number))
        row += [usual.moments.n, usual.moments.total, usual.moments.squares, usual.scatter, usual.df]
    return row
