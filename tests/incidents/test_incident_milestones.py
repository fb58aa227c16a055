"""Milestones by evidence and by hand: what sets them, what moves them, and what they add up to."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from working import START, Known, Room, minute

from opsconsole import wire
from opsconsole.errors import UsageError
from opsconsole.incidents.milestones import metrics


def known(room: Room) -> dict[str, tuple[float | None, str]]:
    """Milestone → the minute at which it was, and who says so."""
    return {name: (minute(entry.at), entry.source) for name, entry in room.incident.milestones.items()}


def test_everything_that_can_be_set_by_evidence_is(room: Room) -> None:
    room.at(2)
    room.open("SEV-2", alert="A-1")
    room.at(9)
    room.link("alert", "A-2")
    room.link("release", "op1", service="chat", start=START)
    room.link("checklist", "RUN-1")
    seen = Known(
        fired={"A-1": 1, "A-2": 0.5}, acknowledged={"A-1": 3}, worse={"chat": -4}, decisions={"RUN-1": 5},
        effects={"op1": 7}, resolved={"A-1": 8.5},
    )  # fmt: skip
    room.conduct.observe(seen)
    assert "mitigated" not in known(room), "one of the alerts still fires"
    seen.resolved["A-2"] = 9
    room.conduct.observe(seen)
    assert known(room) == {
        "detected": (0.5, "auto"), "acknowledged": (3, "auto"), "impact_start": (-4, "auto"),
        "identified": (5, "auto"), "mitigated": (9, "auto"),
    }  # fmt: skip
    assert room.incident.milestones["detected"].evidence == "opsconsole show A-2"
    assert room.incident.status == "monitoring"
    n = len(room.lines)
    room.conduct.observe(seen)
    assert len(room.lines) == n, "what is known is not written again"


def test_without_alerts_the_services_own_signals_say_when_users_are_well(room: Room) -> None:
    room.open(services=("chat", "search"))
    room.link("release", "op1", service="chat", start=START)
    seen = Known(effects={"op1": 5}, well={"chat": 7})
    room.conduct.observe(seen)
    assert "mitigated" not in known(room), "nothing is known of the other service"
    seen.well["search"] = 6
    room.conduct.observe(seen)
    assert known(room)["mitigated"] == (7, "auto")


def test_signals_that_came_back_before_the_release_count_from_its_effect(room: Room) -> None:
    room.open()
    room.link("release", "op1", service="chat", start=START)
    room.conduct.observe(Known(effects={"op1": 5}, well={"chat": 4}))
    assert known(room)["mitigated"] == (5, "auto")


def test_a_note_that_names_the_cause_identifies_it(room: Room) -> None:
    room.open()
    room.at(4)
    room.note("is it the cache?")
    room.conduct.observe(Known())
    assert "identified" not in known(room)
    room.note("v42 evicts the cache", is_cause=True)
    assert known(room)["identified"] == (4, "auto")
    room.at(6)
    room.note("and the cache is too small", is_cause=True)
    assert known(room)["identified"] == (4, "auto"), "the first that named one"
    assert room.incident.status == "identified"


def test_evidence_never_moves_what_a_person_set(room: Room) -> None:
    room.open(alert="A-1")
    room.at(10)
    room.milestone("detected", 6, why="the pager was late")
    room.conduct.observe(Known(fired={"A-1": 3}))
    assert known(room)["detected"] == (6, "human")
    room.milestone("acknowledged", is_withdrawn=True)
    room.conduct.observe(Known(acknowledged={"A-1": 4}))
    assert known(room)["acknowledged"] == (None, "human")


def test_evidence_moves_what_evidence_set_to_an_earlier_moment_and_keeps_the_history(room: Room) -> None:
    room.open(alert="A-1")
    room.at(10)
    room.conduct.observe(Known(fired={"A-1": 3}, worse={"chat": 2}))
    room.link("alert", "A-0")
    room.conduct.observe(Known(fired={"A-1": 3, "A-0": 1}))
    assert known(room)["detected"] == (1, "auto")
    assert known(room)["impact_start"] == (1, "auto"), "it cannot be later than what it caused"
    history = [(entry.milestone, minute(entry.at)) for entry in room.incident.milestone_history]
    assert history == [("detected", 3), ("impact_start", 2), ("impact_start", 1), ("detected", 1)], "each in its turn"


def test_evidence_that_contradicts_a_persons_impact_start_is_left_to_people(room: Room) -> None:
    room.open(alert="A-1")
    room.at(10)
    room.milestone("impact_start", 5)
    told = room.conduct.observe(Known(fired={"A-1": 3}))
    assert "detected" not in known(room)
    assert "detected at 2026-11-25 03:03:00 is before the impact's start" in told["INC-1"][0]


def test_only_the_impacts_start_has_to_be_first(room: Room) -> None:
    room.at(30)
    room.open()
    room.milestone("mitigated", 10)
    room.milestone("identified", 20)
    with pytest.raises(UsageError, match=r"mitigated at .* is before the impact's start"):
        room.milestone("impact_start", 15)
    room.milestone("impact_start", 8)
    with pytest.raises(UsageError, match="Only the impact's start has to be first"):
        room.milestone("detected", 7)
    assert known(room)["impact_start"] == (8, "human")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"milestone": "identified", "at": START.replace(hour=4)}, "has not come yet"),
        ({"milestone": "resolved"}, "resolved, or opened again, and not by its milestone"),
    ],
)
def test_a_milestone_that_cannot_be_is_refused(room: Room, asked: dict[str, object], words: str) -> None:
    room.open()
    with pytest.raises(UsageError, match=words):
        room.conduct.set_milestone("ann", wire.SetMilestone(incident="INC-1", **asked))  # type: ignore[arg-type]


def test_when_it_was_over_can_be_corrected_once_it_is(room: Room) -> None:
    room.open()
    room.at(30)
    room.resolve()
    room.milestone("resolved", 25, why="users were done then")
    assert [minute(each.at) for each in room.incident.milestone_history if each.milestone == "resolved"] == [30, 25]
    assert known(room)["resolved"] == (25, "human")
    with pytest.raises(UsageError, match="INC-1 is resolved already"):
        room.resolve()


def test_after_it_came_back_only_new_evidence_says_that_users_are_well(room: Room) -> None:
    room.open()
    room.link("release", "op1", service="chat", start=START)
    room.conduct.observe(Known(effects={"op1": 2}, well={"chat": 3}))
    room.at(10)
    room.resolve()
    room.conduct.reopen("ann", wire.ReopenIncident(incident="INC-1", why="it is back"))
    room.conduct.observe(Known(effects={"op1": 2}, well={"chat": 3}))
    assert known(room)["mitigated"][0] is None
    room.link("release", "op2", service="chat", start=START)
    room.conduct.observe(Known(effects={"op1": 2, "op2": 14}, well={"chat": 15}))
    assert known(room)["mitigated"] == (15, "auto")


MINUTES = st.dictionaries(st.sampled_from(["A-1", "A-2", "op1", "RUN-1", "chat"]), st.integers(-20, 20))


@settings(max_examples=100, deadline=None)
@given(looks=st.lists(st.builds(Known, MINUTES, MINUTES, MINUTES, MINUTES, MINUTES, MINUTES, MINUTES), max_size=6))
def test_whatever_evidence_says_in_whatever_order_the_impacts_start_is_first(looks: list[Known]) -> None:
    room = Room()
    room.open(alert="A-1")
    room.link("alert", "A-2")
    room.link("release", "op1", service="chat", start=START)
    room.link("checklist", "RUN-1")
    for look in looks:
        room.conduct.observe(look)
        held = {name: entry.at for name, entry in room.incident.milestones.items() if entry.at is not None}
        assert min(held.values(), default=None) == held.get("impact_start", min(held.values(), default=None))
    assert room.restarted() == room.conduct.state


def test_durations_are_raw_and_missing_where_a_milestone_is(room: Room) -> None:
    room.open("SEV-1")
    assert metrics(room.incident) == wire.IncidentMetrics(
        detect_s=None, acknowledge_s=0.0, identify_s=None, mitigate_s=None, resolve_s=None, first_update_s=None,
        longest_silence_s=None,
    )  # fmt: skip
    room.milestone("impact_start", -5)
    room.at(4)
    room.update("investigating")
    room.milestone("identified")
    room.at(24)
    room.update()
    room.milestone("mitigated", 20)
    room.at(39)
    room.resolve()
    assert metrics(room.incident) == wire.IncidentMetrics(
        detect_s=300, acknowledge_s=0, identify_s=540, mitigate_s=1500, resolve_s=2640, first_update_s=240,
        longest_silence_s=1200,
    )  # fmt: skip
