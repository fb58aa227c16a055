"""Names a change and the state that it was shown on: what an approval binds to.

Always true here: whatever of a routing serves, routes or copies takes part, before and after; nothing else does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

from opsconsole import wire


def fingerprint(order: wire.OrderRequest, before: wire.TargetState, after: wire.Routing) -> str:
    """SHA-256, 16 digits."""
    told = [order.service, order.act, before.token, _spelled(before.routing), _spelled(after)]
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:16]


def _spelled(routing: wire.Routing) -> list[object]:
    return [_sorted(routing.shares), sorted(routing.headers.items()), _sorted(routing.shadow)]


def _sorted(shares: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted((version, round(share, 6)) for version, share in shares.items() if share)
