"""The gate: what is executed, once, from the state that was shown, and what became of it."""

from __future__ import annotations

import threading

import pytest
from gate import ANN, BOB, EVE, SERVICE, Gate

from opsconsole import wire
from opsconsole.config.settings import ReleaseSetting
from opsconsole.errors import ReleaseError, StoreError, UsageError
from opsconsole.releases.guard import Asking
from opsconsole.releases.handed_out import MOST_PLANS
from opsconsole.releases.previews import GOOD_FOR
from opsconsole.releases.targets.base import (
    AuthFailed,
    Busy,
    Indeterminate,
    Rejected,
    TargetError,
    Unreachable,
    Unsupported,
)
from opsconsole.releases.watch import AUTOMATION


def test_a_roll_back_goes_to_the_version_that_had_most_of_the_traffic_when_it_was_first_seen(gate: Gate) -> None:
    plan = gate.plan("rollback")
    assert (plan.from_version, plan.to_version, plan.after.shares) == ("v42", "v41", {"v41": 1.0})
    assert (plan.confirm_with, plan.refusals) == ("ca", ())
    outcome = gate.apply(plan)
    assert (outcome.word, gate.target.shares) == ("done", {"v41": 1.0})
    assert outcome.verdict is not None
    assert outcome.verdict.effect == "pending"
    assert gate.kinds() == ["release.observed", "release.started", "release.finished", "release.verified"]


def test_planning_changes_nothing_but_what_is_known(gate: Gate) -> None:
    for act in ("rollback", "promote", "start"):
        gate.plan(act, "v42" if act != "rollback" else "")
    assert gate.target.applied == []
    assert gate.kinds() == ["release.observed"]


def test_after_a_promotion_a_roll_back_leads_to_the_version_before_and_never_to_one_that_was_left(gate: Gate) -> None:
    assert gate.do("promote", "v42").word == "done"
    assert gate.do("rollback").word == "done"
    assert gate.target.shares == {"v41": 1.0}
    plan = gate.plan("rollback")
    assert [each.rule for each in plan.refusals][:1] == ["nowhere to go"]
    gate.do("promote", "v43", override_reason="hot fix, no traffic yet")
    assert gate.plan("rollback").after.shares == {"v41": 1.0}


def test_a_plan_is_executed_once(gate: Gate) -> None:
    plan = gate.plan("rollback")
    assert gate.apply(plan).word == "done"
    again = gate.apply(plan)
    assert (again.word, again.refusals[0].rule) == ("refused", "used")
    assert "ann" in again.told
    assert len(gate.target.applied) == 1


def test_a_plan_that_was_shown_to_one_person_is_not_executed_by_another(gate: Gate) -> None:
    assert gate.apply(gate.plan("rollback"), BOB).refusals[0].rule == "person"
    assert gate.target.applied == []


@pytest.mark.parametrize("typed", ["", "c", "cb", "y", "ca ", "CA", SERVICE])
def test_what_is_typed_has_to_be_what_is_asked_for(gate: Gate, typed: str) -> None:
    plan = gate.plan("rollback")
    assert gate.apply(plan, typed=typed).refusals[0].rule == "confirmation"
    assert gate.target.applied == []
    assert gate.apply(plan).word == "done", "a slip of the finger costs nothing"


def test_an_old_plan_is_not_executed(gate: Gate) -> None:
    plan = gate.plan("rollback")
    gate.clock.advance(GOOD_FOR.total_seconds())
    assert gate.apply(plan).refusals[0].rule == "expired"
    assert gate.target.applied == []


def test_a_world_that_moved_is_named_with_who_moved_it(gate: Gate) -> None:
    plan = gate.plan("rollback")
    gate.do("promote", "v42", BOB)
    outcome = gate.apply(plan)
    assert outcome.word == "moved"
    assert "bob did (promote) at 03:00:00 UTC" in outcome.told
    assert gate.target.shares == {"v42": 1.0}


def test_a_change_out_of_band_is_named_and_written_down(gate: Gate) -> None:
    plan = gate.plan("promote", "v42")
    gate.target.shares = {"v41": 0.5, "v42": 0.5}
    outcome = gate.apply(plan)
    assert outcome.word == "moved"
    assert "somebody outside of opsconsole" in outcome.told
    assert "release.found_out_of_band" in gate.kinds()
    assert gate.one.out_of_band
    assert gate.plan("promote", "v42").refusals[0].rule == "out of band"
    assert gate.plan("rollback").refusals == (), "going back is never gated by it"
    assert any("out of band" in warning for warning in gate.plan("rollback").warnings)


