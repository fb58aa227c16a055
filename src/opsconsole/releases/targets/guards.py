"""What every target looks at before it sends: can it do this at all, and is it still as it was shown?

Always true here: where both sides have a token, the token decides alone; a target that is changing already is busy, not
moved; what a target cannot do is never done in part.
"""

from __future__ import annotations

from opsconsole.releases.targets.base import Busy, Conflict, Unsupported
from opsconsole.releases.targets.shares import same_routing, spelled
from opsconsole.wire import Caps, Routing, TargetState


def refuse_unless_able(name: str, caps: Caps, after: Routing) -> None:
    """Raises Unsupported for a routing with parts that the target has no place for; ``name`` is the target's."""
    for is_wanted, is_able, what in (
        (sum(share > 0 for share in after.shares.values()) > 1, caps.split, "several versions at once"),
        (bool(after.headers), caps.headers, "routes by header"),
        (any(share > 0 for share in after.shadow.values()), caps.shadow, "copied traffic"),
    ):
        if is_wanted and not is_able:
            raise Unsupported(
                f"{name} has no place for {what}", "Leave that out, or name it in the options where they know it."
            )


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
