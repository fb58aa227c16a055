"""Everything that the gate refuses is written down, under the name of whoever asked, and never what they typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from gate import ANN, BOB, EVE, SERVICE, Gate

from opsconsole import wire
from opsconsole.errors import ReleaseRefused
from opsconsole.releases.freezes import by_hand
from opsconsole.releases.previews import GOOD_FOR
from opsconsole.releases.watch import AUTOMATION


def _unknown(gate: Gate) -> None:
    gate.executor.apply(BOB, wire.ApplyRequest(op_id="s3cret", typed="s3cret"))


def _of_somebody_else(gate: Gate) -> None:
    gate.apply(gate.plan("rollback"), BOB)


def _typed_wrong(gate: Gate) -> None:
    gate.apply(gate.plan("rollback", asking=BOB), BOB, typed="s3cret")


def _used(gate: Gate) -> None:
    plan = gate.plan("rollback", asking=BOB)
    gate.apply(plan, BOB)
    gate.apply(plan, BOB)


def _old(gate: Gate) -> None:
    plan = gate.plan("rollback", asking=BOB)
    gate.clock.advance(GOOD_FOR.total_seconds())
    gate.apply(plan, BOB)


def _moved(gate: Gate) -> None:
    plan = gate.plan("rollback", asking=BOB)
    gate.target.shares = {"v42": 1.0}
    gate.apply(plan, BOB)


def _no_approver(gate: Gate) -> None:
    with pytest.raises(ReleaseRefused):
        gate.executor.approve(BOB, wire.ApproveRequest(op_id=gate.plan("rollback").op_id))


def _no_admin(gate: Gate) -> None:
    request = wire.FreezeRequest(service=SERVICE)
    with pytest.raises(ReleaseRefused):
        by_hand(gate.book, gate.executor.refused, BOB, request, gate.clock.now(), gate.around.setting)


@pytest.mark.parametrize(
    ("refuse", "act", "rule"),
    [
        (_unknown, "apply", "expired"),
        (_of_somebody_else, "rollback", "person"),
        (_typed_wrong, "rollback", "confirmation"),
        (_used, "rollback", "used"),
        (_old, "rollback", "expired"),
        (_moved, "rollback", "moved"),
        (_no_approver, "approve", "role"),
        (_no_admin, "freeze", "role"),
    ],
)
def test_a_refusal_is_written_down_with_who_asked_and_the_rule(
    gate: Gate, refuse: Callable[[Gate], None], act: str, rule: str
) -> None:
    refuse(gate)
    (told,) = refusals(gate)
    assert (told["actor"], told["act"], told["rule"]) == ("bob", act, rule)
    assert "s3cret" not in "".join(path.read_text() for path in gate.directory.glob("*.jsonl"))


def test_to_be_shown_a_plan_that_would_be_refused_is_no_act_and_to_have_it_done_is(gate: Gate) -> None:
    plan = gate.plan("promote", "v42", EVE)
    assert plan.refusals
    assert refusals(gate) == []
    gate.apply(plan, EVE)
    (told,) = refusals(gate)
    assert (told["actor"], told["act"]) == ("eve", "promote")


def test_what_automation_may_not_do_is_written_down_too(gate: Gate) -> None:
    gate.plan("advance" if gate.one.rollout else "resume", asking=AUTOMATION)
    assert [(each["actor"], each["rule"]) for each in refusals(gate)] == [("rollout", "nothing to do")]


def test_the_same_refusal_over_and_over_is_one_event_a_minute(gate: Gate) -> None:
    plan = gate.plan("rollback")
    for _ in range(50):
        gate.apply(plan, ANN, typed="no")
    assert len(refusals(gate)) == 1
    gate.clock.advance(60)
    gate.executor.refused.catch_up()
    assert [each["times"] for each in refusals(gate)] == [1, 49]


def refusals(gate: Gate) -> list[dict[str, Any]]:
    return [
        {"times": 1, **event.data, "actor": event.actor, "rule": event.data["refusals"][0]["rule"]}
        for event in gate.journal.events()
        if event.kind == "release.refused"
    ]