def test_a_change_between_the_look_and_the_write_is_the_targets_to_refuse(gate: Gate) -> None:
    plan = gate.plan("rollback")
    gate.target.before_apply = lambda: setattr(gate.target, "shares", {"v42": 1.0})
    outcome = gate.apply(plan)
    assert (outcome.word, gate.target.applied) == ("moved", [])
    assert not gate.one.is_pending


@pytest.mark.parametrize("error", [Busy, Rejected, Unsupported, AuthFailed, Unreachable])
def test_what_the_target_refuses_was_not_done_and_says_so(gate: Gate, error: type[TargetError]) -> None:
    def refuse() -> None:
        raise error("not today", "Come again.")

    gate.target.before_apply = refuse
    outcome = gate.do("rollback")
    assert (outcome.word, outcome.told) == ("refused", "not today")
    assert outcome.refusals[0].rule == f"target: {error.__name__}"
    assert not gate.one.is_pending
    assert gate.one.believed is not None
    assert gate.one.believed.shares == {"v41": 0.9, "v42": 0.1}


def lost() -> None:
    raise Indeterminate("no answer within 10 s", "It is read back.")


def test_a_lost_answer_is_read_back_and_the_change_is_not_sent_again(gate: Gate) -> None:
    gate.target.after_apply = lost
    outcome = gate.do("rollback")
    assert (outcome.word, len(gate.target.applied)) == ("done", 1)
    assert "its answer was lost" in outcome.told


def test_what_was_sent_and_does_not_show_is_indeterminate_then_found_not_effective(gate: Gate) -> None:
    gate.target.takes, gate.target.after_apply = False, lost
    outcome = gate.do("rollback")
    assert (outcome.word, gate.one.is_pending) == ("indeterminate", True)
    assert "v41 90 %, v42 10 % so far" in outcome.told
    refused = gate.plan("promote", "v42").refusals
    assert [each.rule for each in refused] == ["busy"], "nothing new before that is known"
    assert gate.plan("rollback").refusals == (), "going back may go ahead of it"
    gate.look(2)
    gate.look(58)
    assert gate.one.is_pending
    gate.look(2)
    assert not gate.one.is_pending
    assert gate.one.history[-1].word == "not effective"
    assert len(gate.target.applied) == 1


def test_what_was_sent_and_shows_late_is_done(gate: Gate) -> None:
    gate.target.takes, gate.target.after_apply = False, lost
    gate.do("rollback")
    gate.target.shares = {"v41": 1.0}
    gate.look(5)
    assert (gate.one.history[-1].word, gate.one.is_pending, gate.one.out_of_band) == ("done", False, "")


def test_a_target_that_takes_it_and_goes_on_saying_otherwise_is_not_effective(gate: Gate) -> None:
    gate.target.takes = False
    outcome = gate.do("rollback")
    assert (outcome.word, outcome.told) == ("indeterminate", "it was taken; the target says v41 90 %, v42 10 % so far")
    gate.look(2)
    gate.look(60)
    assert gate.one.history[-1].word == "not effective"
    assert gate.one.believed is not None
    assert gate.one.believed.shares == {"v41": 0.9, "v42": 0.1}


def test_a_target_that_cannot_be_read_is_an_error_that_names_it(gate: Gate) -> None:
    gate.target.read_fails = Unreachable("connection refused", "Is it running?")
    with pytest.raises(ReleaseError, match="memory cannot be read: connection refused"):
        gate.plan("rollback")


def test_without_a_version_the_one_candidate_is_meant_and_of_several_none(gate: Gate) -> None:
    assert gate.plan("promote").after.shares == {"v42": 1.0}
    gate.target.shares = {"v41": 0.8, "v42": 0.1, "v43": 0.1}
    with pytest.raises(UsageError, match="which version"):
        gate.plan("promote")


def test_two_people_who_confirm_the_same_promotion_at_once_execute_it_once(gate: Gate) -> None:
    for _ in range(100):
        gate.target.shares, gate.target.applied = {"v41": 0.9, "v42": 0.1}, []
        gate.open()
        gate.book.note("opsconsole", "release.observed", service=SERVICE, routing={"shares": gate.target.shares})
        plans = [(asking, gate.plan("promote", "v42", asking)) for asking in (ANN, BOB)]
        barrier = threading.Barrier(2)
        outcomes: dict[str, wire.Outcome] = {}

        def confirm(asking, plan, barrier=barrier, outcomes=outcomes) -> None:  # type: ignore[no-untyped-def]
            barrier.wait(5)
            outcomes[asking.actor] = gate.apply(plan, asking)

        threads = [threading.Thread(target=confirm, args=each) for each in plans]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert sorted(each.word for each in outcomes.values()) == ["done", "moved"]
        winner = next(actor for actor, each in outcomes.items() if each.word == "done")
        loser = next(each for each in outcomes.values() if each.word == "moved")
        assert f"{winner} did (promote) at 03:00:00 UTC" in loser.told
        assert len(gate.target.applied) == 1


