"""What the daemon is asked about a place: the same for the console and for the command that prints a view."""

from __future__ import annotations

from datetime import datetime

from opsconsole.console.place import Place
from opsconsole.console.views.catalog import BY_NAME


def asked(place: Place, window: str, as_of: datetime | None) -> dict[str, str]:
    """Parameters as the daemon's API names them, in the order of names."""
    spec = BY_NAME[place.view]
    parameters = dict(spec.asks(place))
    if spec.is_timed:
        parameters["window"] = window
        if as_of is not None:
            parameters["as_of"] = as_of.isoformat()
    if spec.scope != "fleet":
        parameters["service"] = place.service
    return dict(sorted(parameters.items()))
