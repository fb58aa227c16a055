"""What leads back is told by what it does: then no freeze, approval, analysis or incident stands in its way."""

from __future__ import annotations

import pytest
from gate import ANN, SERVICE, Gate

from opsconsole import wire
from opsconsole.config.settings import ReleaseSetting

START = {"v41": 0.9, "v42": 0.1}


@pytest.fixture
def against(gate: Gate) -> Gate:
    """v42 was promoted; everything that can stand in the way of something new does from now on."""
    assert gate.do("promote", "v42").word == "done"
    gate.around.setting_ = ReleaseSetting(target="memory", approvals=2, evidence_requests=10**6)
    gate.around.incidents = ("INC-7",)
    freeze = {"service": SERVICE, "until": None, "reason": "audit", "by": "root"}
    gate.book.note("root", "freeze.set", service=SERVICE, freeze=freeze)
    return gate


def put(gate: Gate, shares: dict[str, float], **more: object) -> wire.Plan:
    return gate.plan("set", routing=wire.Routing(shares=shares, **more), asking=ANN)  # type: ignore[arg-type]


def rules(plan: wire.Plan) -> set[str]:
    return {each.rule for each in plan.refusals}


def test_setting_what_was_before_a_promotion_leads_back(against: Gate) -> None:
    plan = put(against, START)
    assert rules(plan) == set()
    assert against.apply(plan).word == "done"
    assert against.target.shares == START


def test_each_step_of_an_undoing_in_reverse_order_leads_back(gate: Gate) -> None:
    for shares in ({"v41": 0.5, "v42": 0.5}, {"v41": 0.2, "v42": 0.8}):
        assert gate.apply(put(gate, shares)).word == "done"
    gate.around.incidents = ("INC-7",)
    for shares in ({"v41": 0.5, "v42": 0.5}, START):
        assert gate.apply(put(gate, shares)).word == "done"
    assert rules(put(gate, {"v41": 0.5, "v42": 0.5})) == {"incident"}, "what undoes an undoing brings it again"


def test_taking_a_roll_back_back_brings_something(against: Gate) -> None:
    assert against.do("rollback").word == "done"
    assert rules(put(against, {"v42": 1.0})) == {"freeze", "approval", "incident", "evidence"}


@pytest.mark.parametrize(
    "wanted",
    [
        wire.Routing(shares={"v41": 1.0}),
        wire.Routing(shares={"v41": 0.8, "v42": 0.2}),
        wire.Routing(shares=START, shadow={"v43": 0.5}),
        wire.Routing(shares=START, headers={"x: y": "v43"}),
    ],
)
def test_what_is_not_exactly_what_was_before_brings_something(against: Gate, wanted: wire.Routing) -> None:
    plan = against.plan("set", routing=wanted)
    assert {"freeze", "approval", "incident"} <= rules(plan)


def test_somebody_elses_change_in_between_leaves_nothing_to_take_back(against: Gate) -> None:
    against.target.shares = {"v42": 0.7, "v43": 0.3}
    against.clock.advance(120)
    against.look()
    against.target.shares = {"v42": 1.0}
    against.look()
    assert "freeze" in rules(put(against, START))
