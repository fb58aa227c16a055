"""Why nobody is told of an alert that is open: a silence, or another alert that explains it.

Always true here: a ticket never holds back a page; what inhibits comes earlier in the order of causes, so that no two
alerts hold each other back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from opsconsole import wire
from opsconsole.alerts.ledger import Alert, Alerts
from opsconsole.alerts.rules import Rule

RulesOf = Callable[[str], Mapping[str, Rule]]
"""Subject → the rules that are looked at for it, by id."""


def inhibitor(
    subject: str, services: Iterable[str], severity: wire.AlertSeverity, rules: Iterable[Rule], among: Iterable[Alert]
) -> Alert | None:
    """The alert that explains what these rules found: it has to explain each of them."""
    mine = {subject, *services}
    able = [
        alert
        for alert in among
        if (alert.severity == "page" or severity == "ticket") and not mine.isdisjoint((alert.subject, *alert.services))
    ]
    found = None
    for rule in rules:
        found = next((alert for alert in able if alert.kind in rule.inhibited_by), None)
        if found is None:
            return None
    return found


def inhibited_by(alert: Alert, state: Alerts, rules_of: RulesOf) -> Alert | None:
    """Of an open alert."""
    known = rules_of(alert.subject)
    rules = [known[member.rule] for member in alert.members if member.is_present and member.rule in known]
    others = (other for other in state.open.values() if other.key != alert.key)
    return inhibitor(alert.subject, alert.services, alert.severity, rules, others)


def silence_over(alert: Alert, silences: Iterable[wire.Silence], now: datetime) -> wire.Silence | None:
    """A silence by rule holds only where it covers everything that the alert finds now."""
    return next((each for each in silences if each.until > now and _covers(each, alert)), None)


def _covers(silence: wire.Silence, alert: Alert) -> bool:
    if silence.subject and silence.subject not in (alert.subject, *alert.services):
        return False
    rules = {member.rule for member in alert.members if member.is_present}
    return silence.what in ("", alert.cause, alert.kind) or rules == {silence.what}


def held_by(alert: Alert, state: Alerts, now: datetime, rules_of: RulesOf) -> tuple[wire.AlertState, str]:
    """(its state, why nobody is told; empty where the ladder goes on)."""
    if alert.resolved_at is not None:
        return "resolved", alert.resolved_why
    if alert.acknowledged_at is not None:
        return "acknowledged", f"acknowledged by {alert.acknowledged_by}"
    if silence := silence_over(alert, state.silences, now):
        return "silenced", f"{silence.id} until {silence.until:%m-%d %H:%M} by {silence.by}: {silence.reason}"
    if other := inhibited_by(alert, state, rules_of):
        return "inhibited", f"{other.id}: {other.title}"
    if alert.cleared_at is not None:
        return "clearing", f"nothing of it is found since {alert.cleared_at:%H:%M}"
    return "firing", ""
