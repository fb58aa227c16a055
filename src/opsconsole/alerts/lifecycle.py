"""What becomes of alerts when the rules were looked at: which fire, change and are over.

Always true here: the answer follows from the state, from what was found and from the time, and changes nothing itself;
an alert is only over when its rules could be judged, found nothing, and went on finding nothing for the hold time; the
number of alerts, of members and of decisions is bounded whatever is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import msgspec

from opsconsole import wire
from opsconsole.alerts.facts import OWN
from opsconsole.alerts.findings import SEVERITY, Finding, Judged
from opsconsole.alerts.holding import RulesOf, inhibitor
from opsconsole.alerts.ledger import Alert, Alerts, Key
from opsconsole.alerts.rules import RANK, Metric
from opsconsole.alerts.table import RULES
from opsconsole.alerts.words import title_of

MOST_OPEN, MOST_MEMBERS, MOST_DECISIONS, MOST_WAITING = 100, 20, 50, 5_000
"""Alerts at a time, findings that one names, what one look decides, and findings that wait to fire."""
STORM: Key = OWN, "storm"
"""The one alert of everything beyond ``MOST_OPEN``."""
CHANGES_APART = timedelta(minutes=1)
"""News of one alert are told no oftener, unless it came back or became a page."""
FLAPS_WITHIN = timedelta(hours=1)
"""An alert that fires again so soon after it was over has flapped."""
MOST_DOUBLINGS, LONGEST_HOLD = 3, timedelta(hours=1)
"""Each flap doubles the hold time, so many times and up to this."""
LOST_AFTER = timedelta(hours=24)
"""An alert of which nothing can be said for so long is over."""


_PLACE: Mapping[str, int] = {rule.id: i for i, rule in enumerate(RULES)}


@dataclass(frozen=True)
class Waiting:
    """What is not worth a line in the journal; empty after a restart, which costs at most the rules' ``for``."""

    found: Mapping[tuple[Key, str, str], datetime] = field(default_factory=lambda: MappingProxyType({}))
    """(key, rule, detail) → since when it is found, of everything that is found now."""
    unheard: Mapping[Key, datetime] = field(default_factory=lambda: MappingProxyType({}))
    """Open alert → since when none of its rules could be judged."""


@dataclass(frozen=True)
class Decision:
    """An event to be written down."""

    kind: str
    data: dict[str, Any]
    subject: str = ""
    """Of an alert that fires: what "what changed?" is asked about …"""
    metric: Metric = ""
    """… and by which metric."""


def decide(
    state: Alerts, waiting: Waiting, judged: Judged, now: datetime, rules_of: RulesOf
) -> tuple[Waiting, tuple[Decision, ...]]:
    """What one look at the rules means."""
    groups = _grouped(judged.findings, state)
    found = _found_since(groups, waiting, now)
    look = _Look(state, judged, found, now, rules_of)
    decisions: list[Decision] = []
    unheard: dict[Key, datetime] = {}
    open_now = dict(state.open)
    for key in sorted({*groups, *state.open}, key=lambda key: _order(key, groups, state)):
        alert = state.open.get(key)
        if alert is None:
            decision = look.fired(key, groups[key], open_now.values())
            if decision is not None and len(decisions) < MOST_DECISIONS:
                open_now[key] = _as_open(decision, now)
                decisions.append(decision)
            continue
        if not look.is_heard(alert, groups.get(key, ())):
            unheard[key] = waiting.unheard.get(key, now)
        decision = look.over(alert, groups.get(key, ()), unheard.get(key)) or look.changed(alert, groups.get(key, ()))
        if decision is not None and len(decisions) < MOST_DECISIONS:
            decisions.append(decision)
    return Waiting(found, unheard), tuple(decisions)


def hold_of(alert: Alert, rules_of: RulesOf) -> timedelta:
    """How long nothing may be found before it is over: the longest of its rules', doubled by each flap."""
    rules = rules_of(alert.subject)
    longest = max((rules[member.rule].hold_s for member in alert.members if member.rule in rules), default=0)
    base = timedelta(seconds=longest)
    if not alert.flaps:
        return base
    doubled = max(base, CHANGES_APART) * float(2 ** min(alert.flaps, MOST_DOUBLINGS))
    return max(base, min(doubled, LONGEST_HOLD))


