"""Who goes first: people before automation, back before forward; and nobody waits for a target that hangs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from gate import BOB, EVE, SERVICE, Gate

from opsconsole import wire
from opsconsole.config.settings import ReleaseSetting, StepSetting
from opsconsole.errors import JournalError
from opsconsole.releases import executor
from opsconsole.releases.previews import GOOD_FOR
from opsconsole.releases.targets.base import Indeterminate, Rejected, TargetError
from opsconsole.releases.watch import LONGEST_REST_S

STEPS = (StepSetting(share=0.05, minutes=10, requests=0, gate="time"),)
BEGUN = {"v42": 0.95, "v43": 0.05}


@pytest.fixture
def rollout(gate: Gate) -> Gate:
    """A rollout of v43 that goes on after ten minutes."""
    gate.target.shares = {"v42": 1.0}
    gate.around.setting_ = ReleaseSetting(target="memory", steps=STEPS, evidence_requests=0)
    gate.around.counts = {"v42": 9_000, "v43": 900}
    assert gate.do("start", "v43").word == "done"
    return gate


@contextmanager
def hanging(gate: Gate, call: str) -> Iterator[None]:
    """The target's next read or apply takes until the end of the block."""
    inside, over = threading.Event(), threading.Event()
    true = getattr(gate.target, call)

    def slowly(*words: object) -> object:
        setattr(gate.target, call, true)
        inside.set()
        assert over.wait(10)
        return true(*words)

    setattr(gate.target, call, slowly)
    thread = threading.Thread(target=gate.look if call == "read" else lambda: gate.do("promote", "v42", BOB))
    thread.start()
    assert inside.wait(10)
    try:
        yield
    finally:
        over.set()
        thread.join(10)


def no(error: TargetError) -> object:
    def say() -> None:
        raise error

    return say


# A target that hangs ------------------------------------------------------------------------------------------------


def test_while_the_watch_waits_for_a_target_a_person_rolls_back_and_what_it_hears_is_old(gate: Gate) -> None:
    gate.look()
    with hanging(gate, "read"):
        assert gate.do("rollback").word == "done"
    assert gate.one.believed.shares == {"v41": 1.0}
    assert "release.found_out_of_band" not in gate.kinds()


def test_behind_a_change_whose_target_hangs_one_is_told_so_and_can_confirm_again(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor, "TURN_WITHIN_S", 0.05)
    with hanging(gate, "apply"):
        plan = gate.plan("rollback")
        refused = gate.apply(plan)
        assert (refused.word, refused.refusals[0].rule) == ("refused", "busy")
        assert "bob's promote is under way" in refused.told
    assert gate.apply(plan).word == "moved", "the plan was not used up, and looks again"
    assert gate.do("rollback").word == "done"


# People before automation -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["abort", "rollback", "hold"])
def test_while_somebody_looks_at_a_way_back_nothing_goes_forward(rollout: Gate, act: wire.Act) -> None:
    rollout.clock.advance(600)
    plan = rollout.plan(act)
    rollout.look()
    assert rollout.target.shares == BEGUN
    assert rollout.watch.waiting_for[SERVICE] == "ann, who has a plan before them that leads back"
    assert rollout.apply(plan).word == "done"


def test_that_ends_with_the_plan_and_takes_somebody_who_may(rollout: Gate) -> None:
    rollout.clock.advance(600)
    rollout.plan("abort", asking=EVE)
    rollout.look()
    assert rollout.target.shares == {"v43": 1.0}
    rollout.do("rollback")
    rollout.do("start", "v44", override_reason="because of the test")
    rollout.clock.advance(600)
    rollout.plan("abort")
    rollout.look(GOOD_FOR.total_seconds() - 1)
    assert rollout.one.rollout.phase == "running"
    rollout.look(1)
    assert rollout.one.rollout.phase == "passed"


def test_whoever_aborts_in_the_moment_of_an_advance_is_told_and_it_goes_no_further(rollout: Gate) -> None:
    steps = (*STEPS, StepSetting(share=0.5, minutes=10, requests=0, gate="time"))
    rollout.do("abort")
    rollout.around.setting_ = ReleaseSetting(target="memory", steps=steps)
    rollout.do("start", "v44")
    rollout.clock.advance(600)
    true = rollout.executor.plans.going_back

    def just_after(service: str) -> str:
        nonlocal plan
        told = true(service)
        plan = rollout.plan("abort")
        return told

    plan: wire.Plan | None = None
    rollout.executor.plans.going_back = just_after  # type: ignore[method-assign]
    rollout.look()
    assert rollout.target.shares == {"v42": 0.5, "v44": 0.5}
    assert plan is not None
    outcome = rollout.apply(plan)
    assert (outcome.word, "rollout did (advance)" in outcome.told) == ("moved", True)
    assert rollout.one.rollout.phase == "held"
    rollout.look(6_000)
    assert rollout.target.shares == {"v42": 0.5, "v44": 0.5}
    assert rollout.do("abort").word == "done"
    assert rollout.target.shares == {"v42": 1.0}


