"""A scenario made of an incident: the same traffic, the same true timeline, for whoever was not there.

Always true here: what is expected is what the people then did, in the time that they took and a little more; nothing of
it is judged better or worse than it was.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import yaml

from opsconsole import wire
from opsconsole.incidents.ledger import moment

LEAD = timedelta(minutes=5)
"""So long before the impact the drill begins."""
AFTER = timedelta(minutes=5)
LONGEST = timedelta(hours=2)
HISTORY = timedelta(minutes=70)
GRACE_S = 120.0
POINTS = 20


@dataclass(frozen=True)
class Served:
    """A service as it was: who served at the beginning, and what its panels were drawn against."""

    shares: Mapping[str, float]
    """By version, those that came later with 0."""
    slo_ms: float | None = None
    availability: float = 0.99
    budget_usd_per_month: float | None = None
    risk: str = "medium"
    baseline: str = ""


def begins(incident: wire.Incident) -> datetime:
    """On the minute before the impact, or before it was opened where nobody knows that."""
    first = moment(incident, "impact_start") or moment(incident, "detected") or incident.opened_at
    return (min(first, incident.opened_at) - LEAD).replace(second=0, microsecond=0)


def ends(incident: wire.Incident, now: datetime) -> datetime:
    """With a whole minute: a part of one would look like traffic that fails."""
    last = moment(incident, "resolved") or moment(incident, "mitigated") or now
    return min(last + AFTER, begins(incident) + LONGEST, now).replace(second=0, microsecond=0)


def scenario_id(incident: wire.Incident) -> str:
    return incident.incident.lower()


def text(
    incident: wire.Incident,
    served: Mapping[str, Served],
    acts: Iterable[tuple[datetime, str, str]],
    file: str,
    sha256: str,
    now: datetime,
) -> str:
    """The scenario's file; ``acts`` are (when, act, service) of the changes that had their effect."""
    start = begins(incident)
    impact = moment(incident, "impact_start") or moment(incident, "detected") or incident.opened_at
    length = ends(incident, now) - start
    made: dict[str, Any] = {
        "apiVersion": "opsconsole/v1",
        "kind": "Drill",
        "id": scenario_id(incident),
        "title": f"Again: {' '.join(incident.title.split())}",
        "difficulty": 3,
        "mode": "solo",
        "brief": f"You are on call for {', '.join(incident.services) or 'everything'}.",
        "guide": (
            f"This is {incident.incident} as it was. The traffic is a recording: what players do does not change it, "
            "and it recovers when it recovered then. What is compared is what they see and do, and when."
        ),
        "objectives": [{"id": "again", "title": "Does what was done then, in the time that it took"}],
        "clock": {"start": start, "length": f"{round(length.total_seconds() / 60)}m", "lead": "1m"},
        "replay": {"file": file, "sha256": sha256, "impact": _moment(impact - start)},
        "services": {name: _service(each) for name, each in served.items()},
        "cause": "note(cause=true)",
        "expectations": list(_expectations(incident, acts, start)),
        "harm": {"points": 0},
        "debrief": {"questions": ["What did you see that was not seen then?", "What was seen then that you missed?"]},
    }
    return yaml.safe_dump(made, sort_keys=False, allow_unicode=True, width=118)


def _service(served: Served) -> dict[str, Any]:
    made: dict[str, Any] = {
        "versions": {version: {} for version in served.shares},
        "routing": _weights(served.shares),
        "availability": served.availability,
        "risk": served.risk,
    }
    if served.slo_ms is not None:
        made["slo_ms"] = served.slo_ms
    if served.budget_usd_per_month is not None:
        made["budget_usd_per_month"] = served.budget_usd_per_month
    if served.baseline in served.shares:
        made["baseline"] = served.baseline
    return made


def _weights(versions: Mapping[str, float]) -> dict[str, float]:
    weights = {version: round(share, 4) for version, share in versions.items() if share > 0}
    return weights or {next(iter(versions)): 1.0}


def _moment(length: timedelta) -> str:
    return f"+{max(0, round(length.total_seconds()))}s"


def _expectations(
    incident: wire.Incident, acts: Iterable[tuple[datetime, str, str]], start: datetime
) -> Iterator[dict[str, Any]]:
    acknowledged = moment(incident, "acknowledged") or incident.opened_at
    yield _expected("answer", "The alert is acknowledged or an incident opened", "ack or open", acknowledged, start)
    if (identified := moment(incident, "identified")) is not None:
        yield _expected("cause", "The cause is named", "note(cause=true) or decide", identified, start)
    for number, (at, act, service) in enumerate(acts, 1):
        match = f"action({act}, service={service})"
        yield _expected(f"act-{number}", f"{act} of {service}", match, at, start)
    if incident.updates:
        yield _expected("told", "People are told", "comms", incident.updates[0].at, start)
    if (resolved := moment(incident, "resolved")) is not None:
        yield _expected("over", "It is resolved", "resolved", resolved, start)


def _expected(name: str, title: str, match: str, at: datetime, start: datetime) -> dict[str, Any]:
    seconds = math.ceil(max(0.0, (at - start).total_seconds()) + GRACE_S)
    return {
        "id": name, "objective": "again", "title": title, "match": match, "within": f"{seconds}s", "points": POINTS,
    }  # fmt: skip
