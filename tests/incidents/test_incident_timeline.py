"""The timeline writes itself from the journal, and each line leads to its data."""

from __future__ import annotations

import shlex
from datetime import datetime, timedelta

import pytest
from working import START, Room

from opsconsole import wire
from opsconsole.cli import parser
from opsconsole.daemon.views.told import told_of
from opsconsole.incidents import timeline
from opsconsole.journal import Event
from opsconsole.notifiers.base import Message, Rejected
from opsconsole.notifiers.dispatcher import Dispatcher, Way
from opsconsole.notifiers.ledger import Deliveries
from opsconsole.notifiers.terminal import KIND


def told(event: Event) -> tuple[str, str]:
    return told_of(event)[1:]


def lines(room: Room) -> tuple[wire.IncidentLine, ...]:
    start, end = timeline.span(room.incident, room.clock.now())
    within = [event for event in room.events() if start <= datetime.fromisoformat(event.at) <= end]
    return timeline.lines(room.incident, within, told, room.clock.now())


def release(room: Room, service: str, op_id: str) -> None:
    verdict = {"effect": "effective", "why": "92 of 92 requests"}
    room.append("bob", "release.verified", {"service": service, "op_id": op_id, "verdict": verdict})


def test_what_happened_at_its_services_and_to_its_links_is_on_it_and_nothing_else(room: Room) -> None:
    release(room, "chat", "op0")  # half an hour before: that is where causes are found
    room.at(20)
    room.open("SEV-2")
    release(room, "chat", "op1")
    release(room, "search", "op2")
    release(room, "search", "op3")
    room.link("release", "op3", service="search", start=START)
    room.append("ann", "baseline.set", {"service": "chat", "label": "v41"})
    room.append("ann", "console.armed", {"console": "c"})
    room.append("ops", "daemon.started", {"pid": 1})
    room.append("bob", "checklist.ticked", {"run": "RUN-1", "step": "s", "is_ok": True})
    room.link("checklist", "RUN-1")
    room.open(title="another", services=("chat",))
    found = [(line.kind, line.text) for line in lines(room)]
    assert [kind for kind, _ in found] == [
        "release.verified", "incident.opened", "release.verified", "release.verified", "incident.linked",
        "baseline.set", "daemon.started", "checklist.ticked", "incident.linked",
    ]  # fmt: skip
    assert found[1][1] == "INC-1 opened, SEV-2: chat answers slowly"


def test_alerts_of_several_services_and_those_that_it_works_on_are_on_it(room: Room) -> None:
    fired = {"severity": "page", "cause": "provider", "explained": []}
    for alert, services in (("A-1", ["search"]), ("A-2", ["chat", "search"]), ("A-3", ["doc", "search"])):
        data = {"alert": alert, "subject": "p", "services": services, "title": "p fails", **fired}
        room.append("alerts", "alert.fired", data)
    room.open("SEV-2", alert="A-1")
    found = [line.text for line in lines(room) if line.kind == "alert.fired"]
    assert found == ["A-1 page fired: p fails", "A-2 page fired: p fails"]


class Spoken:
    """A notifier that takes everything, unless it is called ``down``."""

    def __init__(self, where: str) -> None:
        self.where = where

    def send(self, message: Message) -> str:
        if self.where == "down":
            raise Rejected("no such channel", "Name another.")
        return "taken"

    def close(self) -> None:
        """Nothing is held open."""


def test_who_was_told_of_it_when_and_by_what_is_on_it(room: Room) -> None:
    """Messages of it, and of alerts that it works on, with what became of each; and nobody else's."""
    ways = {name: Way(kind=KIND, notifier=Spoken(name)) for name in ("status", "down")}
    dispatcher = Dispatcher(ways, room.append, Deliveries(), room.clock)
    room.open("SEV-2", services=("chat", "search"), alert="A-1")
    for name, labels in (
        ("status", {"incident": "INC-1"}), ("down", {"alert": "A-1"}), ("status", {"alert": "A-2"}),
        ("status", {"incident": "INC-2"}),
    ):  # fmt: skip
        (what,) = labels.values()
        said = wire.Notice(
            key=f"{what}/x", kind="update", severity="info", title=f"news of {what}", at=room.clock.now(), labels=labels
        )
        assert dispatcher.notify(said, (name,)) == (name,)
    for name in ways:
        while dispatcher.step(name):
            pass
    found = [line for line in lines(room) if line.kind.startswith("notice.")]
    assert [line.text for line in found] == [
        "update: news of INC-1 → status",
        "update: news of A-1 → down",
        "status was told of INC-1/x",
        "down WAS NEVER TOLD of A-1/x: no such channel",
    ]
    assert found[0].command == "opsconsole notify deliveries --key INC-1/x"


