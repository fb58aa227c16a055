"""Alerts and rules as text, for a terminal and for a pipe.

Always true here: state is a word and a sign, never a colour; every finding comes with its number, its threshold and n.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from opsconsole import wire
from opsconsole.console.text import safe
from opsconsole.durations import exact

SIGNS: dict[wire.AlertSeverity, str] = {"page": "!!", "ticket": "! "}
LINE = 400


def list_page(view: wire.AlertsView) -> str:
    """What fires, worst first; then silences, and what was over lately."""
    looked = f"looked at {view.looked_at:%H:%M:%S} UTC" if view.looked_at else "the rules were not looked at yet"
    lines = [f"{len(view.alerts)} open, {looked}"]
    lines += [_line(alert) for alert in view.alerts]
    if view.silences:
        lines += ["", "silences"]
        lines += [_silence_line(silence) for silence in view.silences]
    if view.resolved:
        lines += ["", "resolved within 24 h"]
        lines += [f"   {alert.id:<6} {_at(alert.resolved_at)} {safe(alert.title)}" for alert in view.resolved]
    if view.trouble:
        lines += ["", f"not everything could be looked at: {safe(view.trouble, LINE)}"]
    return "\n".join(lines) + "\n"


def _line(alert: wire.Alert) -> str:
    who = f" by {safe(alert.acknowledged_by)}" if alert.acknowledged_by else ""
    return (
        f"{SIGNS[alert.severity]} {alert.id:<6} {alert.severity:<6} {alert.state}{who}, "
        f"since {_at(alert.fired_at)}  {safe(alert.title)}"
    )


def _silence_line(silence: wire.Silence) -> str:
    what = " ".join(part for part in (silence.subject or "every service", silence.what) if part)
    return f"   {silence.id:<6} until {_at(silence.until)} {safe(what)}: {safe(silence.reason)} ({safe(silence.by)})"


def alert_page(alert: wire.Alert) -> str:
    """One alert, whole."""
    lines = [
        f"{SIGNS[alert.severity]} {alert.id} {alert.severity}, {alert.state}",
        safe(alert.title, LINE),
        f"of {safe(alert.subject)}, cause {safe(alert.cause)}, concerns {safe(', '.join(alert.services)) or 'nobody'}",
        f"fired {_at(alert.fired_at)} UTC" + (f", came back {alert.flaps} times" if alert.flaps else ""),
    ]
    if alert.held_by:
        lines.append(safe(alert.held_by, LINE))
    if alert.acknowledged_by:
        note = f": {safe(alert.note, LINE)}" if alert.note else ""
        lines.append(f"acknowledged {_at(alert.acknowledged_at)} by {safe(alert.acknowledged_by)}{note}")
    if alert.resolved_at:
        lines.append(f"resolved {_at(alert.resolved_at)}: {safe(alert.resolved_why, LINE)}")
    lines += ["", "evidence", *(line for member in alert.members for line in _member_lines(member, alert))]
    if alert.more:
        lines.append(f"   and {alert.more:,} more")
    if alert.explained:
        lines += ["", "what changed", *(f"   {safe(line, LINE)}" for line in alert.explained)]
    lines += ["", "told", *_told_lines(alert)]
    if alert.checklist:
        lines += ["", f"checklist: {safe(alert.checklist)}"]
    return "\n".join(lines) + "\n"


def _member_lines(member: wire.AlertMember, alert: wire.Alert) -> list[str]:
    chance = "" if member.p_value is None else f", p {member.p_value:.1g}"
    gone = "" if member.is_present else " (gone)"
    numbers = "" if member.unit == "so or not" else f"{member.value:.3g} of {member.threshold:.3g} {member.unit}, "
    lines = [
        f"   {safe(member.told, LINE)}{gone}",
        f"      {member.rule}: {numbers}n {member.n:,}{chance}, since {_at(member.since)}",
    ]
    if member.view and alert.services:
        span = f"  ({_at(member.start)} to {_at(member.stop)})" if member.start and member.stop else ""
        lines.append(f"      opsconsole show {member.view} {safe(alert.services[0])}{span}")
    if member.url:
        lines.append(f"      {safe(member.url, LINE)}")
    return lines


def _told_lines(alert: wire.Alert) -> list[str]:
    lines = [
        f"   {_at(told.at)} step {told.step + 1}: {safe(', '.join(told.notify)) or told.why_nobody}"
        for told in alert.told
    ]
    if alert.next_at:
        lines.append(f"   {_at(alert.next_at)} next, unless somebody acknowledges it")
    return lines or ["   nobody"]


def rules_page(rules: Sequence[wire.AlertRule], *, is_long: bool = False) -> str:
    """Rules, a line or a paragraph each."""
    if not is_long:
        return "".join(f"{_rule_line(rule)}\n" for rule in rules)
    return "\n".join(_rule_lines(rule) for rule in rules)


def _rule_line(rule: wire.AlertRule) -> str:
    word = rule.severity if rule.is_enabled else "off"
    why = f"  ({safe(rule.unknown)})" if rule.unknown and rule.is_enabled else ""
    return f"{rule.id:<18} {word:<7} {rule.about}{why}"


def _rule_lines(rule: wire.AlertRule) -> str:
    chance = "" if rule.chance is None else f", and a chance of at most {rule.chance:g}"
    lines = [
        f"{rule.id}: {rule.about}",
        f"   {rule.severity}" + ("" if rule.is_enabled else ", turned off"),
        f"   fires at {rule.threshold:g} {rule.unit}{chance}, with n of at least {rule.min_n}",
        f"   looks at {_span(rule.window_s)}, has to hold for {_span(rule.for_s)}, is over after {_span(rule.hold_s)}",
        f"   needs {', '.join(rule.needs) or 'nothing'}; held back by {', '.join(rule.inhibited_by) or 'nothing'}",
        f"   by accident: {rule.false_alarms}",
        f"   tells by the ladder {safe(rule.ladder)}; checklist {safe(rule.checklist) or 'none'}",
    ]
    if rule.unknown:
        lines.append(f"   cannot be judged now: {safe(rule.unknown, LINE)}")
    return "\n".join(lines) + "\n"


def _at(at: datetime | None) -> str:
    return f"{at:%m-%d %H:%M}" if at is not None else "–"


def _span(seconds: int) -> str:
    return exact(seconds) or "no time"
