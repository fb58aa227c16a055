"""What can be done about an alert: have it, be left alone by it for a while, make an incident of it.

Always true here: nobody is silenced without an end and a reason.
"""

from __future__ import annotations

import re

from opsconsole import wire
from opsconsole.console.deeds.base import Deed, Done, subject
from opsconsole.console.feed import Client
from opsconsole.console.forms import Field, Form
from opsconsole.console.frame import Frame, State
from opsconsole.errors import UsageError

SPANS: tuple[str, ...] = ("30m", "1h", "2h", "4h", "8h", "1d")
UNITS = {"m": 1.0, "h": 60.0, "d": 1440.0}
SEVERITY_OF: dict[wire.AlertSeverity, wire.Severity] = {"page": "SEV-2", "ticket": "SEV-3"}
"""What an incident begins as."""


def alert_here(state: State, frame: Frame) -> wire.Alert | None:
    """The alert that is open as a page, or under the cursor."""
    name = subject(state, frame).upper()
    page = frame.answer(wire.AlertView)
    if page is not None:
        return page.alert if page.alert.id == name else None
    view = frame.answer(wire.AlertsView)
    every = (*view.alerts, *view.resolved) if view is not None else ()
    return next((alert for alert in every if alert.id == name), None)


def _silences(state: State, frame: Frame) -> tuple[wire.Silence, ...]:
    """Those in force; on the page of an alert those that hold it, once it has come."""
    view, page = frame.answer(wire.AlertsView), frame.answer(wire.AlertView)
    if page is not None and alert_here(state, frame) is not None:
        return page.silences
    return view.silences if view is not None else ()


def incident_of(alert: wire.Alert, frame: Frame) -> str:
    """The incident that it is linked to."""
    page, view = frame.answer(wire.AlertView), frame.answer(wire.AlertsView)
    return page.incident if page is not None else view.incidents.get(alert.id, "") if view is not None else ""


def _open(state: State, frame: Frame) -> wire.Alert:
    alert = alert_here(state, frame)
    if alert is None:
        raise UsageError("choose an alert first", f"{frame.key('open_alerts')} lists them.")
    return alert


def _none_open(state: State, frame: Frame) -> str:
    alert = alert_here(state, frame)
    if alert is None:
        return "choose an alert first"
    return f"{alert.id} is over" if alert.state == "resolved" else ""


# Have it ----------------------------------------------------------------------------------------------------------


def _why_not_ack(state: State, frame: Frame) -> str:
    alert = alert_here(state, frame)
    if alert is not None and alert.acknowledged_by:
        return f"{alert.id} is with {alert.acknowledged_by} already"
    return _none_open(state, frame)


def _begin_ack(state: State, frame: Frame) -> Form:
    alert = _open(state, frame)
    return Form("acknowledge", f"take {alert.id}", alert.id, (Field("note", "what you will do"),))


async def _ack(client: Client, form: Form) -> Done:
    alert = await client.do("alert/ack", wire.AckRequest(alert=form.of, note=form.said("note")), wire.Alert)
    return Done(f"{alert.id} is with {alert.acknowledged_by}: nobody else is called")


# Be left alone ----------------------------------------------------------------------------------------------------


def _begin_silence(state: State, frame: Frame) -> Form:
    alert = _open(state, frame)
    fields = (
        Field("span", "for", "1h", is_number=True, is_needed=True, check=minutes_of),
        Field("reason", "because", is_needed=True),
    )
    return Form("silence", f"silence {alert.id}", alert.id, fields)


def minutes_of(text: str) -> float:
    """``2h`` → 120. Raises UsageError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([mhd])", text.strip())
    if found is None:
        raise UsageError(f"{text!r} is no span: write 30m, 2h or 3d")
    return float(found[1]) * UNITS[found[2]]


async def _silence(client: Client, form: Form) -> Done:
    minutes, reason = minutes_of(form.said("span")), form.said("reason")
    request = wire.SilenceRequest(subject=form.of, minutes=minutes, reason=reason)
    silence = await client.do("alert/silence", request, wire.Silence)
    what = " ".join(part for part in (silence.subject or "every service", silence.what) if part)
    return Done(f"{silence.id}: {what} is silent until {silence.until:%m-%d %H:%M} UTC")


def _why_not_unsilence(state: State, frame: Frame) -> str:
    return "" if _silences(state, frame) else "no silence is in force"


def _holds(silence: wire.Silence, alert: wire.Alert) -> bool:
    """Is this the silence of this alert?"""
    if alert.state == "silenced":
        return alert.held_by.split()[0] == silence.id
    is_of = silence.subject in ("", alert.subject, *alert.services)
    return is_of and silence.what in ("", alert.cause, *(member.rule for member in alert.members))


def _begin_unsilence(state: State, frame: Frame) -> Form:
    """First that of the row, and of each what it is of, until when and why."""
    alert = alert_here(state, frame)
    silences = sorted(_silences(state, frame), key=lambda each: alert is None or not _holds(each, alert))
    if not silences:
        raise UsageError("no silence is in force")
    told = "; ".join(map(_in_words, silences[:3]))
    ids = tuple(each.id for each in silences)
    return Form("unsilence", f"end {told}", "", (Field("silence", "which", ids[0], ids, is_needed=True),))


def _in_words(silence: wire.Silence) -> str:
    """``S-3 chat-assist inputs until 14:04: load test``."""
    of = " ".join(part for part in (silence.subject or "every service", silence.what) if part)
    return f"{silence.id} {of} until {silence.until:%H:%M}: {silence.reason}"


async def _unsilence(client: Client, form: Form) -> Done:
    request = wire.UnsilenceRequest(silence=form.said("silence"))
    ended = await client.do("alert/unsilence", request, wire.Silence)
    return Done(f"{ended.id} has ended")


DEEDS: dict[str, Deed] = {
    "acknowledge": Deed(_why_not_ack, _begin_ack, _ack),
    "silence": Deed(_none_open, _begin_silence, _silence),
    "unsilence": Deed(_why_not_unsilence, _begin_unsilence, _unsilence),
}
