"""How a run goes: what machines find, what people say, what is undone, and what comes after a kill."""

from __future__ import annotations

from pathlib import Path

import pytest
from makeshift import Killed, Room, World, written_list

from opsconsole import wire
from opsconsole.checklists.course import flags
from opsconsole.checklists.machine import fold, tally
from opsconsole.errors import ChecklistError, UsageError

ACTION = (
    "back | type: action; action: release.rollback; with: {service: $service}; undo: restore;"
    "verify: {signal: error_rate($service) < 1%, within: 5m}"
)
SERVICE = "params:\n  service: {type: service, required: true}\n"
CHAT = {"service": "chat-assist"}


def word(run: wire.Run, step: str) -> str:
    return run.steps[step].word


def test_a_machine_verifies_and_a_person_ticks(room: Room, own: Path) -> None:
    written_list(own, "two", "look | type: check; expect: disk_free() > 5%", "say | type: manual")
    run = room.begin("two")
    assert (word(run, "look"), run.current) == ("verified", "say")
    run = room.do(run, "tick", text="the flag is off")
    assert (run.phase, run.word) == ("ended", "done")
    assert (word(run, "say"), run.steps["say"].note) == ("ticked", "the flag is off")
    counts = tally(run)
    assert (counts.verified, counts.ticked) == (1, 1)


def test_a_tick_that_a_machine_can_look_at_counts_as_verified_only_if_it_finds_so(room: Room, own: Path) -> None:
    written_list(own, "one", "room | type: manual; verify: {signal: disk_free() > 10%, within: 1m}")
    room.world.answers["disk_free"] = 0.02
    run = room.do(room.begin("one"), "tick")
    assert word(run, "room") == "verifying"
    room.world.answers["disk_free"] = 0.5
    room.look(10)
    run = room.book.run(run.id)
    assert (word(run, "room"), run.word) == ("verified", "done")
    assert run.steps["room"].by is not None
    assert run.steps["room"].by.who == "ann"


def test_what_does_not_hold_in_time_fails_and_leads_where_it_says(room: Room, own: Path) -> None:
    written_list(
        own, "two", "look | type: check; expect: {signal: disk_free() > 10%, within: 1m}; on_fail: {goto: call}",
        "never | type: manual; goto: end", "call | type: manual",
    )  # fmt: skip
    room.world.answers["disk_free"] = 0.02
    run = room.begin("two")
    before = len(room.world.events)
    for _ in range(5):
        room.look(10)
    assert len(room.world.events) == before, "looking again in vain is not written down"
    room.look(10)
    run = room.book.run(run.id)
    assert (word(run, "look"), run.current) == ("failed", "call")
    assert "never" not in run.steps


def test_what_cannot_be_told_never_passes(room: Room, own: Path) -> None:
    written_list(own, "one", "look | type: check; expect: disk_free() > 10%")
    room.world.answers["disk_free"] = None
    run = room.begin("one")
    assert word(run, "look") == "failed"
    assert run.steps["look"].findings[0].ok is None


def test_a_check_that_failed_is_made_again_by_itself_as_often_as_it_says(room: Room, own: Path) -> None:
    written_list(own, "one", "look | type: check; expect: disk_free() > 10%; retry: {times: 2, every: 30s}")
    room.world.answers["disk_free"] = 0.02
    run = room.begin("one")
    for _ in range(10):
        room.look(30)
    run = room.book.run(run.id)
    assert (word(run, "look"), run.steps["look"].attempt) == ("failed", 3)
    room.world.answers["disk_free"] = 0.5
    assert room.do(run, "retry").word == "done"


def test_a_skip_needs_a_reason_and_keeps_it(room: Room, own: Path) -> None:
    written_list(own, "one", "say | type: manual")
    run = room.begin("one")
    with pytest.raises(UsageError, match="skip needs a reason"):
        room.do(run, "skip", text=" ")
    run = room.do(run, "skip", text="no canary under way")
    assert (word(run, "say"), run.steps["say"].note) == ("skipped", "no canary under way")


