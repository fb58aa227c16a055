"""Who and what may say no to a change, and that nothing but who asks says no to going back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from gate import AMY, ANN, BOB, EVE, ROOT, SERVICE, START, Gate
from hypothesis import given
from hypothesis import strategies as st

from opsconsole import wire
from opsconsole.config.settings import FreezeSetting, ReleaseSetting
from opsconsole.errors import ConfigError, ReleaseRefused
from opsconsole.releases.confirmation import OPENERS, confirm_with, short_token
from opsconsole.releases.fingerprints import fingerprint
from opsconsole.releases.freezes import by_hand, weekly_minutes, weekly_until
from opsconsole.releases.targets.base import Rejected

WORSE = wire.CanaryReading(word="worse", e=900.0, threshold=100.0, minutes=12, why="errors 5.1% beside 0.4%")
ACTS: tuple[wire.Act, ...] = ("start", "advance", "promote", "rollback", "abort", "hold", "resume", "set")


def rules(plan: wire.Plan) -> list[str]:
    return [each.rule for each in plan.refusals]


def everything_against(directory: Path) -> Gate:
    """Frozen, unapproved, with an incident, out of band, without data, and a bad canary."""
    gate = Gate(
        directory,
        freezes=(FreezeSetting(name="year end", start=START - timedelta(days=1), end=START + timedelta(days=1)),),
        setting_=ReleaseSetting(target="memory", risk="high", approvals=2),
        incidents=("INC-7",),
        counts={},
        canary=WORSE,
    )
    gate.plan("rollback")
    gate.target.shares = {"v41": 0.2, "v42": 0.8}
    gate.target.phase = "mixed"
    return gate


def test_nothing_but_who_asks_stands_in_the_way_of_going_back(tmp_path: Path) -> None:
    gate = everything_against(tmp_path / "journal")
    assert rules(gate.plan("rollback")) == []
    assert gate.do("rollback").word == "done"
    assert rules(gate.plan("rollback", asking=EVE))[0] == "role"


def test_every_rule_that_stands_in_the_way_of_going_forward_is_named_with_a_remedy(tmp_path: Path) -> None:
    gate = everything_against(tmp_path / "journal")
    gate.target.phase = "steady"
    plan = gate.plan("promote", "v42")
    assert {"freeze", "approval", "out of band", "incident", "evidence"} <= set(rules(plan))
    assert all(each.why and each.remedy for each in plan.refusals)
    assert gate.apply(plan).word == "refused"
    assert gate.target.applied == []


def test_a_reason_overrides_the_calendar_and_is_written_down(tmp_path: Path) -> None:
    gate = everything_against(tmp_path / "journal")
    gate.around.canary, gate.around.setting_ = None, ReleaseSetting(target="memory")
    plan = gate.plan("promote", "v42", override_reason="the fix for INC-7")
    assert rules(plan) == []
    assert gate.apply(plan).word == "done"
    started = next(event for event in gate.journal.events() if event.kind == "release.started")
    assert started.data["plan"]["order"]["override_reason"] == "the fix for INC-7"


def test_a_reason_of_one_letter_overrides_nothing(gate: Gate) -> None:
    gate.around.incidents = ("INC-7",)
    assert rules(gate.plan("promote", "v42", override_reason="x")) == ["incident"]


def test_a_promotion_takes_enough_requests_of_its_own_version(gate: Gate) -> None:
    gate.around.counts = {"v41": 9_000, "v42": 99}
    refusal = gate.plan("promote", "v42").refusals[0]
    assert (refusal.rule, refusal.why[:40]) == ("evidence", "v42 answered 99 requests in the last 15 ")
    gate.around.counts = {"v41": 9_000, "v42": 100}
    assert rules(gate.plan("promote", "v42")) == []


def test_two_people_approve_exactly_one_change_from_exactly_one_state(gate: Gate) -> None:
    gate.around.setting_ = ReleaseSetting(target="memory", approvals=1)
    plan = gate.plan("promote", "v42")
    assert rules(plan) == ["approval"]
    with pytest.raises(ReleaseRefused, match="role"):
        gate.executor.approve(BOB, wire.ApproveRequest(op_id=plan.op_id))
    own = gate.plan("promote", "v42", AMY)
    with pytest.raises(ReleaseRefused, match="themselves"):
        gate.executor.approve(AMY, wire.ApproveRequest(op_id=own.op_id))
    gate.executor.approve(AMY, wire.ApproveRequest(op_id=plan.op_id))
    assert rules(gate.plan("promote", "v42")) == []
    assert rules(gate.plan("promote", "v42", AMY)) == ["approval"], "her own yes does not count for her"
    assert rules(gate.plan("start", "v43")) == ["approval"], "another change"
    gate.target.shares = {"v41": 0.8, "v42": 0.2}
    assert "approval" in rules(gate.plan("promote", "v42", override_reason="that was me")), "another state"


def test_an_approval_is_used_up_by_the_release_that_went_by_it(gate: Gate) -> None:
    gate.around.setting_ = ReleaseSetting(target="memory", approvals=1)
    gate.executor.approve(AMY, wire.ApproveRequest(op_id=gate.plan("promote", "v42").op_id))
    assert gate.do("promote", "v42").word == "done"
    back = wire.Routing(shares={"v41": 0.9, "v42": 0.1})
    gate.target.shares = dict(back.shares)
    gate.clock.advance(120)
    gate.look()
    again = gate.plan("promote", "v42", override_reason="as it was before")
    assert (again.before.routing.shares, rules(again)) == (back.shares, ["approval"])
    gate.open()
    assert rules(gate.plan("promote", "v42", override_reason="as it was before")) == ["approval"], "nor after a restart"


def test_an_approval_is_kept_by_a_release_that_was_not_done(gate: Gate) -> None:
    def refuse() -> None:
        raise Rejected("not today", "Come again.")

    gate.around.setting_ = ReleaseSetting(target="memory", approvals=1)
    gate.executor.approve(AMY, wire.ApproveRequest(op_id=gate.plan("promote", "v42").op_id))
    gate.target.before_apply = refuse
    assert gate.do("promote", "v42").word == "refused"
    gate.target.before_apply = lambda: None
    assert gate.do("promote", "v42").word == "done"


@pytest.mark.parametrize("differs", [{"headers": {"x-tester: yes": "v42"}}, {"shadow": {"v42": 0.5}}])
def test_an_approval_is_for_the_headers_and_copies_that_were_shown(differs: dict[str, dict[str, object]]) -> None:
    order = wire.OrderRequest(service=SERVICE, act="promote", version="v42")
    shares = {"v41": 0.9, "v42": 0.1}
    shown, other = (
        wire.TargetState(routing=wire.Routing(shares=shares, **more), observed_at=START)  # type: ignore[arg-type]
        for more in ({}, differs)
    )
    after = wire.Routing(shares={"v42": 1.0})
    assert fingerprint(order, shown, after) != fingerprint(order, other, after)


def test_an_approval_runs_out(gate: Gate) -> None:
    gate.around.setting_ = ReleaseSetting(target="memory", approvals=1)
    gate.executor.approve(AMY, wire.ApproveRequest(op_id=gate.plan("promote", "v42").op_id))
    gate.clock.advance(3_601)
    assert rules(gate.plan("promote", "v42")) == ["approval"]


def test_a_freeze_by_hand_holds_until_it_ends_or_is_lifted(gate: Gate) -> None:
    with pytest.raises(ReleaseRefused, match="role"):
        by_hand(
            gate.book,
            gate.executor.refused,
            ANN,
            wire.FreezeRequest(service=SERVICE),
            gate.clock.now(),
            gate.around.setting,
        )
    until = START + timedelta(hours=1)
    by_hand(
        gate.book,
        gate.executor.refused,
        ROOT,
        wire.FreezeRequest(service=SERVICE, until=until, reason="launch"),
        gate.clock.now(),
        gate.around.setting,
    )
    assert "launch" in gate.plan("promote", "v42").refusals[0].why
    gate.clock.advance(3_600)
    assert rules(gate.plan("promote", "v42")) == []
    by_hand(
        gate.book, gate.executor.refused, ROOT, wire.FreezeRequest(service=""), gate.clock.now(), gate.around.setting
    )
    assert rules(gate.plan("promote", "v42")) == ["freeze"]
    by_hand(
        gate.book,
        gate.executor.refused,
        ROOT,
        wire.FreezeRequest(service="", is_lifted=True),
        gate.clock.now(),
        gate.around.setting,
    )
    assert rules(gate.plan("promote", "v42")) == []


def test_a_freeze_that_began_after_the_plan_was_shown_still_holds(gate: Gate) -> None:
    plan = gate.plan("promote", "v42")
    by_hand(
        gate.book,
        gate.executor.refused,
        ROOT,
        wire.FreezeRequest(service=SERVICE),
        gate.clock.now(),
        gate.around.setting,
    )
    assert gate.apply(plan).refusals[0].rule == "freeze"
    assert gate.target.applied == []


@pytest.mark.parametrize(
    ("days", "clock", "minutes"),
    [
        (4, "15:59", None),
        (4, "16:00", 64 * 60),
        (6, "03:00", 29 * 60),
        (7, "07:59", 1),
        (7, "08:00", None),
        (9, "12:00", None),
    ],
)
def test_a_weekly_freeze_runs_over_the_end_of_the_week(days: int, clock: str, minutes: int | None) -> None:
    monday = START - timedelta(days=START.weekday())
    hour, minute = map(int, clock.split(":"))
    now = (monday + timedelta(days=days)).replace(hour=hour, minute=minute)
    ends = None if minutes is None else now + timedelta(minutes=minutes)
    assert weekly_until("Fri 16:00 - Mon 08:00", now) == ends


def test_a_week_begins_with_its_first_minute_and_ends_with_its_last() -> None:
    assert weekly_minutes("Mon 00:00 - Sun 23:59") == (0, 7 * 24 * 60 - 1)


@pytest.mark.parametrize(
    "when", [{"start": START, "end": START + timedelta(days=1)}, {"weekly": "Mon 00:00 - Sun 23:59"}]
)
@pytest.mark.parametrize(("services", "found"), [((), ["freeze"]), ((SERVICE, "rank"), ["freeze"]), (("rank",), [])])
def test_a_freeze_of_the_configuration_holds_for_the_services_that_it_names(
    tmp_path: Path, when: dict[str, Any], services: tuple[str, ...], found: list[str]
) -> None:
    gate = Gate(tmp_path / "journal", freezes=(FreezeSetting(name="launch", services=services, **when),))
    assert rules(gate.plan("promote", "v42")) == found


@pytest.mark.parametrize("text", ["", "Fri", "Fri 16:00", "Fry 16:00 - Mon 08:00", "Fri 25:00 - Mon 08:00"])
def test_a_weekly_freeze_that_cannot_be_read_says_how_it_is_written(text: str) -> None:
    with pytest.raises(ConfigError, match="no span of a week") as caught:
        weekly_until(text, START)
    assert "Fri 16:00 - Mon 08:00" in caught.value.remedy


@pytest.mark.parametrize("act", ACTS)
def test_read_only_stops_every_act(gate: Gate, act: wire.Act) -> None:
    gate.do("start", "v42", override_reason="so that there is a rollout")
    gate.target.applied.clear()
    locked = replace(ANN, read_only="prod is read-only until it is armed")
    routing = wire.Routing(shares={"v41": 0.5, "v42": 0.5})
    version = "v43" if act in ("start", "promote") else ""
    plan = gate.plan(act, version, locked, routing=routing, override_reason="a long reason")
    assert "read-only" in rules(plan)
    assert gate.apply(plan, locked).word == "refused"
    assert gate.target.applied == []


def test_a_change_to_what_is_already_so_is_no_success(gate: Gate) -> None:
    gate.do("promote", "v42")
    outcome = gate.do("promote", "v42")
    assert (outcome.word, outcome.refusals[0].rule) == ("refused", "nothing to do")


def test_risk_says_how_much_is_typed() -> None:
    told = {
        (risk, act): confirm_with("chat-assist", act, risk)
        for risk in ("low", "medium", "high")
        for act in ("rollback", "promote", "hold")
    }
    assert told == {
        ("low", "rollback"): "y", ("low", "promote"): "y", ("low", "hold"): "y",
        ("medium", "rollback"): "ca", ("medium", "promote"): "chat-assist", ("medium", "hold"): "y",
        ("high", "rollback"): "chat-assist", ("high", "promote"): "chat-assist", ("high", "hold"): "chat-assist",
    }  # fmt: skip


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20), st.sampled_from(sorted(OPENERS)))
def test_a_held_key_never_types_what_is_asked_for(service: str, act: wire.Act) -> None:
    token = short_token(service, OPENERS[act])
    if token != service:
        assert len(token) == 2
        assert OPENERS[act] not in token
        assert token[0] != token[1]
        assert token.isascii()
