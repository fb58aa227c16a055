"""Which struct answers which question."""

from __future__ import annotations

from typing import TypeAlias

from opsconsole.wire.alerts import AlertsView
from opsconsole.wire.base import View
from opsconsole.wire.duty import AlertView, IncidentsView
from opsconsole.wire.incidents import IncidentView
from opsconsole.wire.inquiries import (
    CostView,
    DriftView,
    ExplainView,
    RequestsView,
    RequestView,
    SaturationView,
    TimelineView,
    VersionsView,
)
from opsconsole.wire.overview import FleetView, ServiceView, SourcesView, StatusView
from opsconsole.wire.playing import DrillView
from opsconsole.wire.releases import ReleaseView
from opsconsole.wire.runs import ChecklistsView, ChecklistView, RunView

Answer: TypeAlias = View | SourcesView

ANSWERS: dict[str, type[Answer]] = {
    "fleet": FleetView,
    "service": ServiceView,
    "status": StatusView,
    "sources": SourcesView,
    "versions": VersionsView,
    "requests": RequestsView,
    "request": RequestView,
    "drift": DriftView,
    "cost": CostView,
    "saturation": SaturationView,
    "timeline": TimelineView,
    "explain": ExplainView,
    "release": ReleaseView,
    "alerts": AlertsView,
    "alert": AlertView,
    "incidents": IncidentsView,
    "incident": IncidentView,
    "checklists": ChecklistsView,
    "checklist": ChecklistView,
    "run": RunView,
    "drill": DrillView,
}
"""Kind of view → its struct; the kind is the last part of its path in the API."""
