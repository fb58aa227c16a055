"""Gradual rollouts: step by step on evidence, back by themselves, and held, resumed or aborted in every state."""

from __future__ import annotations

import pytest
from gate import ANN, SERVICE, Gate

from opsconsole import wire
from opsconsole.config.settings import AnalysisSetting, ReleaseSetting, StepSetting

STEPS = (StepSetting(share=0.05, minutes=10, requests=200), StepSetting(share=0.5, minutes=10, requests=200))


def reading(word: str, why: str = "told") -> wire.CanaryReading:
    return wire.CanaryReading(word=word, e=1.0, threshold=100.0, minutes=12, why=why)  # type: ignore[arg-type]


@pytest.fixture
def begun(gate: Gate) -> Gate:
    """A rollout of v43 in its first step."""
    gate.target.shares = {"v42": 1.0}
    gate.around.setting_ = ReleaseSetting(target="memory", steps=STEPS)
    assert gate.do("start", "v43").word == "done"
    return gate


def step(gate: Gate) -> tuple[str, int, float]:
    rollout = gate.one.rollout
    return rollout.phase, rollout.step, gate.target.shares.get("v43", 0.0)


def test_it_begins_with_the_first_step_and_remembers_what_was_before(begun: Gate) -> None:
    assert begun.target.shares == {"v42": 0.95, "v43": 0.05}
    rollout = begun.one.rollout
    assert (rollout.baseline, rollout.pinned, rollout.before.shares) == ("v42", "v42", {"v42": 1.0})
    assert [each.share for each in rollout.steps] == [0.05, 0.5, 1.0]


def test_it_takes_time_requests_and_an_analysis_to_go_on(begun: Gate) -> None:
    begun.around.canary, begun.around.served = reading("no worse"), {"v43": 500}
    begun.look(300)
    assert (step(begun), begun.watch.waiting_for[SERVICE]) == (("running", 0, 0.05), "5 min more in this step")
    begun.around.served = {"v43": 199}
    begun.look(300)
    assert begun.watch.waiting_for[SERVICE] == "199 of 200 requests of v43 in this step"
    begun.around.served, begun.around.canary = {"v43": 500}, reading("undecided")
    begun.look(1)
    assert "undecided" in begun.watch.waiting_for[SERVICE]
    begun.around.canary = None
    begun.look(1)
    assert begun.watch.waiting_for[SERVICE] == "the analysis: no data"
    assert step(begun)[1] == 0
    begun.around.canary = reading("no worse")
    begun.look(1)
    assert step(begun) == ("running", 1, 0.5)
    begun.look(600)
    assert step(begun) == ("passed", 1, 1.0)
    assert begun.one.promoted[-1] == "v43"
    assert begun.plan("rollback").after.shares == {"v42": 1.0}


def test_without_data_it_never_goes_on(begun: Gate) -> None:
    for _ in range(50):
        begun.look(600)
    assert step(begun) == ("running", 0, 0.05)


def test_what_is_worse_goes_back_by_itself_and_says_why(begun: Gate) -> None:
    begun.around.canary = reading("worse")
    begun.look(1)
    assert step(begun) == ("failed", 0, 0.0)
    assert begun.target.shares == {"v42": 1.0}
    last = begun.one.history[-1]
    assert (last.actor, last.act, last.word) == ("rollout", "rollback", "done")
    assert "told" in begun.one.rollout.why
    assert begun.one.pinned(wire.Routing(shares={"v42": 1.0})) == "", "nobody is led back to v43"


def test_it_goes_back_in_a_freeze_and_without_approval_and_does_not_go_forward_in_one(begun: Gate) -> None:
    begun.book.note(
        "root", "freeze.set", service="", freeze={"service": "", "until": None, "reason": "x", "by": "root"}
    )
    begun.around.canary, begun.around.served = reading("no worse"), {"v43": 500}
    begun.look(900)
    assert step(begun)[1] == 0
    assert "frozen" in begun.watch.waiting_for[SERVICE]
    begun.around.canary = reading("worse")
    begun.look(1)
    assert begun.target.shares == {"v42": 1.0}