def test_whoever_asks_for_plan_after_plan_makes_nobody_elses_unknown(gate: Gate) -> None:
    plan, own = gate.plan("rollback"), gate.plan("rollback", asking=EVE)
    for _ in range(MOST_PLANS + 1):
        gate.plan("rollback", asking=EVE)
    assert gate.apply(own, EVE).refusals[0].rule == "expired"
    assert gate.apply(plan).word == "done"


def test_automation_is_who_asks_and_not_what_an_order_says(gate: Gate) -> None:
    gate.around.setting_ = ReleaseSetting(target="memory", approvals=1)
    plan = gate.plan("promote", "v42", via="automation")
    assert (plan.order.via, [each.rule for each in plan.refusals]) == ("api", ["approval"])
    own = gate.executor.plan(AUTOMATION, wire.OrderRequest(service=SERVICE, act="promote", version="v42", via="key"))
    assert (own.order.via, own.refusals) == ("automation", ())
    namesake = Asking(actor="rollout", person="rollout", account="rollout", roles=AUTOMATION.roles)
    assert gate.apply(own, namesake).refusals[0].rule == "person"
    assert gate.target.applied == []


def test_a_viewer_executes_nothing_and_is_told_the_rule(gate: Gate) -> None:
    plan = gate.plan("rollback", asking=EVE)
    assert plan.refusals[0].rule == "role"
    assert gate.apply(plan, EVE).word == "refused"
    assert gate.target.applied == []


def test_every_step_of_a_change_is_in_the_journal_with_who_what_and_why(gate: Gate) -> None:
    gate.do("promote", "v42")
    started, finished = (
        next(event for event in gate.journal.events() if event.kind == kind)
        for kind in ("release.started", "release.finished")
    )
    assert (started.actor, started.data["plan"]["after"]["shares"]) == ("ann", {"v42": 1.0})
    assert finished.data["evidence"]["versions"][0]["n"] == 9_000
    assert finished.data["word"] == "done"


# What is true when it is applied ----------------------------------------------------------------------------------


def test_what_turned_bad_after_a_plan_was_shown_refuses_something_new(gate: Gate) -> None:
    gate.around.setting_ = ReleaseSetting(target="memory", evidence_requests=500)
    plan = gate.plan("promote", "v42")
    assert plan.refusals == ()
    gate.around.counts = {"v41": 9_000, "v42": 3}
    outcome = gate.apply(plan)
    assert (outcome.word, [each.rule for each in outcome.refusals]) == ("refused", ["evidence"])
    assert "v42 answered 3 requests" in outcome.told


def test_an_analysis_that_turned_to_worse_and_an_incident_that_was_opened_refuse_it_too(gate: Gate) -> None:
    for change, rule in (
        (lambda: setattr(gate.around, "canary", worse()), "evidence"),
        (lambda: setattr(gate.around, "incidents", ("INC-7",)), "incident"),
    ):
        gate.around.canary, gate.around.incidents = None, ()
        plan = gate.plan("promote", "v42")
        change()
        assert [each.rule for each in gate.apply(plan).refusals] == [rule]
    assert gate.target.applied == []


def worse() -> wire.CanaryReading:
    return wire.CanaryReading(word="worse", e=200.0, threshold=100.0, minutes=12, why="slower")


@pytest.mark.parametrize("act", ["rollback", "abort", "hold"])
def test_what_leads_back_does_without_a_store_and_says_so(gate: Gate, act: wire.Act) -> None:
    gate.do("start", "v43")
    gate.around.store_fails = True
    plan = gate.plan(act)
    assert plan.refusals == ()
    assert any(each.startswith("how the versions do is not known: the store") for each in plan.warnings)
    assert not any("not registered" in each for each in plan.warnings), "nobody knows that now"
    assert gate.apply(plan).word == "done"


def test_nothing_new_is_brought_without_a_store(gate: Gate) -> None:
    plan = gate.plan("promote", "v42")
    gate.around.store_fails = True
    with pytest.raises(StoreError):
        gate.plan("promote", "v42")
    outcome = gate.apply(plan)
    assert (outcome.word, outcome.refusals[0].rule, gate.target.applied) == ("refused", "evidence", [])


def test_a_roll_back_whose_target_cannot_be_read_holds_the_rollout(gate: Gate) -> None:
    gate.do("start", "v43")
    plan = gate.plan("rollback")
    gate.target.read_fails = Unreachable("connection refused", "Is it up?")
    assert gate.apply(plan).word == "refused"
    assert gate.one.rollout is not None
    assert gate.one.rollout.phase == "held"
    assert "cannot be read: connection refused" in gate.one.rollout.why
