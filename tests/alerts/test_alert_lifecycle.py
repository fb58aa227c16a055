"""Alerts fire, change, are held back and are over as the rules say, and people have the last word."""

from __future__ import annotations

import shlex
import threading
from datetime import timedelta

import pytest
from room import LIBRARY, START, Room, facts, provider, reading

from opsconsole import wire
from opsconsole.alerts.facts import Facts
from opsconsole.alerts.table import RULES
from opsconsole.checklists.params import complaint
from opsconsole.config.alerting import AlertSetting, LadderStep, RuleSetting
from opsconsole.errors import UsageError

BURNING = facts("chat", bad=["errors-burn-1h"])
FINE = facts("chat", fine=["errors-burn-1h"])


@pytest.fixture
def room() -> Room:
    return Room()


def ack(room: Room, alert: str = "A-1", note: str = "") -> wire.Alert:
    return room.keeper.acknowledge("ann", "ann", wire.AckRequest(alert=alert, note=note))


def silence(room: Room, subject: str, minutes: float = 60, what: str = "") -> wire.Silence:
    request = wire.SilenceRequest(subject=subject, what=what, minutes=minutes, reason="a load test")
    return room.keeper.silence("ann", "ann", request)


def test_what_is_found_later_is_counted(room: Room) -> None:
    def of(n: int) -> Facts:
        readings = tuple(reading("errors-burn-1h", detail=f"route {i}") for i in range(n))
        return Facts(subject="chat", services=("chat",), at=START, readings={"errors-burn-1h": readings})

    room.look(of(25))
    room.look(of(60))
    (alert,) = room.alerts
    assert len(alert.members) + alert.more == 60


def test_a_broken_rule_fires_once_and_says_what_changed(room: Room) -> None:
    room.look(BURNING)
    room.look_for(3, BURNING)
    (alert,) = room.alerts
    assert (alert.id, alert.severity, alert.state, alert.cause) == ("A-1", "page", "firing", "errors")
    assert alert.members[0].told == "errors-burn-1h is bad"
    assert room.explanations == [("chat", "errors")]
    (notice, names) = room.told[0]
    assert (notice.kind, notice.severity, names) == ("firing", "page", ())
    assert "version=v42 explains 62% of it" in notice.body
    assert "opsconsole alert ack A-1" in notice.body


def test_a_page_is_told_further_until_somebody_has_it(room: Room) -> None:
    room.look(BURNING)
    room.look_for(4, BURNING)
    assert len(room.told) == 1
    room.look_for(2, BURNING)
    assert [notice.kind for notice, _ in room.told] == ["firing", "escalated"]
    assert {notice.key for notice, _ in room.told} == {room.told[0][0].key}
    alert = ack(room, note="looking")
    assert [(notice.kind, notice.title) for notice, _ in room.told[2:]] == [
        ("update", "ann has it: chat: errors-burn-1h is bad")
    ]
    assert (alert.state, alert.acknowledged_by, alert.note, alert.next_at) == ("acknowledged", "ann", "looking", None)
    room.look_for(60, BURNING)
    assert len(room.told) == 3


def test_an_acknowledgement_waits_for_a_step_that_is_being_taken_and_no_other_follows(room: Room) -> None:
    tell, began, waited = room.keeper._tell, threading.Event(), []
    person = threading.Thread(target=lambda: (began.set(), ack(room)))

    def slow(notice: wire.Notice, names: tuple[str, ...]) -> tuple[str, ...]:
        if notice.kind == "firing":
            person.start()
            began.wait(5)
            person.join(0.05)
            waited.append(person.is_alive())
        return tell(notice, names)

    room.keeper._tell = slow
    room.look(BURNING)
    person.join(5)
    assert waited == [True]
    assert [event.kind for event in room.events[1:]] == ["alert.escalated", "alert.acknowledged"]
    room.look_for(60, BURNING)
    assert [notice.kind for notice, _ in room.told] == ["firing", "update"]


def test_a_restart_continues_the_ladder_where_it_was(room: Room) -> None:
    room.look(BURNING)
    room.look_for(2, BURNING)
    room.restart()
    room.look_for(3, BURNING)
    room.restart()
    room.look_for(2, BURNING)
    assert [notice.kind for notice, _ in room.told] == ["firing", "escalated"]


def test_a_step_that_could_not_be_handed_over_is_tried_again(room: Room) -> None:
    def broken(notice: wire.Notice, names: tuple[str, ...]) -> tuple[str, ...]:
        raise OSError("the queue is full")

    sound, room.keeper._tell = room.keeper._tell, broken
    with pytest.raises(OSError, match="full"):
        room.look(BURNING)
    assert (room.alerts[0].told, len(room.events)) == ((), 1)
    room.keeper._tell = sound
    room.look(BURNING)
    assert len(room.told) == 1


