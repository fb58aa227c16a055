"""What a routing asks of a system that serves one version at a time.

Always true here: what a system cannot do is refused before anything is sent, never rounded to what it can.
"""

from __future__ import annotations

from opsconsole.releases.targets.base import Unsupported
from opsconsole.wire import Routing


def one_version(routing: Routing, rule: str) -> str:
    """The version that gets everything; raises Unsupported, with the system's rule, where there is more to it."""
    serving = [version for version, share in routing.shares.items() if share > 0]
    if len(serving) != 1 or routing.headers or routing.shadow:
        raise Unsupported(f"{rule}: no weights, headers or shadows", "Plan a routing with all traffic on one version.")
    return serving[0]
