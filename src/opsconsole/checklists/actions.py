"""What an action step can do: the acts of the release gate, by name, and what each needs to know.

Always true here: an action becomes an order to the gate and nothing else; whether it is done, the gate decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from opsconsole import wire
from opsconsole.errors import UsageError


@dataclass(frozen=True)
class Action:
    act: wire.Act
    about: str
    needs: tuple[str, ...] = ("service",)
    may: tuple[str, ...] = ("reason",)
    can_restore: bool = True
    """Does setting the routing again that was there before take it back?"""


ACTIONS: Mapping[str, Action] = {
    "release.rollback": Action("rollback", "all traffic back to the last version that had all of it"),
    "release.abort": Action("abort", "end a gradual rollout, back to what was before it"),
    "release.hold": Action("hold", "hold a gradual rollout where it is", can_restore=False),
    "release.resume": Action("resume", "let a gradual rollout go on", can_restore=False),
    "release.advance": Action("advance", "let a gradual rollout take its next step"),
    "release.start": Action("start", "begin a gradual rollout of a version", ("service", "version")),
    "release.promote": Action("promote", "all traffic to a version", ("service", "version")),
    "release.set": Action("set", "set the shares of versions: `v41=90 v42=10`", ("service", "shares")),
}


def order_of(name: str, words: Mapping[str, str], console: str) -> wire.OrderRequest:
    """The order that an action is. Raises UsageError for one that is not known or lacks something."""
    action = ACTIONS.get(name)
    if action is None:
        raise UsageError(f"there is no action {name!r}", f"There are: {', '.join(ACTIONS)}.")
    for need in action.needs:
        if not words.get(need):
            raise UsageError(f"{name} needs `{need}`", f"Say it under `with:`, or give --param {need}=….")
    return wire.OrderRequest(
        service=words["service"],
        act=action.act,
        version=words.get("version", "") if "version" in action.needs else "",
        routing=_routing(words["shares"]) if "shares" in action.needs else None,
        override_reason=words.get("reason", ""),
        console=console,
        via="checklist",
    )


def restoring(service: str, shares: Mapping[str, float], console: str) -> wire.OrderRequest:
    """The order that sets a routing again. It gives no reason: what brings something back has to be let by a person."""
    routing = wire.Routing(shares={version: share for version, share in shares.items() if share})
    return wire.OrderRequest(service=service, act="set", routing=routing, console=console, via="checklist")


def _routing(text: str) -> wire.Routing:
    shares: dict[str, float] = {}
    for word in text.split():
        version, equals, weight = word.rpartition("=")
        try:
            shares[version] = float(weight.removesuffix("%"))
        except ValueError:
            equals = ""
        if not version or not equals:
            raise UsageError(f"{word!r} is no share", "Write VERSION=SHARE: v41=90 v42=10.")
    return wire.Routing(shares=shares)
