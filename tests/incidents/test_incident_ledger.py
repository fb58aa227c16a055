"""What is known of an incident follows from the journal alone, whoever wrote at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from working import HOSTILE, START, Room, minute

from opsconsole import wire
from opsconsole.errors import UsageError
from opsconsole.incidents.conduct import warnings
from opsconsole.incidents.ledger import fold

PEOPLE = st.sampled_from(["ann", "bob", "eve"])
ROLES = st.sampled_from(wire.INCIDENT_ROLES)
SEVERITIES = st.sampled_from([each.severity for each in wire.SEVERITIES])
TEXTS = st.one_of(st.just(HOSTILE), st.text(st.characters(codec="utf-8"), max_size=60))
ACTS: st.SearchStrategy[tuple[Any, ...]] = st.one_of(
    st.tuples(st.just("open"), PEOPLE, TEXTS),
    st.tuples(st.just("severity"), PEOPLE, st.lists(SEVERITIES, max_size=3)),
    st.tuples(st.just("role"), PEOPLE, ROLES, st.sampled_from(["take", "offer", "accept", "leave"]), PEOPLE),
    st.tuples(st.just("milestone"), PEOPLE, st.sampled_from(wire.MILESTONES), st.integers(-60, 60), st.booleans()),
    st.tuples(st.just("note"), PEOPLE, TEXTS, st.booleans()),
    st.tuples(st.just("followup"), PEOPLE, st.integers(0, 3), TEXTS, st.booleans()),
    st.tuples(st.just("link"), PEOPLE, st.sampled_from(["alert", "release", "view", "query"]), TEXTS),
    st.tuples(st.just("resolve"), PEOPLE),
    st.tuples(st.just("reopen"), PEOPLE, TEXTS),
    st.tuples(st.just("review"), PEOPLE),
    st.tuples(st.just("wait"), st.integers(1, 3600)),
)


def follow_up(room: Room, by: str, number: int, text: str, is_done: bool) -> None:
    asked = wire.ChangeFollowUp(incident="INC-1", number=number, text=text, is_done=is_done)
    room.conduct.change_follow_up(by, asked)


DOES: dict[str, Callable[..., object]] = {
    "open": lambda room, by, title: room.open(by=by, title=title),
    "severity": lambda room, by, found: room.conduct.set_severity(
        by, wire.SetSeverity(incident="INC-1", severities=tuple(found))
    ),
    "role": lambda room, by, role, how, to: room.role(by, role, how, to),
    "milestone": lambda room, by, name, at, is_withdrawn: room.milestone(name, at, by, is_withdrawn=is_withdrawn),
    "note": lambda room, by, text, is_cause: room.note(text, by, is_cause=is_cause),
    "followup": follow_up,
    "link": lambda room, by, kind, ref: room.conduct.link(by, wire.AddLink(incident="INC-1", kind=kind, ref=ref)),
    "resolve": lambda room, by: room.resolve(by),
    "reopen": lambda room, by, why: room.conduct.reopen(by, wire.ReopenIncident(incident="INC-1", why=why)),
    "review": lambda room, by: room.conduct.finish_review(by, room.incident),
    "wait": lambda room, seconds: room.clock.advance(seconds),
}


def do(room: Room, act: tuple[Any, ...]) -> None:
    """One act; what is refused changes nothing."""
    n, before = len(room.lines), room.conduct.state
    try:
        DOES[act[0]](room, *act[1:])
    except UsageError:
        assert (len(room.lines), room.conduct.state) == (n, before)


@settings(max_examples=150, deadline=None)
@given(acts=st.lists(ACTS, max_size=25))
def test_a_restart_after_any_history_knows_the_same(acts: list[tuple[Any, ...]]) -> None:
    room = Room()
    room.open("SEV-2")
    for act in acts:
        do(room, act)
    assert room.restarted() == room.conduct.state
    half = len(room.lines) // 2
    assert fold(room.events()[half:], fold(room.events()[:half])) == room.conduct.state


@settings(max_examples=150, deadline=None)
@given(acts=st.lists(ACTS, max_size=25))
def test_editing_keeps_history_and_only_the_impacts_start_has_to_be_first(acts: list[tuple[Any, ...]]) -> None:
    room = Room()
    room.open("SEV-2")
    before = room.incident
    for act in acts:
        do(room, act)
        after = room.incident
        for name in ("severities", "role_history", "milestone_history", "notes", "links", "updates"):
            history: tuple[Any, ...] = getattr(after, name)
            assert history[: len(getattr(before, name))] == getattr(before, name)
        assert len(after.follow_ups) >= len(before.follow_ups)
        held = {name: entry.at for name, entry in after.milestones.items() if entry.at is not None}
        assert min(held.values(), default=None) == held.get("impact_start", min(held.values(), default=None))
        assert after.severity == after.severities[-1].severity
        assert len({role.role for role in after.roles}) == len(after.roles)
        before = after


def test_two_people_who_write_at_once_are_both_in_the_record(room: Room) -> None:
    room.open()
    barrier = threading.Barrier(2)

    def write(person: str) -> None:
        barrier.wait()
        for i in range(25):
            room.note(f"{person} {i} TODO: do {i} @{person}", person)
            room.role(person, "commander")

    threads = [threading.Thread(target=write, args=(person,)) for person in ("ann", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    incident = room.incident
    assert {note.text.split(" TODO")[0] for note in incident.notes} == {
        f"{p} {i}" for p in ("ann", "bob") for i in range(25)
    }
    assert [each.number for each in incident.follow_ups] == list(range(1, 51))
    assert {change.person for change in incident.role_history} == {"ann", "bob"}
    assert incident.roles[0].person == incident.role_history[-1].person
    assert room.restarted() == room.conduct.state


def test_incidents_that_are_opened_at_once_have_names_of_their_own(room: Room) -> None:
    threads = [threading.Thread(target=room.open) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(room.conduct.state.by_id) == sorted(f"INC-{n}" for n in range(1, 9))


def test_who_is_unsure_takes_the_higher_severity_and_it_is_written_down(room: Room) -> None:
    incident = room.open("SEV-3", "SEV-2", why="p99 doubled")
    assert (incident.severity, incident.why) == ("SEV-2", "unsure between SEV-2 and SEV-3: p99 doubled")
    assert room.open().severity == "SEV-3", "nobody said"
    room.conduct.set_severity("bob", wire.SetSeverity(incident="INC-1", severities=("SEV-4",), why="few users"))
    assert [(each.severity, each.by) for each in room.incident.severities] == [("SEV-2", "ann"), ("SEV-4", "bob")]


def test_an_incident_that_a_person_opens_was_detected_then(room: Room) -> None:
    room.at(7)
    incident = room.open()
    assert {name: minute(entry.at) for name, entry in incident.milestones.items()} == {"detected": 7, "acknowledged": 7}
    assert all(entry.source == "human" for entry in incident.milestones.values())


def test_one_from_an_alert_leaves_its_milestones_to_the_alert_and_is_opened_once(room: Room) -> None:
    incident = room.open(alert="A-12")
    assert incident.milestones == {}
    assert [(link.kind, link.ref) for link in incident.links] == [("alert", "A-12")]
    with pytest.raises(UsageError, match="INC-1 works on the alert A-12 already"):
        room.open(alert="A-12")
    room.resolve()
    assert room.open(alert="A-12").incident == "INC-2", "it came back"


def test_the_status_follows_from_what_is_known(room: Room) -> None:
    room.open()
    seen = [room.incident.status]
    room.at(3)
    room.milestone("identified")
    seen.append(room.incident.status)
    room.link("release", "op1", service="chat", start=START)
    seen.append(room.incident.status)
    room.at(9)
    room.milestone("mitigated")
    seen.append(room.incident.status)
    room.resolve()
    seen.append(room.incident.status)
    room.conduct.finish_review("ann", room.incident)
    seen.append(room.incident.status)
    assert seen == ["investigating", "identified", "mitigating", "monitoring", "resolved", "reviewed"]


def test_what_comes_back_is_open_again_and_was_not_mitigated(room: Room) -> None:
    room.open()
    room.at(5)
    room.milestone("mitigated")
    room.resolve()
    room.conduct.finish_review("ann", room.incident)
    room.at(20)
    room.conduct.reopen("bob", wire.ReopenIncident(incident="INC-1", why="p99 is up again"))
    incident = room.incident
    assert (incident.status, incident.review) == ("investigating", "none")
    assert {incident.milestones[name].at for name in ("mitigated", "resolved")} == {None}
    assert "resolved" in {entry.milestone for entry in incident.milestone_history if entry.at}
    with pytest.raises(UsageError, match="INC-1 is open"):
        room.conduct.reopen("bob", wire.ReopenIncident(incident="INC-1", why="again"))


def test_a_handover_is_complete_when_the_one_who_takes_over_says_so(room: Room) -> None:
    room.open("SEV-1")
    room.role("ann", "commander")
    room.role("ann", "commander", "offer", "bob")
    assert (room.incident.roles[0].person, room.incident.roles[0].offered_to) == ("ann", "bob")
    assert "ann offers commander to bob, who has not said yes" in warnings(room.incident, ())
    with pytest.raises(UsageError, match="commander was not offered to eve"):
        room.role("eve", "commander", "accept")
    with pytest.raises(UsageError, match="ann is commander, not bob"):
        room.role("bob", "commander", "leave")
    room.at(1)
    room.role("bob", "commander", "accept")
    held = room.incident.roles[0]
    assert (held.person, held.offered_to, minute(held.since)) == ("bob", "", 1)
    assert [(each.how, each.person) for each in room.incident.role_history] == [
        ("taken", "ann"), ("offered", "bob"), ("accepted", "bob"),
    ]  # fmt: skip
    assert warnings(room.incident, ()) == ()


def test_taking_a_role_that_somebody_has_is_possible_and_said(room: Room) -> None:
    room.open("SEV-1")
    assert "nobody is commander" in warnings(room.incident, ())
    room.role("ann", "commander")
    room.at(1)
    room.role("bob", "commander")
    assert [(each.person, each.before) for each in room.incident.role_history] == [("ann", ""), ("bob", "ann")]
    assert warnings(room.incident, ()) == ("bob took commander from ann without a handover",)


def test_a_commander_with_a_second_role_is_warned_while_others_are_there(room: Room) -> None:
    room.open("SEV-1")
    room.role("ann", "commander")
    room.role("ann", "scribe")
    assert warnings(room.incident, ()) == (), "she is alone"
    bob = wire.Presence(console="c", user="bob", origin="", view="incident", service="INC-1")
    assert warnings(room.incident, (bob,)) == ("ann is commander and scribe: others are here to take that",)


def test_a_name_that_nobody_knows_is_refused_with_the_newest(room: Room) -> None:
    room.open()
    with pytest.raises(UsageError, match="The newest: INC-1"):
        room.conduct.incident("INC-9")
    assert room.conduct.incident("inc-1").incident == "INC-1"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"title": " \n "}, "no title"),
        ({"title": "x" * 201}, "longer than 200"),
        ({"services": tuple(map(str, range(51)))}, "more than 50"),
    ],
)
def test_an_incident_that_says_nothing_or_too_much_is_not_opened(room: Room, asked: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        room.open(**asked)
    assert room.lines == []


def test_a_release_waits_for_serious_incidents_of_its_service_alone(room: Room) -> None:
    room.open("SEV-2", title="slow")
    room.open("SEV-4", title="dear")
    room.open("SEV-1", title="elsewhere", services=("search",))
    assert room.conduct.state.serious_of("chat") == ("INC-1 SEV-2 slow",)
    room.resolve()
    assert room.conduct.state.serious_of("chat") == ()


def test_events_of_other_rooms_and_of_unknown_incidents_change_nothing(room: Room) -> None:
    room.open()
    before = room.conduct.state
    room.append("ann", "baseline.set", {"service": "chat", "label": "v41"})
    room.append("ann", "incident.resolved", {"incident": "INC-9", "at": START.isoformat(), "why": ""})
    room.append("ann", "incident.painted", {"incident": "INC-1"})
    assert room.restarted() == before
