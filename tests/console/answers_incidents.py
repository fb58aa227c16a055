"""Answers about incidents: one that is being worked on by several people, one that is overdue, one that is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import msgspec
from answers_alerts import ago
from answers_charts import frame_of
from fleet import NOW

from opsconsole import wire


def timer(name: Any, word: Any, minutes: float, told: str) -> wire.IncidentTimer:
    at = NOW + timedelta(minutes=minutes)
    return wire.IncidentTimer(name=name, word=word, due_from=at - timedelta(minutes=5), due_by=at, told=told)


TIMERS = (
    timer("update", "overdue", -12, "the next message to people"),
    timer("call-out", "due", 4, "say how long it has been"),
    timer("handover", "later", 48, "another commander"),
)


def brief(name: str, **changes: Any) -> wire.IncidentBrief:
    base = wire.IncidentBrief(
        incident=name, title="chat answers fail for one in ten", services=("chat-assist",), severity="SEV-2",
        status="mitigating", opened_at=ago(34), resolved_at=None, commander="ann", due=TIMERS[:2], open_follow_ups=1,
        review="none",
    )  # fmt: skip
    return msgspec.structs.replace(base, **changes)


BRIEFS = (
    brief("INC-7"),
    brief("INC-6", severity="SEV-3", status="investigating", title="costs of ticket-router", commander="", due=(),
          services=("ticket-router",), opened_at=ago(60), open_follow_ups=0),
    brief("INC-4", status="resolved", title="provider harbor refused requests", resolved_at=ago(3000), due=(),
          opened_at=ago(3100), review="draft"),
)  # fmt: skip


def incidents_view(parameters: Mapping[str, str]) -> wire.IncidentsView:
    finding = wire.IncidentFinding(
        key="INC-4:review", incident="INC-4", services=("chat-assist",), title="review of INC-4", owner="ann",
        due=ago(1500), overdue_s=90_000,
    )  # fmt: skip
    return wire.IncidentsView(incidents=BRIEFS, findings=(finding,), **frame_of(parameters))


def milestone(name: Any, minutes: float, source: Any = "auto", **changes: Any) -> wire.MilestoneEntry:
    base = wire.MilestoneEntry(
        milestone=name, at=ago(minutes), source=source, evidence="opsconsole show service chat-assist",
        set_at=ago(minutes), set_by="incidents" if source == "auto" else "ann",
    )  # fmt: skip
    return msgspec.structs.replace(base, **changes)


ENTRIES = (
    milestone("impact_start", 41),
    milestone("detected", 36),
    milestone("acknowledged", 35),
    milestone("identified", 21, "human", why="v42 fails", evidence=""),
)


def incident(name: str = "INC-7", **changes: Any) -> wire.Incident:
    base = wire.Incident(
        incident=name,
        title="chat answers fail for one in ten",
        services=("chat-assist",),
        severity="SEV-2",
        status="mitigating",
        opened_at=ago(34),
        opened_by="ann",
        roles=(
            wire.RoleHeld(role="commander", person="ann", since=ago(33), offered_to="bob"),
            wire.RoleHeld(role="comms", person="cid", since=ago(30)),
        ),
        milestones={each.milestone: each for each in ENTRIES},
        milestone_history=ENTRIES,
        links=(
            wire.IncidentLink(kind="alert", ref="A-3", at=ago(34), by="ann"),
            wire.IncidentLink(kind="release", ref="op-91c2d7", service="chat-assist", at=ago(15), by="incidents"),
            wire.IncidentLink(kind="checklist", ref="RUN-3", at=ago(20), by="incidents"),
            wire.IncidentLink(kind="query", ref="SELECT 1", result_sha256="ab12", at=ago(9), by="ann", note="who"),
        ),
        notes=(
            wire.IncidentNote(number=12, at=ago(21), by="ann", text="v42 holds the cache. TODO: alert", is_cause=True),
        ),
        follow_ups=(
            wire.FollowUp(number=1, text="alert on cache hits", owner="ann", source="note", at=ago(21), by="ann"),
        ),
        updates=(
            wire.IncidentUpdate(at=ago(28), by="cid", stage="investigating", audience="internal", template="built in",
                                text="[SEV-2] INC-7 chat\n\nWe look into it.", notifiers=("ops-chat",)),
        ),
    )  # fmt: skip
    return msgspec.structs.replace(base, **changes)


BOB = wire.Presence(console="c2", user="bob", origin="10.0.0.9", view="incident", service="INC-7")


SUGGESTED = wire.Suggestion(
    checklist="error-spike", title="Error spike", service="chat-assist",
    told="error_rate of chat-assist 8.1% > 5% over 5m, n 4,412", command="opsconsole checklist run error-spike",
)  # fmt: skip


def incident_view(parameters: Mapping[str, str]) -> wire.IncidentView:
    name = parameters.get("incident", "INC-7")
    found = next((each for each in BRIEFS if each.incident == name), BRIEFS[0])
    one = incident(name, title=found.title, status=found.status, severity=found.severity, services=found.services)
    line = wire.IncidentLine(
        at=ago(15), kind="release.finished", service="chat-assist", actor="ann", text="done: v41 100 %",
        command="opsconsole show release chat-assist",
    )  # fmt: skip
    lines = (
        msgspec.structs.replace(line, at=ago(36), actor="alerts", text="page fired: chat-assist: burn 14×"),
        msgspec.structs.replace(line, at=ago(35), text="A-3 acknowledged by ann"),
        msgspec.structs.replace(line, at=ago(21), text="INC-7 cause: v42 holds the cache"),
        line,
    )
    now = wire.ServiceNow(
        service="chat-assist", state="warn", reasons=("errors 2%",), requests=9_120, error_rate=0.021, p99_ms=1_900,
        usd_per_hour=3.1, n_judged=9_104, n_timed=9_120, window="15m", end=NOW,
    )  # fmt: skip
    return wire.IncidentView(
        incident=one,
        timers=TIMERS,
        warnings=("ann is commander and operator, and others are here",),
        timeline=lines,
        matched=len(lines),
        services=(now,),
        running=("the change of 12:49 is being watched until 13:04",),
        suggested=(SUGGESTED,),
        here=(BOB,),
        **frame_of(parameters),
    )


def answers() -> dict[str, Callable[[Mapping[str, str]], wire.Answer]]:
    return {"incidents": incidents_view, "incident": incident_view}
