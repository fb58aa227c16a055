"""Every deed by the id of its action."""

from __future__ import annotations

from opsconsole.console.deeds import alerts, drills, incidents, messages, runs
from opsconsole.console.deeds.base import Deed, may_not
from opsconsole.console.frame import Frame, State

DEEDS: dict[str, Deed] = {**alerts.DEEDS, **incidents.DEEDS, **messages.DEEDS, **runs.DEEDS, **drills.DEEDS}


def unavailable(name: str, state: State, frame: Frame) -> str:
    """Why a deed does not work now; empty when it does."""
    deed = DEEDS[name]
    return may_not(frame.permission, deed.roles) or deed.why_not(state, frame)