def test_it_only_stops_where_it_is_told_to_ask(begun: Gate) -> None:
    begun.around.setting_ = ReleaseSetting(target="memory", steps=STEPS, analysis=AnalysisSetting(on_worse="hold"))
    begun.around.canary = reading("worse")
    begun.look(1)
    assert step(begun) == ("held", 0, 0.05)
    begun.look(1)
    assert len([each for each in begun.kinds() if each == "rollout.held"]) == 1


def test_whoever_is_woken_reads_which_version_is_worse_than_which_and_in_what(begun: Gate) -> None:
    begun.around.setting_ = ReleaseSetting(target="memory", steps=STEPS, analysis=AnalysisSetting(on_worse="hold"))
    begun.around.canary = reading("worse", "it fails more, errors 8.1% beside 1.0% (n 4,412)")
    begun.look(1)
    told = "v43 is worse than v42: it fails more, errors 8.1% beside 1.0% (n 4,412)"
    assert begun.one.rollout.why == told


def test_a_person_holds_it_lets_it_go_on_and_ends_it(begun: Gate) -> None:
    begun.around.canary, begun.around.served = reading("no worse"), {"v43": 500}
    assert begun.do("hold").word == "done"
    begun.look(3_600)
    assert step(begun) == ("held", 0, 0.05)
    assert begun.plan("hold").refusals[0].rule == "nothing to do"
    assert begun.do("resume").word == "done"
    begun.look(1)
    assert step(begun)[1] == 1
    assert begun.do("abort").word == "done"
    assert (step(begun)[0], begun.target.shares) == ("aborted", {"v42": 1.0})


@pytest.mark.parametrize("phase", ["running", "held", "pending", "changing"])
def test_abort_and_roll_back_are_legal_in_every_state(begun: Gate, phase: str) -> None:
    if phase == "held":
        begun.do("hold")
    if phase == "changing":
        begun.target.phase = "changing"
    if phase == "pending":
        begun.book.note("ann", "release.started", service=SERVICE, plan=_builtins(begun.plan("promote", "v43")))
    for act in ("abort", "rollback"):
        assert begun.plan(act).refusals == (), act
    assert begun.do("abort").word == "done"


def _builtins(plan: wire.Plan) -> object:
    import msgspec

    return msgspec.to_builtins(plan)


def test_a_step_that_waits_for_a_person_goes_on_when_one_says_so(gate: Gate) -> None:
    gate.target.shares = {"v42": 1.0}
    steps = (StepSetting(share=0.1, minutes=1, requests=0, gate="person"),)
    gate.around.setting_ = ReleaseSetting(target="memory", steps=steps)
    gate.do("start", "v43")
    gate.look(3_600)
    assert gate.watch.waiting_for[SERVICE] == "somebody to let it go on: `:advance`, or opsconsole release advance"
    assert gate.do("advance", asking=ANN).word == "done"
    assert (step(gate)[0], gate.target.shares) == ("passed", {"v43": 1.0})


def test_a_second_rollout_waits_for_the_first(begun: Gate) -> None:
    assert begun.plan("start", "v44").refusals[0].rule == "busy"


def test_a_change_out_of_band_is_found_by_the_watch(begun: Gate) -> None:
    begun.target.shares = {"v42": 0.5, "v43": 0.5}
    begun.look(1)
    assert "v43 50 %" in begun.one.out_of_band
    assert begun.one.history[-1].act == "out of band"
    begun.look(1)
    assert begun.kinds().count("release.found_out_of_band") == 1


def test_an_effect_is_proved_by_the_records_that_arrive(begun: Gate) -> None:
    def effect() -> str:
        return begun.one.operation.verdict.effect

    assert effect() == "pending"
    begun.around.served = {"v42": 950, "v43": 50}
    begun.look(1)
    assert effect() == "effective"
    assert begun.one.history[-1].effect == "effective"
    verified = begun.kinds().count("release.verified")
    begun.look(1)
    assert begun.kinds().count("release.verified") == verified, "said once"


def test_traffic_that_does_not_follow_is_said_after_a_minute(begun: Gate) -> None:
    begun.around.served = {"v42": 5_000}
    begun.look(30)
    assert begun.one.operation.verdict.effect == "pending"
    begun.look(40)
    verdict = begun.one.operation.verdict
    assert verdict.effect == "diverged"
    assert "100% of 5000 records are of v42" in verdict.why
