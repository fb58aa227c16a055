"""Where the money goes in time: run rate and month-end projection.

Always true here: what is not known is None, never $0; the projection assumes nothing but that spending goes on as in
the window.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import sqrt
from statistics import stdev

from opsconsole import wire
from opsconsole.signals.intervals import Z_95

SHORTEST_RATE_S = 60.0
"""A run rate from less than this would be one request's price blown up."""
SHORTEST_PROJECTION_S = 3600.0
"""A month is not projected from less than this."""
HOUR_S = 3600.0


def project(
    *,
    now: datetime,
    window_s: float,
    covered_s: float,
    window_usd: float | None,
    today_usd: float | None,
    month_to_date_usd: float | None,
    unpriced_tokens: int = 0,
) -> wire.Spend:
    """Spend of one service at ``now`` (aware UTC; days and months are UTC's).

    ``covered_s`` is how long before ``now`` costs have been known; ``window_s`` 0 means everything. With
    ``span = min(window_s, covered_s)``::

        usd_per_hour  = window_usd / span · 3600                           from a minute on
        month_end_usd = month_to_date_usd + usd_per_hour · hours to the end of the month   from an hour on
    """
    span_s = min(window_s, covered_s) if window_s else covered_s
    usd_per_hour = None
    if window_usd is not None and span_s >= SHORTEST_RATE_S:
        usd_per_hour = window_usd / span_s * HOUR_S
    month_end_usd = None
    if usd_per_hour is not None and month_to_date_usd is not None and covered_s >= SHORTEST_PROJECTION_S:
        left_s = (month_end(now) - now).total_seconds()
        month_end_usd = month_to_date_usd + usd_per_hour * left_s / HOUR_S
    return wire.Spend(
        today_usd=today_usd,
        usd_per_hour=usd_per_hour,
        month_to_date_usd=month_to_date_usd,
        month_end_usd=month_end_usd,
        unpriced_tokens=unpriced_tokens,
    )


def month_end(now: datetime) -> datetime:
    """The first instant of the next month."""
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)


LEAST_DAYS = 5
"""Whole days from which the spread of a day's spending is known."""


def forecast(
    *,
    now: datetime,
    spent_usd: float | None,
    usd_per_hour: float | None,
    month_end_usd: float | None,
    days_usd: Sequence[float],
    budget_usd: float | None,
) -> wire.Budget:
    """Where the month's spending leads, and when a budget is used up at the present rate.

    ``days_usd``: spending of whole days before ``now``. With ``d`` days left and ``s`` the standard deviation of a day,
    the interval is ``month_end ± 1.96 · s · sqrt(d)``: days taken as independent (Hyndman & Athanasopoulos,
    "Forecasting: principles and practice", 3rd ed., §5.5, the mean method); never below what is spent already.
    """
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = month_end(now)
    low = high = None
    if month_end_usd is not None and spent_usd is not None and len(days_usd) >= LEAST_DAYS:
        left_days = (end - now) / timedelta(days=1)
        half = Z_95 * stdev(days_usd) * sqrt(left_days)
        low, high = max(spent_usd, month_end_usd - half), month_end_usd + half
    runs_out_at = None
    if budget_usd is not None and spent_usd is not None:
        if spent_usd >= budget_usd:
            runs_out_at = now
        elif usd_per_hour:
            at = (budget_usd - spent_usd) / usd_per_hour
            left_h = (end - now) / timedelta(hours=1)
            runs_out_at = now + timedelta(hours=at) if at < left_h else None
    return wire.Budget(
        usd_per_month=budget_usd,
        spent_usd=spent_usd,
        month_part=(now - first) / (end - first),
        forecast_usd=month_end_usd,
        forecast_low_usd=low,
        forecast_high_usd=high,
        runs_out_at=runs_out_at,
    )
