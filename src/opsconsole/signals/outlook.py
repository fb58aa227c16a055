"""Where the month's spending leads, with an interval, and how likely it overruns a budget.

Always true here: the forecast is spent so far plus what is left at the profile of the week and the present level;
its interval comes from how far such forecasts were off on the days before, not from an assumed distribution; the same
history gives the same numbers.

Level and trend: damped trend smoothing (Gardner & McKenzie 1985, "Forecasting trends in time series", Management
Science 31:1237-1246; φ < 1, so that a rise dies out) of each day's spending over what the profile gives it. Interval:
paths whose days err as earlier days did, drawn with replacement (Hyndman & Athanasopoulos, "Forecasting: principles and
practice", 3rd ed., §5.5, bootstrapped residuals; each drawn error moves the path's level as well).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsconsole.signals.spend import month_end

Floats = NDArray[np.float64]

HOURS_A_WEEK = 168
LEAST_DAYS = 5
"""Whole days from which it is known how far off a day can be."""
PROFILE_WEEKS = 2
"""Weeks from which an hour has a share of its week; before, every hour counts alike."""
PATHS = 2000
_LEVEL, _TREND, _DAMPING = 0.3, 0.1, 0.9
_LEAST_ERROR, _MOST_ERROR = 0.2, 5.0
"""Errors are ratios; beyond these an outlier day would lead the path away."""
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass(frozen=True)
class Outlook:
    """At the month's end, USD."""

    expected_usd: float
    low_usd: float | None
    high_usd: float | None
    """95 % of the paths end between; None with fewer than LEAST_DAYS whole days."""
    overrun: float | None
    """Share of the paths that end above the budget; None without a budget or without an interval."""
    pace: float | None
    """Spent over what a month that just meets the budget has spent by now; None without a budget."""


def outlook(
    hours_usd: NDArray[Any], first_hour: datetime, now: datetime, spent_usd: float, budget_usd: float | None = None
) -> Outlook | None:
    """Forecast from hourly spending; None when nothing is known of at least one whole day before ``now``.

    ``hours_usd``: consecutive hours from ``first_hour`` (aware UTC, on the hour) on, NaN where not known; eight weeks
    say enough. ``spent_usd``: of the month so far. Months are UTC's.
    """
    usd = np.asarray(hours_usd, dtype=np.float64)[: max(0, int((now - first_hour) / _HOUR))]
    start = _week_hour(first_hour)
    weights = profile(usd, start)
    begin = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = month_end(now)
    days, share = _days(usd, weights, start)
    pace = None
    if budget_usd:
        elapsed, whole = _weight(weights, begin, now), _weight(weights, begin, end)
        pace = spent_usd / (budget_usd * elapsed / whole) if elapsed > 0 else None
    if not len(days):
        return None
    level, trend, errors = _smoothed(days / share)
    ahead = [_weight(weights, at, min(at + _DAY, end)) for at in (now + i * _DAY for i in range(32)) if at < end]
    expected = spent_usd + float(np.dot(_straight(level, trend, len(ahead)), ahead))
    if len(errors) < LEAST_DAYS:
        return Outlook(expected, None, None, None, pace)
    ends = spent_usd + _paths(level, trend, errors, ahead)
    low, high = np.quantile(ends, (0.025, 0.975)).tolist()
    overrun = None if budget_usd is None else float(np.mean(ends > budget_usd))
    return Outlook(expected, low, high, overrun, pace)


def profile(hours_usd: Floats, start: int) -> Floats:
    """Weight of each hour of the week (Monday 0 h is the first), of mean 1; all alike before PROFILE_WEEKS are known.

    ``start`` is the hour of the week of the first value. Medians over the weeks, so that one bad Monday is no pattern.
    """
    if np.count_nonzero(~np.isnan(hours_usd)) < PROFILE_WEEKS * HOURS_A_WEEK:
        return np.ones(HOURS_A_WEEK)
    weeks = -(-(len(hours_usd) + start) // HOURS_A_WEEK)
    table = np.full(weeks * HOURS_A_WEEK, np.nan)
    table[start : start + len(hours_usd)] = hours_usd
    columns = table.reshape(weeks, HOURS_A_WEEK)
    weights = np.array([float(np.median(known)) if len(known := c[~np.isnan(c)]) else np.nan for c in columns.T])
    mean = float(np.nanmean(weights))
    return np.where(np.isnan(weights), 1.0, weights / mean) if mean > 0 else np.ones(HOURS_A_WEEK)


def _week_hour(at: datetime) -> int:
    return at.weekday() * 24 + at.hour


def _weight(weights: Floats, begin: datetime, end: datetime) -> float:
    """Profile hours between two times, parts of hours included."""
    total, at = 0.0, begin
    while at < end:
        upto = min(end, at.replace(minute=0, second=0, microsecond=0) + _HOUR)
        total += float(weights[_week_hour(at)]) * ((upto - at) / _HOUR)
        at = upto
    return total


def _days(usd: Floats, weights: Floats, start: int) -> tuple[Floats, Floats]:
    """(USD, profile hours) of whole days up to the last hour, oldest first; of a day what is known of it."""
    usd, start = usd[len(usd) % 24 :], start + len(usd) % 24
    each = weights[(start + np.arange(len(usd))) % HOURS_A_WEEK]
    is_known = ~np.isnan(usd)
    spent = np.where(is_known, usd, 0.0).reshape(-1, 24).sum(axis=1)
    share = np.where(is_known, each, 0.0).reshape(-1, 24).sum(axis=1)
    enough = share > 0
    return spent[enough], share[enough]


def _smoothed(levels: Floats) -> tuple[float, float, Floats]:
    """(level, trend, ratios of each day to its forecast of the day before)."""
    level, trend = float(levels[0]), 0.0
    errors = []
    for actual in levels[1:].tolist():
        foretold = level + _DAMPING * trend
        if foretold > 0:
            errors.append(min(max(actual / foretold, _LEAST_ERROR), _MOST_ERROR))
        before, level = level, _LEVEL * actual + (1 - _LEVEL) * foretold
        trend = _TREND * (level - before) + (1 - _TREND) * _DAMPING * trend
    return level, trend, np.array(errors)


def _straight(level: float, trend: float, n: int) -> Floats:
    damped = np.cumsum(_DAMPING ** np.arange(1, n + 1))
    return np.maximum(0.0, level + trend * damped)


def _paths(level: float, trend: float, errors: Floats, ahead: Sequence[float]) -> Floats:
    """What is spent from now to the end, on each of PATHS paths."""
    drawn = np.random.default_rng(0).choice(errors, size=(len(ahead), PATHS))
    levels, trends, total = np.full(PATHS, level), np.full(PATHS, trend), np.zeros(PATHS)
    for weight, error in zip(ahead, drawn, strict=True):
        foretold = np.maximum(0.0, levels + _DAMPING * trends)
        actual = foretold * error
        total += actual * weight
        before, levels = levels, _LEVEL * actual + (1 - _LEVEL) * foretold
        trends = _TREND * (levels - before) + (1 - _TREND) * _DAMPING * trends
    return total
