"""What is due in an incident, by its severity, its record and the time alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from working import START, Room, minute

from opsconsole import wire
from opsconsole.incidents.followups import overdue
from opsconsole.incidents.timers import due, review_due, timers


def words(room: Room) -> dict[str, tuple[str, float | None]]:
    """Timer → its word and the minute by which it is due."""
    return {each.name: (each.word, minute(each.due_by)) for each in timers(room.incident, room.clock.now())}


@pytest.mark.parametrize(
    ("severity", "minutes", "name", "word", "by"),
    [
        ("SEV-1", 0, "first update", "due", 5),
        ("SEV-1", 5, "first update", "due", 5),
        ("SEV-1", 5.1, "first update", "overdue", 5),
        ("SEV-2", 4, "first update", "due", 5),
        ("SEV-1", 0, "call-out", "later", 11),
        ("SEV-1", 9.9, "call-out", "later", 11),
        ("SEV-1", 10, "call-out", "due", 11),
        ("SEV-2", 10.9, "call-out", "due", 11),
        ("SEV-2", 11, "call-out", "later", 21),
        ("SEV-2", 60, "call-out", "due", 61),
        ("SEV-1", 0, "handover", "later", 180),
        ("SEV-1", 60, "handover", "due", 180),
        ("SEV-1", 180.1, "handover", "overdue", 180),
    ],
)
def test_timers_by_severity(
    room: Room, severity: wire.Severity, minutes: float, name: str, word: str, by: float
) -> None:
    room.open(severity)
    room.role("ann", "commander")
    room.at(minutes)
    assert words(room)[name] == (word, by)


@pytest.mark.parametrize(("severity", "every"), [("SEV-1", 20), ("SEV-2", 30)])
def test_an_update_is_due_before_the_severitys_cadence_is_over(room: Room, severity: wire.Severity, every: int) -> None:
    room.open(severity)
    room.at(3)
    room.update("investigating")
    assert words(room)["scope"] == ("due", 8)
    room.at(7)
    room.update("identified")
    assert "scope" not in words(room)
    assert words(room)["update"] == ("later", 7 + every)
    room.at(2 + every)
    assert words(room)["update"] == ("due", 7 + every)
    room.at(8 + every)
    assert words(room)["update"] == ("overdue", 7 + every)
    assert due(room.incident, room.clock.now())[0].name == "update"
    room.update()
    assert words(room)["update"] == ("later", 8 + 2 * every)


def test_a_message_to_executives_alone_is_not_the_one_that_people_wait_for(room: Room) -> None:
    room.open("SEV-1")
    room.update("investigating", "executive")
    assert "first update" in words(room)


@pytest.mark.parametrize("severity", ["SEV-3", "SEV-4", "SEV-5"])
def test_what_is_not_major_has_no_timers(room: Room, severity: wire.Severity) -> None:
    room.open(severity)
    room.role("ann", "commander")
    room.at(500)
    assert words(room) == {}
    room.resolve()
    assert words(room) == {}


def test_what_becomes_major_counts_from_there(room: Room) -> None:
    room.open("SEV-4")
    room.update("investigating")
    room.at(30)
    room.conduct.set_severity("ann", wire.SetSeverity(incident="INC-1", severities=("SEV-2",)))
    room.at(31)
    room.conduct.set_severity("ann", wire.SetSeverity(incident="INC-1", severities=("SEV-1",)))
    assert words(room)["first update"] == ("due", 35)
    room.conduct.set_severity("ann", wire.SetSeverity(incident="INC-1", severities=("SEV-4",)))
    assert words(room) == {}


def test_after_the_resolution_people_are_told_and_a_review_is_due(room: Room) -> None:
    room.open("SEV-1")
    room.update("investigating")
    room.at(40)
    room.resolve()
    assert words(room) == {"final update": ("due", 45), "review": ("due", 40 + 3 * 24 * 60)}
    room.update("resolved")
    assert words(room) == {"review": ("due", 40 + 3 * 24 * 60)}
    room.conduct.draft_review("ann", room.incident)
    assert "review" in words(room), "a draft is no review"
    room.conduct.finish_review("ann", room.incident)
    assert words(room) == {}


def test_messages_are_owed_again_when_it_comes_back(room: Room) -> None:
    room.open("SEV-1")
    room.update("investigating")
    room.at(10)
    room.resolve()
    room.at(30)
    room.conduct.reopen("ann", wire.ReopenIncident(incident="INC-1", why="again"))
    assert words(room)["first update"] == ("due", 35)


@pytest.mark.parametrize(
    ("severity", "resolved", "by"),
    [
        ("SEV-1", "2026-11-27T03:00", "2026-11-30T03:00"),  # a Friday: calendar days run through the weekend
        ("SEV-2", "2026-11-27T03:00", "2026-12-04T03:00"),  # business days do not
        ("SEV-2", "2026-11-28T03:00", "2026-12-04T03:00"),  # a Saturday
        ("SEV-2", "2026-11-25T03:00", "2026-12-02T03:00"),  # a Wednesday
        ("SEV-3", "2026-11-25T03:00", None),
    ],
)
def test_a_review_is_due_in_calendar_or_business_days(
    room: Room, severity: wire.Severity, resolved: str, by: str | None
) -> None:
    room.open(severity)
    at = datetime.fromisoformat(resolved).replace(tzinfo=UTC)
    room.clock.advance((at - START).total_seconds())
    room.resolve()
    assert review_due(room.incident) == (datetime.fromisoformat(by).replace(tzinfo=UTC) if by else None)


def test_the_review_goes_by_the_worst_severity_that_there_was(room: Room) -> None:
    room.open("SEV-1")
    room.conduct.set_severity("ann", wire.SetSeverity(incident="INC-1", severities=("SEV-4",)))
    room.resolve()
    assert review_due(room.incident) == START + timedelta(days=3)


def test_what_was_not_done_in_time_is_found_with_its_owner(room: Room) -> None:
    room.open("SEV-1")
    room.role("ann", "commander")
    room.note("TODO: raise the limit @bob due 2026-11-26\nTODO: no date")
    room.resolve()
    assert overdue(room.conduct.state, START + timedelta(days=1, hours=20)) == ()
    found = overdue(room.conduct.state, START + timedelta(days=4))
    assert [(each.key, each.owner, each.title) for each in found] == [
        ("INC-1:follow-up:1", "bob", "raise the limit"),
        ("INC-1:review", "ann", "review of INC-1 chat answers slowly"),
    ]
    assert found[1].overdue_s == 24 * 3600
    room.conduct.change_follow_up("bob", wire.ChangeFollowUp(incident="INC-1", number=1, is_done=True))
    room.conduct.finish_review("ann", room.incident)
    assert overdue(room.conduct.state, START + timedelta(days=9)) == ()