def test_it_is_over_only_after_the_hold_time_and_those_who_were_told_hear_of_it(room: Room) -> None:
    room.look(BURNING)
    room.look_for(2, BURNING)
    room.look_for(5, FINE)
    assert room.alerts[0].state == "clearing"
    room.look_for(1.5, FINE)
    assert room.alerts == ()
    assert [notice.kind for notice, _ in room.told] == ["firing", "resolved"]
    assert room.keeper.resolved(START)[0].resolved_why == "nothing of it is found for 5 min"


def test_what_cannot_be_said_is_neither_found_nor_over(room: Room) -> None:
    room.look(BURNING)
    room.look_for(120, facts("chat", unknown=["errors-burn-1h"]))
    assert room.alerts[0].state == "firing"
    room.look_for(120)
    assert room.alerts[0].state == "firing"
    room.look_for(24 * 60, every_s=600)
    assert room.alerts == ()
    assert room.keeper.resolved(START)[0].resolved_why == "nothing is known of it for 24 h"


def test_too_few_values_are_not_fine(room: Room) -> None:
    room.look(provider("acme", ("chat",)))
    room.look_for(2, provider("acme", ("chat",)))
    few = Facts(
        subject="provider acme",
        services=("chat",),
        at=START,
        readings={"provider": (reading("provider-errors", bad=False, n=3),)},
    )
    room.look_for(60, few)
    assert room.alerts[0].state == "firing"


@pytest.mark.parametrize(("p_value", "fires"), [(None, False), (0.9, False), (0.0, True)])
def test_what_may_be_chance_does_not_fire(room: Room, p_value: float | None, fires: bool) -> None:
    rule = next(rule for rule in RULES if rule.chance)
    found = Facts(
        subject="chat",
        services=("chat",),
        at=START,
        readings={rule.signal: (reading(rule.id, p_value=p_value),)},
    )
    room.look(found)
    room.look_for(rule.for_s / 60 + 1, found)
    assert bool(room.alerts) == fires


def test_a_finding_has_to_last_before_it_fires(room: Room) -> None:
    drifting = facts("chat", bad=["input-drift"])
    room.look(drifting)
    room.look_for(14, drifting)
    room.look(facts("chat", fine=["input-drift"]))
    room.look_for(14, drifting)
    assert room.alerts == ()
    room.look_for(2, drifting)
    assert room.alerts[0].cause == "inputs"


def test_flapping_is_counted_and_damped(room: Room) -> None:
    room.look(BURNING)
    for _ in range(3):
        room.look_for(2, BURNING)
        room.look_for(3, FINE)
    room.look_for(1, BURNING)
    (alert,) = room.alerts
    assert alert.flaps == 3
    assert len(room.kinds("firing")) == 1
    room.look_for(30, FINE)
    assert room.alerts[0].state == "clearing", "three flaps: 5 min became 40"
    room.look_for(12, FINE)
    assert room.alerts == ()


def test_it_fires_again_soon_after_with_its_flaps(room: Room) -> None:
    room.look(BURNING)
    room.look_for(8, FINE)
    room.look(BURNING)
    assert [(each.id, each.flaps) for each in room.alerts] == [("A-2", 1)]


def test_what_fires_again_long_after_has_not_flapped(room: Room) -> None:
    room.look(BURNING)
    room.look_for(24 * 60, FINE, every_s=600)
    room.look(BURNING)
    assert [(each.id, each.flaps) for each in room.alerts] == [("A-2", 0)]


def test_one_cause_is_one_alert_with_members(room: Room) -> None:
    rules = ["version-errors", "version-latency", "version-cost", "input-drift"]
    of_a_version = Facts(
        subject="chat",
        services=("chat",),
        at=START,
        readings={
            signal: (reading(rule, version="v42", detail="v42"),)
            for rule, signal in zip(rules, [*rules[:3], "drift-inputs"], strict=True)
        },
    )
    room.look(of_a_version)
    room.look_for(20, of_a_version)
    (alert,) = room.alerts
    assert alert.cause == "version v42"
    assert [member.rule for member in alert.members] == rules
    assert len(room.told) == 1


def test_a_providers_outage_is_one_page_and_not_forty(room: Room) -> None:
    services = tuple(f"s{i}" for i in range(40))
    down = (provider("acme", services), *(facts(name, bad=["errors-burn-1h"]) for name in services))
    room.look(provider("acme", services))
    room.look_for(1, provider("acme", services))
    room.look(*down)
    room.look_for(30, *down)
    (alert,) = room.alerts
    assert (alert.subject, len(alert.services)) == ("provider acme", 40)
    assert len(room.kinds("firing")) == 1


