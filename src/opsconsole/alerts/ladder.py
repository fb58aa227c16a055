"""Whom an alert tells next, and when.

Always true here: a timer is no more than what the journal says and the time that it is, so that a restart loses none;
an alert that is held, for whatever reason, has none; after a pause the steps keep their distance from one another.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from opsconsole.alerts.ledger import Alert
from opsconsole.config.alerting import LadderStep


def next_at(alert: Alert, steps: Sequence[LadderStep]) -> datetime | None:
    """When the next step is due, if nothing holds it; None after the last one."""
    if alert.step >= len(steps):
        return None
    since = alert.ladder_since or alert.fired_at
    at = since + timedelta(minutes=steps[alert.step].after_minutes)
    if alert.step and alert.told:
        between = steps[alert.step].after_minutes - steps[alert.step - 1].after_minutes
        at = max(at, alert.told[-1].at + timedelta(minutes=between))
    return at
