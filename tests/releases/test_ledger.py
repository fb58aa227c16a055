"""What is known of releases follows from the journal alone, whatever happened to the daemon in between."""

from __future__ import annotations

from pathlib import Path

import pytest
from gate import SERVICE, Gate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsconsole import wire
from opsconsole.errors import UsageError
from opsconsole.releases.ledger import fold

DONE = st.sampled_from(
    [("start", "v43"), ("advance", ""), ("promote", "v42"), ("promote", "v43"), ("rollback", ""), ("abort", ""),
     ("hold", ""), ("resume", ""), ("look", "")]
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(DONE, max_size=12))
def test_a_restart_after_any_history_knows_the_same(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[wire.Act, str]]
) -> None:
    gate = Gate(tmp_path_factory.mktemp("ledger") / "journal")
    for act, version in acts:
        if act == "look":  # type: ignore[comparison-overlap]
            gate.look(5)
            continue
        try:
            gate.do(act, version, override_reason="because of the test")
        except UsageError:
            continue
    before = gate.book.state
    gate.open()
    assert gate.book.state == before
    assert abs(sum(gate.target.shares.values()) - 1) < 1e-9
    assert fold(gate.journal.events()) == before


@pytest.mark.parametrize("dies", ["before it is sent", "after it was taken", "before it is written down"])
@pytest.mark.parametrize("act", ["promote", "rollback", "start", "abort"])
def test_a_daemon_that_dies_in_the_middle_reads_back_and_sends_nothing_again(
    tmp_path: Path, dies: str, act: wire.Act
) -> None:
    gate = Gate(tmp_path / "journal")
    gate.do("start", "v42") if act == "abort" else gate.look()
    gate.target.applied.clear()
    plan = gate.plan(act, "v42" if act in ("promote", "start") else "")
    wanted = dict(plan.after.shares)

    class Died(BaseException):
        pass

    def die() -> None:
        raise Died

    if dies == "before it is sent":
        gate.target.before_apply = die
    elif dies == "after it was taken":
        gate.target.after_apply = die
    else:
        note = gate.book.note

        def forgetful(actor: str, kind: str, **data: object) -> object:
            if kind == "release.finished":
                raise Died
            return note(actor, kind, **data)

        gate.book.note = forgetful  # type: ignore[method-assign, assignment]
    with pytest.raises(Died):
        gate.apply(plan)
    gate.target.before_apply = gate.target.after_apply = lambda: None
    gate.open()
    assert gate.one.is_pending
    assert gate.apply(plan).word == "refused", "the plan died with the daemon"
    sent = list(gate.target.applied)
    gate.look(1)
    gate.look(90)
    assert not gate.one.is_pending
    assert gate.target.applied == sent
    assert len(sent) <= 1
    is_done = gate.target.shares == pytest.approx(wanted)
    assert is_done == (dies != "before it is sent")
    assert gate.one.history[-1].word == ("done" if is_done else "not effective")
    assert gate.one.believed.shares == pytest.approx(gate.target.shares)
    if act == "start" and is_done:
        assert gate.one.rollout.phase == "running"
    if act == "abort" and is_done:
        assert gate.one.rollout.phase == "aborted"


def test_since_when_and_by_whom_a_version_has_its_share(gate: Gate) -> None:
    gate.look()
    gate.clock.advance(60)
    gate.do("promote", "v42")
    at, by = gate.one.since["v42"]
    assert (at.minute, by) == (1, "ann")
    assert set(gate.one.since) == {"v42"}


def test_events_of_other_rooms_change_nothing(gate: Gate) -> None:
    gate.look()
    before = gate.book.state
    gate.book.note("ann", "baseline.set", service=SERVICE, label="v41")
    assert gate.book.state == before
