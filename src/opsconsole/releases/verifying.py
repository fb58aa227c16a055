"""Did it have its effect? By what the target says, and by the versions that arriving records name.

Always true here: an acknowledgement is not an effect; without records nothing is effective; one look decides at a level
at which chance rarely speaks, and says its n.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

from opsconsole import wire
from opsconsole.releases.targets.shares import same_routing, spelled

LEAST_RECORDS = 20
"""Fewer are too few to see a share in."""
AGREES_SIGMA, DIFFERS_SIGMA = 3.0, 5.0
"""Standard errors of a share (normal approximation of the binomial) within which traffic agrees, and beyond which it
contradicts."""
SLACK = 0.02
"""Of a share: requests that were under way, clocks that differ, sessions that stick."""
SETTLED_AFTER_S = 60.0
"""Before this much time traffic may still be of before, and contradicts nothing."""


@dataclass(frozen=True)
class Traffic:
    """The records that began since a change, by version."""

    counts: Mapping[str, int]
    since_s: float

    @property
    def n(self) -> int:
        return sum(self.counts.values())

    @property
    def shares(self) -> dict[str, float]:
        return {version: count / self.n for version, count in self.counts.items()} if self.n else {}


def verdict(planned: wire.Routing, state: wire.TargetState | None, scope: wire.Scope, traffic: Traffic) -> wire.Verdict:
    """What can be said now."""
    effect, why = _judged(planned, state, scope, traffic)
    return wire.Verdict(
        effect=effect,
        why=why,
        routing=state.routing if state is not None else None,
        observed=traffic.shares,
        n_observed=traffic.n,
    )


def _judged(
    planned: wire.Routing, state: wire.TargetState | None, scope: wire.Scope, traffic: Traffic
) -> tuple[wire.Effect, str]:
    if state is None:
        return "unknown", "the target cannot be read"
    if state.phase in ("changing", "rolling back"):
        return "pending", f"the target is {state.phase}"
    if not same_routing(state.routing, planned):
        why = f"the target says {spelled(state.routing.shares)} and not {spelled(planned.shares)}"
        return "diverged", why
    said = spelled(state.routing.shares)
    off = {version: _distance(traffic, version, share) for version, share in _all_shares(planned, traffic).items()}
    worst = max(off, key=lambda version: (off[version], traffic.counts.get(version, 0), version), default="")
    if traffic.n >= LEAST_RECORDS and off[worst] <= AGREES_SIGMA:
        why = f"the target says {said}, and so do {traffic.n} records"
        return "effective", why
    told = (
        f"{traffic.shares.get(worst, 0.0):.0%} of {traffic.n} records are of {worst}" if traffic.n else "no records yet"
    )
    if scope == "metadata":
        why = f"the registry says {said}; what serves does not follow by itself: {told}"
        return "metadata only", why
    contradicts = traffic.n >= LEAST_RECORDS and off[worst] > DIFFERS_SIGMA and traffic.since_s >= SETTLED_AFTER_S
    if contradicts:
        return "diverged", f"the target says {said}, but {told}"
    return "pending", f"the target says {said}; {told}"


def _all_shares(planned: wire.Routing, traffic: Traffic) -> dict[str, float]:
    return {version: planned.shares.get(version, 0.0) for version in {*planned.shares, *traffic.counts}}


def _distance(traffic: Traffic, version: str, share: float) -> float:
    """How many standard errors, beyond the slack, the observed share is away."""
    if not traffic.n:
        return 0.0
    beyond = max(0.0, abs(traffic.shares.get(version, 0.0) - share) - SLACK)
    error = sqrt(max(share * (1 - share), 1 / traffic.n) / traffic.n)
    return beyond / error
