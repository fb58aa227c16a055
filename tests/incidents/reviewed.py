"""One incident from beginning to end, and its review."""

from __future__ import annotations

from datetime import date, timedelta

from working import START, Known, Room

from opsconsole import wire
from opsconsole.daemon.views.told import told_of
from opsconsole.incidents import milestones, review, timeline, timers

AXIS = wire.Axis(start=START - timedelta(minutes=60), step_s=60, buckets=150)
"""Of the lines of a service, a bucket a minute."""


def lines() -> wire.Lines:
    """Ten requests a minute, a tenth of them failed from five minutes before the start for thirty minutes."""
    bad = [55 <= i < 85 for i in range(AXIS.buckets)]
    return wire.Lines(
        requests=tuple(0 if i == 100 else 10 for i in range(AXIS.buckets)),
        errors=tuple(4 if each else 0 for each in bad),
        p50_ms=tuple(120.0 for _ in bad),
        p99_ms=tuple(None if i == 100 else 2_400.0 if each else 310.0 for i, each in enumerate(bad)),
        usd=tuple(0.05 if each else 0.02 for each in bad),
    )


def worked(title: str = "chat answers slowly", text: str = "v42 evicts the cache") -> Room:
    """An incident that was opened from an alert, worked by two, mitigated by a release, and resolved."""
    room = Room()
    room.at(1)
    room.open("SEV-2", "SEV-3", alert="A-12", title=title, why=text)
    room.role("ann", "commander")
    room.at(3)
    room.update("investigating", text=f"{title}\n\n{text}\n")
    room.role("bob", "operator")
    room.at(6)
    room.note(f"{text}\nTODO: {text} @ann due 2026-12-04", "bob", is_cause=True)
    room.link("query", f"SELECT '{text}'", note=text)
    room.link("release", "op1", service="chat", start=START + timedelta(minutes=7))
    verdict = {"effect": "effective", "why": "92 of 92 requests"}
    room.at(9)
    room.append("bob", "release.verified", {"service": "chat", "op_id": "op1", "verdict": verdict})
    room.at(26)
    room.conduct.observe(
        Known(
            fired={"A-12": 0}, acknowledged={"A-12": 2}, worse={"chat": -5}, effects={"op1": 9}, resolved={"A-12": 25}
        )
    )
    room.milestone("detected", -1, "bob", why="a user wrote")
    room.resolve("ann")
    asked = wire.ChangeFollowUp(incident="INC-1", text=text, owner="eve", due=date(2026, 12, 1))
    room.conduct.change_follow_up("ann", asked)
    room.conduct.draft_review("ann", room.incident)
    room.at(60)
    return room


def review_of(room: Room) -> wire.IncidentReview:
    """As the daemon would make it of these lines."""
    incident, now = room.incident, room.clock.now()
    start, stop = review.impact_span(incident, now)
    first, last = review.shown_span(incident, now)
    axis, shown = review.cut(AXIS, lines(), first, last)
    return wire.IncidentReview(
        incident=incident,
        environment="prod",
        made_at=now,
        due_at=timers.review_due(incident),
        metrics=milestones.metrics(incident),
        impacts=(review.impact("chat", AXIS, lines(), start, stop, 20_000.0),),
        series=(
            wire.ReviewSeries(
                service="chat", axis=axis, lines=shown, command=timeline.range_command("service", "chat", first, last)
            ),
        ),
        timeline=timeline.lines(incident, room.events(), lambda event: told_of(event)[1:], now),
    )
