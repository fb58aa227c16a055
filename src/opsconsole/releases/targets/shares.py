"""Shares and weights: from what a system counts in to parts of the traffic, back, and when two routings are the same.

Always true here: a version that is left out has no share; a share that is not zero never becomes zero by rounding, and
one that is zero never becomes anything else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from opsconsole.releases.targets.base import Unsupported
from opsconsole.wire import Routing

TOLERANCE = 0.005
"""Half a percent: what a system that counts in whole percents rounds away."""
_NOTHING = 1e-9
"""Below this a share is the noise of floating point."""


def same_routing(first: Routing, second: Routing, tolerance: float = TOLERANCE) -> bool:
    """Do both send every request the same way, but for rounding?

    A version that answers a little and one that answers nothing are never the same.
    """
    return (
        _same_shares(first.shares, second.shares, tolerance)
        and _same_shares(first.shadow, second.shadow, tolerance)
        and first.headers == second.headers
    )


def _same_shares(first: Mapping[str, float], second: Mapping[str, float], tolerance: float) -> bool:
    pairs = [(first.get(version, 0.0), second.get(version, 0.0)) for version in first.keys() | second.keys()]
    return all((a > _NOTHING) == (b > _NOTHING) and abs(a - b) <= tolerance + _NOTHING for a, b in pairs)


def shares_of(weights: Mapping[str, float]) -> dict[str, float]:
    """Weights in any unit as shares that add up to 1.

    Raises ValueError, in words for a person, for weights that are no numbers from 0 up, or all 0.
    """
    for version, weight in weights.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight < math.inf:
            raise ValueError(f"the weight of {version} is {weight!r}, not a number from 0 up")
    total = math.fsum(weights.values())
    if not 0 < total < math.inf:
        raise ValueError("there is no weight above 0")
    return {version: weight / total for version, weight in weights.items()}


def parts_of(shares: Mapping[str, float], total: int) -> dict[str, int]:
    """Shares as whole parts that add up to exactly ``total``: 100 for percents, 10,000 for their hundredths.

    Largest remainders (Hamilton). Raises Unsupported for a share too small to be a part.
    """
    exact = {version: share * total for version, share in shares.items()}
    parts = {version: math.floor(amount + _NOTHING) for version, amount in exact.items()}
    by_remainder = sorted(exact, key=lambda version: exact[version] - parts[version], reverse=True)
    for version in by_remainder[: total - sum(parts.values())]:
        parts[version] += 1
    for version, share in shares.items():
        if share > _NOTHING and parts[version] == 0:
            raise Unsupported(
                f"{share:.4%} for {version} is less than this target can count ({1 / total:.4%})",
                "Ask for a larger share, or for none.",
            )
    return parts


def heaviest(shares: Mapping[str, float]) -> str:
    """The version with the largest share, the first of them where several have it; empty where none has any."""
    return max(shares, key=lambda version: shares[version], default="")


def spelled(shares: Mapping[str, float]) -> str:
    """``v41 90 %, v42 10 %``: without the versions that have none."""
    return ", ".join(f"{version} {100 * share:.4g} %" for version, share in shares.items() if share > _NOTHING)