def test_pages_that_fired_before_the_outage_was_understood_are_held_back(room: Room) -> None:
    room.look(facts("chat", bad=["errors-burn-1h"]))
    both = provider("acme", ("chat",)), facts("chat", bad=["errors-burn-1h"])
    room.look_for(2, *both)
    states = {alert.subject: alert.state for alert in room.alerts}
    assert states == {"provider acme": "firing", "chat": "inhibited"}
    room.look_for(60, *both)
    assert room.kinds("escalated") == [
        f"nobody has answered (call {call}): provider acme: provider-errors is bad" for call in (2, 3)
    ]


def test_an_outage_holds_back_no_page_of_a_service_that_does_not_go_there(room: Room) -> None:
    room.look(provider("acme", ("chat",)))
    room.look_for(2, provider("acme", ("chat",)), facts("rank", bad=["errors-burn-1h"]))
    assert {alert.subject: alert.state for alert in room.alerts} == {"provider acme": "firing", "rank": "firing"}


def test_no_drift_or_cost_is_told_during_an_outage(room: Room) -> None:
    during = facts("chat", bad=["errors-burn-1h", "input-drift", "cost-anomaly", "latency-shift"])
    room.look(during)
    room.look_for(90, during)
    assert [alert.cause for alert in room.alerts] == ["errors"]
    after = facts("chat", bad=["input-drift"], fine=["errors-burn-1h", "cost-anomaly", "latency-shift"])
    room.look_for(10, after)
    assert [alert.cause for alert in room.alerts] == ["inputs"]


def test_a_ticket_never_holds_back_a_page(room: Room) -> None:
    degraded = Facts(
        subject="provider acme",
        services=("chat",),
        at=START,
        readings={"provider-slow": (reading("provider-degraded"),)},
    )
    room.look(degraded)
    room.look_for(6, degraded)
    room.look(degraded, BURNING)
    assert {(alert.subject, alert.state) for alert in room.alerts} == {("provider acme", "firing"), ("chat", "firing")}


def test_a_ticket_that_becomes_a_page_is_told_anew(room: Room) -> None:
    slow = facts("chat", bad=["errors-burn-1d"], fine=["errors-burn-1h"])
    room.look(slow)
    ack(room)
    room.look_for(5, slow)
    room.look(facts("chat", bad=["errors-burn-1d", "errors-burn-1h"]))
    (alert,) = room.alerts
    assert (alert.id, alert.severity, alert.state, alert.acknowledged_by) == ("A-1", "page", "firing", "")
    assert [notice.severity for notice, _ in room.told] == ["ticket", "ticket", "page"]


def test_a_silence_has_a_reason_and_an_end(room: Room) -> None:
    with pytest.raises(UsageError, match="reason"):
        room.keeper.silence("ann", "ann", wire.SilenceRequest(subject="chat", minutes=5, reason=" "))
    with pytest.raises(UsageError, match="30 days"):
        silence(room, "chat", minutes=60 * 24 * 365)
    quiet = silence(room, "chat", minutes=10)
    room.look(BURNING)
    assert (quiet.id, room.alerts[0].state, room.told) == ("S-1", "silenced", [])
    assert "a load test" in room.alerts[0].held_by
    room.look_for(9, BURNING)
    assert room.told == []
    room.look_for(2, BURNING)
    assert room.kinds("firing") == ["chat: errors-burn-1h is bad"]


def test_a_silence_can_be_of_one_rule_and_be_ended(room: Room) -> None:
    silence(room, "*", what="errors-burn-6h")
    room.look(facts("chat", bad=["errors-burn-6h"]))
    assert room.alerts[0].state == "silenced"
    room.look_for(2, facts("chat", bad=["errors-burn-6h", "errors-burn-1h"]))
    assert room.alerts[0].state == "firing", "what it finds is more than what is silenced"
    silence(room, "A-1")
    assert room.alerts[0].state == "silenced"
    room.keeper.unsilence("ann", wire.UnsilenceRequest(silence="S-2"))
    assert room.alerts[0].state == "firing"
    with pytest.raises(UsageError, match="S-2"):
        room.keeper.unsilence("ann", wire.UnsilenceRequest(silence="S-2"))


def test_after_a_silence_the_steps_keep_their_distance(room: Room) -> None:
    silence(room, "chat", minutes=60)
    room.look(BURNING)
    room.look_for(61, BURNING)
    assert len(room.told) == 1, "not every step that would have been due, at once"
    room.look_for(5, BURNING)
    assert len(room.told) == 2