def _grouped(findings: Iterable[Finding], state: Alerts) -> dict[Key, list[Finding]]:
    """By cause, worst first; what there is no room for is one group."""
    groups: dict[Key, list[Finding]] = {}
    for finding in sorted(findings, key=lambda each: each.order):
        groups.setdefault(finding.key, []).append(finding)
    room = MOST_OPEN - len(state.open)
    new = [key for key in groups if key not in state.open]
    if len(new) > room:
        kept = sorted(new, key=lambda key: (SEVERITY[groups[key][0].severity], RANK[groups[key][0].rule.cause]))
        beyond = [finding for key in kept[max(room - 1, 0) :] for finding in groups.pop(key)]
        groups[STORM] = sorted(beyond, key=lambda each: each.order)
    return groups


def _found_since(
    groups: Mapping[Key, Sequence[Finding]], waiting: Waiting, now: datetime
) -> dict[tuple[Key, str, str], datetime]:
    found: dict[tuple[Key, str, str], datetime] = {}
    for key, findings in groups.items():
        for finding in findings:
            if len(found) >= MOST_WAITING:
                return found
            name = key, finding.rule.id, finding.reading.detail
            found[name] = waiting.found.get(name, now)
    return found


def _order(key: Key, groups: Mapping[Key, Sequence[Finding]], state: Alerts) -> tuple[int, int, Key]:
    """Causes in their order, and pages before tickets."""
    alert = state.open.get(key)
    kind = alert.kind if alert is not None else groups[key][0].rule.cause
    severity = alert.severity if alert is not None else groups[key][0].severity
    return RANK.get(kind, len(RANK)), SEVERITY[severity], key


def _as_open(decision: Decision, now: datetime) -> Alert:
    """What fires inhibits in the same look already."""
    data = decision.data
    return Alert(
        id="", subject=data["subject"], cause=data["cause"], kind=data["family"], services=tuple(data["services"]),
        severity=data["severity"], title=data["title"], members=(), more=0, fired_at=now, checklist="", ladder="",
    )  # fmt: skip