def test_only_the_step_whose_turn_it_is_can_be_done(room: Room, own: Path) -> None:
    written_list(own, "two", "one | type: manual", "two | type: manual")
    run = room.begin("two")
    with pytest.raises(UsageError, match="is at 'one', not at 'two'"):
        room.do(run, "tick", step="two")
    with pytest.raises(UsageError, match="`decide` means nothing now"):
        room.do(run, "decide", option="r")


def test_a_do_confirm_list_is_confirmed_in_any_order(room: Room, own: Path) -> None:
    written_list(own, "three", "a | type: manual", "b | type: manual", "c | type: manual", more="style: do-confirm\n")
    run = room.begin("three")
    for step in ("c", "a"):
        run = room.do(run, "tick", step=step)
        assert run.phase == "running"
    assert run.current == "b"
    assert room.do(run, "tick").word == "done"


def test_a_decision_leads_where_its_option_says(room: Room, own: Path) -> None:
    written_list(
        own, "two", "way | type: decision; options:;   - {key: l, label: Left, goto: left};   - {key: r, label: Right, "
        "goto: right}", "left | type: manual; goto: end", "right | type: manual",
    )  # fmt: skip
    run = room.begin("two")
    with pytest.raises(UsageError, match=r"no option 'x'"):
        room.do(run, "decide", option="x")
    run = room.do(run, "decide", option="r")
    assert (run.steps["way"].choice, run.current) == ("r", "right")


def test_an_action_is_planned_confirmed_verified_and_its_operation_stands_in_the_journal_before(
    room: Room, own: Path
) -> None:
    written_list(own, "act", ACTION, more=SERVICE)
    room.world.answers["error_rate"] = 0.5
    run = room.begin("act", **CHAT)
    with pytest.raises(UsageError, match="Plan again"):
        room.do(run, "act", op_id="op9", typed="ca")
    _, plan = room.by("ann").do(wire.StepRequest(run=run.id, verb="plan"))
    assert plan is not None
    assert room.world.sent == []
    with pytest.raises(UsageError, match="Type ca"):
        room.do(run, "act", op_id=plan.op_id, typed="y")
    run = room.do(run, "act", op_id=plan.op_id, typed="ca")
    assert (word(run, "back"), room.world.sent) == ("verifying", [(plan.op_id, {"v41": 1.0})])
    sending = next(event for event in room.world.events if event.kind == "checklist.acted")
    assert (sending.data["phase"], sending.data["op"]["op_id"]) == ("sending", plan.op_id)
    room.world.answers["error_rate"] = 0.001
    room.look(10)
    assert room.book.run(run.id).word == "done"


@pytest.mark.parametrize("outcome", ["refused", "moved"])
def test_an_action_that_was_not_done_fails_and_is_done_again_only_by_somebody(
    room: Room, own: Path, outcome: wire.OutcomeWord
) -> None:
    written_list(own, "act", ACTION, more=SERVICE)
    room.world.word = outcome
    run = room.act(room.begin("act", **CHAT))
    assert (word(run, "back"), room.world.sent) == ("failed", [])
    room.look(600)
    assert room.world.sent == []
    room.world.word = "done"
    run = room.act(room.do(run, "retry"))
    assert [op.key for op in run.ops] == ["RUN-1:back:1", "RUN-1:back:2"]
    assert len(room.world.sent) == 1


def two_actions(own: Path) -> None:
    second = (
        ACTION.replace("back |", "all |")
        .replace("release.rollback", "release.promote")
        .replace("{service: $service}", "{service: $service, version: v43}")
    )
    written_list(own, "acts", ACTION, second, "say | type: manual", more=SERVICE)


