"""What whoever is on call looks at: one alert with everything around it, and every incident.

Always true here: what an alert's deliveries say is what the notifiers' own book says; an alert of which nobody could be
told says so.
"""

from __future__ import annotations

from datetime import datetime

from opsconsole.wire.alerts import Alert, AlertRule, Silence
from opsconsole.wire.base import Struct, View
from opsconsole.wire.incidents import IncidentBrief, IncidentFinding
from opsconsole.wire.notices import Delivery
from opsconsole.wire.runs import ChecklistEntry


class AlertEvent(Struct, frozen=True, kw_only=True):
    """One thing that happened to an alert."""

    at: datetime
    actor: str
    text: str


class AlertView(View, frozen=True, kw_only=True):
    """One alert, open or resolved of late."""

    alert: Alert
    rules: tuple[AlertRule, ...]
    """Those of its findings, as they hold for its subject."""
    deliveries: tuple[Delivery, ...]
    """Of everything that was said of it, newest first."""
    history: tuple[AlertEvent, ...]
    """Newest first."""
    silences: tuple[Silence, ...]
    """In force, of its subject or of every one."""
    incident: str
    """The incident that it is linked to, the newest one; empty where there is none."""
    checklist: ChecklistEntry | None
    """The one to take; None where none is named, or it is not there."""


class IncidentsView(View, frozen=True, kw_only=True):
    """Every incident, the open ones first, the worst of them before the others; and what of them is overdue."""

    incidents: tuple[IncidentBrief, ...]
    findings: tuple[IncidentFinding, ...] = ()
