"""Is this hour's spending unusual, and has a request become dearer: robustly, and only where it is real money.

Always true here: an hour is called anomalous when it is far from the same hour of earlier weeks **and** further than
that series usually strays **and** the difference is worth the floor in USD; hours whose cost is not known (NaN) are
neither judged nor taken for $0.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from opsconsole.signals.seasonal import WEEK, Rhythm, rarity_bar, unusualness

Floats = NDArray[np.float64]
Verdict = Literal["anomaly", "ok", "too little known"]
Against = Literal["season", "recent", ""]


@dataclass(frozen=True)
class AnomalySettings:
    """When an amount is called anomalous."""

    z: float = 3.5
    """Modified z-score that it must exceed (Iglewicz & Hoaglin 1993)."""
    rarity: float = 0.99
    """And this share of the z before it: the most that a heavy-tailed series can raise false alarms to is the rest."""
    floor: float = 1.0
    """And the least difference from what was expected, in the unit of the values: USD an hour."""
    both_ways: bool = False
    """Is too little anomalous as well?"""
    rhythm: Rhythm = WEEK


@dataclass(frozen=True)
class Finding:
    """What is said of one value, with its evidence."""

    verdict: Verdict
    value: float | None
    expected: float | None
    z: float | None
    bar: float | None
    """The z that had to be exceeded."""
    against: Against
    """The same time of earlier seasons, or the latest values while there are too few of them."""

    @property
    def impact(self) -> float | None:
        """Above (or below) what was expected, in the unit of the values."""
        return None if self.value is None or self.expected is None else self.value - self.expected


def latest(values: NDArray[Any], settings: AnomalySettings | None = None) -> Finding:
    """Of the last of hourly amounts, oldest first; the hour that is not over is left out by the caller."""
    settings = settings or AnomalySettings()
    judged = _judged(values, settings)
    value = float(values[-1]) if len(values) and not np.isnan(values[-1]) else None
    if value is None or np.isnan(judged.z[-1]):
        return Finding("too little known", value, None, None, None, "")
    return Finding(
        verdict="anomaly" if judged.is_anomaly[-1] else "ok",
        value=value,
        expected=float(judged.expected[-1]),
        z=float(judged.z[-1]),
        bar=float(judged.bar[-1]),
        against="season" if judged.is_seasonal[-1] else "recent",
    )


def replayed(values: NDArray[Any], settings: AnomalySettings | None = None) -> NDArray[np.bool_]:
    """What ``latest`` would have said after each value: is it anomalous?"""
    return _judged(values, settings or AnomalySettings()).is_anomaly


@dataclass(frozen=True, eq=False)
class _Judged:
    z: Floats
    bar: Floats
    expected: Floats
    is_seasonal: NDArray[np.bool_]
    is_anomaly: NDArray[np.bool_]


def _judged(values: NDArray[Any], settings: AnomalySettings) -> _Judged:
    values = np.asarray(values, dtype=np.float64)
    found = unusualness(values, settings.rhythm)
    far = np.abs(found.z) if settings.both_ways else found.z
    bar = np.maximum(settings.z / settings.rhythm.together**0.5, rarity_bar(far, settings.rarity))
    impact = values - found.expected
    impact = np.abs(impact) if settings.both_ways else impact
    is_anomaly = (far > bar) & (impact > settings.floor)  # comparisons with NaN are false
    return _Judged(found.z, bar, found.expected, found.is_seasonal, is_anomaly)


# Dearer requests: small, lasting steps -----------------------------------------------------------------------------


@dataclass(frozen=True)
class CusumSettings:
    """Of a one-sided CUSUM on standard deviations (Page 1954, "Continuous inspection schemes", Biometrika 41)."""

    drift: float = 0.5
    """Half of the shift that should be found soonest, in standard deviations."""
    limit: float = 8.0
    clip: float = 3.0
    """A single value counts for no more than this: what lasts is looked for, and spikes are another rule's."""
    rhythm: Rhythm = WEEK


@dataclass(frozen=True)
class Cusum:
    """Where the sum stands after the last hour."""

    value: float | None
    """None while nothing could be standardised."""
    limit: float
    since: int | None
    """Index of the first hour of the present rise: the likeliest beginning of the shift; None at zero."""
    ratio: float | None
    """Cost of a request since then over what it was expected to be (geometric mean)."""

    @property
    def is_dearer(self) -> bool:
        return self.value is not None and self.value > self.limit


def dearer(usd: NDArray[Any], requests: NDArray[Any], settings: CusumSettings | None = None) -> Cusum:
    """Has a request become dearer? Hourly sums, oldest first; an hour without requests or with unknown cost is skipped.

    ``S = max(0, S + z − drift)``, alarm at ``S > limit``; S ends at twice that, so that it comes down again soon after
    the cause is gone. Hours before the shift must have been comparable: the level
    that z is measured from moves on with time (``seasonal``), so a step is found within its first weeks or not at all.
    """
    settings = settings or CusumSettings()
    usd, requests = np.asarray(usd, dtype=np.float64), np.asarray(requests, dtype=np.float64)
    each = np.divide(usd, requests, out=np.full(len(usd), np.nan), where=requests > 0)
    found = unusualness(each, settings.rhythm)
    total: float | None = None
    since: int | None = None
    for i, z in enumerate(found.z.tolist()):
        if z != z:  # NaN
            continue
        total = min(max(0.0, (total or 0.0) + min(z, settings.clip) - settings.drift), 2 * settings.limit)
        since = None if total == 0 else i if since is None else since
    ratio = None
    if since is not None:
        now, then = each[since:], found.expected[since:]
        is_known = (now > 0) & (then > 0)
        ratio = float(np.exp(np.mean(np.log(now[is_known] / then[is_known])))) if is_known.any() else None
    return Cusum(total, settings.limit, since, ratio)


def run_length(settings: CusumSettings, shift: float = 0.0) -> float:
    """Mean number of independent normal values until the alarm, with a shift of so many standard deviations.

    Siegmund 1985, "Sequential analysis", §2.6: ``(exp(−2Δb) + 2Δb − 1) / (2Δ²)`` with ``Δ = shift − drift`` and
    ``b = limit + 1.166``; at no shift it is the mean time between false alarms.
    """
    delta, b = shift - settings.drift, settings.limit + 1.166
    if delta == 0:
        return b * b
    return (exp(-2 * delta * b) + 2 * delta * b - 1) / (2 * delta * delta)