def test_aborting_undoes_what_ran_and_nothing_else_in_reverse_order(room: Room, own: Path) -> None:
    two_actions(own)
    room.world.answers["error_rate"] = 0.0
    run = room.begin("acts", **CHAT)
    for _ in range(2):
        run = room.act(run)
    assert [shares for _, shares in room.world.sent] == [{"v41": 1.0}, {"v43": 1.0}]
    run = room.do(run, "abort", text="wrong service")
    assert run.phase == "aborting"
    run = room.act(run)
    assert word(run, "all") == "undone"
    run = room.act(run)
    assert [shares for _, shares in room.world.sent[2:]] == [{"v41": 1.0}, {"v41": 0.9, "v42": 0.1}]
    assert (run.phase, run.word, run.why) == ("ended", "aborted", "wrong service")
    assert [op.undoes for op in run.ops[2:]] == ["RUN-1:all:1", "RUN-1:back:1"]


def test_aborting_where_nothing_ran_ends_at_once(room: Room, own: Path) -> None:
    two_actions(own)
    run = room.do(room.begin("acts", **CHAT), "abort", text="never mind")
    assert (run.word, room.world.sent) == ("aborted", [])


def test_an_undoing_may_be_left_out_with_a_reason(room: Room, own: Path) -> None:
    two_actions(own)
    run = room.do(room.act(room.begin("acts", **CHAT)), "abort", text="enough of it")
    run = room.do(run, "skip", text="it is better this way")
    assert (run.word, len(room.world.sent)) == ("aborted", 1)
    assert "left as it is: it is better this way" in run.ops[-1].told


def test_a_skip_that_was_meant_for_a_step_skips_no_undoing(room: Room, own: Path) -> None:
    two_actions(own)
    run = room.do(room.act(room.begin("acts", **CHAT)), "abort", "bob", text="enough of it")
    with pytest.raises(UsageError, match="RUN-1:back:1 is to be undone"):
        room.do(run, "skip", step="all", undoes="", text="not needed")
    assert room.book.run(run.id).phase == "aborting"
    run = room.do(run, "skip", undoes="RUN-1:back:1", text="it is better this way")
    assert run.word == "aborted"


def test_what_is_undone_is_looked_at_again(room: Room, own: Path) -> None:
    again = ACTION.replace("undo: restore", "undo: {action: restore, verify: disk_free() > 5%}")
    written_list(own, "act", again, more=SERVICE)
    room.world.answers["error_rate"] = 0.5
    run = room.do(room.act(room.begin("act", **CHAT)), "abort", text="enough of it")
    run = room.act(run)
    assert [(each.which, each.ok) for each in run.steps["back"].findings][-1] == ("undo", True)
    assert run.word == "aborted"


def test_a_timebox_flags_and_ends_nothing(room: Room, own: Path) -> None:
    written_list(own, "one", "say | type: manual; on_silence: {flag_after: 30s}")
    run = room.begin("one")
    assert flags(run, room.world.clock.now()) == ()
    room.look(380)
    run = room.book.run(run.id)
    assert flags(run, room.world.clock.now()) == ("over its timebox of 5m by 1m 20s", "nothing heard for 6m 20s")
    assert run.phase == "running"


def test_a_wait_goes_by_itself(room: Room, own: Path) -> None:
    written_list(own, "one", "rest | type: wait; for: 10m")
    run = room.begin("one")
    room.look(599)
    assert room.book.run(run.id).phase == "running"
    room.look(1)
    assert room.book.run(run.id).word == "done"


def test_nobody_approves_for_themselves_and_an_approval_grows_old(room: Room, own: Path) -> None:
    written_list(
        own, "safe", "yes | type: approval; role: approver; type_to_confirm: $service; expires: 10m", ACTION,
        more=SERVICE + "roles: {approver: {distinct_from: operator}}\n",
    )  # fmt: skip
    run = room.begin("safe", **CHAT)
    with pytest.raises(ChecklistError, match="another person than operator, who is ann"):
        room.do(run, "approve", typed="chat-assist")
    with pytest.raises(UsageError, match="typing 'chat-assist'"):
        room.do(run, "approve", "bob", typed="chat")
    run = room.do(run, "approve", "bob", typed="chat-assist")
    assert (word(run, "yes"), run.roles["approver"].who) == ("approved", "bob")
    room.look(600)
    with pytest.raises(ChecklistError, match="held for 10m, and that is over"):
        room.act(run)
    assert room.world.sent == []


