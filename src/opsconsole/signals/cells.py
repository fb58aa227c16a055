"""The traffic of two ranges, cut by every dimension at once: the sums that explaining a change works on.

Always true here: a cell is a row of parallel arrays; what a cell's requests ought to have been is told by the baseline
alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsconsole.signals.counts import OTHER

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

ERROR_TYPE = "error_type"
MOST_VALUES = 60
"""Of a dimension; what is beyond its most frequent values is ``(other)``."""
SUMS = ("weight", "score", "squares", "value")
RIDGE = 1.0
"""Requests' worth of "no effect" that every value of a dimension begins with."""


@dataclass(frozen=True)
class Period:
    """Sums by cell, all of one shape."""

    weight: Floats
    """Requests that have the metric."""
    score: Floats
    """Sum of what is compared: logarithms, or failures."""
    squares: Floats
    """Sum of its squares."""
    value: Floats
    """Sum of what is reported: logarithms of ms, failures, USD, requests."""

    def where(self, chosen: NDArray[np.bool_]) -> Period:
        return Period(*(np.where(chosen, each, 0.0) for each in (self.weight, self.score, self.squares, self.value)))


@dataclass(frozen=True)
class Cells:
    """The traffic, cut by every dimension at once, before and after."""

    names: Mapping[str, Sequence[str]]
    """Dimension → its values; codes are places in it."""
    codes: Mapping[str, Codes]
    before: Period
    after: Period
    is_rate: bool = True
    """Means are compared; else totals (traffic), over ``seconds``."""
    seconds: tuple[float, float] = (1.0, 1.0)
    """Length before and after."""


def cells_of(
    columns: Mapping[str, NDArray[Any]], dimensions: Sequence[str], seconds: tuple[float, float], *, is_rate: bool
) -> Cells:
    """From parallel columns, a row a cell and range (``is_after``), with the sums weight, score, squares and value."""
    sums = [np.ma.filled(np.ma.asarray(columns[name]), 0.0).astype(np.float64) for name in SUMS]
    is_after = np.asarray(columns["is_after"], dtype=bool)
    before, after = (Period(*(np.where(chosen, each, 0.0) for each in sums)) for chosen in (~is_after, is_after))
    names: dict[str, Sequence[str]] = {}
    codes: dict[str, Codes] = {}
    for name in dimensions:
        names[name], codes[name] = _coded(np.asarray(columns[name], dtype=object), sums[0])
    return Cells(names, codes, before, after, is_rate, seconds)


def _coded(values: NDArray[Any], weights: NDArray[Any]) -> tuple[list[str], NDArray[Any]]:
    """(values, a place in them for each cell): the most frequent ones, and one for the others."""
    distinct, places = np.unique(values.astype(str), return_inverse=True)
    if len(distinct) <= MOST_VALUES:
        return [str(value) for value in distinct], places.astype(np.int64)
    order = np.argsort(-np.bincount(places, weights=weights, minlength=len(distinct)), kind="stable")
    rank = np.empty(len(distinct), dtype=np.int64)
    rank[order] = np.arange(len(distinct))
    kept = [str(distinct[i]) for i in order[:MOST_VALUES]]
    return [*kept, OTHER], np.minimum(rank[places], MOST_VALUES)


def adjusted(cells: Cells) -> Cells:
    """The same cells with their scores less what is expected of them, so that a mere change of the mix is no change.

    What is expected of a cell: the main effects of every dimension in the baseline, by weighted least squares with a
    ridge. The mean of what remains, after less before, is the rate component of Kitagawa 1955, "Components of a
    Difference Between Two Rates", JASA 50:1168-1194, as Oaxaca 1973 and Blinder 1973 take it by regression.
    """
    expected = _expected(cells)

    def less(period: Period) -> Period:
        score = period.score - period.weight * expected
        squares = period.squares - 2 * expected * period.score + period.weight * expected**2
        return replace(period, score=score, squares=np.maximum(squares, 0.0))

    return replace(cells, before=less(cells.before), after=less(cells.after))


def _expected(cells: Cells) -> Floats:
    """Of each cell; a value that the baseline does not have counts as an average one."""
    weight = cells.before.weight
    mean = float(cells.before.score.sum() / max(weight.sum(), 1.0))
    names = [name for name in cells.names if name != ERROR_TYPE]
    sizes = [len(cells.names[name]) for name in names]
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(int)
    gram, moments = RIDGE * np.eye(starts[-1]), np.zeros(starts[-1])
    blocks = [slice(starts[i], starts[i + 1]) for i in range(len(names))]
    for i, name in enumerate(names):
        moments[blocks[i]] = np.bincount(cells.codes[name], cells.before.score - mean * weight, sizes[i])
        for j, other in enumerate(names):
            key = cells.codes[name] * sizes[j] + cells.codes[other]
            gram[blocks[i], blocks[j]] += np.bincount(key, weight, sizes[i] * sizes[j]).reshape(sizes[i], sizes[j])
    effects = np.linalg.solve(gram, moments)
    expected = np.full(len(weight), mean)
    for i, name in enumerate(names):
        expected += effects[blocks[i]][cells.codes[name]]
    return expected
