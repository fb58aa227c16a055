"""How unusual each value of a series is for its time: beside the same time of earlier seasons, robustly.

Always true here: a value is judged by what came before it and nothing else; the z of a value does not change when the
whole series is scaled; what is not known (NaN) is neither usual nor unusual. Values below zero are allowed.

``z = 0.6745 · (x − median) / MAD`` (Iglewicz & Hoaglin 1993, "How to detect and handle outliers", modified z-score), of
logarithms, because money and latency vary by ratios.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MAD_TO_SD = 1.4826
"""The median absolute deviation of a normal distribution is its standard deviation over this: 1 / 0.6745."""
_UNIT = 0.01
"""Of the usual size of a value: where the logarithm turns linear, so that zeros are small and not infinite."""
_LEAST_UNIT = 1e-100
"""Nothing is divided by less: a first value that is almost nothing would make all others infinite."""


@dataclass(frozen=True)
class Rhythm:
    """How a series repeats itself, in samples; the defaults are hours in a week."""

    season: int = 168
    needed: int = 2
    """Seasons that must be known before values are compared with their own time of the season …"""
    recent: int = 24
    """… and until then, how many of the latest values they are compared with."""
    lags: int = 8
    """Seasons that are looked back."""
    together: int = 1
    """Values whose z are averaged: of finer samples than one wants to judge."""
    least_sd: float = 0.05
    """Relative spread below which no series is taken to be: what varies by less is not unusual."""


WEEK = Rhythm()


@dataclass(frozen=True, eq=False)
class Unusualness:
    """Of each value of a series; NaN where it cannot be said."""

    z: Floats
    expected: Floats
    """In the unit of the values."""
    is_seasonal: NDArray[np.bool_]
    """Was it compared with its own time of the season?"""


def unusualness(values: NDArray[Any], rhythm: Rhythm = WEEK) -> Unusualness:
    """Of a series at even intervals, oldest first; NaN is not known."""
    values = np.asarray(values, dtype=np.float64)
    unit = _unit(values, rhythm.recent)
    y = np.sign(values) * np.log1p(np.abs(values) / unit)
    earlier = np.full((len(y), rhythm.lags), np.nan)
    for lag in range(1, rhythm.lags + 1):
        shifted = y[: max(0, len(y) - lag * rhythm.season)]
        earlier[len(y) - len(shifted) :, lag - 1] = shifted
    seasonal = medians(earlier)
    # spread of what one earlier season alone foretold counts too: it is wider, which errs on the quiet side
    spread = medians(_before(np.abs(y - seasonal), rhythm.season))
    is_seasonal = (np.count_nonzero(~np.isnan(earlier), axis=1) >= rhythm.needed) & ~np.isnan(spread)

    recently = _before(y, rhythm.recent)
    level = medians(recently)
    level_spread = medians(np.abs(recently - level[:, None]))
    is_level = np.count_nonzero(~np.isnan(recently), axis=1) >= max(3, rhythm.recent // 2)
    is_level[: rhythm.recent] = False

    expected = np.where(is_seasonal, seasonal, np.where(is_level, level, np.nan))
    mad = np.where(is_seasonal, spread, level_spread)
    z = (y - expected) / np.maximum(MAD_TO_SD * mad, rhythm.least_sd)
    return Unusualness(
        _averaged(z, rhythm.together), np.sign(expected) * np.expm1(np.abs(expected)) * unit, is_seasonal
    )


def rarity_bar(z: Floats, quantile: float = 0.99, least: int = 100) -> Floats:
    """What each z must exceed to be rarer than its own past: that quantile of the z before it.

    Heavy tails are then usual for a series that has them. −inf while fewer than ``least`` are known.
    """
    bar = np.full(len(z), -np.inf)
    seen: list[float] = []
    for i, value in enumerate(z.tolist()):
        if len(seen) >= least:
            bar[i] = seen[int(quantile * len(seen))]
        if value == value:  # NaN has no place in an order
            bisect.insort(seen, value)
    return bar


def medians(rows: Floats) -> Floats:
    """Median of the known values of each row, shape (rows,); NaN where none is known."""
    if not rows.shape[-1]:
        return np.full(rows.shape[:-1], np.nan)
    ordered = np.sort(rows, axis=-1)  # NaN comes last
    n = np.count_nonzero(~np.isnan(rows), axis=-1)[:, None]
    low, high = (np.take_along_axis(ordered, np.maximum(place, 0), axis=-1)[:, 0] for place in ((n - 1) // 2, n // 2))
    out: Floats = np.where(n[:, 0] > 0, (low + np.where(n[:, 0] % 2, low, high)) / 2, np.nan)
    return out


def _before(y: Floats, n: int) -> Floats:
    """The n values before each, shape (len(y), n); NaN before the first."""
    padded = np.concatenate((np.full(n, np.nan), y))
    return sliding_window_view(padded, n)[: len(y)]


def _unit(values: Floats, recent: int) -> float:
    """A hundredth of the usual size at the beginning, else of the first value that is not zero: no later value moves
    it, or the past would look different tomorrow."""
    sizes = np.abs(values)
    first = sizes[:recent][sizes[:recent] > 0]
    if len(first):
        return max(_LEAST_UNIT, _UNIT * float(np.median(first)))
    later = sizes[sizes > 0]
    return max(_LEAST_UNIT, _UNIT * float(later[0])) if len(later) else 1.0


def _averaged(z: Floats, n: int) -> Floats:
    """Mean of the known among the last n; NaN where the latest is not known."""
    if n == 1:
        return z
    window = np.concatenate((_before(z, n - 1), z[:, None]), axis=1)
    is_known = ~np.isnan(window)
    total = np.where(is_known, window, 0.0).sum(axis=1)
    return np.where(np.isnan(z), np.nan, total / np.maximum(is_known.sum(axis=1), 1))
