"""From what somebody wants to exactly what would be done: pure, so that it can be shown, compared and thrown away.

Always true here: the routing that is planned adds up to 1; what is taken back is what was seen before; a version
that is rolled back from keeps no header and no shadow of its own.
"""

from __future__ import annotations

from shlex import quote

import msgspec

from opsconsole import wire
from opsconsole.config.settings import ReleaseSetting, StepSetting
from opsconsole.errors import UsageError
from opsconsole.releases.ledger import ServiceReleases
from opsconsole.releases.targets.shares import heaviest, shares_of

DEFAULT_STEPS: tuple[StepSetting, ...] = tuple(
    StepSetting(share=share, minutes=minutes) for share, minutes in ((0.01, 10), (0.1, 15), (0.5, 15))
)


def steps_of(setting: ReleaseSetting) -> tuple[wire.RolloutStep, ...]:
    """The steps of a rollout; the last one always is all of the traffic."""
    steps = [
        wire.RolloutStep(share=each.share, minutes=each.minutes, requests=each.requests, gate=each.gate)
        for each in setting.steps or DEFAULT_STEPS
    ]
    last = wire.RolloutStep(share=1.0, minutes=0, requests=0, gate="time")
    return tuple(steps) if steps[-1].share >= 1 else (*steps, last)


def version_of(order: wire.OrderRequest, one: ServiceReleases, routing: wire.Routing) -> str:
    """The version that an order is about.

    Raises UsageError where it cannot be told.
    """
    if order.act == "rollback":
        return one.pinned(routing)
    if order.act in ("abort", "hold", "resume", "advance") and one.rollout is not None:
        return one.rollout.version if order.act != "abort" else heaviest(one.rollout.before.shares)
    if order.act == "set":
        return heaviest(order.routing.shares) if order.routing else ""
    if order.version:
        return order.version
    if one.rollout is not None and one.rollout.is_open:
        return one.rollout.version
    main = heaviest(routing.shares)
    others = [version for version, share in routing.shares.items() if share and version != main]
    if len(others) == 1:
        return others[0]
    told = f"{order.service} has {len(others)} versions beside {main}" if others else f"{main} has all of the traffic"
    raise UsageError(f"which version? {told}", f"Name it: opsconsole release {order.act} {order.service} VERSION.")


def routing_after(
    order: wire.OrderRequest, one: ServiceReleases, before: wire.Routing, version: str, setting: ReleaseSetting
) -> wire.Routing:
    """What the target should say afterwards.

    Raises UsageError for an order that means nothing here.
    """
    act, rollout = order.act, one.rollout
    if act in ("hold", "resume"):
        return before
    if act == "abort":
        return rollout.before if rollout is not None else _all_to(version, before)
    if act == "set":
        return _checked(order.routing)
    if act == "start":
        return _stepped(before, heaviest(before.shares), version, steps_of(setting)[0].share)
    if act == "advance":
        if rollout is None or not rollout.is_open:
            raise UsageError(f"no rollout of {order.service} is under way", "Start one: opsconsole release start.")
        step = min(rollout.step + 1, len(rollout.steps) - 1)
        return _stepped(before, rollout.baseline, version, rollout.steps[step].share)
    return _all_to(version, before)


def _all_to(version: str, before: wire.Routing) -> wire.Routing:
    headers = {header: to for header, to in before.headers.items() if to == version}
    return wire.Routing(shares={version: 1.0} if version else {}, headers=headers)


def _stepped(before: wire.Routing, baseline: str, version: str, share: float) -> wire.Routing:
    """``share`` for the version, the rest for the baseline; nobody is copied to a version that serves."""
    if baseline == version:
        raise UsageError(f"{version} has most of the traffic already", "Name the version that is to come.")
    shares = {baseline: 1.0 - share, version: share} if share < 1 else {version: 1.0}
    shadow = {name: part for name, part in before.shadow.items() if name != version}
    return msgspec.structs.replace(before, shares=shares, shadow=shadow)


def _checked(routing: wire.Routing | None) -> wire.Routing:
    if routing is None or not routing.shares:
        raise UsageError("no routing is given", "Write it as v41=90 v42=10.")
    try:
        return msgspec.structs.replace(routing, shares=shares_of(routing.shares))
    except ValueError as error:
        raise UsageError(str(error), "Write it as v41=90 v42=10.") from error


def command_of(order: wire.OrderRequest, version: str) -> str:
    """The same on the command line."""
    words = ["opsconsole", "release", "pause" if order.act == "hold" else order.act, order.service]
    if order.act in ("start", "promote"):
        words.append(version)
    if order.act == "set" and order.routing is not None:
        words += _routing_words(order.routing)
    if order.override_reason and order.act in wire.FORWARD:
        words += ["--override", order.override_reason]
    return " ".join(map(quote, [*words, "--yes-i-mean", order.service]))


def _routing_words(routing: wire.Routing) -> list[str]:
    words = [f"{name}={100 * share:.6g}" for name, share in routing.shares.items()]
    for header, version in routing.headers.items():
        words += ["--header", f"{header}={version}"]
    for version, share in routing.shadow.items():
        if share:
            words += ["--shadow", f"{version}={100 * share:.6g}"]
    return words


def undo_command_of(order: wire.OrderRequest, inverse: wire.Routing) -> str:
    """What takes it back, on the command line: what is new is rolled back, all else is set again."""
    if order.act in ("hold", "resume"):
        return command_of(wire.OrderRequest(service=order.service, act="resume" if order.act == "hold" else "hold"), "")
    if order.act in wire.FORWARD:
        return command_of(wire.OrderRequest(service=order.service, act="rollback"), "")
    return command_of(wire.OrderRequest(service=order.service, act="set", routing=inverse), "")
