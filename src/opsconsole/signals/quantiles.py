"""Quantiles read from counts of bins (see ``bins.py``), with the bounds that the bins guarantee.

Always true here: the q-quantile of n values is the order statistic of rank ``max(1, ceil(q·n))`` (the inverted
empirical distribution, Hyndman & Fan 1996, type 1), and it lies within the bin that is returned; nulls and
not-a-numbers are not among the n. Codes may come in any order and more than once: partial counts add up.
"""

from __future__ import annotations

from math import ceil, floor, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsconsole import bins, wire
from opsconsole.signals.intervals import Z_95

Codes = NDArray[np.integer[Any]]
Floats = NDArray[np.float64]

_CODES = 1 << 16
_OFFSET = 1 << 15
"""Codes are SMALLINTs: shifted by this they index an array."""


def rank(q: float, n: int) -> int:
    """Which value, counted from 1 in ascending order, is the q-quantile of n."""
    return min(n, max(1, ceil(round(q * n, 6))))


def _ladder(codes: Codes, counts: Codes) -> tuple[Codes, Codes]:
    """Codes of numbers in ascending order, and how many values lie at or below each."""
    codes, counts = np.asarray(codes), np.asarray(counts, dtype=np.int64)
    is_number = (codes != bins.NULL) & (codes != bins.NOT_A_NUMBER) & (counts > 0)
    codes, counts = codes[is_number], counts[is_number]
    order = np.argsort(codes, kind="stable")
    return codes[order], np.cumsum(counts[order])


def _code_at(ladder: tuple[Codes, Codes], position: int) -> int:
    codes, upto = ladder
    return int(codes[np.searchsorted(upto, position)])


def _estimate(ladder: tuple[Codes, Codes], q: float, schema: int) -> wire.Estimate | None:
    if len(ladder[1]) == 0:
        return None
    n = int(ladder[1][-1])
    code = _code_at(ladder, rank(q, n))
    low, high = bins.bounds(code, schema)
    return wire.Estimate(value=bins.middle(code, schema), low=low, high=high, n=n)


def quantile(codes: Codes, counts: Codes, q: float, schema: int) -> wire.Estimate | None:
    """The q-quantile with its bin's bounds; None when no number was counted."""
    return _estimate(_ladder(codes, counts), q, schema)


def latency(codes: Codes, counts: Codes, schema: int = bins.LATENCY_SCHEMA) -> wire.Latency:
    """p50, p90 and p99 of one duration or rate."""
    ladder = _ladder(codes, counts)
    p50, p90, p99 = (_estimate(ladder, q, schema) for q in (0.5, 0.9, 0.99))
    return wire.Latency(n=p50.n if p50 else 0, p50=p50, p90=p90, p99=p99)


def quantile_interval(
    codes: Codes, counts: Codes, q: float, schema: int, z: float = Z_95
) -> tuple[float, float] | None:
    """Confidence interval of the q-quantile, whatever the distribution; None when no number was counted.

    The ranks ``nq ± z·sqrt(nq(1−q))`` (normal approximation of the binomial; Conover, "Practical Nonparametric
    Statistics", 3rd ed., §3.2), mapped to the outer bounds of their bins.
    """
    ladder = _ladder(codes, counts)
    if len(ladder[1]) == 0:
        return None
    n = int(ladder[1][-1])
    half = z * sqrt(n * q * (1 - q))
    lower, upper = max(1, floor(n * q - half)), min(n, ceil(n * q + half) + 1)
    return bins.bounds(_code_at(ladder, lower), schema)[0], bins.bounds(_code_at(ladder, upper), schema)[1]


def smooth_median(codes: Codes, counts: Codes, schema: int) -> float | None:
    """Median interpolated geometrically inside its bin: for ratios, where whole bins would be too coarse a step."""
    ladder = _ladder(codes, counts)
    if len(ladder[1]) == 0:
        return None
    ascending, upto = ladder
    half = int(upto[-1]) / 2
    code = _code_at(ladder, rank(0.5, int(upto[-1])))
    if code == bins.ZERO:
        return 0.0
    low, high = bins.bounds(code, schema)
    below = int(upto[np.searchsorted(ascending, code) - 1]) if code != ascending[0] else 0
    inside = int(upto[np.searchsorted(ascending, code, side="right") - 1]) - below
    return float(low * (high / low) ** ((half - below) / inside))


def quantiles_by_group(group_index: Codes, codes: Codes, counts: Codes, n_groups: int, q: float, schema: int) -> Floats:
    """The q-quantile of each group, shape (n_groups,); NaN for a group without a number.

    ``group_index``, ``codes`` and ``counts`` are parallel: one row a partial count. Cost is linear in the rows plus
    n_groups × distinct codes.
    """
    groups, codes, counts = np.asarray(group_index), np.asarray(codes), np.asarray(counts)
    is_number = (codes != bins.NULL) & (codes != bins.NOT_A_NUMBER) & (counts > 0)
    groups, shifted, counts = groups[is_number], codes[is_number].astype(np.int64) + _OFFSET, counts[is_number]
    out = np.full(n_groups, np.nan)
    if len(shifted) == 0:
        return out
    is_present = np.zeros(_CODES, dtype=bool)
    is_present[shifted] = True
    distinct = np.flatnonzero(is_present)
    column = np.cumsum(is_present)[shifted] - 1
    cells = groups.astype(np.int64) * len(distinct) + column
    table = np.bincount(cells, weights=counts, minlength=n_groups * len(distinct)).reshape(n_groups, len(distinct))
    upto = np.cumsum(table, axis=1)
    n = upto[:, -1]
    ranks = np.minimum(n, np.maximum(1, np.ceil(np.round(q * n, 6))))
    found = np.argmax(upto >= ranks[:, None], axis=1)
    middles = np.array([bins.middle(int(code) - _OFFSET, schema) for code in distinct])
    has_values = n > 0
    out[has_values] = middles[found[has_values]]
    return out