def test_a_role_is_somebodys_until_somebody_else_takes_it_over(room: Room, own: Path) -> None:
    written_list(
        own, "two", "one | type: manual; role: commander", "two | type: manual; role: commander",
        more="roles: {commander: optional}\n",
    )  # fmt: skip
    run = room.do(room.begin("two"), "tick", "bob")
    assert run.roles["commander"].who == "bob"
    with pytest.raises(ChecklistError, match="commander of RUN-1 is bob, not ann"):
        room.do(run, "tick", "ann")
    room.do(run, "join", "ann", text="commander")
    assert room.do(run, "tick", "ann").word == "done"


def test_a_message_is_filled_in_handed_over_once_and_kept(room: Room, own: Path) -> None:
    written_list(
        own, "tell", 'say | type: comms; audience: internal; to: [ops]; message: "$service is well ($run_id)"',
        more=SERVICE,
    )  # fmt: skip
    run = room.do(room.begin("tell", **CHAT), "send")
    assert (room.world.told, word(run, "say")) == (["RUN-1:say:1"], "ticked")
    (exhibit,) = run.steps["say"].evidence
    assert (exhibit.kind, exhibit.query, exhibit.told) == (
        "message",
        "chat-assist is well (RUN-1)",
        "handed over for ops",
    )


def test_messages_that_a_list_wants_and_nobody_sends_are_flagged(room: Room, own: Path) -> None:
    written_list(
        own, "tell", "one | type: comms; audience: internal; message: a", "two | type: manual",
        more="timers: {first_comms: 5m, update_every: 20m}\n",
    )  # fmt: skip

    def overdue(run: wire.Run) -> list[str]:
        told = flags(room.book.run(run.id), room.world.clock.now())
        return [each for each in told if "overdue" in each]

    run = room.begin("tell")
    of_an_incident = room.by("ann").start(wire.RunRequest(checklist="tell", incident="INC-1"))
    room.look(360)
    assert overdue(run) == ["the first message is overdue by 1m (first_comms: 5m)"]
    assert overdue(of_an_incident) == [], "an incident has timers of its own"
    room.do(run, "send")
    room.look(1_200)
    assert overdue(run) == []
    room.look(60)
    assert overdue(run) == ["the next message is overdue by 1m (update_every: 20m)"]


def test_a_message_that_may_have_been_sent_before_a_kill_is_not_sent_again_by_itself(room: Room, own: Path) -> None:
    written_list(own, "tell", "say | type: comms; audience: internal; to: [ops]; message: All is well")
    run = room.begin("tell")
    room.world.kill_in = 3
    with pytest.raises(Killed):
        room.do(run, "send")
    room.open()
    room.look()
    run = room.book.run(run.id)
    assert (word(run, "say"), room.world.told) == ("failed", ["RUN-1:say:1"])
    assert "may have been sent" in run.steps["say"].note
    assert room.do(run, "tick", text="it arrived").word == "done"


def test_a_sub_checklist_is_a_run_of_its_own_and_its_end_is_the_steps(room: Room, own: Path) -> None:
    written_list(own, "inner", "look | type: check; expect: disk_free() > 5%", "say | type: manual")
    written_list(own, "outer", "part | type: subchecklist; checklist: inner", "last | type: manual")
    run = room.begin("outer")
    child = room.book.run("RUN-2")
    assert (child.parent, child.parent_step, child.current) == (run.id, "part", "say")
    room.do(child, "tick")
    run = room.book.run(run.id)
    assert (word(run, "part"), run.current) == ("ticked", "last"), "one of its steps was only ticked"
    assert run.steps["part"].note == "RUN-2 done: 1 verified, 1 ticked, 0 skipped"


