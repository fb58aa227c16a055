"""What is known of releases: a fold over the journal, so that losing everything else loses no decision.

Always true here: a state is frozen and follows from the events alone; a change that was begun and of which nothing
more is known stays ``pending`` until an event says what became of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec

from opsconsole import wire
from opsconsole.journal.chain import Event
from opsconsole.releases.fingerprints import fingerprint
from opsconsole.releases.targets.shares import heaviest, spelled

WHOLE = 0.999
"""A version with at least this share has all of the traffic."""
MOST_HISTORY = 500
"""Entries of a service that are kept at hand; the journal has all."""


@dataclass(frozen=True)
class Operation:
    """A plan that was begun."""

    plan: wire.Plan
    at: datetime
    word: wire.OutcomeWord | None = None
    """None: begun, and nothing more is known."""
    told: str = ""
    verdict: wire.Verdict | None = None

    @property
    def is_pending(self) -> bool:
        return self.word in (None, "indeterminate")


@dataclass(frozen=True)
class RolloutState:
    """A gradual rollout as the journal tells it."""

    version: str
    baseline: str
    before: wire.Routing
    steps: tuple[wire.RolloutStep, ...]
    pinned: str
    started_at: datetime
    started_by: str
    step: int = 0
    changes: tuple[datetime, ...] = ()
    """When the shares were changed: at the start, and at each further step."""
    phase: wire.RolloutPhase = "running"
    why: str = ""
    op_id: str = ""
    """The last operation that changed it."""

    @property
    def step_since(self) -> datetime:
        return self.changes[-1] if self.changes else self.started_at

    @property
    def is_open(self) -> bool:
        """Is there still something to decide?"""
        return self.phase in ("running", "held")


@dataclass(frozen=True)
class ServiceReleases:
    """One service."""

    believed: wire.Routing | None = None
    """What the last change left, or what was first seen."""
    since: Mapping[str, tuple[datetime, str]] = field(default_factory=dict)
    """Version → since when it has the share that it has, and by whom."""
    promoted: tuple[str, ...] = ()
    """Versions that once had all traffic, the last of them last."""
    withdrawn: frozenset[str] = frozenset()
    """Versions that were rolled back from: nobody is led back to them."""
    rollout: RolloutState | None = None
    operation: Operation | None = None
    """The last one that was begun, or is still pending after one that went ahead of it came to nothing."""
    overtaken: Operation | None = None
    """What was pending when that one was begun."""
    history: tuple[wire.HistoryEntry, ...] = ()
    """Oldest first."""
    out_of_band: str = ""

    @property
    def is_pending(self) -> bool:
        return self.operation is not None and self.operation.is_pending

    def pinned(self, routing: wire.Routing) -> str:
        """Where a roll-back leads from this routing: the last version that had all traffic, was not rolled back from,
        and does not have all of it now. Empty when there is none."""
        if self.rollout is not None and self.rollout.is_open:
            return self.rollout.pinned
        whole = next((version for version, share in routing.shares.items() if share >= WHOLE), None)
        return next(
            (version for version in reversed(self.promoted) if version != whole and version not in self.withdrawn), ""
        )


@dataclass(frozen=True)
class Releases:
    """Every service, and what holds for all of them."""

    services: Mapping[str, ServiceReleases] = field(default_factory=dict)
    freezes: tuple[wire.Freeze, ...] = ()
    approvals: tuple[wire.Approval, ...] = ()

    def of(self, service: str) -> ServiceReleases:
        return self.services.get(service, ServiceReleases())


def fold(events: Iterable[Event], state: Releases | None = None) -> Releases:
    """The state after these events."""
    state = state or Releases()
    for event in events:
        state = after(state, event)
    return state


def after(state: Releases, event: Event) -> Releases:
    """The state after one more event; events of other rooms change nothing."""
    of_all = _OF_ALL.get(event.kind)
    if of_all is not None:
        return of_all(state, event)
    of_one = _OF_ONE.get(event.kind)
    if of_one is None:
        return state
    service = str(event.data["service"])
    if event.kind == "release.finished":
        state = replace(state, approvals=_unused(state, service, event))
    return replace(state, services={**state.services, service: of_one(state.of(service), event)})


# What is true of one service --------------------------------------------------------------------------------------


def _at(event: Event) -> datetime:
    return datetime.fromisoformat(event.at)


def _routing(data: Mapping[str, Any], name: str = "routing") -> wire.Routing:
    return msgspec.convert(data[name], wire.Routing)


def _observed(one: ServiceReleases, event: Event) -> ServiceReleases:
    """The target was read for the first time: what has most of the traffic counts as promoted."""
    routing = _routing(event.data)
    main = heaviest(routing.shares)
    entry = _seen(one, routing, event, "observed", f"first seen: {spelled(routing.shares)}")
    return replace(_serving(one, routing, event, entry), promoted=(main,) if main else ())


def _found_out_of_band(one: ServiceReleases, event: Event) -> ServiceReleases:
    told, routing = str(event.data["told"]), _routing(event.data)
    entry = _seen(one, routing, event, "out of band", told)
    return replace(_serving(one, routing, event, entry), out_of_band=told)


def _acknowledged(one: ServiceReleases, event: Event) -> ServiceReleases:
    return replace(one, out_of_band="")


def _started(one: ServiceReleases, event: Event) -> ServiceReleases:
    begun = Operation(msgspec.convert(event.data["plan"], wire.Plan), _at(event))
    return replace(one, operation=begun, overtaken=one.operation if one.is_pending else None)


def _finished(one: ServiceReleases, event: Event) -> ServiceReleases:
    operation = _operation(one, event)
    if operation is None:
        return one
    plan, word = operation.plan, event.data["word"]
    one = _settled(one, replace(operation, word=word, told=str(event.data["told"])))
    entry = _entry(plan, event, word)
    if word == "not effective" and event.data.get("routing"):
        return _serving(one, _routing(event.data), event, entry)
    if word != "done" or not plan.requests:
        return replace(one, history=_with(one, entry))
    one = _serving(one, plan.after, event, entry)
    whole = next((version for version, share in plan.after.shares.items() if share >= WHOLE), "")
    if plan.order.act == "rollback" and plan.from_version and plan.from_version != whole:
        left = {version for version, share in plan.before.routing.shares.items() if share and version != whole}
        one = replace(one, withdrawn=(one.withdrawn | left) - {whole})
    if whole:
        promoted = (*(version for version in one.promoted if version != whole), whole)
        one = replace(one, promoted=promoted, withdrawn=one.withdrawn - {whole})
    return replace(one, out_of_band="")


def _settled(one: ServiceReleases, operation: Operation) -> ServiceReleases:
    """With what became of the last operation; what it went ahead of is pending again unless the target was changed."""
    if operation.is_pending:
        return replace(one, operation=operation)
    is_overridden = bool(operation.plan.requests) and operation.word in ("done", "not effective")
    return replace(one, operation=operation if is_overridden else one.overtaken or operation, overtaken=None)


def _verified(one: ServiceReleases, event: Event) -> ServiceReleases:
    operation = _operation(one, event)
    if operation is None:
        return one
    verdict = msgspec.convert(event.data["verdict"], wire.Verdict)
    history = tuple(
        msgspec.structs.replace(entry, effect=verdict.effect) if entry.op_id == operation.plan.op_id else entry
        for entry in one.history
    )
    return replace(one, operation=replace(operation, verdict=verdict), history=history)


def _operation(one: ServiceReleases, event: Event) -> Operation | None:
    """The operation that an event is about, if it is the last one."""
    operation = one.operation
    return operation if operation is not None and operation.plan.op_id == event.data["op_id"] else None


def _serving(one: ServiceReleases, routing: wire.Routing, event: Event, entry: wire.HistoryEntry) -> ServiceReleases:
    """This routing is what serves from here on."""
    before = one.believed.shares if one.believed else {}
    kept = {
        version: one.since[version]
        for version, share in routing.shares.items()
        if version in one.since and abs(before.get(version, 0.0) - share) < 1e-9
    }
    since = {
        version: kept.get(version, (_at(event), event.actor)) for version, share in routing.shares.items() if share
    }
    return replace(one, believed=routing, since=since, history=_with(one, entry))


def _entry(plan: wire.Plan, event: Event, word: str) -> wire.HistoryEntry:
    before, changed = plan.before.routing.shares, plan.after.shares
    return wire.HistoryEntry(
        op_id=plan.op_id, at=_at(event), actor=plan.actor, act=plan.order.act, told=str(event.data["told"]),
        before=before, after=changed, word=word,
    )  # fmt: skip


def _seen(one: ServiceReleases, routing: wire.Routing, event: Event, act: Any, told: str) -> wire.HistoryEntry:
    before = one.believed.shares if one.believed else {}
    return wire.HistoryEntry(
        op_id="", at=_at(event), actor=event.actor, act=act, told=told, before=before, after=routing.shares, word="done"
    )


def _with(one: ServiceReleases, entry: wire.HistoryEntry) -> tuple[wire.HistoryEntry, ...]:
    return (*one.history, entry)[-MOST_HISTORY:]


# Rollouts ---------------------------------------------------------------------------------------------------------


def _rollout_started(one: ServiceReleases, event: Event) -> ServiceReleases:
    data = event.data
    rollout = RolloutState(
        version=data["version"],
        baseline=data["baseline"],
        before=_routing(data, "before"),
        steps=tuple(msgspec.convert(step, wire.RolloutStep) for step in data["steps"]),
        pinned=data["pinned"],
        started_at=_at(event),
        started_by=event.actor,
        changes=(_at(event),),
        op_id=data["op_id"],
    )
    return replace(one, rollout=rollout)


def _rollout_advanced(one: ServiceReleases, event: Event) -> ServiceReleases:
    changes = (*one.rollout.changes, _at(event)) if one.rollout else ()
    return _of_rollout(one, event, step=int(event.data["step"]), changes=changes)


def _rollout_held(one: ServiceReleases, event: Event) -> ServiceReleases:
    return _of_rollout(one, event, phase="held", why=str(event.data["why"]))


def _rollout_resumed(one: ServiceReleases, event: Event) -> ServiceReleases:
    return _of_rollout(one, event, phase="running", why="")


def _rollout_ended(one: ServiceReleases, event: Event) -> ServiceReleases:
    return _of_rollout(one, event, phase=event.data["phase"], why=str(event.data["why"]))


def _of_rollout(one: ServiceReleases, event: Event, **fields: Any) -> ServiceReleases:
    if one.rollout is None:
        return one
    return replace(one, rollout=replace(one.rollout, op_id=event.data["op_id"], **fields))


# Of all of them ---------------------------------------------------------------------------------------------------


def _approved(state: Releases, event: Event) -> Releases:
    approval = msgspec.convert(event.data["approval"], wire.Approval)
    return replace(state, approvals=(*state.approvals, approval))


def _unused(state: Releases, service: str, event: Event) -> tuple[wire.Approval, ...]:
    """Without those that the change went by, once it is done: an approval is good for one release."""
    operation = _operation(state.of(service), event)
    if operation is None or event.data["word"] != "done":
        return state.approvals
    used = fingerprint(operation.plan.order, operation.plan.before, operation.plan.after)
    return tuple(each for each in state.approvals if each.fingerprint != used)


def _frozen(state: Releases, event: Event) -> Releases:
    freeze = msgspec.convert(event.data["freeze"], wire.Freeze)
    others = tuple(each for each in state.freezes if each.service != freeze.service)
    return replace(state, freezes=(*others, freeze))


def _thawed(state: Releases, event: Event) -> Releases:
    return replace(state, freezes=tuple(each for each in state.freezes if each.service != event.data["service"]))


_OF_ONE: dict[str, Callable[[ServiceReleases, Event], ServiceReleases]] = {
    "release.observed": _observed,
    "release.found_out_of_band": _found_out_of_band,
    "release.acknowledged": _acknowledged,
    "release.started": _started,
    "release.finished": _finished,
    "release.verified": _verified,
    "rollout.started": _rollout_started,
    "rollout.advanced": _rollout_advanced,
    "rollout.held": _rollout_held,
    "rollout.resumed": _rollout_resumed,
    "rollout.ended": _rollout_ended,
}
_OF_ALL: dict[str, Callable[[Releases, Event], Releases]] = {
    "release.approved": _approved,
    "freeze.set": _frozen,
    "freeze.lifted": _thawed,
}