def test_every_act_in_an_incident_has_words_of_its_own(room: Room) -> None:
    room.open("SEV-2", "SEV-1")
    room.role("ann", "commander")
    room.role("ann", "commander", "offer", "bob")
    room.role("bob", "commander", "accept")
    room.role("bob", "commander", "leave")
    room.note("v42 it is\nTODO: alert on it @ann due friday", is_cause=True)
    room.milestone("identified", 0, why="by the note")
    room.milestone("identified", is_withdrawn=True)
    room.update("investigating")
    room.link("query", "SELECT 1")
    asked = [{"text": "write it up", "owner": "ann"}, {"number": 2, "owner": "bob"}, {"number": 2, "is_done": True}]
    for each in asked:
        room.conduct.change_follow_up("ann", wire.ChangeFollowUp(incident="INC-1", **each))  # type: ignore[arg-type]
    room.conduct.rename("ann", wire.RenameIncident(incident="INC-1", title="cache gone"))
    room.conduct.set_severity("ann", wire.SetSeverity(incident="INC-1", severities=("SEV-2",), why="half of the users"))
    room.resolve()
    room.conduct.reopen("ann", wire.ReopenIncident(incident="INC-1", why="back"))
    room.resolve()
    room.conduct.draft_review("ann", room.incident)
    room.conduct.finish_review("ann", room.incident)
    assert [line.text.removeprefix("INC-1 ") for line in lines(room)] == [
        "opened, SEV-1: chat answers slowly: unsure between SEV-1 and SEV-2",
        "commander taken by ann",
        "commander offered to bob",
        "commander accepted by bob",
        "commander left",
        "cause: v42 it is TODO: alert on it @ann due friday (follow-ups: 1)",
        "identified at 2026-11-25 03:00:00, by hand: by the note",
        "identified taken back, by hand",
        "external message (investigating) through status: news",
        "linked query SELECT 1",
        "follow-up: write it up @ann",
        "follow-up: write it up @bob",
        "follow-up 2 done",
        "is cache gone, at chat",
        "is SEV-2: half of the users",
        "resolved",
        "opened again: back",
        "resolved",
        "review drafted",
        "reviewed",
    ]


def test_each_line_leads_to_its_data_as_it_was_then(room: Room) -> None:
    room.open(services=("chat & co",))
    release(room, "chat & co", "op1")
    room.append("ann", "baseline.set", {"service": "chat & co", "label": "v41"})
    room.update()
    room.link("view", "explain", service="chat & co", start=START - timedelta(minutes=50), end=START)
    room.link("query", "SELECT count(*) FROM requests WHERE version = 'v42'")
    room.at(30)
    room.note("later")
    commands = [line.command for line in lines(room)]
    assert commands == [
        "opsconsole show service 'chat & co' --window 15m --as-of 2026-11-25T03:05",
        "opsconsole show service 'chat & co' --window 15m --as-of 2026-11-25T03:05",
        "opsconsole show drift 'chat & co' --window 15m --as-of 2026-11-25T03:05",
        "opsconsole audit show --since 2026-11-25T03:00:00 --until 2026-11-25T03:00:01 --json",
        "opsconsole show explain 'chat & co' --window 1h --as-of 2026-11-25T03:00",
        """opsconsole query 'SELECT count(*) FROM requests WHERE version = '"'"'v42'"'"''""",
        "opsconsole show service 'chat & co' --window 15m",
    ]
    for command in commands:
        parser().parse_args(shlex.split(command)[1:])


def test_an_incident_without_a_service_leads_to_the_fleet(room: Room) -> None:
    room.open(services=())
    assert lines(room)[0].command == "opsconsole show fleet --window 15m"


@pytest.mark.parametrize(("minutes", "window"), [(10, "15m"), (15, "15m"), (16, "1h"), (400, "24h"), (20_000, "all")])
def test_a_range_is_shown_in_the_shortest_window_that_holds_it(minutes: int, window: str) -> None:
    assert timeline.window_of(timedelta(minutes=minutes)) == window


def test_its_span_ends_with_the_clock_or_an_hour_after_it_was_over(room: Room) -> None:
    room.open()
    room.at(30)
    room.milestone("impact_start", -20)
    assert timeline.span(room.incident, room.clock.now()) == (START - timedelta(minutes=50), room.clock.now())
    room.resolve()
    room.at(600)
    assert timeline.span(room.incident, room.clock.now())[1] == START + timedelta(minutes=90)