def test_evidence_is_taken_when_a_step_begins_with_what_it_takes_to_find_it_again(room: Room, own: Path) -> None:
    written_list(
        own, "one", "say | type: manual; evidence:;   - sql: SELECT 7 FROM recent($service, '5m');"
        "   - signal: error_rate($service);   - {panel: versions, range: 1h}", more=SERVICE,
    )  # fmt: skip
    room.world.answers["SELECT 7"] = 7
    sql, signal, panel = room.begin("one", **CHAT).steps["say"].evidence
    assert (sql.parameters, sql.rows, len(sql.digest)) == (CHAT, ((7, 1_000),), 64)
    assert signal.told == "error_rate 1 (n 1,000 in 5m)"
    assert panel.query == "opsconsole show versions chat-assist --window 1h"


def test_the_command_of_a_panel_can_be_typed_whatever_the_service_is_called(room: Room, own: Path) -> None:
    written_list(own, "one", "say | type: manual; evidence:;   - {panel: versions}", more="params: {service: {}}\n")
    (panel,) = room.begin("one", service="chat; reboot").steps["say"].evidence
    assert panel.query == "opsconsole show versions 'chat; reboot'"


def test_a_stop_condition_flags_and_aborts_where_the_list_says_so(room: Room, own: Path) -> None:
    stop = SERVICE + "stop_conditions: [error_rate($service) > 20%]\n"
    written_list(own, "flag", "say | type: manual", more=stop)
    written_list(own, "stop", "say | type: manual", more=stop + "abort: {on: [user, stop_condition]}\n")
    room.world.answers["error_rate"] = 0.5
    flagged, stopped = room.begin("flag", **CHAT), room.begin("stop", **CHAT)
    assert (flagged.phase, "error_rate 0.5" in flagged.stopped) == ("running", True)
    assert stopped.word == "aborted"


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({}, "--param service=… is missing"),
        ({"service": "chat-asist"}, "there is no service 'chat-asist'"),
        ({"service": "chat-assist", "modl": "x"}, "no parameter 'modl'"),
    ],
)
def test_wrong_parameters_are_told_before_anything_begins(
    room: Room, own: Path, params: dict[str, str], told: str
) -> None:
    written_list(own, "one", "say | type: manual", more=SERVICE)
    with pytest.raises(UsageError, match="".join(each if each.isalnum() else "." for each in told)):
        room.begin("one", **params)
    assert room.world.events == []


def test_a_list_with_errors_is_not_run_and_says_the_first(room: Room, own: Path) -> None:
    written_list(own, "bad", "say | type: manual; goto: nowhere")
    with pytest.raises(ChecklistError, match=r"bad.md:\d+: there is no step 'nowhere'"):
        room.begin("bad")


def test_a_homes_list_goes_before_the_librarys_and_a_run_goes_on_with_the_list_that_it_began_with(
    room: Room, own: Path
) -> None:
    assert not room.catalogue.items()["handover"].is_own
    path = written_list(own, "handover", "say | type: manual", "more | type: manual")
    assert room.catalogue.items()["handover"].is_own
    run = room.begin("handover")
    path.unlink()
    room.open()
    assert room.do(room.do(run, "tick"), "tick").word == "done"


def test_a_list_that_was_not_reviewed_for_long_is_amber(room: Room, own: Path) -> None:
    written_list(own, "old", "say | type: manual").write_text(
        (own / "old.md").read_text().replace("2026-11-01", "2026-06-01")
    )
    entry = room.catalogue.entry(room.catalogue.items()["old"], [], None)
    assert entry.stale == ("reviewed 177 days ago, stale after 90d",)


def test_events_of_other_rooms_and_of_runs_that_are_not_known_change_nothing(room: Room, own: Path) -> None:
    written_list(own, "one", "say | type: manual")
    room.begin("one")
    state = room.book.state
    stranger = World()
    stranger.append("ann", "release.started", {"service": "x"})
    stranger.append("ann", "checklist.ticked", {"run": "RUN-9", "step": "x", "is_ok": True})
    assert fold(stranger.events, state) == state
