"""Answers about alerts: a page and a ticket of ``chat-assist``, others that are taken, silenced, over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import msgspec
from answers_charts import frame_of
from fleet import NOW

from opsconsole import wire


def ago(minutes: float) -> Any:
    return NOW - timedelta(minutes=minutes)


def member(rule: str, told: str, **changes: Any) -> wire.AlertMember:
    base = wire.AlertMember(
        rule=rule, severity="page", told=told, value=14.6, threshold=14.4, unit="times the budget's pace", n=60_211,
        p_value=2e-9, view="service", since=ago(9),
    )  # fmt: skip
    return msgspec.structs.replace(base, **changes)


def alert(name: str, cause: str, severity: wire.AlertSeverity, state: wire.AlertState, **changes: Any) -> wire.Alert:
    told = f"burn 14× over 1h, 1,203 of 60,211 failed ({cause})"
    base = wire.Alert(
        id=name, subject="chat-assist", cause=cause, services=("chat-assist",), severity=severity, state=state,
        title=f"chat-assist: {told}", members=(member("errors-burn-1h", told),), fired_at=ago(9), ladder=severity,
        checklist="error-spike", told=(wire.AlertTold(at=ago(9), step=0, notify=("on-call",)),),
        next_at=NOW + timedelta(minutes=4) if state == "firing" else None,
    )  # fmt: skip
    return msgspec.structs.replace(base, **changes)


PAGE = alert(
    "A-3",
    "errors",
    "page",
    "firing",
    members=(
        member("errors-burn-1h", "burn 14× over 1h, 1,203 of 60,211 failed (errors)"),
        member(
            "errors-burn-6h", "burn 7× over 6h, 2,100 of 340,000 failed", value=7.1, threshold=6.0, n=340_000,
            is_present=False, view="explain",
        ),
    ),
    more=3,
    explained=(
        "version v42: 92% of the change in errors, 10% of the traffic (0.4% → 8.1%), against the 15 min before",
        "route /v1/chat: 61% of the change in errors, 88% of the traffic (0.4% → 2.2%), against the 15 min before",
    ),
)  # fmt: skip
TICKET = alert("A-4", "version v42", "ticket", "firing", told=(), next_at=ago(1), checklist="bad-canary")
TAKEN = alert("A-2", "cost", "ticket", "acknowledged", subject="ticket-router", services=("ticket-router",),
              title="ticket-router: $9.10 in the hour, usually $2.40", acknowledged_at=ago(30), acknowledged_by="bob",
              note="a batch of theirs", fired_at=ago(61), checklist="cost-spike")  # fmt: skip
SILENCED = alert("A-1", "inputs", "ticket", "silenced", held_by="S-3 by ann until 14:00: load test", fired_at=ago(200),
                 title="chat-assist: prompt_tokens drifts, effect 0.31", checklist="drift-and-degradation")  # fmt: skip
OVER = alert("A-0", "latency", "page", "resolved", resolved_at=ago(120), resolved_why="nothing was found for 5 min",
             fired_at=ago(180), title="chat-assist: p99 2.4 s for 12 min")  # fmt: skip
SILENCE = wire.Silence(
    id="S-3", subject="chat-assist", what="inputs", until=NOW + timedelta(hours=1), reason="load test", by="ann",
    at=ago(60),
)  # fmt: skip
ALERTS = (PAGE, TICKET, TAKEN, SILENCED)


def delivery(notifier: str, word: wire.DeliveryWord, told: str, minutes: float, **changes: Any) -> wire.Delivery:
    base = wire.Delivery(
        notifier=notifier, key="prod/A-3", kind="firing", severity="page", service="chat-assist", title=PAGE.title,
        id=f"d-{notifier}", word=word, attempts=1, queued_at=ago(minutes), last_at=ago(minutes), told=told,
    )  # fmt: skip
    return msgspec.structs.replace(base, **changes)


DELIVERIES = (
    delivery("on-call", "sent", "202 accepted", 9),
    delivery("mail", "failed", "the server refused: 451 try later", 9, attempts=3, next_at=NOW + timedelta(minutes=1)),
    delivery("status-page", "given up", "no such channel", 9, attempts=5),
)


def alerts_view(parameters: Mapping[str, str]) -> wire.AlertsView:
    service = parameters.get("service", "")
    mine = tuple(each for each in ALERTS if service in ("", *each.services))
    return wire.AlertsView(
        alerts=mine,
        resolved=(OVER,),
        silences=(SILENCE,),
        looked_at=NOW - timedelta(seconds=4),
        look_ms=18.2,
        deliveries={"A-3": "NOT TOLD: status-page; not told yet: mail; told on-call", "A-2": "told team-channel"},
        incidents={"A-2": "INC-6"},
        **frame_of({**parameters, "window": "24h"}),
    )


def rule(name: str) -> wire.AlertRule:
    return wire.AlertRule(
        id=name, about="failures use up the SLO's budget too fast", is_enabled=True, severity="page", threshold=14.4,
        unit="times the budget's pace", window_s=3600, min_n=0, floor_usd=0, chance=1e-4, for_s=0, hold_s=300,
        cause="errors", needs=("status",), inhibited_by=("provider",), checklist="error-spike", ladder="page",
        false_alarms="0 to 0.07 in 30 days at a service that is exactly at its SLO",
    )  # fmt: skip


CHECKLIST = wire.ChecklistEntry(
    id="error-spike", title="Error spike", version=1, path="library/error-spike.md", is_own=False, owner="opsconsole",
    severity=("SEV-1", "SEV-2"), steps=11, last_reviewed=ago(9 * 1440).date(), last_run=ago(3000), last_drilled=None,
    stale=(), problems=0,
)  # fmt: skip


def alert_view(parameters: Mapping[str, str]) -> wire.AlertView:
    name = parameters.get("alert", "A-3")
    found = next((each for each in (*ALERTS, OVER) if each.id == name), PAGE)
    return wire.AlertView(
        alert=found,
        rules=(rule("errors-burn-1h"), rule("errors-burn-6h")),
        deliveries=DELIVERIES if found is PAGE else (),
        history=(
            wire.AlertEvent(at=ago(8), actor="alerts", text=f"{found.id} told to on-call"),
            wire.AlertEvent(at=ago(9), actor="alerts", text=f"{found.severity} fired: {found.title}"),
        ),
        silences=(SILENCE,) if found is SILENCED else (),
        incident="INC-6" if found is TAKEN else "",
        checklist=CHECKLIST,
        **frame_of(parameters),
    )


def answers() -> dict[str, Callable[[Mapping[str, str]], wire.Answer]]:
    return {"alerts": alerts_view, "alert": alert_view}
