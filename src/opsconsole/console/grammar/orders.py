"""What a key or a command orders of the daemon: which act, of which service and version; and why it may not now.

Always true here: an order is about what can be seen: the row under the cursor, never a marked or a hidden one; what is
not known is no reason against it, because the daemon judges every order again; an order executes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from opsconsole import wire
from opsconsole.console.deeds import drills
from opsconsole.console.deeds import table as deeds
from opsconsole.console.deeds.base import may_not
from opsconsole.console.deeds.runs import run_here
from opsconsole.console.frame import Frame, State
from opsconsole.console.grammar.actions import IN_THE_PAST, IN_THE_PAST_UNTIMED, Action
from opsconsole.console.grammar.verbs import marked, service_here, under_cursor
from opsconsole.console.panels.run_words import VERBS, meant
from opsconsole.console.views.catalog import BY_NAME
from opsconsole.errors import UsageError

READ_ONLY = "read-only: {arm} arms this console"
NOTHING_TO_UNDO = "no change of {service} is being watched here, and none was sent from here"
PACES: dict[wire.Act, wire.Act] = {"hold": "resume", "resume": "hold"}
"""What undoes the other."""
Via: TypeAlias = Literal["key", "palette"]


def unavailable(action: Action, state: State, frame: Frame) -> str:
    """Why an action does not work in this state; empty when it does."""
    if action.needs_now and state.as_of is not None:
        return IN_THE_PAST.format(freeze=frame.key("freeze")) if BY_NAME[state.view].is_timed else IN_THE_PAST_UNTIMED
    if action.is_deed:
        return deeds.unavailable(action.id, state, frame)
    if not action.is_order:
        return ""
    if reason := being_planned(frame):
        return reason
    service = service_here(state, frame)
    if not service:
        return "choose a service first"
    if frame.releases is not None and service not in frame.releases:
        return f"{service} has no target: the configuration names none"
    if reason := _forbidden(frame):
        return reason
    if action.id == "pace" and _is_known(service, state, frame) and _phase(service, state, frame) is None:
        return f"no rollout of {service} is under way"
    if action.id == "undo" and _undoing(service, frame) is None:
        return NOTHING_TO_UNDO.format(service=service)
    return ""


def being_planned(frame: Frame) -> str:
    """Why nothing else can be begun while a plan is on its way."""
    if frame.proceeding is None or frame.proceeding.stage != "planning":
        return ""
    return f"the plan to {frame.proceeding.phrase} is still being asked for: Esc gives it up"


def _forbidden(frame: Frame) -> str:
    """Why this console orders nothing at all."""
    permission = frame.permission
    if reason := may_not(permission):
        return reason
    if permission is None:
        return ""
    is_armed = frame.armed_s is not None and frame.armed_s > 0
    return READ_ONLY.format(arm=frame.key("arm")) if permission.is_read_only and not is_armed else ""


def label(action: Action, state: State, frame: Frame) -> str:
    """What the status line calls an action now."""
    if action.id == "pace" and _phase(service_here(state, frame), state, frame) == "held":
        return "resume"
    if action.id in VERBS and (view := run_here(state, frame)) is not None:
        found = meant(action.id, view)
        return found[1] if action.label and found is not None else ""
    if action.id in drills.DEEDS:
        return drills.label(action.id, action.label, state, frame)
    return action.label


def note(state: State, frame: Frame) -> str:
    """What has to be known of an order from here: of several marked rows it is about one."""
    rows = len(marked(state, frame))
    item = under_cursor(state, frame)
    return f"{rows} rows are marked: this is about {item.key} alone" if rows > 1 and item is not None else ""


def _is_known(service: str, state: State, frame: Frame) -> bool:
    return _on_screen(service, frame) is not None or (frame.releases is not None and service in frame.releases)


def _on_screen(service: str, frame: Frame) -> wire.ReleaseView | None:
    view = frame.release
    return view if view is not None and view.service == service else None


def _phase(service: str, state: State, frame: Frame) -> wire.RolloutPhase | None:
    """Of the rollout that is under way."""
    if (view := _on_screen(service, frame)) is not None:
        return view.rollout.phase if view.rollout is not None and view.rollout.phase in UNDER_WAY else None
    brief = (frame.releases or {}).get(service)
    return brief.rollout if brief is not None else None


UNDER_WAY: frozenset[wire.RolloutPhase] = frozenset({"running", "held", "failed"})
"""Phases in which a rollout is not over."""


# Orders by key ----------------------------------------------------------------------------------------------------


def order(service: str, act: wire.Act, version: str = "", via: Via = "key", reason: str = "") -> wire.OrderRequest:
    return wire.OrderRequest(service=service, act=act, version=version, override_reason=reason, via=via)


def version_of(service: str, state: State, frame: Frame) -> str:
    """The version that promoting this service means here. Raises UsageError where that cannot be told."""
    version = _version_here(service, state, frame)
    if not version:
        raise UsageError(
            "promote which version?", f"{frame.key('open_versions')} shows them; or :promote {service} VERSION."
        )
    return version


def _version_here(service: str, state: State, frame: Frame) -> str:
    """The version under the cursor, else the one that a rollout brings, else the smaller one of two."""
    listing = BY_NAME[state.view].listing(frame)
    item = under_cursor(state, frame)
    if item is not None and listing is not None and listing.name == "versions" and frame.state.service == service:
        return item.key
    if (view := _on_screen(service, frame)) is not None:
        canaries = [each.version for each in view.deployments if each.role == "canary"]
        return view.rollout.version if view.rollout is not None else canaries[0] if len(canaries) == 1 else ""
    brief = (frame.releases or {}).get(service)
    if brief is not None and brief.version:
        return brief.version
    shares = sorted(_shares(service, frame), key=lambda each: each[1])
    return shares[0][0] if len(shares) == 2 else ""


def _shares(service: str, frame: Frame) -> list[tuple[str, float]]:
    """Version and share of the records, where the view on the screen has them."""
    if frame.service is not None and frame.service.service == service:
        return [(each.version, each.share) for each in frame.service.versions]
    rows = frame.fleet.services if frame.fleet is not None else ()
    return [pair for row in rows if row.service == service for pair in row.versions]


def _pace(service: str, state: State, frame: Frame) -> wire.OrderRequest:
    return order(service, "resume" if _phase(service, state, frame) == "held" else "hold")


def _undo(service: str, state: State, frame: Frame) -> wire.OrderRequest:
    undoing = _undoing(service, frame)
    if undoing is None:
        raise UsageError(NOTHING_TO_UNDO.format(service=service))
    return undoing


def _undoing(service: str, frame: Frame) -> wire.OrderRequest | None:
    """What takes back the change that is being watched on the screen, else the one that was last sent from here."""
    view = _on_screen(service, frame)
    if view is not None and view.watch is not None:
        return _back_to(view.watch.undo, view.pinned, service)
    plan = frame.done.get(service)
    if plan is None:
        return None
    if plan.order.act in PACES:
        return order(service, PACES[plan.order.act])
    if plan.order.act in wire.FORWARD:
        return order(service, "rollback")
    return _back_to(plan.inverse, plan.pinned, service)


def _back_to(routing: wire.Routing, pinned: str, service: str) -> wire.OrderRequest:
    """These shares; where they are the pinned version alone, by rolling back, which nothing gates."""
    if pinned and routing.shares.get(pinned) == 1.0:
        return order(service, "rollback")
    return wire.OrderRequest(service=service, act="set", routing=routing, via="key")


BY_KEY: dict[str, Callable[[str, State, Frame], wire.OrderRequest]] = {
    "promote": lambda service, state, frame: order(service, "promote", version_of(service, state, frame)),
    "rollback": lambda service, state, frame: order(service, "rollback"),
    "pace": _pace,
    "abort": lambda service, state, frame: order(service, "abort"),
    "undo": _undo,
}
"""Action → what it orders of a service."""
