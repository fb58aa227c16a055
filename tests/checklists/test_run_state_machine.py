"""Runs under random people, answers and kills: whatever happens, nothing is sent twice and nothing is forgotten."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from makeshift import Killed, Room, written_list

from opsconsole import wire
from opsconsole.checklists.machine import RAN, fold, to_undo
from opsconsole.checklists.verbs import verbs
from opsconsole.errors import ChecklistError, UsageError

ACTION = (
    "{id} | type: action; action: {action}; with: {{service: $service, {more}}}; undo: restore;"
    "verify: {{signal: error_rate($service) < 1%, within: 1m}}; on_fail: {{goto: decide}}"
)
STEPS = (
    "look | type: check; expect: error_rate($service) >= 0; retry: {times: 1, every: 10s}; on_fail: {goto: decide}",
    "decide | type: decision; options:;   - {key: b, label: Act, goto: back};   - {key: c, label: Say, goto: say}",
    ACTION.format(id="back", action="release.rollback", more="reason: by the book"),
    ACTION.format(id="all", action="release.promote", more="version: v43"),
    "say | type: comms; audience: internal; to: [ops]; message: All is well",
    "rest | type: wait; for: 1m",
    "last | type: manual; verify: {signal: disk_free() > 5%, within: 30s}",
)


class RunsUnderKills(RuleBasedStateMachine):
    """One run at a time, worked by two people, in a process that is killed between any two moments."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp(prefix="runs-"))
        written_list(
            self.directory / "own", "book", *STEPS, more="params:\n  service: {type: service, required: true}\n"
        )
        self.room = Room(self.directory / "own")
        self.run = self.room.begin("book", service="chat-assist").id

    def teardown(self) -> None:
        shutil.rmtree(self.directory)

    def alive(self, call: object) -> None:
        """Do something; whoever is killed is made anew from the journal, and looks once."""
        assert callable(call)
        before = self.room.book.state.runs.get(self.run)
        try:
            call()
        except (UsageError, ChecklistError):
            return
        except Killed:
            self.room.open()
            after = self.room.book.run(self.run)
            assert after.started_at == (before or after).started_at
            self.room.world.kill_in = None
            self.room.look()

    @rule(in_moments=st.integers(0, 8))
    def a_kill_is_near(self, in_moments: int) -> None:
        self.room.world.kill_in = in_moments

    @rule(verb=st.sampled_from(["tick", "fail", "retry", "send", "look"]), who=st.sampled_from(["ann", "bob"]))
    def somebody_does(self, verb: wire.StepVerb, who: str) -> None:
        self.alive(lambda: self.room.do(self.run, verb, who))

    @rule()
    def somebody_skips(self) -> None:
        self.alive(lambda: self.room.do(self.run, "skip", text="not today"))

    @rule(option=st.sampled_from(["b", "b", "c"]))
    def somebody_decides(self, option: str) -> None:
        self.alive(lambda: self.room.do(self.run, "decide", option=option))

    @rule(word=st.sampled_from(["done", "done", "refused", "not effective"]))
    def somebody_acts(self, word: wire.OutcomeWord) -> None:
        self.room.world.word = word
        self.alive(lambda: self.room.act(self.run))

    @rule(in_moments=st.integers(0, 8))
    def a_kill_comes_while_somebody_acts(self, in_moments: int) -> None:
        self.room.world.word = "done"
        self.alive(lambda: self.room.do(self.run, "decide", option="b"))
        self.room.world.kill_in = in_moments
        self.alive(lambda: self.room.act(self.run))
        self.room.world.kill_in = None

    @precondition(lambda self: len(self.room.book.run(self.run).ops) > 1)
    @rule()
    def somebody_aborts(self) -> None:
        self.alive(lambda: self.room.do(self.run, "abort", text="enough of it"))

    @rule(rate=st.sampled_from([0.0, 0.5, None]), free=st.sampled_from([0.5, 0.01]))
    def the_world_changes(self, rate: float | None, free: float) -> None:
        self.room.world.answers = {"error_rate": rate, "disk_free": free}

    @rule(seconds=st.sampled_from([1, 10, 70]))
    def time_goes_by(self, seconds: int) -> None:
        self.alive(lambda: self.room.look(seconds))

    @rule()
    def the_next_run_begins_when_this_one_has_ended(self) -> None:
        if self.room.book.run(self.run).phase == "ended":
            self.alive(lambda: setattr(self, "run", self.room.begin("book", service="chat-assist").id))

    @invariant()
    def nothing_is_sent_or_told_twice(self) -> None:
        assert max(Counter(op_id for op_id, _ in self.room.world.sent).values(), default=0) <= 1
        assert max(Counter(self.room.world.told).values(), default=0) <= 1
        ops = [op for run in self.room.book.state.runs.values() for op in run.ops]
        assert len({op.key for op in ops}) == len(ops)

    @invariant()
    def whatever_was_sent_stands_in_the_journal(self) -> None:
        written = {
            event.data["op"]["op_id"]
            for event in self.room.world.events
            if event.kind == "checklist.acted" and event.data["phase"] == "sending"
        }
        assert {op_id for op_id, _ in self.room.world.sent} <= written

    @invariant()
    def the_state_is_what_the_journal_says(self) -> None:
        assert fold(self.room.world.events) == self.room.book.state

    @invariant()
    def what_ended_by_an_abort_has_undone_what_ran_in_reverse_order(self) -> None:
        for run in self.room.book.state.runs.values():
            if run.word != "aborted":
                continue
            assert to_undo(run) is None
            ran = [op.key for op in run.ops if op.kind == "release" and not op.undoes and op.word in RAN]
            undone = [op.undoes for op in run.ops if op.undoes and op.word == "done"]
            assert undone == ran[::-1]

    @invariant()
    def somebody_or_something_can_always_go_on(self) -> None:
        run = self.room.book.run(self.run)
        assert run.phase == "ended" or verbs(run)


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
def test_runs_survive_whatever_happens() -> None:
    from hypothesis.stateful import run_state_machine_as_test

    phases = (
        Phase.explicit,
        Phase.reuse,
        Phase.generate,
    )  # what fails is told at once: making it shorter takes minutes
    run_state_machine_as_test(
        RunsUnderKills, settings=settings(max_examples=30, stateful_step_count=40, deadline=None, phases=phases)
    )
