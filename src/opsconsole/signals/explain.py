"""What changed: which slices of the traffic explain the difference between a range and its baseline.

Always true here: the slices that are returned are disjoint (each without those before it), so their shares and the rest
add up to one; a slice is named by the fewest dimensions that explain nearly as much; nothing is claimed of slices too
small to say.

A slice is weighed by how much better "it changed by this much and everything else by that much" tells the counts than
"all changed alike": the between-group sum of squares of a two-group split (Breiman et al. 1984, "Classification and
Regression Trees", §8.3), in units of the pooled variance, so that it is a χ² with one degree of freedom when nothing
happened; for traffic, the likelihood ratio of two Poisson rates against one (Kulldorff 1997, "A spatial scan
statistic", Communications in Statistics 26:1481-1496). Durations and money are compared by their logarithms, in which
"twice as slow" is one step, however slow a sub-slice was before; and less what the baseline has for the same version,
region, route, model and user, so that a route which merely got more of the traffic does not pass for a slow one, unless
such growth is most of the difference. Shares come from

    C(s) = p1(s)·(r1(s) − R0) − p0(s)·(r0(s) − R0)

with p a slice's part of the traffic and r its mean, after (1) and before (0): over any partition these add up to
R1 − R0, and hold growth as well as change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import exp, log, sqrt
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from opsconsole.signals.cells import ERROR_TYPE, Cells, Codes, Floats, Period, adjusted
from opsconsole.signals.counts import OTHER

LEAST_REQUESTS = 30
LEAST_PART = 0.002
"""A slice has at least this part of the traffic, before or after."""
DEEPER_GAINS = 1.04
"""A slice of two dimensions has to explain this many times what one dimension does, and beyond chance: a χ² of x has a
standard deviation of about 2·sqrt(x)."""
MOST_SLICES = 6
LEAST_GAIN = 0.05
"""Later slices explain at least this part of what the first one does."""
WHOLE_TYPE_PART = 0.5
"""How much an error type counts beside slices of the traffic: a rise in a part of the traffic is named by the part."""
MIX_PART = 3.0
"""A change of the mix is looked at first where it moves the mean this many times as far as all else."""
SURE = 1e-3
ROUNDING = 1e-6


@dataclass(frozen=True)
class Found:
    """A slice that explains."""

    where: tuple[tuple[str, str], ...]
    share: float
    requests: tuple[float, float]
    """Before, after."""
    parts: tuple[float, float]
    """Of the whole traffic, before and after."""
    means: tuple[float | None, float | None]
    """Reported sum over weight, before and after; for traffic, requests a second."""
    score: float
    p_value: float


@dataclass(frozen=True)
class Explanation:
    """Every slice that explains, and how many were weighed."""

    found: tuple[Found, ...]
    rest_share: float
    looked_at: int
    is_change: bool
    means: tuple[float | None, float | None]
    """Before and after."""
    weights: tuple[float, float]
    """Requests that have the metric, before and after."""


Where = tuple[tuple[str, int], ...]
_Weigh = Callable[[tuple[Floats, Floats, Floats, Floats], tuple[float, ...], float, float], Floats]
"""Scores of slices from their (w0, w1, s0, s1), the sums of these over all, the direction and the variance."""


@dataclass(frozen=True)
class _Group:
    """Candidates of one set of dimensions, in parallel arrays."""

    dimensions: tuple[str, ...]
    places: Codes
    """(n, dimensions): codes of each candidate."""
    scores: Floats
    sizes: Floats


def explain(cells: Cells, *, least_change: float) -> Explanation:
    """Slices that explain how ``after`` differs from ``before``, the one that explains most first.

    ``least_change``: the difference of the overall score mean (log units, points of failures; for traffic the
    logarithm of the ratio) below which a change is called none, however sure it is.
    """
    whole = _Sums.of(cells, cells.before, cells.after)
    _, is_change = _direction(cells, whole, least_change)
    found: list[Found] = []
    looked_at = 0
    for basis, weigh, direction in _bases(cells, whole, least_change):
        found, looked_at = _search(cells, basis, weigh, direction, whole)
        if found:
            break
    shares = sum(each.share for each in found)
    return Explanation(tuple(found), 1.0 - shares, looked_at, is_change, whole.means(cells), (whole.w0, whole.w1))


def _bases(cells: Cells, whole: _Sums, least_change: float) -> Iterator[tuple[Cells, _Weigh, float]]:
    """(cells, how they are weighed, direction) to search in turn, until something is found: what moves the mean most
    first, parts of the traffic that changed or parts that grew; at last what went against the difference."""
    direction, _ = _direction(cells, whole, least_change)
    if not cells.is_rate:
        yield cells, _rates, direction
        yield cells, _rates, -direction
        return
    if not (whole.w0 and whole.w1):
        return
    basis = adjusted(cells)
    sums = _Sums.of(basis, basis.before, basis.after)
    changed = (basis, _steps, 1.0 if sums.step >= 0 else -1.0)
    mix = whole.step - sums.step
    grown = (cells, _growths, 1.0 if mix >= 0 else -1.0)
    yield from (grown, changed) if abs(mix) > MIX_PART * abs(sums.step) and whole.is_sure else (changed, grown)
    yield basis, _steps, -changed[2]


def _search(cells: Cells, basis: Cells, weigh: _Weigh, direction: float, whole: _Sums) -> tuple[list[Found], int]:
    """(disjoint slices, the one that explains most first; how many were weighed)."""
    sums = _Sums.of(basis, basis.before, basis.after)
    left = np.ones(len(cells.before.weight), dtype=bool)
    found: list[Found] = []
    looked_at = 0
    for _ in range(MOST_SLICES):
        before, after = basis.before.where(left), basis.after.where(left)
        groups = list(_candidates(basis, before, after, weigh, direction, sums))
        looked_at = looked_at or sum(len(group.scores) for group in groups)
        best = _best(groups)
        least = LEAST_GAIN * found[0].score if found else 0.0
        if best is None or best[1] < max(least, scipy.special.chdtri(1, SURE / max(looked_at, 1))):
            break
        where, score = best
        chosen = left & _members(cells, where)
        found.append(_told(cells, where, chosen, score, whole, looked_at))
        left &= ~chosen
        if not left.any():
            break
    return found, looked_at


@dataclass(frozen=True)
class _Sums:
    """Totals before and after."""

    w0: float
    s0: float
    v0: float
    w1: float
    s1: float
    v1: float
    variance: float

    @classmethod
    def of(cls, cells: Cells, before: Period, after: Period) -> _Sums:
        w0, w1 = float(before.weight.sum()), float(after.weight.sum())
        s0, s1 = float(before.score.sum()), float(after.score.sum())
        variance = 1.0
        if w0 + w1 > 1:
            means = (s0 / w0 if w0 else 0.0, s1 / w1 if w1 else 0.0)
            squares = float(before.squares.sum() + after.squares.sum())
            variance = max((squares - w0 * means[0] ** 2 - w1 * means[1] ** 2) / (w0 + w1), 1e-12)
        return cls(w0, s0, float(before.value.sum()), w1, s1, float(after.value.sum()), variance)

    @property
    def step(self) -> float:
        """By how much the mean of the scores moved."""
        return self.s1 / self.w1 - self.s0 / self.w0

    @property
    def is_sure(self) -> bool:
        """Did it move by more than chance?"""
        error = sqrt(self.variance * (1 / self.w0 + 1 / self.w1))
        return bool(scipy.special.chdtrc(1, (self.step / error) ** 2) < SURE)

    def means(self, cells: Cells) -> tuple[float | None, float | None]:
        if not cells.is_rate:
            return self.v0 / cells.seconds[0], self.v1 / cells.seconds[1]
        return (self.v0 / self.w0 if self.w0 else None, self.v1 / self.w1 if self.w1 else None)


def _direction(cells: Cells, whole: _Sums, least: float) -> tuple[float, bool]:
    """(+1 for a rise, −1 for a fall; is the difference more than chance, and large enough to matter)."""
    if not cells.is_rate:
        rates = (whole.w0 / cells.seconds[0], whole.w1 / cells.seconds[1])
        if not all(rates):
            return (1.0 if rates[1] > rates[0] else -1.0), sum(rates) > 0
        step = log(rates[1] / rates[0])
        is_sure = bool(scipy.special.chdtrc(1, step**2 / (1 / whole.w0 + 1 / whole.w1)) < SURE)
    elif whole.w0 and whole.w1:
        step, is_sure = whole.step, whole.is_sure
    else:
        return 1.0, False
    return (1.0 if step >= 0 else -1.0), abs(step) >= least and is_sure


def _candidates(
    cells: Cells, before: Period, after: Period, weigh: _Weigh, direction: float, whole: _Sums
) -> Iterator[_Group]:
    traffic = [name for name in cells.names if name != ERROR_TYPE]
    for dimensions in [(name,) for name in traffic] + list(combinations(traffic, 2)):
        yield _weighed(cells, dimensions, before, after, weigh, direction, whole)
    if ERROR_TYPE in cells.names and weigh is not _growths:
        yield _types(cells, before, after, direction, whole)


def _weighed(
    cells: Cells,
    dimensions: tuple[str, ...],
    before: Period,
    after: Period,
    weigh: _Weigh,
    direction: float,
    whole: _Sums,
) -> _Group:
    key = np.zeros(len(before.weight), dtype=np.int64)
    for name in dimensions:
        key = key * len(cells.names[name]) + cells.codes[name]
    n = int(np.prod([len(cells.names[name]) for name in dimensions]))

    def added(values: Floats) -> Floats:
        return np.bincount(key, weights=values, minlength=n).astype(np.float64)

    w0, w1, s0, s1 = added(before.weight), added(after.weight), added(before.score), added(after.score)
    total = (w0.sum(), w1.sum(), s0.sum(), s1.sum())
    least = max(LEAST_REQUESTS, LEAST_PART * max(total[0], total[1]))
    scores = weigh((w0, w1, s0, s1), total, direction, whole.variance)
    is_named = np.ones(n, dtype=bool)
    places = np.stack(np.unravel_index(np.arange(n), [len(cells.names[name]) for name in dimensions]), axis=1)
    for i, name in enumerate(dimensions):
        others = [j for j, value in enumerate(cells.names[name]) if value == OTHER]
        is_named &= ~np.isin(places[:, i], others)
        if len(cells.names[name]) == 1:
            is_named[:] = False
    kept = np.flatnonzero(is_named & (np.maximum(w0, w1) >= least) & (scores > 0))
    return _Group(dimensions, places[kept].astype(np.int64), scores[kept], (w0 + w1)[kept])


def _steps(
    sums: tuple[Floats, Floats, Floats, Floats], total: tuple[float, ...], direction: float, variance: float
) -> Floats:
    """χ² of "the slice's mean moved otherwise than the others'": only where it moved further in the whole's direction.

    A slice that was not there before is held against everything that was.
    """
    w0, w1, s0, s1 = sums
    overall = total[2] / total[0] if total[0] else 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        is_new = w0 < LEAST_REQUESTS
        inside = s1 / w1 - np.where(is_new, overall, s0 / w0)
        o0, o1 = total[0] - w0, total[1] - w1
        outside = np.where((o0 > 0) & (o1 > 0), (total[3] - s1) / o1 - (total[2] - s0) / o0, 0.0)
        spread = np.where(is_new, 1 / w1, 1 / w0 + 1 / w1) + np.where((o0 > 0) & (o1 > 0), 1 / o0 + 1 / o1, 0.0)
        scores = (inside - outside) ** 2 / (variance * spread)
        moved = direction * (inside - outside)
    kept: Floats = np.nan_to_num(np.where((moved > 0) & (w1 > 0), scores, 0.0)).astype(np.float64)
    return kept


def _growths(
    sums: tuple[Floats, Floats, Floats, Floats], total: tuple[float, ...], direction: float, variance: float
) -> Floats:
    """χ² of the mean moved as far as the slice's part of the traffic moves it, had no slice's own mean changed."""
    w0, w1, s0, s1 = sums
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.where(w0 < LEAST_REQUESTS, s1 / w1, s0 / w0)
        moved = np.nan_to_num(direction * (w1 / total[1] - w0 / total[0]) * (own - total[2] / total[0]))
    scores: Floats = np.where(moved > 0, moved**2 / (variance * (1 / total[0] + 1 / total[1])), 0.0)
    return scores


def _rates(
    sums: tuple[Floats, Floats, Floats, Floats], total: tuple[float, ...], direction: float, variance: float
) -> Floats:
    """Likelihood ratio of two rates against one; ``variance`` is of no use to counts."""
    w0, w1 = sums[0] + 0.5, sums[1] + 0.5
    o0, o1 = total[0] - sums[0] + 0.5, total[1] - sums[1] + 0.5
    overall = (total[1] + 0.5) / (total[0] + 0.5)
    gain = 2 * (w1 * np.log(w1 / w0 / overall) + o1 * np.log(o1 / o0 / overall))
    moved = direction * (np.log(w1 / w0) - np.log(o1 / o0))
    scores: Floats = np.where(moved > 0, np.maximum(gain, 0.0), 0.0)
    return scores


def _types(cells: Cells, before: Period, after: Period, direction: float, whole: _Sums) -> _Group:
    """Failures of one type, over all of the traffic."""
    n = len(cells.names[ERROR_TYPE])
    codes = cells.codes[ERROR_TYPE]
    s0, s1 = np.bincount(codes, before.score, n), np.bincount(codes, after.score, n)
    w0, w1 = float(before.weight.sum()), float(after.weight.sum())
    scores = np.zeros(n)
    if w0 and w1:
        step = s1 / w1 - s0 / w0
        scores = WHOLE_TYPE_PART * step**2 / (whole.variance * (1 / w0 + 1 / w1)) * (direction * step > 0)
    named = np.array([value not in ("", OTHER) for value in cells.names[ERROR_TYPE]])
    kept = np.flatnonzero(named & (scores > 0))
    return _Group((ERROR_TYPE,), kept[:, None].astype(np.int64), scores[kept], (s0 + s1)[kept].astype(np.float64))


def _best(groups: Sequence[_Group]) -> tuple[Where, float] | None:
    """The slice that explains most; one dimension where the second adds next to nothing."""
    tops: list[tuple[float, Where]] = []
    for group in groups:
        if len(group.scores):
            i = int(np.argmax(group.scores))
            where = tuple(zip(group.dimensions, (int(place) for place in group.places[i]), strict=True))
            tops.append((float(group.scores[i]), where))
    single = _top([top for top in tops if len(top[1]) == 1])
    pair = _top([top for top in tops if len(top[1]) == 2])
    if pair is not None and (single is None or pair[0] > _least_of_two(single[0])):
        single = pair
    return None if single is None else (single[1], single[0])


def _top(tops: Sequence[tuple[float, Where]]) -> tuple[float, Where] | None:
    """The first of those that are as high as the highest, but for rounding: of two names for the same requests, that of
    the earlier dimension."""
    highest = max((score for score, _ in tops), default=0.0)
    return next((top for top in tops if top[0] >= highest * (1 - ROUNDING)), None)


def _least_of_two(single: float) -> float:
    return max(DEEPER_GAINS * single, single + 2 * sqrt(single))


def _members(cells: Cells, where: Where) -> NDArray[np.bool_]:
    chosen = np.ones(len(cells.before.weight), dtype=bool)
    for name, place in where:
        chosen &= cells.codes[name] == place
    return chosen


def _told(cells: Cells, where: Where, chosen: NDArray[Any], score: float, whole: _Sums, looked_at: int) -> Found:
    mine = _Sums.of(cells, cells.before.where(chosen), cells.after.where(chosen))
    if where[0][0] == ERROR_TYPE:  # a type has failures of its own, and no traffic of its own
        share = _part(whole.s1 / whole.w1 - whole.s0 / whole.w0, mine.s1 / whole.w1 - mine.s0 / whole.w0)
        means: tuple[float | None, float | None] = (mine.s0 / whole.w0, mine.s1 / whole.w1)
    else:
        share, means = _share(cells, mine, whole), mine.means(cells)
    p = min(1.0, float(scipy.special.chdtrc(1, score)) * max(looked_at, 1))
    named = tuple((name, cells.names[name][place]) for name, place in where)
    parts = (mine.w0 / whole.w0 if whole.w0 else 0.0, mine.w1 / whole.w1 if whole.w1 else 0.0)
    return Found(named, share, (mine.w0, mine.w1), parts, means, score, p)


def _share(cells: Cells, mine: _Sums, whole: _Sums) -> float:
    """The slice's part of the whole difference, of the reported sums."""
    if not cells.is_rate:
        before, after = cells.seconds
        return _part(whole.v1 / after - whole.v0 / before, mine.v1 / after - mine.v0 / before)
    if not (whole.w0 and whole.w1):
        return 0.0
    r0 = whole.v0 / whole.w0
    after = (mine.v1 - mine.w1 * r0) / whole.w1
    before = (mine.v0 - mine.w0 * r0) / whole.w0
    return _part(whole.v1 / whole.w1 - r0, after - before)


def _part(whole: float, own: float) -> float:
    return own / whole if whole else 0.0


def geometric(mean_of_logarithms: float | None) -> float | None:
    """The geometric mean, from the mean of logarithms."""
    return None if mean_of_logarithms is None else exp(mean_of_logarithms)
