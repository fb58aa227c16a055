"""How the numbers of a review are written: the same words in Markdown, in HTML and in messages.

Always true here: what is not known reads ``–``, never 0; a time is UTC and says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from opsconsole import rates, wire
from opsconsole.durations import in_words

MISSING = "–"

MILESTONE_WORDS: dict[wire.Milestone, str] = {
    "impact_start": "impact start",
    "detected": "detected",
    "acknowledged": "acknowledged",
    "identified": "identified",
    "mitigated": "mitigated",
    "resolved": "resolved",
}


def clock(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else MISSING


def length(seconds: float | None) -> str:
    """``42 s``, ``7 min 5 s``, ``3 h 12 min``, ``2 d 4 h``."""
    return MISSING if seconds is None else in_words(timedelta(seconds=seconds))


def percent(share: float | None) -> str:
    return MISSING if share is None else rates.percent(share)


def usd(value: float | None) -> str:
    return MISSING if value is None else f"${value:,.2f}"


def ms(value: float | None) -> str:
    return MISSING if value is None else f"{value:,.0f} ms"


def metric_rows(metrics: wire.IncidentMetrics) -> Iterator[tuple[str, str, str]]:
    """(name, value, meaning) of each."""
    yield "TTD", length(metrics.detect_s), "from the impact's start to its detection"
    yield "TTA", length(metrics.acknowledge_s), "from detection to somebody being at it"
    yield "TTI", length(metrics.identify_s), "from the impact's start until the cause was known"
    yield "TTM", length(metrics.mitigate_s), "from the impact's start until users were well again"
    yield "TTR", length(metrics.resolve_s), "from the impact's start until it was over"
    yield "first message", length(metrics.first_update_s), "from the opening on"
    yield "longest silence", length(metrics.longest_silence_s), "between two messages"


IMPACT_HEADING = ("service", "from", "to", "requests", "errors", "error rate", "before", "more errors", "worst p99",
                  "cost", "cost before", "of the month's budget")  # fmt: skip


def impact_row(each: wire.Impact) -> tuple[str, ...]:
    more = MISSING if each.excess_errors is None else f"{each.excess_errors:,.0f}"
    return (
        each.service,
        clock(each.start),
        clock(each.stop),
        f"{each.requests:,}",
        f"{each.errors:,}",
        percent(each.error_rate),
        percent(each.error_rate_before),
        more,
        ms(each.worst_p99_ms),
        usd(each.usd),
        usd(each.usd_before),
        percent(each.budget_share),
    )


MILESTONE_HEADING = ("milestone", "at (UTC)", "set by", "evidence")


def milestone_rows(incident: wire.Incident) -> Iterator[tuple[str, str, str, str]]:
    """Each milestone as it holds."""
    for name in wire.MILESTONES:
        entry = incident.milestones.get(name)
        by = "evidence" if entry and entry.source == "auto" else entry.set_by if entry else ""
        yield MILESTONE_WORDS[name], clock(entry.at if entry else None), by or MISSING, _evidence(entry)


def _evidence(entry: wire.MilestoneEntry | None) -> str:
    return (entry.evidence or entry.why if entry else "") or MISSING


def edits(incident: wire.Incident) -> int:
    """How often a milestone was set once more."""
    return len(incident.milestone_history) - len({entry.milestone for entry in incident.milestone_history})


FOLLOW_UP_HEADING = ("#", "what", "owner", "due", "state")


def follow_up_row(each: wire.FollowUp) -> tuple[str, ...]:
    state = f"done {clock(each.done_at)} by {each.done_by}" if each.done_at else "open"
    return str(each.number), each.text, each.owner or MISSING, str(each.due or MISSING), state


def people(incident: wire.Incident) -> Iterator[tuple[str, str]]:
    """(role, person) of everybody who ever had one, in the order of roles."""
    for role in wire.INCIDENT_ROLES:
        had = [each.person for each in incident.role_history if each.role == role and each.how in ("taken", "accepted")]
        for person in dict.fromkeys(had):
            yield role, person