def test_ladders_name_notifiers() -> None:
    steps = (LadderStep(notify=("slack",)), LadderStep(after_minutes=10, notify=("pager", "slack")))
    room = Room(AlertSetting(ladders={"page": steps}))
    room.look(BURNING)
    room.look_for(11, BURNING)
    room.look_for(12, FINE)
    assert [names for _, names in room.told] == [("slack",), ("pager", "slack"), ("slack", "pager")]


def test_an_alert_whose_ladder_was_taken_out_goes_on_with_that_of_its_severity() -> None:
    ladders = {"night": (LadderStep(notify=("slack",)), LadderStep(after_minutes=60, notify=("pager",)))}
    room = Room(AlertSetting(rules={"errors-burn-1h": RuleSetting(ladder="night")}, ladders=ladders))
    room.look(BURNING)
    room.settings = AlertSetting()
    room.restart()
    room.look_for(6, BURNING)
    assert [names for _, names in room.told] == [("slack",), ()]


def test_every_alert_names_a_checklist_that_there_is_with_all_that_it_has_to_be_told() -> None:
    """As it stands in the message, so that it is begun from there."""
    for rule in RULES:
        if not rule.checklist:
            continue
        room = Room()
        about = "opsconsole" if rule.cause == "console" else "chat team's"
        found = Facts(
            subject=about,
            services=() if rule.cause == "console" else (about,),
            at=START,
            readings={rule.signal: (reading(rule.id, params={"key": "k 1"} if "key" in rule.id else {}),)},
        )
        room.look(found)
        room.look_for(rule.for_s / 60 + 1, found)
        (line,) = (line for line in room.told[0][0].body.splitlines() if line.startswith("Checklist: "))
        words = shlex.split(line.removeprefix("Checklist: "))
        assert words[:4] == ["opsconsole", "checklist", "run", rule.checklist]
        given = dict(word.split("=", 1) for word in words[4:] if word != "--param")
        params = LIBRARY[rule.checklist].params
        assert given.keys() <= params.keys()
        for name, param in params.items():
            assert param.sql or not complaint(name, param, given.get(name, "")), f"{rule.id}: {rule.checklist}"


def test_the_commands_of_a_message_can_be_typed_whatever_a_service_is_called(room: Room) -> None:
    room.look(facts("chat; reboot", bad=["errors-burn-1h"]))
    ((notice, _),) = room.told
    assert "opsconsole show service 'chat; reboot'" in notice.links
    assert "Checklist: opsconsole checklist run error-spike --param 'service=chat; reboot'" in notice.body


def test_an_alert_of_a_version_begins_its_checklist_with_it(room: Room) -> None:
    found = Facts(
        subject="chat",
        services=("chat",),
        at=START,
        readings={"version-errors": (reading("version-errors", version="v42", params={"version": "v42"}),)},
    )
    room.look(found)
    room.look_for(3, found)
    begun = "opsconsole checklist run bad-canary --param service=chat --param version=v42"
    assert f"Checklist: {begun}" in room.told[0][0].body


def test_rules_can_be_changed_and_turned_off() -> None:
    rules = {"errors-burn-1h": RuleSetting(enabled=False), "errors-burn-6h": RuleSetting(severity="ticket")}
    room = Room(AlertSetting(rules=rules))  # type: ignore[arg-type]
    room.look(facts("chat", bad=["errors-burn-1h", "errors-burn-6h"]))
    assert [(member.rule, member.severity) for member in room.alerts[0].members] == [("errors-burn-6h", "ticket")]


def test_an_alert_of_a_rule_that_was_turned_off_is_over() -> None:
    room = Room()
    room.look(BURNING)
    room.settings = AlertSetting(rules={"errors-burn-1h": RuleSetting(enabled=False)})
    room.restart()
    room.look_for(10)
    assert room.alerts == ()


def test_nobody_acknowledges_what_is_not_open(room: Room) -> None:
    with pytest.raises(UsageError, match="A-9"):
        ack(room, "A-9")


def test_the_title_is_enough_and_bounded(room: Room) -> None:
    wordy = Facts(
        subject="chat",
        services=("chat",),
        at=START,
        readings={"errors-burn-1h": (reading("errors-burn-1h", told="x" * 500),)},
    )
    room.look(wordy)
    assert len(room.alerts[0].title) <= 160
    assert room.keeper.reasons("chat")[0].startswith("!! page A-1: xxx")
    assert room.keeper.reasons("other") == ()
    assert START + timedelta(minutes=5) == room.alerts[0].next_at
