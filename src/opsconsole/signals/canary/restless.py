"""How restless the baseline is by itself: its even minutes against its odd ones, as if one of them were a canary.

Always true here: the halves are fixed beforehand and cover the same time, so what they differ by is noise and nothing
else. It is less than two sets of machines differ by, which no minute of one version can tell.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp

from opsconsole.minutes import NO_VALUES, Moments, Side
from opsconsole.signals.canary.streams import added

LEAST_VALUES = 30
LEAST_ERRORS = 10
"""Of each half; fewer tell no rate."""


@dataclass(frozen=True)
class Half:
    """Every second minute of the baseline."""

    log_latency: Moments = NO_VALUES
    cost: Moments = NO_VALUES
    errors: tuple[int, int] = (0, 0)
    """(failed, outcome known)."""

    def with_side(self, side: Side) -> Half:
        return replace(
            self,
            log_latency=self.log_latency + side.log_latency,
            cost=self.cost + side.cost,
            errors=added(self.errors, side.errors, side.answered),
        )


def largest_ratio(one: Half, other: Half) -> float | None:
    """Of latency, cost and error rate, the larger half over the smaller; None where none can be told."""
    ratios = []
    if min(one.log_latency.n, other.log_latency.n) >= LEAST_VALUES:
        ratios.append(exp(one.log_latency.mean - other.log_latency.mean))
    if min(one.cost.n, other.cost.n) >= LEAST_VALUES and one.cost.total > 0 and other.cost.total > 0:
        ratios.append(one.cost.mean / other.cost.mean)
    if min(one.errors[0], other.errors[0]) >= LEAST_ERRORS:
        ratios.append(one.errors[0] / one.errors[1] / (other.errors[0] / other.errors[1]))
    return max((max(ratio, 1 / ratio) for ratio in ratios), default=None)
