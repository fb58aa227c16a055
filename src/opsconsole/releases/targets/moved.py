"""Is a target still as it was shown? The one comparison that every ``apply`` makes right before it sends.

Always true here: where both sides have a token, the token decides alone; a target that is changing already is busy, not
moved.
"""

from __future__ import annotations

from opsconsole.releases.targets.base import Busy, Conflict
from opsconsole.releases.targets.shares import same_routing, spelled
from opsconsole.wire import TargetState


def refuse_if_moved(name: str, before: TargetState, found: TargetState) -> None:
    """Raises Busy or Conflict unless the target is as in ``before``; ``name`` is the target's."""
    if found.phase in ("changing", "rolling back"):
        raise Busy(f"{name}: it is {found.phase} already", "Wait until that is done, then look again.")
    is_same = (
        found.token == before.token if found.token and before.token else same_routing(found.routing, before.routing)
    )
    if not is_same:
        raise Conflict(
            f"{name}: it was {spelled(before.routing.shares)} when the plan was made, and is {_now(before, found)}",
            "Look again, then decide again.",
            found,
        )


def _now(before: TargetState, found: TargetState) -> str:
    now = spelled(found.routing.shares)
    return now if now != spelled(before.routing.shares) else f"{now} with other routes, or written anew"