@dataclass(frozen=True)
class _Look:
    """One look."""

    state: Alerts
    judged: Judged
    found: Mapping[tuple[Key, str, str], datetime]
    now: datetime
    rules_of: RulesOf

    def _since(self, key: Key, finding: Finding) -> datetime:
        return self.found.get((key, finding.rule.id, finding.reading.detail), self.now)

    def _ripe(self, key: Key, findings: Iterable[Finding]) -> list[Finding]:
        return [
            each for each in findings if self.now - self._since(key, each) >= timedelta(seconds=each.rule.for_s)
        ]  # fmt: skip

    def fired(self, key: Key, findings: Sequence[Finding], others: Iterable[Alert]) -> Decision | None:
        """An alert that is not open yet."""
        ripe = self._ripe(key, findings)
        if not ripe:
            return None
        worst, services = ripe[0], _services(findings)
        if key != STORM and inhibitor(key[0], services, worst.severity, (each.rule for each in ripe), others):
            return None
        # What has not lasted yet is no reason to fire, but belongs to what does: one cause is told once, and whole.
        along = [each for each in findings if SEVERITY[each.severity] >= SEVERITY[worst.severity]]
        before = next((each for each in reversed(self.state.recent) if each.key == key), None)
        is_back = before is not None and before.resolved_at is not None and self.now - before.resolved_at < FLAPS_WITHIN
        members = [each.member(self._since(key, each)) for each in along]
        data = {
            "subject": key[0],
            "cause": key[1],
            "family": "version" if worst.reading.version else worst.rule.cause,
            "services": services,
            "severity": worst.severity,
            "checklist": worst.rule.checklist,
            "ladder": worst.rule.ladder or worst.severity,
            "explained": [],
            "flaps": before.flaps + 1 if before is not None and is_back else 0,
            **_told(key, members, len(members)),
        }
        return Decision("alert.fired", data, subject=services[0] if services else "", metric=worst.rule.metric)

    def is_heard(self, alert: Alert, findings: Sequence[Finding]) -> bool:
        """Could anything be said of it?"""
        rules = self.rules_of(alert.subject)
        return (
            bool(findings)
            or alert.key == STORM
            or any(
                member.rule not in rules or (alert.subject, member.rule) in self.judged.known
                for member in alert.members
                if member.is_present or alert.cleared_at is not None
            )
        )

    def _members(self, alert: Alert, findings: Sequence[Finding]) -> list[wire.AlertMember]:
        """As they are now: what could not be judged is as it was."""
        now_found: dict[tuple[str, str], Finding] = {(each.rule.id, each.reading.detail): each for each in findings}
        rules = self.rules_of(alert.subject)
        members: list[wire.AlertMember] = []
        for member in alert.members:
            finding = now_found.pop((member.rule, member.detail), None)
            if finding is not None:
                members.append(finding.member(member.since))
            elif alert.key == STORM:
                continue
            elif member.rule not in rules or (alert.subject, member.rule) in self.judged.known:
                members.append(msgspec.structs.replace(member, is_present=False))
            else:
                members.append(member)
        new = self._ripe(alert.key, now_found.values())
        return members + [each.member(self._since(alert.key, each)) for each in new]

    def changed(self, alert: Alert, findings: Sequence[Finding]) -> Decision | None:
        """News of an open alert that are worth a line in the journal."""
        members = self._members(alert, findings)
        present = [member for member in members if member.is_present]
        severity: wire.AlertSeverity = (
            "page" if alert.severity == "page" or any(member.severity == "page" for member in present) else "ticket"
        )
        is_cleared = not present
        is_raised, is_back = severity != alert.severity, alert.cleared_at is not None and not is_cleared
        is_news = _shape(members) != _shape(alert.members) or is_cleared != (alert.cleared_at is not None)
        is_soon = alert.changed_at is not None and self.now - alert.changed_at < CHANGES_APART
        if not (is_raised or is_back or (is_news and not is_soon)):
            return None
        rule = next((each.rule for each in findings if each.severity == severity), None)
        return Decision(
            "alert.changed",
            {
                "alert": alert.id,
                "severity": severity,
                "services": sorted({*alert.services, *_services(findings)}),
                "is_cleared": is_cleared,
                "flaps": alert.flaps + is_back,
                "ladder": (rule.ladder or severity) if rule is not None else alert.ladder,
                "checklist": rule.checklist if rule is not None else alert.checklist,
                **_told(alert.key, members, len(members)),
            },
        )

    def over(self, alert: Alert, findings: Sequence[Finding], unheard: datetime | None) -> Decision | None:
        """The end of an open alert."""
        if unheard is not None:
            if self.now - unheard < LOST_AFTER:
                return None
            return self._ended(alert, "nothing is known of it for 24 h")
        if alert.cleared_at is None or any(member.is_present for member in self._members(alert, findings)):
            return None
        hold = hold_of(alert, self.rules_of)
        if self.now - alert.cleared_at < hold:
            return None
        held = f" for {hold.total_seconds() / 60:.0f} min" if hold else ""
        return self._ended(alert, f"nothing of it is found{held}")

    def _ended(self, alert: Alert, why: str) -> Decision:
        data = {"alert": alert.id, "services": list(alert.services), "title": alert.title, "why": why}
        return Decision("alert.resolved", data)


def _shape(members: Iterable[wire.AlertMember]) -> dict[tuple[str, str], bool]:
    ordered = sorted(members, key=_worst)[:MOST_MEMBERS]
    return {(member.rule, member.detail): member.is_present for member in ordered}


def _worst(member: wire.AlertMember) -> tuple[bool, int, int, str]:
    return not member.is_present, SEVERITY[member.severity], _PLACE.get(member.rule, len(_PLACE)), member.detail


def _services(findings: Iterable[Finding]) -> list[str]:
    """Bounded like everything that goes into the journal."""
    return sorted({service for finding in findings for service in finding.services})[: MOST_MEMBERS * 2]


def _told(key: Key, members: Sequence[wire.AlertMember], n: int) -> dict[str, Any]:
    shown = sorted(members, key=_worst)[:MOST_MEMBERS]
    return {
        "title": title_of(key, shown, n),
        "members": [msgspec.to_builtins(member) for member in shown],
        "more": n - len(shown),
    }
