"""What is more important than a drill: a real page.

Always true here: the live daemon is only asked which alerts are open, as any client may; one that does not run, or does
not answer, stops no drill.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from opsconsole import wire
from opsconsole.client import Client
from opsconsole.daemon_process import is_running
from opsconsole.errors import OpsConsoleError
from opsconsole.home import Home

LOOK_EVERY_S = 10.0


def real_pages(live: Home, since: datetime) -> tuple[wire.Alert, ...]:
    """Alerts of the live home that fired since a moment, that somebody has to get up for and nobody has answered."""
    if not is_running(live):
        return ()
    client = Client(live)
    try:
        return tuple(pages(client.alerts().alerts, since))
    except OpsConsoleError:
        return ()  # the live daemon is ending, or does not let us look: the drill goes on
    finally:
        client.close()


def pages(alerts: Iterable[wire.Alert], since: datetime) -> Iterable[wire.Alert]:
    return (each for each in alerts if each.severity == "page" and each.fired_at >= since and each.state == "firing")
