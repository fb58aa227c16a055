"""How full something is, and when it will be: disks, caches, queues, quotas.

Always true here: a level is the median of its latest readings, so one reading is no alarm; a slope that could as well
be none gives no time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LATEST = 5
LEAST_READINGS = 10
MOST_READINGS = 500
"""Theil-Sen looks at all pairs; of longer series every n-th reading is taken."""


@dataclass(frozen=True)
class Filling:
    """Where a gauge stands beside its limit."""

    share: float | None
    """Of the limit; None without readings."""
    minutes_to_limit: float | None
    """At the present slope; 0 when it is reached, None when it is not rising for sure."""
    earliest_minutes: float | None
    """Likewise at the upper end of the slope's 95 % interval."""


def filling(minutes: NDArray[Any], readings: NDArray[Any], limit: float) -> Filling:
    """Of a gauge: times in minutes (ascending), readings in the limit's unit (NaN is not known).

    Slope and interval: Theil-Sen (Sen 1968, JASA 63:1379-1389), which a third of wild readings do not move.
    """
    if not limit > 0:
        raise ValueError(f"a limit is positive, not {limit}")
    minutes, readings = np.asarray(minutes, dtype=np.float64), np.asarray(readings, dtype=np.float64)
    is_known = ~np.isnan(readings)
    minutes, readings = minutes[is_known], readings[is_known]
    if not len(readings):
        return Filling(None, None, None)
    level = float(np.median(readings[-LATEST:]))
    if level >= limit:
        return Filling(level / limit, 0.0, 0.0)
    if len(readings) < LEAST_READINGS or minutes[0] == minutes[-1]:
        return Filling(level / limit, None, None)
    from scipy import stats  # half of what a daemon takes to start, and few disks fill up

    step = -(-len(readings) // MOST_READINGS)
    slope, _, low, high = stats.theilslopes(readings[::-1][::step], minutes[::-1][::step])
    if not low > 0:
        return Filling(level / limit, None, None)
    return Filling(level / limit, float((limit - level) / slope), float((limit - level) / high))
