"""Alerts on the wire: what fires, on which evidence, who was told, and what people said to it.

Always true here: an alert says each of its findings with its value, its threshold and its n; one that is open without
anybody being told says why (acknowledged, silenced, inhibited).
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from opsconsole.wire.base import Struct, View

AlertSeverity = Literal["page", "ticket"]
"""page: somebody has to get up; ticket: somebody has to look today."""
AlertState = Literal["firing", "acknowledged", "silenced", "inhibited", "clearing", "resolved"]
"""clearing: what it found is gone, and has to stay gone; silenced, inhibited: it fires and nobody is told."""


class AlertMember(Struct, frozen=True, kw_only=True):
    """One finding of an alert."""

    rule: str
    detail: str = ""
    """Of what: a version, a feature, a key; empty for the whole service."""
    severity: AlertSeverity
    told: str
    """In words with numbers."""
    value: float
    threshold: float
    unit: str
    """Of both."""
    n: int
    """Values behind it."""
    p_value: float | None = None
    """Chance of as much by accident; None where nothing was tested."""
    view: str = ""
    """The console's view that shows it …"""
    start: datetime | None = None
    stop: datetime | None = None
    """… and the range to look at."""
    url: str = ""
    """Where somebody else's system shows it."""
    params: dict[str, str] = msgspec.field(default_factory=dict)
    """What a checklist is told of it, beside the service: the key, the version."""
    since: datetime
    """When it was first found."""
    is_present: bool = True
    """Is it found now?"""


NO_NOTIFIER = "nobody was told: no notifier takes it"
IN_A_DRILL = "a drill: nobody outside is told"
"""Why a step of a ladder told nobody: something is missing, or it is as it should be."""


class AlertTold(Struct, frozen=True, kw_only=True):
    """One step of the ladder that was taken."""

    at: datetime
    step: int
    """From 0."""
    notify: tuple[str, ...]
    """Names of the notifiers that tell it; empty where none takes it."""
    why_nobody: str = ""
    """Why there are none; empty where there is one."""


class Alert(Struct, frozen=True, kw_only=True):
    """One cause at one service or provider, and everything that was found of it."""

    id: str
    """``A-12``: for people and commands."""
    subject: str
    """A service; or ``provider NAME``; or ``opsconsole``, for what concerns the console itself."""
    cause: str
    """``errors``, ``latency``, ``version v42``: one alert at a time is open of a subject and a cause."""
    services: tuple[str, ...]
    """Whose users it concerns."""
    severity: AlertSeverity
    state: AlertState
    title: str
    members: tuple[AlertMember, ...]
    """Worst first."""
    more: int = 0
    """Findings beyond those."""
    explained: tuple[str, ...] = ()
    """What had changed when it fired, in words."""
    fired_at: datetime
    cleared_at: datetime | None = None
    """Since when nothing of it is found."""
    resolved_at: datetime | None = None
    resolved_why: str = ""
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    note: str = ""
    """What was said when it was acknowledged."""
    held_by: str = ""
    """Why nobody is told: the silence, or the alert that inhibits it."""
    flaps: int = 0
    """How often it came back soon after it was gone."""
    checklist: str = ""
    ladder: str = ""
    told: tuple[AlertTold, ...] = ()
    next_at: datetime | None = None
    """When the next step of its ladder is due; None when none is."""


class Silence(Struct, frozen=True, kw_only=True):
    """Alerts that nobody is told of for a while."""

    id: str
    """``S-3``."""
    subject: str = ""
    """Of this service or provider; of every one where none is named."""
    what: str = ""
    """This cause or this rule; every one where none is named."""
    until: datetime
    reason: str
    by: str
    at: datetime


class AlertRule(Struct, frozen=True, kw_only=True):
    """One rule, as it holds for a service (or, without one, as it comes)."""

    id: str
    about: str
    is_enabled: bool
    severity: AlertSeverity
    threshold: float
    unit: str
    window_s: int
    min_n: int
    floor_usd: float
    """USD an hour below which a change of cost is not worth an alert; 0 where money is not judged."""
    chance: float | None
    """It fires only where the chance of as much by accident is at most this; None where nothing is tested."""
    for_s: int
    hold_s: int
    cause: str
    needs: tuple[str, ...]
    inhibited_by: tuple[str, ...]
    checklist: str
    ladder: str
    false_alarms: str
    """How often it fires by accident, and why that is so."""
    unknown: str = ""
    """Why nothing can be said now, for this service; empty where something can."""


class AlertsView(View, frozen=True, kw_only=True):
    """Everything that fires, worst first, and what was resolved within the window."""

    alerts: tuple[Alert, ...]
    resolved: tuple[Alert, ...]
    silences: tuple[Silence, ...]
    looked_at: datetime | None
    """When the rules were last looked at; None before the first time."""
    look_ms: float | None
    """What that took, of one core."""
    trouble: str = ""
    """Why the last look failed or left something out."""
    deliveries: dict[str, str] = msgspec.field(default_factory=dict)
    """Alert → who was told and who could not be, in words, of those that were told to anybody."""
    incidents: dict[str, str] = msgspec.field(default_factory=dict)
    """Alert → the incident that it is linked to."""


class AlertRulesReply(Struct, frozen=True, kw_only=True):
    service: str
    rules: tuple[AlertRule, ...]


class AckRequest(Struct, frozen=True, kw_only=True):
    """Somebody has it: no further step of its ladder is taken."""

    alert: str
    note: str = ""


class SilenceRequest(Struct, frozen=True, kw_only=True):
    """Tell nobody of these alerts for a while."""

    subject: str
    """An alert's id stands for its subject and cause; ``*`` is every service."""
    what: str = ""
    """A cause or a rule."""
    minutes: float
    reason: str


class UnsilenceRequest(Struct, frozen=True, kw_only=True):
    silence: str


class IncomingReply(Struct, frozen=True, kw_only=True):
    """What became of a webhook's alerts."""

    firing: int
    resolved: int
    dropped: int
    """Beyond what is taken at once, or of what is remembered."""
    own: int
    """That an opsconsole told the sender itself, and that are not heard again."""
