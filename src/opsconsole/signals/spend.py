"""Where the money goes in time: run rate and month-end projection.

Always true here: what is not known is None, never $0; the projection assumes nothing but that spending goes on as in
the window.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from opsconsole import wire

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