@pytest.mark.parametrize(
    ("error", "word"), [(Rejected("not today"), "refused"), (Indeterminate("no answer"), "not effective")]
)
def test_after_an_abort_that_did_not_succeed_nothing_goes_forward(rollout: Gate, error: TargetError, word: str) -> None:
    rollout.target.before_apply = no(error)  # type: ignore[assignment]
    rollout.do("abort")
    rollout.target.before_apply = lambda: None
    rollout.look(2)
    rollout.look(60)
    assert rollout.one.history[-1].word == word
    assert (rollout.one.rollout.phase, rollout.target.shares) == ("held", BEGUN)
    assert "abort by ann did not succeed" in rollout.one.rollout.why
    rollout.look(6_000)
    assert rollout.target.shares == BEGUN


def test_what_a_viewer_may_not_do_holds_nothing(rollout: Gate) -> None:
    plan = rollout.plan("abort", asking=EVE)
    rollout.target.shares = {"v42": 0.9, "v43": 0.1}
    assert rollout.apply(plan, EVE).word == "moved"
    assert rollout.one.rollout.phase == "running"


# Automation that cannot ---------------------------------------------------------------------------------------------


def test_automation_rests_between_attempts_longer_each_time_and_says_it_once(rollout: Gate) -> None:
    rollout.target.before_apply = no(Rejected("quota"))  # type: ignore[assignment]
    began = rollout.kinds().count("release.started")
    rollout.clock.advance(600)
    for _ in range(1_800):
        rollout.look(2)
    tries = rollout.kinds().count("release.started") - began
    assert 3_600 / LONGEST_REST_S <= tries < 20
    assert rollout.watch.waiting_for[SERVICE] == "advance was refused: quota"
    assert len(rollout.troubles) == 1
    rollout.target.before_apply = lambda: None
    for _ in range(200):
        rollout.look(2)
    assert rollout.target.shares == {"v43": 1.0}


def test_what_automation_may_not_do_fills_no_journal(rollout: Gate) -> None:
    freeze = {"service": "", "until": None, "reason": "audit", "by": "root"}
    rollout.book.note("root", "freeze.set", service="", freeze=freeze)
    rollout.clock.advance(600)
    events = rollout.journal.length
    for _ in range(100):
        rollout.look(2)
    assert rollout.kinds()[events:] == 3 * ["release.refused"], "after 0, 70 and 150 seconds"
    assert "audit" in rollout.watch.waiting_for[SERVICE]


def test_going_back_by_itself_does_not_wait_for_the_rest_of_going_forward(rollout: Gate) -> None:
    rollout.target.before_apply = no(Rejected("quota"))  # type: ignore[assignment]
    rollout.look(600)
    rollout.target.before_apply = lambda: None
    rollout.around.canary = wire.CanaryReading(word="worse", e=200.0, threshold=100.0, minutes=12, why="slower")
    rollout.look(1)
    assert rollout.target.shares == {"v42": 1.0}


# A journal that takes nothing ---------------------------------------------------------------------------------------


def full(gate: Gate, kind: str) -> None:
    """The disk is full when this is to be written."""
    append = gate.journal.append

    def refuse(actor: str, said: str, data: dict[str, object]) -> object:
        if said == kind:
            raise JournalError("a line could not be written (No space left on device)", "Free some space.")
        return append(actor, said, data)

    gate.book._append = refuse  # type: ignore[assignment]


def test_without_its_beginning_in_the_journal_nothing_is_sent(gate: Gate) -> None:
    plan = gate.plan("rollback")
    full(gate, "release.started")
    with pytest.raises(JournalError, match="No space left"):
        gate.apply(plan)
    assert gate.target.applied == []
    assert not gate.one.is_pending
    full(gate, "")
    assert gate.apply(plan).refusals[0].rule == "used"
    assert gate.do("rollback").word == "done"


@pytest.mark.parametrize("kind", ["rollout.ended", "release.finished"])
def test_an_end_that_the_journal_cannot_take_is_told_and_written_down_later(rollout: Gate, kind: str) -> None:
    plan = rollout.plan("abort")
    full(rollout, kind)
    outcome = rollout.apply(plan)
    assert (outcome.word, rollout.target.shares) == ("done", {"v42": 1.0})
    assert "the journal could not take this yet" in outcome.told
    assert rollout.one.is_pending
    with pytest.raises(JournalError):
        rollout.look(2)
    rollout.open()
    rollout.look(2)
    assert (rollout.one.history[-1].word, rollout.one.is_pending) == ("done", False)
    assert rollout.one.rollout.phase == "aborted"
    assert rollout.target.applied[1:] == [(plan.op_id, {"v42": 1.0})]
