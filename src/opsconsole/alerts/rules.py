"""What a rule is, and how a home's settings change it.

Always true here: ``chance`` is a second key: where a reading was tested it also has to be that improbable, so that few
requests neither cry wolf nor sleep through an outage.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from opsconsole import wire
from opsconsole.config.alerting import LADDERS, AlertSetting, LadderStep, RuleId, RuleSetting

Cause = Literal[
    "provider", "silence", "errors", "saturation", "latency", "version", "release", "cost", "inputs", "outputs",
    "feedback", "use", "console", "follow-up", "incoming",
]  # fmt: skip
Metric = Literal["", "latency", "errors", "cost", "traffic"]

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
OUTAGE: tuple[Cause, ...] = ("provider", "silence", "errors")
"""While users are failed, what merely follows from it is not told."""

STATED = "as often as it is so: nothing is estimated"
"""False alarms of a rule about what is simply so."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One row."""

    id: RuleId
    signal: str
    """The reading that it judges; see ``Facts``."""
    about: str
    severity: wire.AlertSeverity
    threshold: float
    unit: str
    window_s: int
    short_s: int = 0
    """Of a burn rate: it has to hold in this window as well, so that it ends soon after the trouble does."""
    chance: float | None = None
    """The largest p-value with which it fires; None where nothing is tested."""
    min_n: int = 1
    floor_usd: float = 0.0
    """Where money is judged: less than this, an hour, is not worth an alert."""
    for_s: int = 0
    hold_s: int = 5 * MINUTE_S
    cause: Cause
    needs: tuple[str, ...] = ()
    """Columns without which nothing can be said."""
    inhibited_by: tuple[Cause, ...] = ()
    metric: Metric = ""
    """What "what changed?" is asked about when it fires."""
    view: str = "service"
    checklist: str = ""
    ladder: str = ""
    """That of its severity where none is named."""
    false_alarms: str


RANK: Mapping[str, int] = {cause: i for i, cause in enumerate(Cause.__args__)}  # type: ignore[attr-defined]
"""Causes in the order in which they are looked at: what inhibits comes before what it inhibits."""


def changed(
    rules: Iterable[Rule], settings: AlertSetting, own: Mapping[RuleId, RuleSetting]
) -> tuple[dict[str, Rule], tuple[Rule, ...]]:
    """(the rules that are looked at for a service whose own settings these are, by id; those that are turned off)."""
    found: dict[str, Rule] = {}
    off = []
    for rule in rules:
        changes = [each for each in (settings.rules.get(rule.id), own.get(rule.id)) if each is not None]
        rule = _changed(rule, changes)
        if changes and not changes[-1].enabled:
            off.append(rule)
        else:
            found[rule.id] = rule
    return found, tuple(off)


def _changed(rule: Rule, changes: Iterable[RuleSetting]) -> Rule:
    for change in changes:
        said: dict[str, Any] = {
            "severity": change.severity,
            "threshold": change.threshold,
            "min_n": change.min_n,
            "for_s": None if change.for_minutes is None else int(change.for_minutes * MINUTE_S),
            "hold_s": None if change.hold_minutes is None else int(change.hold_minutes * MINUTE_S),
            "floor_usd": change.floor_usd,
            "ladder": change.ladder,
            "checklist": change.checklist,
        }
        rule = replace(rule, **{name: value for name, value in said.items() if value is not None})
    return rule


def ladder_of(name: str, severity: wire.AlertSeverity, settings: AlertSetting) -> tuple[LadderStep, ...]:
    """The steps of a ladder; those of the severity where it was taken out of the configuration since."""
    known = {**LADDERS, **settings.ladders}
    return known.get(name, known[severity])


def as_wire(rule: Rule, *, is_enabled: bool, unknown: str = "") -> wire.AlertRule:
    return wire.AlertRule(
        id=rule.id,
        about=rule.about,
        is_enabled=is_enabled,
        severity=rule.severity,
        threshold=rule.threshold,
        unit=rule.unit,
        window_s=rule.window_s,
        min_n=rule.min_n,
        floor_usd=rule.floor_usd,
        chance=rule.chance,
        for_s=rule.for_s,
        hold_s=rule.hold_s,
        cause=rule.cause,
        needs=rule.needs,
        inhibited_by=rule.inhibited_by,
        checklist=rule.checklist,
        ladder=rule.ladder or rule.severity,
        false_alarms=rule.false_alarms,
        unknown=unknown,
    )
