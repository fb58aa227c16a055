"""What consoles and scripts look at: one function a view, from one reading of the store to one struct of the wire."""

from __future__ import annotations

from collections.abc import Callable

from opsconsole import wire
from opsconsole.daemon.views import explain, fleet, requests, service
from opsconsole.daemon.views.reading import Reading

VIEWS: dict[str, Callable[[Reading], wire.View]] = {
    "fleet": fleet.fleet,
    "service": service.service,
    "status": service.status,
    "requests": requests.requests_view,
    "request": requests.request_view,
    "explain": explain.explain_view,
}
"""Kind → how it is computed; every one is a route of the API by the same name."""
