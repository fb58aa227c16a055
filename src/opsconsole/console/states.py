"""How health, verdicts and ingestion states are shown: a sign, a word and an ink for each.

Always true here: the sign and the word alone tell the state.
"""

from __future__ import annotations

from dataclasses import dataclass

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.lines import Line, Span, span
from opsconsole.console.palette import Ink


@dataclass(frozen=True)
class Sign:
    sign: str
    word: str
    ink: Ink

    @property
    def span(self) -> Span:
        return Span(f"{self.sign} {self.word}", self.ink)


HEALTH: dict[str, Sign] = {
    "ok": Sign("✔", "ok", "ok"),
    "warn": Sign("▲", "warn", "warn"),
    "fail": Sign("✖", "FAIL", "fail"),
    "quiet": Sign("◌", "quiet", "quiet"),
    "unknown": Sign("?", "unknown", "unknown"),
}

VERDICTS: dict[str, Sign] = {
    "drift": Sign("▲", "drift", "warn"),
    "ok": Sign("✔", "ok", "ok"),
    "too few": Sign("?", "too few", "unknown"),
    "no baseline": Sign("–", "no base", "quiet"),
}

SOURCE_STATES: dict[str, Sign] = {
    "reading": Sign("↓", "reading", "accent"),
    "following": Sign("✔", "following", "ok"),
    "done": Sign("·", "done", "dim"),
    "gone": Sign("◌", "gone", "quiet"),
    "failed": Sign("✖", "FAILED", "fail"),
}

TARGET_PHASES: dict[wire.TargetPhase, Sign] = {
    "steady": Sign("✔", "steady", "ok"),
    "changing": Sign("▲", "changing", "warn"),
    "rolling back": Sign("▲", "rolling back", "warn"),
    "failed": Sign("✖", "FAILED", "fail"),
    "mixed": Sign("▲", "mixed", "warn"),
    "unknown": Sign("?", "unknown", "unknown"),
}

ROLES: dict[str, Sign] = {
    "stable": Sign("✔", "stable", "ok"),
    "canary": Sign("▲", "canary", "marker"),
    "previous": Sign("◌", "previous", "quiet"),
    "pinned": Sign("●", "pinned", "accent"),
    "known": Sign("·", "known", "dim"),
}

ROLLOUT_PHASES: dict[wire.RolloutPhase, Sign] = {
    "running": Sign("●", "running", "accent"),
    "held": Sign("‖", "held", "warn"),
    "failed": Sign("✖", "FAILED", "fail"),
    "passed": Sign("✔", "passed", "ok"),
    "aborted": Sign("◌", "aborted", "quiet"),
}

READINGS: dict[str, Sign] = {
    "no data": Sign("◌", "no data", "quiet"),
    "undecided": Sign("?", "undecided", "unknown"),
    "worse": Sign("✖", "WORSE", "fail"),
    "no worse": Sign("✔", "no worse", "ok"),
}

EFFECTS: dict[wire.Effect, Sign] = {
    "effective": Sign("✔", "effective", "ok"),
    "metadata only": Sign("▲", "metadata only", "warn"),
    "pending": Sign("◌", "pending", "quiet"),
    "diverged": Sign("✖", "DIVERGED", "fail"),
    "unknown": Sign("?", "unknown", "unknown"),
}

OUTCOMES: dict[str, Sign] = {
    "done": Sign("✔", "done", "ok"),
    "refused": Sign("✖", "REFUSED", "fail"),
    "moved": Sign("▲", "moved", "warn"),
    "indeterminate": Sign("?", "indeterminate", "unknown"),
    "not effective": Sign("✖", "NOT EFFECTIVE", "fail"),
    "pending": Sign("◌", "pending", "quiet"),
}

SEVERITIES: dict[wire.AlertSeverity, Sign] = {
    "page": Sign("✖", "PAGE", "fail"),
    "ticket": Sign("▲", "ticket", "warn"),
}

ALERT_STATES: dict[wire.AlertState, Sign] = {
    "firing": Sign("✖", "firing", "fail"),
    "acknowledged": Sign("✔", "taken", "ok"),
    "silenced": Sign("◌", "silenced", "quiet"),
    "inhibited": Sign("◌", "held back", "quiet"),
    "clearing": Sign("▼", "clearing", "accent"),
    "resolved": Sign("✔", "over", "ok"),
}

INCIDENT_STATES: dict[wire.IncidentStatus, Sign] = {
    "investigating": Sign("✖", "investigating", "fail"),
    "identified": Sign("▲", "identified", "warn"),
    "mitigating": Sign("▲", "mitigating", "warn"),
    "monitoring": Sign("●", "monitoring", "accent"),
    "resolved": Sign("✔", "resolved", "ok"),
    "reviewed": Sign("✔", "reviewed", "dim"),
}

STEP_WORDS: dict[wire.StepWord, Sign] = {
    "active": Sign("›", "now", "accent"),
    "waiting": Sign("…", "waiting", "accent"),
    "acting": Sign("…", "acting", "accent"),
    "verifying": Sign("…", "verifying", "accent"),
    "failed": Sign("✖", "FAILED", "fail"),
    "verified": Sign("✔", "verified", "ok"),
    "ticked": Sign("●", "ticked", "text"),
    "decided": Sign("→", "decided", "text"),
    "approved": Sign("●", "approved", "text"),
    "skipped": Sign("◌", "skipped", "quiet"),
    "undone": Sign("▼", "undone", "warn"),
}
"""What a machine verified, and what somebody only said, are told apart by the sign as well."""

RUN_PHASES: dict[str, Sign] = {
    "running": Sign("●", "running", "accent"),
    "aborting": Sign("▼", "aborting", "warn"),
    "done": Sign("✔", "done", "ok"),
    "aborted": Sign("◌", "aborted", "quiet"),
    "ended": Sign("✔", "ended", "ok"),
}

BETTER: dict[wire.Better, Sign] = {
    "better": Sign("✔", "better", "better"),
    "worse": Sign("▲", "worse", "worse"),
    "same": Sign("=", "same", "dim"),
    "unsure": Sign("?", "unsure", "unknown"),
    "not logged": Sign("–", "not logged", "dim"),
}

FAULTS = frozenset({"warn", "fail"})
"""Health that ``faults only`` keeps."""


def drift_cell(finding: wire.DriftFinding | None, *, is_long: bool) -> Line:
    """The worst drift in a cell: sign and effect, and where there is room the feature's name."""
    if finding is None or finding.verdict == "no baseline":
        return (Span(numbers.MISSING, "dim"),)
    if finding.verdict == "too few":
        return (Span("? few" if not is_long else "? too few", "unknown"),)
    if finding.verdict == "ok":
        return (Span("ok", "ok"),)
    spans = (Span(f"▲ {numbers.effect(finding.effect)}", "warn"),)
    return (*spans, span(f" {finding.feature}", "text")) if is_long else spans


def reason_lines(reasons: tuple[str, ...], state: str, most: int) -> list[Line]:
    """The first reasons in words, behind the sign of the state; the last says how many more there are."""
    sign = HEALTH[state]
    rows: list[Line] = [(Span(f"{sign.sign} ", sign.ink), span(reason)) for reason in reasons[:most]]
    if len(reasons) > most:
        rows[-1] = (*rows[-1], Span(f"  and {len(reasons) - most} more", "dim"))
    return rows
