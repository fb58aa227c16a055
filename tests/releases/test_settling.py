"""What becomes of a change that was sent: found out by looking, told as far as it is known, blamed on nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest
from gate import SERVICE, Gate
from msgspec.structs import replace

from opsconsole import wire
from opsconsole.config.settings import ReleaseSetting
from opsconsole.releases.settling import LOOK_FOR_S, LOOKS_S
from opsconsole.releases.targets.base import AuthFailed, Busy, Conflict, Indeterminate, Rejected, TargetError

BEFORE = {"v41": 0.9, "v42": 0.1}
BACK = {"v41": 1.0}
HALF = {"v41": 0.5, "v42": 0.5}


def lost() -> None:
    raise Indeterminate("no answer within 10 s", "It is read back.")


def word(gate: Gate) -> str:
    return gate.one.history[-1].word


def settled(gate: Gate) -> None:
    gate.look(2)
    gate.look(60)


def test_what_was_taken_and_shows_late_is_done_and_nobody_elses_doing(gate: Gate) -> None:
    gate.target.takes = False
    assert gate.do("rollback").word == "indeterminate"
    gate.look(2)
    gate.target.shares = dict(BACK)
    gate.look(40)
    assert (word(gate), gate.one.is_pending, gate.one.out_of_band) == ("done", False, "")
    assert "release.found_out_of_band" not in gate.kinds()


def test_an_old_answer_of_a_slow_replica_accuses_nobody_and_one_that_stays_does(gate: Gate) -> None:
    gate.do("rollback")
    gate.target.shares = dict(BEFORE)
    gate.look(2)
    gate.look(50)
    assert gate.one.out_of_band == ""
    gate.look(10)
    assert "v41 90 %" in gate.one.out_of_band


def test_how_long_a_target_may_take_is_a_setting(gate: Gate) -> None:
    gate.around.setting_ = ReleaseSetting(target="memory", settle_seconds=300)
    gate.target.takes = False
    gate.do("rollback")
    gate.look(2)
    gate.look(299)
    assert gate.one.is_pending
    gate.look(2)
    assert word(gate) == "not effective"


def test_what_is_still_changing_is_waited_for_and_the_wait_begins_when_it_stands_still(gate: Gate) -> None:
    def taken() -> None:
        gate.target.shares, gate.target.phase = dict(BEFORE), "changing"

    gate.target.after_apply = taken
    assert gate.do("rollback").told == "it was taken; the target is changing"
    for _ in range(20):
        gate.look(60)
    assert gate.one.is_pending
    gate.target.phase = "steady"
    gate.look(2)
    assert gate.one.is_pending
    gate.look(60)
    assert word(gate) == "not effective"


def test_time_in_which_the_target_could_not_be_read_is_no_time_in_which_it_stood_still(gate: Gate) -> None:
    gate.target.takes = False
    gate.do("rollback")
    gate.target.read_fails = Rejected("not now")
    gate.look(500)
    gate.target.read_fails = None
    gate.look(1)
    assert gate.one.is_pending
    gate.look(60)
    assert word(gate) == "not effective"


@pytest.mark.parametrize("phase", ["failed", "mixed", "unknown"])
def test_a_target_that_says_what_was_planned_has_done_it_whatever_it_calls_itself(
    gate: Gate, phase: wire.TargetPhase
) -> None:
    gate.target.after_apply = lambda: setattr(gate.target, "phase", phase)
    outcome = gate.do("rollback")
    assert (outcome.word, outcome.told) == ("done", f"v41 100 % ({phase}), read back")
    gate.target.shares = {"v42": 1.0}
    gate.look(100)
    assert "v42 100 %" in gate.one.out_of_band, "nor does that word hide what somebody else does"


def test_what_was_done_by_halves_is_not_effective_and_is_what_is_believed(gate: Gate) -> None:
    gate.target.takes = False
    gate.target.after_apply = lambda: setattr(gate.target, "shares", dict(HALF))
    assert gate.do("rollback").word == "indeterminate"
    settled(gate)
    assert (word(gate), gate.one.believed.shares) == ("not effective", HALF)
    gate.look(100)
    assert "release.found_out_of_band" not in gate.kinds(), "it was ours"
    assert gate.do("rollback").word == "indeterminate"


@pytest.mark.parametrize("error", [Rejected, Busy, AuthFailed, Conflict])
def test_a_no_to_a_change_that_was_made_is_found_out_by_looking(gate: Gate, error: type[TargetError]) -> None:
    def no() -> None:
        raise error("422, after a proxy had sent it twice")

    gate.target.after_apply = no
    outcome = gate.do("rollback")
    assert (outcome.word, gate.one.believed.shares) == ("done", BACK)
    assert "although the answer was no: 422" in outcome.told


@pytest.mark.parametrize("error", [Rejected, Busy, AuthFailed])
def test_a_no_to_a_change_of_which_a_part_was_made_is_no_refusal(gate: Gate, error: type[TargetError]) -> None:
    def no() -> None:
        gate.target.shares = dict(HALF)
        raise error("422 of the second of two calls")

    gate.target.after_apply = no
    assert gate.do("rollback").word == "indeterminate"
    settled(gate)
    assert (word(gate), gate.one.believed.shares) == ("not effective", HALF)


def test_a_roll_back_that_is_refused_leaves_what_it_went_ahead_of_pending(gate: Gate) -> None:
    gate.target.after_apply = lost
    gate.target.takes = False
    gate.do("promote", "v42")
    gate.target.before_apply = lambda: (_ for _ in ()).throw(Rejected("not today"))
    assert gate.do("rollback").word == "refused"
    assert gate.one.operation.plan.order.act == "promote"
    gate.target.shares = {"v42": 1.0}
    gate.look(2)
    assert (word(gate), gate.one.out_of_band) == ("done", "")
    assert gate.one.believed.shares == {"v42": 1.0}


def test_a_hold_ends_nothing_that_is_pending_and_answers_for_nobody_elses_change(gate: Gate) -> None:
    gate.target.shares = {"v42": 1.0}
    gate.do("start", "v43")
    gate.target.shares = {"v42": 0.3, "v43": 0.7}
    gate.look(100)
    assert gate.one.out_of_band
    assert gate.do("hold").word == "done"
    assert gate.one.out_of_band
    gate.target.after_apply, gate.target.takes = lost, False
    gate.do("rollback")
    assert gate.do("resume").refusals[0].rule == "busy"
    gate.look(2)
    gate.look(60)
    assert word(gate) == "not effective"


def test_what_was_read_before_a_change_says_nothing_about_what_is_after_it(gate: Gate) -> None:
    gate.look()
    read = gate.target.read

    def slowly() -> wire.TargetState:
        state = read()
        gate.target.read = read  # type: ignore[method-assign]
        assert gate.do("rollback").word == "done"
        return state

    for ask in (gate.look, lambda: gate.plan("promote", "v42")):
        gate.target.shares = dict(BEFORE)
        gate.open()
        gate.book.note("x", "release.found_out_of_band", service=SERVICE, routing={"shares": BEFORE}, told="anew")
        found = gate.kinds().count("release.found_out_of_band")
        gate.target.read = slowly  # type: ignore[method-assign]
        ask()
        assert gate.kinds().count("release.found_out_of_band") == found
        assert gate.one.believed.shares == BACK


def test_a_target_that_hangs_is_not_asked_again_and_again_while_others_wait(gate: Gate) -> None:
    looks = 0

    def hang() -> wire.TargetState:
        nonlocal looks
        looks += 1
        gate.clock.advance(10)
        raise Rejected("no answer within 10 s")

    plan = gate.plan("rollback")
    gate.target.after_apply = lambda: setattr(gate.target, "read", hang)
    assert gate.apply(plan).word == "indeterminate"
    assert looks == 1
    assert sum(LOOKS_S) < LOOK_FOR_S


@pytest.mark.parametrize("act", ["start", "advance", "abort", "hold"])
def test_a_daemon_that_dies_right_after_the_end_has_told_the_rollout_and_tells_it_once(
    tmp_path: Path, act: wire.Act
) -> None:
    """Dies at each event that the end of a change consists of."""

    class Died(BaseException):
        pass

    for dies_after in ("release.started", "rollout.", "release.finished"):
        gate = Gate(tmp_path / dies_after)
        gate.target.shares = {"v42": 1.0}
        if act != "start":
            gate.do("start", "v43")
        plan = gate.plan(act, "v43" if act == "start" else "", override_reason="because of the test")
        note = gate.book.note

        def dying(actor: str, kind: str, *, dies_after: str = dies_after, note=note, **data: object) -> object:
            event = note(actor, kind, **data)
            if kind.startswith(dies_after):
                raise Died
            return event

        gate.book.note = dying  # type: ignore[method-assign, assignment]
        with pytest.raises(Died):
            gate.apply(plan)
        sent = len(gate.target.applied)
        if dies_after == "release.started" and plan.requests:
            gate.target.shares = dict(plan.after.shares)  # it was sent and taken, and the daemon died then
        gate.open()
        gate.look(1)
        gate.look(1)
        rollout = gate.one.rollout
        assert not gate.one.is_pending
        assert len(gate.target.applied) == sent
        assert (rollout.phase, rollout.step) == {
            "start": ("running", 0),
            "advance": ("running", 1),
            "abort": ("aborted", 0),
            "hold": ("held", 0),
        }[act], dies_after
        gate.open()
        assert gate.one.rollout == rollout


def test_a_name_that_moved_is_followed_until_what_serves_follows(gate: Gate) -> None:
    gate.target.caps = replace(gate.target.caps, scope="metadata")
    gate.around.served = {"v42": 100}
    gate.do("rollback")
    gate.look(60)
    assert effect(gate) == "metadata only"
    gate.look(3 * 3_600)
    assert effect(gate) == "metadata only", "nothing was started anew"
    gate.around.served = {"v41": 100}
    gate.look(2)
    assert effect(gate) == "metadata only", "it is looked at once a minute now"
    gate.look(60)
    assert (effect(gate), gate.one.history[-1].effect) == ("effective", "effective")


def test_a_name_that_moved_is_followed_no_more_when_another_change_was_made(gate: Gate) -> None:
    gate.target.caps = replace(gate.target.caps, scope="metadata")
    gate.around.served = {"v42": 100}
    gate.do("rollback")
    gate.look(60)
    gate.do("promote", "v43", override_reason="nothing serves v41")
    gate.look(3_600)
    assert gate.one.history[-2].effect == "metadata only"


def effect(gate: Gate) -> str:
    operation = gate.one.operation
    assert operation is not None
    assert operation.verdict is not None
    return operation.verdict.effect
