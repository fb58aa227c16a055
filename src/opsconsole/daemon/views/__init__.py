"""What consoles and scripts look at: one function a view, from one reading of the store to one struct of the wire."""

from __future__ import annotations

from collections.abc import Callable

from opsconsole import wire
from opsconsole.daemon.views import (
    cost,
    drift,
    explain,
    fleet,
    release,
    requests,
    saturation,
    service,
    timeline,
    versions,
)
from opsconsole.daemon.views.reading import Reading

VIEWS: dict[str, Callable[[Reading], wire.View]] = {
    "fleet": fleet.fleet,
    "service": service.service,
    "status": service.status,
    "requests": requests.requests_view,
    "request": requests.request_view,
    "explain": explain.explain_view,
    "versions": versions.versions_view,
    "drift": drift.drift_view,
    "cost": cost.cost_view,
    "saturation": saturation.saturation_view,
    "timeline": timeline.timeline_view,
    "release": release.release_view,
}
"""Kind → how it is computed; every one is a route of the API by the same name."""
