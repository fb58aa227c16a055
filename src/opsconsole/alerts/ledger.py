"""What is known of alerts: a fold over the journal, so that a restart forgets no alert, no silence and no timer.

Always true here: a state is frozen and follows from the events alone; of a subject and a cause at most one alert is
open; what was acknowledged stays so until it is resolved or becomes a page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

import msgspec

from opsconsole import wire
from opsconsole.journal.walk import Event

MOST_RECENT = 300
"""Resolved alerts that are kept at hand; the journal has all."""

Key = tuple[str, str]
"""(subject, cause)."""


@dataclass(frozen=True)
class Alert:
    """One alert as the journal tells it."""

    id: str
    subject: str
    cause: str
    kind: str
    """The cause in one word of ``Cause``: of ``version v42``, ``version``."""
    services: tuple[str, ...]
    severity: wire.AlertSeverity
    title: str
    members: tuple[wire.AlertMember, ...]
    more: int
    fired_at: datetime
    checklist: str
    ladder: str
    explained: tuple[str, ...] = ()
    changed_at: datetime | None = None
    cleared_at: datetime | None = None
    resolved_at: datetime | None = None
    resolved_why: str = ""
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    note: str = ""
    flaps: int = 0
    told: tuple[wire.AlertTold, ...] = ()
    step: int = 0
    """The step of the ladder that comes next."""
    ladder_since: datetime | None = None
    """Since when its ladder counts: since it fired, or since it became a page."""

    @property
    def key(self) -> Key:
        return self.subject, self.cause


@dataclass(frozen=True)
class Alerts:
    """Every alert that is open, the newest of those that are not, and the silences."""

    open: Mapping[Key, Alert] = field(default_factory=lambda: MappingProxyType({}))
    recent: tuple[Alert, ...] = ()
    """Resolved, oldest first."""
    silences: tuple[wire.Silence, ...] = ()
    fired: int = 0
    """How many there ever were."""
    silenced: int = 0

    @property
    def next_id(self) -> str:
        return f"A-{self.fired + 1}"

    def of(self, alert_id: str) -> Alert | None:
        return next((alert for alert in self.open.values() if alert.id == alert_id), None)


def fold(events: Iterable[Event], state: Alerts | None = None) -> Alerts:
    """The state after these events."""
    state = state or Alerts()
    for event in events:
        state = after(state, event)
    return state


def after(state: Alerts, event: Event) -> Alerts:
    """The state after one more event; events of other rooms change nothing."""
    change = _CHANGES.get(event.kind)
    return change(state, event) if change is not None else state


def _at(event: Event) -> datetime:
    return datetime.fromisoformat(event.at)


def _fired(state: Alerts, event: Event) -> Alerts:
    data = event.data
    alert = Alert(
        id=data.get("alert", state.next_id),
        subject=data["subject"],
        cause=data["cause"],
        kind=data["family"],
        services=tuple(data["services"]),
        severity=data["severity"],
        title=data["title"],
        members=_members(data),
        more=data["more"],
        fired_at=_at(event),
        changed_at=_at(event),
        ladder_since=_at(event),
        checklist=data["checklist"],
        ladder=data["ladder"],
        explained=tuple(data["explained"]),
        flaps=data["flaps"],
    )
    if alert.key in state.open:
        return state
    return replace(state, open={**state.open, alert.key: alert}, fired=state.fired + 1)


def _members(data: Mapping[str, Any]) -> tuple[wire.AlertMember, ...]:
    return tuple(msgspec.convert(each, wire.AlertMember) for each in data["members"])


def _changed(state: Alerts, event: Event) -> Alerts:
    def change(alert: Alert) -> Alert:
        data = event.data
        alert = replace(
            alert,
            members=_members(data),
            more=data["more"],
            title=data["title"],
            services=tuple(data["services"]),
            changed_at=_at(event),
            cleared_at=_at(event) if data["is_cleared"] else None,
            flaps=data["flaps"],
        )
        if data["severity"] == "page" and alert.severity == "ticket":
            alert = replace(
                alert, severity="page", ladder=data["ladder"], checklist=data["checklist"], step=0,
                ladder_since=_at(event), acknowledged_at=None, acknowledged_by="", note="",
            )  # fmt: skip
        return alert

    return _one(state, event, change)


def _resolved(state: Alerts, event: Event) -> Alerts:
    alert = state.of(event.data["alert"])
    if alert is None:
        return state
    ended = replace(alert, resolved_at=_at(event), resolved_why=event.data["why"])
    return replace(
        state,
        open={key: each for key, each in state.open.items() if key != alert.key},
        recent=(*state.recent, ended)[-MOST_RECENT:],
    )


def _acknowledged(state: Alerts, event: Event) -> Alerts:
    return _one(
        state,
        event,
        lambda alert: replace(
            alert, acknowledged_at=_at(event), acknowledged_by=event.data["person"], note=event.data["note"]
        ),
    )


def _escalated(state: Alerts, event: Event) -> Alerts:
    data, names = event.data, tuple(event.data["notify"])
    why_nobody = "" if names else data.get("why_nobody", wire.NO_NOTIFIER)
    told = wire.AlertTold(at=_at(event), step=data["step"], notify=names, why_nobody=why_nobody)
    return _one(state, event, lambda alert: replace(alert, told=(*alert.told, told), step=told.step + 1))


def _one(state: Alerts, event: Event, change: Callable[[Alert], Alert]) -> Alerts:
    alert = state.of(event.data["alert"])
    return state if alert is None else replace(state, open={**state.open, alert.key: change(alert)})


def _silenced(state: Alerts, event: Event) -> Alerts:
    data = event.data
    silence = wire.Silence(
        id=f"S-{state.silenced + 1}",
        subject=data["subject"],
        what=data["what"],
        until=datetime.fromisoformat(data["until"]),
        reason=data["reason"],
        by=data["person"],
        at=_at(event),
    )
    active = tuple(each for each in state.silences if each.until > silence.at)
    return replace(state, silences=(*active, silence), silenced=state.silenced + 1)


def _unsilenced(state: Alerts, event: Event) -> Alerts:
    return replace(state, silences=tuple(each for each in state.silences if each.id != event.data["silence"]))


_CHANGES: dict[str, Callable[[Alerts, Event], Alerts]] = {
    "alert.fired": _fired,
    "alert.changed": _changed,
    "alert.resolved": _resolved,
    "alert.acknowledged": _acknowledged,
    "alert.escalated": _escalated,
    "alert.silenced": _silenced,
    "alert.unsilenced": _unsilenced,
}
