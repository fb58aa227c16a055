"""Has a source gone quiet, and is its clock right: what missing data and strange times say.

Always true here: silence is judged by the source's own rhythm, so that a service without requests at night is not
missed at night; a source of which too little is known is neither quiet nor flowing; a time in the future is a wrong
clock, and a time in the past is not (it may be late).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

State = Literal["quiet", "flowing", "too little known"]

SEASON_MINUTES = 7 * 1440
SLOT_MINUTES = 60


@dataclass(frozen=True)
class SilenceSettings:
    """When silence is no accident."""

    p: float = 1e-6
    """Chance of so long a silence; looked at each minute, that is one false alarm in two years of independent looks."""
    least_minutes: int = 5
    """Shorter silences are never reported."""
    longer: float = 1.5
    """And it is this many times as long as any before it."""
    least_known_minutes: int = 240
    """A source has been known so long before anything is said."""


@dataclass(frozen=True)
class Silence:
    """What is said of a source, with its evidence."""

    state: State
    silent_minutes: int
    expected: float | None
    """Records that the silent minutes should have brought."""
    p_value: float | None
    longest_before: int | None
    """Minutes of the longest silence before this one."""
    phi: float | None
    """How many times as much minutes vary as independent arrivals would."""


def silence(per_minute: NDArray[Any], settings: SilenceSettings | None = None) -> Silence:
    """Of records a minute, consecutive, oldest first; the last minute is over.

    The chance of nothing where μ is expected, of counts whose variance is φ times their mean, is that of the negative
    binomial, ``φ^(−μ/(φ−1))``, and ``e^−μ`` at φ = 1. μ is what the same hours of the week brought where at least one
    earlier week is known, else what the day before this silence did.
    """
    settings = settings or SilenceSettings()
    counts = np.asarray(per_minute, dtype=np.float64)
    is_some = np.flatnonzero(counts > 0)
    silent = len(counts) - 1 - int(is_some[-1]) if len(is_some) else len(counts)
    known = counts[: len(counts) - silent]
    if len(known) < settings.least_known_minutes:
        return Silence("too little known", silent, None, None, None, None)
    longest = _longest_gap(is_some)
    expected, phi = _expected(counts, silent), _dispersion(known)
    p_value = nothing(expected, phi)
    is_quiet = silent >= settings.least_minutes and silent > settings.longer * longest and p_value < settings.p
    return Silence("quiet" if is_quiet else "flowing", silent, expected, p_value, longest, phi)


def nothing(expected: float, phi: float) -> float:
    """P(no record | so many expected), for a variance of ``phi`` times the mean."""
    if phi <= 1:
        return float(np.exp(-expected))
    return float(phi ** (-expected / (phi - 1)))


def _longest_gap(places: NDArray[np.intp]) -> int:
    return int(np.diff(places).max()) - 1 if len(places) > 1 else 0


def _expected(counts: Floats, silent: int) -> float:
    """Records that the silent minutes should have brought: the least that any way of looking back says."""
    n = len(counts)
    weeks = [
        counts[n - silent - back : n - back].sum()
        for back in range(SEASON_MINUTES, n, SEASON_MINUTES)
        if n - silent - back >= 0
    ]
    if weeks:
        return float(np.median(weeks))
    known = counts[: n - silent][-1440:]
    by_slot = [known[i : i + SLOT_MINUTES].mean() for i in range(0, len(known), SLOT_MINUTES)]
    return float(np.quantile(by_slot, 0.1)) * silent


def _dispersion(known: Floats) -> float:
    """Variance over mean of minutes, by differences of neighbours, so that the rhythm of the day is not in it."""
    mean = float(known.mean())
    if mean == 0:
        return 1.0
    return max(1.0, float(np.square(np.diff(known)).mean()) / 2 / mean)


# Clocks ------------------------------------------------------------------------------------------------------------

ZONE_STEP_S = 900.0
"""Zones differ by multiples of a quarter of an hour."""


@dataclass(frozen=True)
class SkewSettings:
    """When a clock is called wrong."""

    ahead_s: float = 5.0
    """Records further in the future than this are no rounding."""
    least: int = 20
    """Records below which nothing is said."""
    ahead_share: float = 0.05
    """Part of the records that may be ahead."""


@dataclass(frozen=True)
class Skew:
    """How the records' times lie beside the clock that received them."""

    n: int
    median_s: float | None
    """Positive: ahead of our clock."""
    ahead_share: float | None
    furthest_s: float | None
    verdict: Literal["ahead", "another zone?", "ok", "too little known"]


def skew(offsets_s: NDArray[Any], settings: SkewSettings | None = None) -> Skew:
    """Of ``record's time − time of receipt``, in seconds, of records that were read as soon as they were written.

    ``another zone?``: all are late, or ahead, by nearly the same whole quarter-hours, half an hour at least: local time
    without its zone.
    """
    settings = settings or SkewSettings()
    offsets = np.asarray(offsets_s, dtype=np.float64)
    if len(offsets) < settings.least:
        return Skew(len(offsets), None, None, None, "too little known")
    low, median, high = np.quantile(offsets, (0.1, 0.5, 0.9)).tolist()
    share = float(np.mean(offsets > settings.ahead_s))
    steps = round(median / ZONE_STEP_S)
    in_zone = abs(steps) >= 2 and abs(median - steps * ZONE_STEP_S) < 60 and high - low < 60
    verdict: Literal["ahead", "another zone?", "ok"] = (
        "another zone?" if in_zone else "ahead" if share > settings.ahead_share else "ok"
    )
    return Skew(len(offsets), median, share, float(offsets.max()), verdict)
