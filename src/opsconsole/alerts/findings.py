"""From facts to findings: each rule judges the readings of its signal.

Always true here: a rule finds something only where the threshold is reached, enough values stand behind it, and (where
the reading was tested) chance does not explain it; where it cannot say, it is not among those that were judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from opsconsole import wire
from opsconsole.alerts.facts import Facts, Reading
from opsconsole.alerts.rules import Rule

SEVERITY: Mapping[str, int] = {"page": 0, "ticket": 1}


@dataclass(frozen=True)
class Finding:
    """A rule that is broken."""

    rule: Rule
    reading: Reading
    subject: str
    services: tuple[str, ...]

    @property
    def severity(self) -> wire.AlertSeverity:
        return self.reading.severity or self.rule.severity

    @property
    def cause(self) -> str:
        """What it has in common with other findings: they are one alert."""
        if self.reading.version:
            return f"version {self.reading.version}"
        return self.reading.name or self.rule.cause

    @property
    def key(self) -> tuple[str, str]:
        """Of the one alert that may be open of it."""
        return self.subject, self.cause

    @property
    def threshold(self) -> float:
        return self.rule.threshold if self.reading.threshold is None else self.reading.threshold

    @property
    def order(self) -> tuple[int, float, str, str]:
        """Worst first."""
        excess = self.reading.value / self.threshold if self.threshold else self.reading.value
        return SEVERITY[self.severity], -excess, self.rule.id, self.reading.detail

    def member(self, since: datetime) -> wire.AlertMember:
        rule, reading = self.rule, self.reading
        return wire.AlertMember(
            rule=rule.id,
            detail=reading.detail,
            severity=self.severity,
            told=reading.told,
            value=reading.value,
            threshold=self.threshold,
            unit=rule.unit,
            n=reading.n,
            p_value=reading.p_value,
            view=rule.view,
            start=reading.start,
            stop=reading.stop,
            url=reading.url,
            params=dict(reading.params),
            since=since,
        )


@dataclass(frozen=True)
class Judged:
    """What one look found."""

    findings: tuple[Finding, ...] = ()
    known: frozenset[tuple[str, str]] = frozenset()
    """(subject, rule) of which something could be said: what is not found there is not so."""


def judge(facts: Facts, rules: Mapping[str, Rule]) -> Judged:
    """What the rules of a subject say to what is known of it."""
    found: list[Finding] = []
    known: set[tuple[str, str]] = set()
    for rule in rules.values():
        if rule.signal not in facts.readings or rule.signal in facts.unknown:
            continue
        readings = facts.readings[rule.signal]
        enough = [reading for reading in readings if reading.n >= rule.min_n]
        if readings and not enough:
            continue  # too few to say is not "fine"
        known.add((facts.subject, rule.id))
        found += [
            Finding(rule, reading, facts.subject, facts.services) for reading in enough if _is_broken(rule, reading)
        ]
    return Judged(tuple(found), frozenset(known))


def _is_broken(rule: Rule, reading: Reading) -> bool:
    threshold = rule.threshold if reading.threshold is None else reading.threshold
    is_beyond_chance = rule.chance is None or (reading.p_value is not None and reading.p_value <= rule.chance)
    return reading.value >= threshold and is_beyond_chance


def united(each: Iterable[Judged]) -> Judged:
    """What several looks found together."""
    findings: list[Finding] = []
    known: set[tuple[str, str]] = set()
    for judged in each:
        findings += judged.findings
        known |= judged.known
    return Judged(tuple(findings), frozenset(known))
