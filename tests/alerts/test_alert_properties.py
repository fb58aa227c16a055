"""Whatever is found, in whatever order people and time act: what always holds of alerts."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from room import BY_ID, START, Room, facts, provider, reading

from opsconsole import wire
from opsconsole.alerts.facts import Facts
from opsconsole.alerts.ledger import fold
from opsconsole.alerts.lifecycle import MOST_DECISIONS, MOST_MEMBERS, MOST_OPEN, MOST_WAITING, hold_of
from opsconsole.alerts.rules import RANK
from opsconsole.alerts.table import RULES
from opsconsole.config.alerting import RuleId
from opsconsole.errors import UsageError

SERVICES = ("chat", "search")
RULE_IDS = ("errors-burn-1h", "errors-burn-1d", "latency-shift", "input-drift", "cost-anomaly", "missing-data")
STATES = st.sampled_from(("bad", "fine", "unknown"))

found = st.fixed_dictionaries({service: st.fixed_dictionaries(dict.fromkeys(RULE_IDS, STATES)) for service in SERVICES})
outages = st.sampled_from(("bad", "fine", "none"))
moves = st.one_of(
    st.tuples(st.just("look"), found, outages, st.integers(1, 40)),
    st.tuples(st.just("ack"), st.integers(0, 5)),
    st.tuples(st.just("silence"), st.sampled_from((*SERVICES, "*")), st.sampled_from(("", *RULE_IDS, "errors"))),
    st.tuples(st.just("unsilence"), st.integers(0, 3)),
    st.tuples(st.just("restart")),
)
stories = st.lists(moves, min_size=1, max_size=25)


def play(room: Room, move: tuple[Any, ...]) -> None:
    match move:
        case "look", states, outage, times:
            each = [
                facts(service, *([rule for rule, is_ in by_rule.items() if is_ == word] for word in _WORDS))
                for service, by_rule in states.items()
            ]
            if outage != "none":
                each.insert(0, provider("acme", SERVICES, bad=outage == "bad"))
            for _ in range(times):
                room.clock.advance(30)
                room.look(*each)
                holds(room)
        case "ack", number:
            if alerts := room.alerts:
                room.keeper.acknowledge("ann", "ann", wire.AckRequest(alert=alerts[number % len(alerts)].id))
        case "silence", subject, what:
            room.keeper.silence(
                "ann", "ann", wire.SilenceRequest(subject=subject, what=what, minutes=20, reason="a test")
            )
        case "unsilence", number:
            try:
                room.keeper.unsilence("ann", wire.UnsilenceRequest(silence=f"S-{number}"))
            except UsageError:
                assert f"S-{number}" not in {each.id for each in room.keeper.silences()}
        case ("restart",):
            room.restart()


_WORDS = ("bad", "fine", "unknown")


def holds(room: Room) -> None:
    """What is true after every look."""
    state = room.state
    assert fold(room.events) == state, "the state is what the journal says, and no more"
    assert all(key == alert.key for key, alert in state.open.items())
    ids = [alert.id for alert in (*state.open.values(), *state.recent)]
    assert len(ids) == len(set(ids))
    for alert in room.alerts:
        is_told = alert.state == "firing"
        assert (alert.next_at is None) or is_told
        assert is_told == (not alert.held_by)


@settings(max_examples=60, deadline=None)
@given(stories)
def test_a_restart_changes_nothing_and_one_cause_has_one_alert(story: list[tuple[Any, ...]]) -> None:
    room = Room()
    for move in story:
        play(room, move)
        holds(room)


@settings(max_examples=60, deadline=None)
@given(stories)
def test_nobody_is_told_of_what_is_acknowledged_silenced_inhibited_or_gone(story: list[tuple[Any, ...]]) -> None:
    room = Room()
    steps: list[tuple[str, str]] = []

    def tell(notice: wire.Notice, names: tuple[str, ...]) -> tuple[str, ...]:
        alert = room.state.of(notice.labels["alert"])
        assert alert is not None
        shown = room.keeper.shown(alert)
        if notice.kind == "resolved":
            assert alert.told, "only those who were told hear that it is over"
            return names
        if notice.kind == "update":
            assert alert.acknowledged_by == "ann"
            return names
        assert shown.state == "firing"
        assert alert.acknowledged_at is None
        if notice.severity == "page" and alert.kind == "errors":
            assert not any(
                other.kind == "provider" and other.severity == "page" and alert.subject in other.services
                for other in room.state.open.values()
            ), "no page of a service while its provider is down"
        steps.append((notice.key, f"{alert.severity} {alert.step}"))
        return ("pager",)

    room._tell = tell  # type: ignore[method-assign]
    room.restart()
    for move in story:
        play(room, move)
    assert len(steps) == len(set(steps)), "no step is taken twice"


@settings(max_examples=60, deadline=None)
@given(stories)
def test_it_is_over_only_after_nothing_was_found_for_the_hold_time(story: list[tuple[Any, ...]]) -> None:
    room = Room()
    for move in story:
        for each in [(*move[:3], 1)] * move[3] if move[0] == "look" else [move]:
            ends_well(room, each)


def ends_well(room: Room, move: tuple[Any, ...]) -> None:
    """One move, after which whatever is over was gone for its hold time, and is gone now."""
    before, seen = {alert.id: alert for alert in room.state.open.values()}, len(room.events)
    holds_before = {name: hold_of(alert, room.rules_of) for name, alert in before.items()}
    play(room, move)
    for event in room.events[seen:]:
        if event.kind == "alert.resolved":
            alert = before[event.data["alert"]]
            assert alert.cleared_at is not None
            assert room.clock.now() - alert.cleared_at >= holds_before[alert.id]
            states = move[1].get(alert.subject, {})
            assert all(states.get(member.rule) != "bad" for member in alert.members)


def test_what_inhibits_comes_first() -> None:
    assert all(RANK[cause] < RANK[rule.cause] for rule in RULES for cause in rule.inhibited_by)


def test_every_rule_that_can_be_configured_is_in_the_table_once() -> None:
    assert [rule.id for rule in RULES] == list(RuleId.__args__)  # type: ignore[attr-defined]
    assert all(rule.false_alarms and rule.about and rule.unit for rule in RULES)
    assert len({rule.signal for rule in RULES}) == len(RULES)


def test_a_storm_of_ten_thousand_findings_is_a_bounded_number_of_alerts_and_lines() -> None:
    room = Room()
    storm = [facts(f"s{i}", bad=["errors-burn-1h"]) for i in range(10_000)]
    for looks in range(1, 7):
        room.clock.advance(10)
        room.look(*storm)
        assert len(room.events) <= 2 * MOST_DECISIONS * looks
    assert len(room.state.open) <= MOST_OPEN
    assert len(room.keeper.waiting.found) <= MOST_WAITING
    assert ("opsconsole", "storm") in room.state.open
    overflow = room.state.open["opsconsole", "storm"]
    assert (len(overflow.members), overflow.more) == (MOST_MEMBERS, 10_000 - MOST_OPEN + 1 - MOST_MEMBERS)
    assert len(room.explanations) <= 3 * 6
    for _ in range(12):
        room.clock.advance(120)
        room.look(*(facts(f"s{i}", fine=["errors-burn-1h"]) for i in range(10_000)))
    assert room.alerts == ()


def test_many_findings_of_one_cause_are_one_alert() -> None:
    room = Room()
    flood = Facts(
        subject="chat",
        services=("chat",),
        at=START,
        readings={"drift-inputs": tuple(reading("input-drift", detail=f"f{i}") for i in range(10_000))},
    )
    room.look(flood)
    room.look_for(BY_ID["input-drift"].for_s / 60 + 1, flood, every_s=300)
    (alert,) = room.alerts
    assert (len(alert.members), alert.more) == (MOST_MEMBERS, 10_000 - MOST_MEMBERS)
    assert max(len(str(event.data)) for event in room.events) < 20_000
