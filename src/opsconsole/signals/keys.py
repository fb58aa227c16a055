"""API keys that are new, or are used unlike themselves; and inputs unlike any before.

Always true here: a key is compared with its own past alone; a jump is only one above a floor in requests or USD; a key
is only called new where the log reaches back far enough to know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from opsconsole import bins
from opsconsole.signals.cost import AnomalySettings, Finding, latest
from opsconsole.signals.quantiles import rank
from opsconsole.signals.seasonal import WEEK
from opsconsole.signals.slo import chance

Floats = NDArray[np.float64]
What = Literal["new", "requests", "spend"]


@dataclass(frozen=True)
class KeySettings:
    """When the use of a key is unusual."""

    lookback_hours: int = 24 * 14
    """A key not seen in the hours before is new, if the log reaches back that far."""
    least_requests: int = 20
    """Requests an hour below which nothing is said, of new keys neither."""
    z: float = 5.0
    """Keys are many and each is looked at every hour: stricter than one series would need."""
    requests_floor: float = 100.0
    """Requests an hour beyond the expected."""
    usd_floor: float = 1.0
    """USD an hour beyond the expected."""


@dataclass(frozen=True)
class KeyUse:
    """One finding of one key."""

    key: str
    what: What
    finding: Finding


def unusual_keys(
    requests: Mapping[str, NDArray[Any]],
    usd: Mapping[str, NDArray[Any]],
    known_hours: int,
    settings: KeySettings | None = None,
) -> tuple[KeyUse, ...]:
    """Findings of the last hour, by key. Series are hourly, oldest first, of one length; a key's absence is a zero.

    ``known_hours``: how many of them the log covers. Spend may be NaN where it is not known, or missing for a key.
    """
    settings = settings or KeySettings()
    found: list[KeyUse] = []
    for key in sorted(requests):
        series = np.asarray(requests[key], dtype=np.float64)[-known_hours:]
        if not len(series) or series[-1] < settings.least_requests:
            continue
        if not series[-1 - settings.lookback_hours : -1].any():
            if known_hours > settings.lookback_hours:
                found.append(KeyUse(key, "new", Finding("anomaly", float(series[-1]), 0.0, None, None, "")))
            continue
        rules: tuple[tuple[What, NDArray[Any] | None, float], ...] = (
            ("requests", series, settings.requests_floor),
            ("spend", usd.get(key), settings.usd_floor),
        )
        for what, values, floor in rules:
            if values is None:
                continue
            finding = latest(values[-known_hours:], AnomalySettings(z=settings.z, floor=floor, rhythm=_OF_A_KEY))
            if finding.verdict == "anomaly":
                found.append(KeyUse(key, what, finding))
    return tuple(found)


_OF_A_KEY = replace(WEEK, least_sd=0.25)
"""Single keys are restless: less than a factor of about three is no jump (5 · 0.25 in logarithms)."""


# Inputs beyond what was seen before --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Beyond:
    """How many values lie beyond the reference's quantile."""

    n: int
    beyond: int
    limit: float
    """Upper bound of the quantile's bin."""
    expected_share: float
    p_value: float


def beyond(
    reference: Mapping[int, int], window: Mapping[int, int], quantile: float = 0.999, schema: int = bins.FEATURE_SCHEMA
) -> Beyond | None:
    """Does the window hold more values beyond the reference's q-quantile than it should? None when either is empty.

    Code → count of both (bins.py). The share to expect is the reference's own, one value added so that it is never 0
    (rule of succession); the p-value is the exact binomial tail.
    """
    special = (bins.NULL, bins.NOT_A_NUMBER)
    before, now = ({c: n for c, n in side.items() if c not in special and n > 0} for side in (reference, window))
    n_before, n = sum(before.values()), sum(now.values())
    if not n_before or not n:
        return None
    codes = sorted(before)
    upto = np.cumsum([before[code] for code in codes])
    at = codes[int(np.searchsorted(upto, rank(quantile, n_before)))]
    share = (sum(count for code, count in before.items() if code > at) + 1) / (n_before + 1)
    over = sum(count for code, count in now.items() if code > at)
    return Beyond(n, over, bins.bounds(at, schema)[1], share, float(chance(np.array([over]), np.array([n]), share)[0]))
