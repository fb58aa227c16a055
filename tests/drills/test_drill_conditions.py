"""What scenarios say of events, in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rehearsing import SMALL

from opsconsole.drills.conditions import ConditionError, Facts, condition, of_event
from opsconsole.drills.events import Logged
from opsconsole.drills.measures import cadence
from opsconsole.drills.people import told
from opsconsole.drills.reading import parse


def event(kind: str, actor: str = "ann", t: float = 60.0, **data: Any) -> Logged:
    return Logged(t=t, at="2026-11-02T02:56:00+00:00", log="journal", actor=actor, kind=kind, data=data)


def order(act: str, service: str, version: str = "", actor: str = "ann") -> Logged:
    plan = {"order": {"act": act, "service": service, "override_reason": ""}, "to_version": version}
    return event("release.started", actor, service=service, plan=plan)


NOTED = event("incident.noted", text="It is v42, not the cache", is_cause=True)


@pytest.mark.parametrize(
    ("text", "happened", "holds"),
    [
        ("ack", event("alert.acknowledged", alert="A-1"), True),
        ("ack", NOTED, False),
        ('note ~ "v42"', NOTED, True),
        ('note ~ "V42"', NOTED, True),
        ('note ~ "v41"', NOTED, False),
        ("note(cause=true)", NOTED, True),
        ("note(cause=false)", NOTED, False),
        ("action(rollback, service=chat)", order("rollback", "chat", "v41"), True),
        ("action(rollback, service!=chat)", order("rollback", "chat", "v41"), False),
        ("action(promote)", order("rollback", "chat"), False),
        ("action(act!=rollback)", order("promote", "chat"), True),
        ("action(advance)", order("advance", "chat", actor="rollout"), False),
        ("action(promote)", order("promote", "chat", actor="release-bot"), False),
        ("comms(investigating)", event("incident.updated", stage="investigating", audience="internal"), True),
        ("decide(decide, option=r)", event("checklist.decided", step="decide", option="r"), True),
        ("step(revoke)", event("checklist.ticked", step="revoke", is_ok=True), True),
        ("step(revoke)", event("checklist.ticked", step="revoke", is_ok=False), False),
        ("step(well)", event("checklist.expected", step="well", ok=True, waits=True), False),
        ("ack or resolved", event("incident.resolved", incident="INC-1"), True),
        ("not ack", event("incident.resolved", incident="INC-1"), True),
        ('note ~ "v42" and note(cause=true)', NOTED, True),
        ('(ack or note) and note ~ "cache"', NOTED, True),
        ("t > 50s", NOTED, True),
        ("t < 50s", NOTED, False),
    ],
)
def test_condition_holds_of_what_it_says(text: str, happened: Logged, holds: bool) -> None:
    assert condition(text).holds(of_event(happened)) is holds


def test_condition_on_expectations_looks_at_what_is_met() -> None:
    wanted = condition("not done(e2) and t > +8m")
    assert wanted.holds(Facts(500.0, (), frozenset({"e1"})))
    assert not wanted.holds(Facts(500.0, (), frozenset({"e2"})))
    assert not wanted.holds(Facts(400.0, (), frozenset()))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("akc", "Did you mean `ack`?"),
        ("", "empty"),
        ("ack and", "missing at its end"),
        ("(ack", "`)` is missing"),
        ("action(rollback", "`)` is missing"),
        ("action(rollback, servce=chat)", "Did you mean `service`?"),
        ('ack ~ "v42"', "`ack` tells no text"),
        ('note ~ ""', "looks for nothing"),
        ("note ~", "looks for nothing"),
        ('note ~ "("', "no regular expression"),
        ("t > soon", "is no length"),
        ("done", "names an expectation"),
        ("ack ack", "not expected"),
    ],
)
def test_condition_that_means_nothing_says_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(ConditionError) as caught:
        condition(text)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("told_at", "kept"),
    [
        ((0,), 1),
        ((0, 1, 2, 3, 4, 5), 1),
        ((0, 600, 1200), 3),
        ((0, 400, 800, 1200, 1600), 4),
        ((0, 601), 2),
        ((1700,), 1),
    ],
)
def test_cadence_counts_windows_in_which_something_was_said(told_at: tuple[int, ...], kept: int) -> None:
    scenario = parse(
        SMALL.replace("length: 4m", "length: 30m") + "cadence: {every: 8m, points: 4}\n", Path("small.yaml")
    )
    log = [event("incident.updated", t=float(t), stage="investigating", audience="internal") for t in told_at]
    found = cadence(scenario, log)
    assert found is not None
    assert found.kept == kept


@pytest.mark.parametrize(
    ("ok", "words"), [(True, "seen: expect holds"), (False, "seen: expect does not hold"), (None, "cannot be told")]
)
def test_what_a_machine_found_of_a_step_is_told_in_words(ok: bool | None, words: str) -> None:
    assert told(event("checklist.expected", step="seen", which="expect", ok=ok)).endswith(words)
