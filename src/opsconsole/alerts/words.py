"""What people are told of an alert: a line that is enough on a lock screen, and a page that says what to do.

Always true here: every number comes with its threshold and its n; the page names the commands that go on from it.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from opsconsole import wire
from opsconsole.alerts.ledger import Alert
from opsconsole.clipping import clipped

LONGEST_TITLE = 160
MOST_LINES = 8
SIGNS: dict[wire.AlertSeverity, str] = {"page": "!!", "ticket": "!"}


def title_of(key: tuple[str, str], members: Sequence[wire.AlertMember], n: int) -> str:
    """``chat-assist: errors 2.7% vs v41 0.3% (+2)``."""
    if not members:
        return f"{key[0]}: {key[1]}"
    more = f" (+{n - 1})" if n > 1 else ""
    told = clipped(members[0].told, LONGEST_TITLE - len(key[0]) - 2 - len(more))
    return f"{key[0]}: {told}{more}"


def reason_of(alert: Alert, state: wire.AlertState) -> str:
    """One line among a service's reasons: ``!! page A-3 (acknowledged): errors 8% …``."""
    told = alert.title.removeprefix(f"{alert.subject}: ")
    said = "" if state == "firing" else f" ({state})"
    return f"{SIGNS[alert.severity]} {alert.severity} {alert.id}{said}: {told}"


def evidence_of(member: wire.AlertMember) -> str:
    """One finding with what it rests on."""
    chance = "" if member.p_value is None else f", p {member.p_value:.1g}"
    gone = "" if member.is_present else " (gone)"
    if member.unit == "so or not":
        return f"{member.told}{gone} [{member.rule}]"
    return (
        f"{member.told}{gone} [{member.rule}: {member.value:.3g} of {member.threshold:.3g} {member.unit}, "
        f"n {member.n:,}{chance}]"
    )


def notice_of(alert: Alert, kind: wire.NoticeKind, environment: str, takes: Sequence[str]) -> wire.Notice:
    """The message. Its key is the alert's own, so that what is said later finds what was said before.

    ``takes`` are the parameters of its checklist.
    """
    return wire.Notice(
        key=f"{environment or 'opsconsole'}/{alert.id}/{alert.fired_at:%Y%m%dT%H%M%S}",
        kind=kind,
        severity=alert.severity,
        service=alert.services[0] if len(alert.services) == 1 else "",
        title=_headline(alert, kind),
        body=_body(alert, takes),
        at=(alert.resolved_at if kind == "resolved" else None) or alert.fired_at,
        acknowledged_by=alert.acknowledged_by,
        labels={
            "alert": alert.id,
            "subject": alert.subject,
            "cause": alert.cause,
            "rule": alert.members[0].rule if alert.members else "",
            "checklist": alert.checklist,
        },
        links=tuple(_links(alert)),
    )


def _headline(alert: Alert, kind: wire.NoticeKind) -> str:
    """Each call is told apart from the one before, so that none is taken for a repetition of it."""
    first: dict[wire.NoticeKind, str] = {
        "resolved": "resolved: ",
        "escalated": f"nobody has answered (call {alert.step + 1}): ",
        "update": f"{alert.acknowledged_by} has it: ",
    }
    return f"{first.get(kind, '')}{alert.title}"


def checklist_command(alert: Alert, takes: Sequence[str]) -> str:
    """How its checklist is begun, with what the alert knows of the parameters that it takes."""
    known = {"service": alert.services[0]} if alert.services else {}
    for member in alert.members:
        known = {**member.params, **known}
    given = [word for name in takes if name in known for word in ("--param", f"{name}={known[name]}")]
    return shlex.join(["opsconsole", "checklist", "run", alert.checklist, *given])


def _body(alert: Alert, takes: Sequence[str]) -> str:
    lines = [evidence_of(member) for member in alert.members[:MOST_LINES]]
    hidden = len(alert.members) - MOST_LINES + alert.more if len(alert.members) > MOST_LINES else alert.more
    if hidden:
        lines.append(f"and {hidden:,} more")
    if alert.explained:
        lines += ["", "What changed:", *alert.explained]
    if alert.resolved_at is not None:
        lines += ["", f"Over since {alert.resolved_at:%Y-%m-%d %H:%M} UTC: {alert.resolved_why}."]
    else:
        lines.append("")
        if alert.acknowledged_by:
            lines.append(f"Acknowledged by {alert.acknowledged_by}. {alert.note}".rstrip())
        else:
            lines.append(f"Acknowledge: opsconsole alert ack {alert.id}")
        if alert.checklist:
            lines.append(f"Checklist: {checklist_command(alert, takes)}")
    return "\n".join(lines)


def _links(alert: Alert) -> list[str]:
    found = [f"opsconsole alert show {alert.id}"]
    views = {
        (member.view, service): None
        for member in alert.members[:MOST_LINES]
        for service in alert.services[:1]
        if member.view
    }
    found += [shlex.join(["opsconsole", "show", view, service]) for view, service in views]
    return found + [member.url for member in alert.members[:MOST_LINES] if member.url]
