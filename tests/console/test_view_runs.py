"""Checklists on the screen: what is fresh, a run step by step, and the keys that work it."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from answers_release import plan_of
from answers_runs import run, view_of
from driver import LARGE, SEND, Session, drive
from fleet import FakeClient, fleet_view
from painting import frame_at, row_with, text_of
from releasing import type_as_a_person

from opsconsole import wire
from opsconsole.console.confirming import DEAF_S
from opsconsole.console.place import Place

LIST, ONE = Place("checklists"), Place("run").choosing(key="RUN-3")
READ_S = DEAF_S + 0.1
VIEWER = wire.Permission(actor="guest", roles=("viewer",), is_read_only=False, environment="prod")


@dataclass
class Working(FakeClient):
    """A daemon that works steps: what it was asked is in ``done``."""

    plan: wire.Plan | None = None
    word: wire.OutcomeWord = "done"

    async def do(self, path: str, request: msgspec.Struct, kind: Any) -> Any:
        self.done.append((path, request))
        if isinstance(request, wire.RunRequest):
            return wire.StepReply(view=view_of(run("RUN-9"), {}))
        assert isinstance(request, wire.StepRequest)
        if request.verb == "plan":
            order = wire.OrderRequest(service="chat-assist", act="rollback", via="checklist")
            self.plan = plan_of(order)
            return wire.StepReply(view=view_of(run(request.run, "rollback"), {}), plan=self.plan)
        if request.verb == "act":
            op = wire.Op(
                key="k", kind="release", step="rollback", attempt=1, op_id=request.op_id, service="chat-assist",
                told="v41 100 %, read back", word=self.word, at=run().started_at,
            )  # fmt: skip
            return wire.StepReply(view=view_of(run(request.run, "rollback", ops=(op,)), {}))
        return wire.StepReply(view=view_of(run(request.run, "rollback"), {}))

    @property
    def steps(self) -> list[tuple[str, str, str, str]]:
        """(verb, step, option, text) of everything that was done about a step."""
        return [
            (each.verb, each.step, each.option, each.text)
            for _, each in self.done
            if isinstance(each, wire.StepRequest)
        ]


def client(**options: Any) -> Working:
    return Working(fleet_answer=lambda window: fleet_view(window, names=("chat-assist",)), **options)


def worked(run: str, keys: list[str], until: str = "", **options: Any) -> Working:
    """On the page of a run, once it was read: these keys; the daemon's side of it."""
    fake = client(**options)

    async def scenario(session: Session) -> None:
        await session.press(":", *f"run {run}", "enter")
        await session.until(run)
        await session.pilot.pause(READ_S)
        await session.press(*keys)
        if until:
            await session.until(until)

    drive(scenario, client=fake, size=LARGE)
    return fake


# What is seen -----------------------------------------------------------------------------------------------------


def test_lists_say_how_fresh_they_are_and_runs_under_way_stand_first() -> None:
    frame = frame_at(LIST)
    assert "▲ stale" in row_with(frame, "handover")
    assert "✔ fresh" in row_with(frame, "error-spike")
    text = text_of(frame)
    assert text.index("RUN-3") < text.index("error-spike") < text.index("RUN-2")
    assert "reviewed 200 days ago" in text


def test_what_a_machine_verified_is_told_from_what_somebody_ticked() -> None:
    text = text_of(frame_at(Place("run", panel=2).choosing(key="RUN-3")))
    assert "✔ verified  Is it really failing?" in text
    assert "● ticked    Look at one of them  ann: all time out" in text
    assert "› now       Roll back?" in text
    assert "·           Tell people" in text


def test_the_step_says_its_ways_its_text_its_evidence_and_that_it_takes_too_long() -> None:
    text = text_of(frame_at(ONE))
    assert "1 now  3/5 Roll back?  decision · 2m" in text
    assert "› r Roll back now  v42 loses its traffic" in text
    assert "▲ Roll back?: over its timebox of 2m by 40s" in text
    assert "What the newest version answers is lost." in text
    assert re.search(r"v42 +441 +0\.081", text)
    assert "1 verified · 1 ticked · 3 open" in text


def test_a_step_is_read_with_what_was_found() -> None:
    async def scenario(session: Session) -> None:
        await session.press("C", "enter", "2", "j", "enter")
        assert "✔ expect: 8.1% > 1%, n 4,412" in session.text

    drive(scenario, client=client())


def test_a_checklist_is_read_before_it_is_run() -> None:
    async def scenario(session: Session) -> None:
        await session.press("C", "2", "enter")
        await session.until("asks for  service: the service that fails")
        assert "when      error_rate($service) > 5% over 5m" in session.text

    drive(scenario, client=client())


# Beginning --------------------------------------------------------------------------------------------------------


def test_the_checklist_of_an_alert_begins_with_what_is_known_filled_in() -> None:
    fake = client()

    async def scenario(session: Session) -> None:
        await session.press("A", "c")
        await session.until("service: chat-assist")
        await session.press("enter")
        assert "version (empty: filled in):" in session.bottom
        await session.press("enter", SEND)
        await session.until("RUN-9 began")
        assert session.app.frame.state.place == Place("run").choosing(key="RUN-9")

    drive(scenario, client=fake, size=LARGE)
    assert fake.done == [("checklist/run", wire.RunRequest(checklist="error-spike", params={"service": "chat-assist"}))]


def test_a_parameter_that_is_needed_and_that_nothing_fills_in_is_asked_for() -> None:
    fake = client()

    async def scenario(session: Session) -> None:
        await session.press("C", "2", "c")
        await session.until("service:")
        await session.press("enter")
        assert "service is missing" in session.bottom

    drive(scenario, client=fake, size=LARGE)
    assert fake.done == []


def test_of_an_incident_one_chooses_which_list_and_the_run_belongs_to_it() -> None:
    fake = client()

    async def scenario(session: Session) -> None:
        await session.press("I", "enter", "c")
        await session.until("which: error-spike")
        await session.press(SEND)
        await session.until("service: chat-assist")
        await session.press("enter", "enter")
        assert "of incident: INC-7" in session.bottom
        await session.press(SEND)
        await session.until("RUN-9 began")

    drive(scenario, client=fake, size=LARGE)
    assert [request.incident for _, request in fake.done if isinstance(request, wire.RunRequest)] == ["INC-7"]


@pytest.mark.parametrize("before", [(), ("I", "enter")], ids=["nothing", "another incident"])
def test_a_checklist_waits_for_the_incident_that_is_open(before: tuple[str, ...]) -> None:
    class Slow(Working):
        async def view(self, kind: str, parameters: Any, after: int = 0) -> wire.Answer:
            if parameters.get("incident") == "INC-6":
                await asyncio.Event().wait()
            return await super().view(kind, parameters, after)

    fake = Slow(fleet_answer=lambda window: fleet_view(window, names=("chat-assist",)))

    async def scenario(session: Session) -> None:
        await session.press(*before, ":", *"incident INC-6", "enter", "c")
        assert "INC-6 has not come yet" in session.bottom

    drive(scenario, client=fake, size=LARGE)
    assert fake.done == []


def test_the_list_that_the_signals_ask_for_stands_first() -> None:
    asks = wire.Suggestion(
        checklist="handover", title="Handover", service="chat-assist", told="error_rate 8.1% > 5%", command="…"
    )

    class Asking(Working):
        def answer(self, kind: str, parameters: Any) -> wire.Answer:
            answer = super().answer(kind, parameters)
            is_list = isinstance(answer, wire.ChecklistsView) and parameters.get("service") == "chat-assist"
            return msgspec.structs.replace(answer, suggested=(asks,)) if is_list else answer

    async def scenario(session: Session) -> None:
        await session.press("I", "c")
        await session.until("which: handover")

    drive(scenario, client=Asking(fleet_answer=lambda window: fleet_view(window, names=("chat-assist",))), size=LARGE)


# Steps ------------------------------------------------------------------------------------------------------------


def test_a_decision_has_its_own_keys() -> None:
    assert worked("RUN-3", ["r"], "now: Roll back").steps == [("decide", "decide", "r", "")]
    assert worked("RUN-3", ["w"], "now: Roll back").steps == [("decide", "decide", "w", "")]


def test_a_manual_step_is_ticked_or_is_not_so() -> None:
    assert worked("RUN-5", ["y"], "now: Roll back").steps == [("tick", "look", "", "")]
    assert worked("RUN-5", ["n"], "now: Roll back").steps == [("fail", "look", "", "")]


def test_a_message_is_seen_and_sent() -> None:
    assert worked("RUN-6", ["y"], "now: Roll back").steps == [("send", "tell", "", "")]


@pytest.mark.parametrize(("key", "verb"), [("s", "skip"), ("t", "note"), ("a", "abort")])
def test_what_needs_words_asks_for_them(key: str, verb: str) -> None:
    assert worked("RUN-5", [key, "enter", *"so", SEND], "now: Roll back").steps == [(verb, "look", "", "so")]


def test_a_key_that_means_nothing_to_the_step_says_so_and_opens_no_other_view() -> None:
    fake = client()

    async def scenario(session: Session) -> None:
        await session.press(":", *"run RUN-5", "enter")
        await session.pilot.pause(READ_S)
        await session.press("r")
        assert "this step has nothing to do with that" in session.bottom
        assert session.app.frame.state.view == "run"

    drive(scenario, client=fake)
    assert fake.steps == []


def test_an_approval_is_typed_by_whoever_may_approve() -> None:
    class Approving(Working):
        def answer(self, kind: str, parameters: Any) -> wire.Answer:
            answer = super().answer(kind, parameters)
            if not isinstance(answer, wire.RunView):
                return answer
            return msgspec.structs.replace(answer, verbs=("approve", "deny", "skip"), confirm="v42")

    approver = wire.Permission(actor="bob", roles=("viewer", "approver"), is_read_only=False, environment="prod")
    fake = Approving(
        fleet_answer=lambda window: fleet_view(window, names=("chat-assist",)), permission=approver
    )  # fmt: skip

    async def scenario(session: Session) -> None:
        await session.press(":", *"run RUN-5", "enter")
        await session.pilot.pause(READ_S)
        await session.press("y", *"v41", "enter")
        assert "type v42, or Esc" in session.bottom
        await session.press("backspace", "2", SEND)
        await session.until("now: Roll back")

    drive(scenario, client=fake, size=LARGE)
    (request,) = [each for _, each in fake.done if isinstance(each, wire.StepRequest)]
    assert (request.verb, request.step, request.typed) == ("approve", "look", "v42")


def test_enter_does_nothing_to_the_run() -> None:
    assert worked("RUN-5", ["enter", "enter"]).steps == []


def test_a_key_that_was_meant_for_the_step_before_does_nothing() -> None:
    fake = client()

    async def scenario(session: Session) -> None:
        await session.press(":", *"run RUN-5", "enter", "y")
        assert "the step has just changed" in session.bottom

    drive(scenario, client=fake, size=LARGE)
    assert fake.steps == []


def test_whoever_may_only_look_works_no_step() -> None:
    assert worked("RUN-3", ["r"], "guest may look and not act", permission=VIEWER).steps == []
    assert worked("RUN-5", ["y"], "guest may look and not act", permission=VIEWER).steps == []


def test_a_run_that_has_ended_is_worked_no_more() -> None:
    assert worked("RUN-2", ["y"], "RUN-2 has ended").steps == []


# What changes the world -------------------------------------------------------------------------------------------


def test_an_action_is_planned_typed_and_done_through_its_run() -> None:
    fake = client()

    async def scenario(session: Session) -> None:
        await session.press(":", *"run RUN-4", "enter")
        await session.pilot.pause(READ_S)
        await session.press("y")
        await session.until("type ba to roll back to v41")
        assert [verb for verb, *_ in fake.steps] == ["plan"]
        await type_as_a_person(session, "ba")
        await session.until("v41 100 %, read back")
        await session.pilot.pause(READ_S)
        assert "Enter: the page of RUN-4" in session.bottom
        await session.press("enter")
        assert session.app.frame.state.place == Place("run").choosing(key="RUN-4")

    drive(scenario, client=fake)
    acted = [request for _, request in fake.done if isinstance(request, wire.StepRequest)]
    assert [(each.verb, each.step, each.typed) for each in acted] == [
        ("plan", "rollback", ""),
        ("act", "rollback", "ba"),
    ]
    assert fake.plan is not None
    assert acted[1].op_id == fake.plan.op_id


@pytest.mark.parametrize("key", ["enter", "y", "escape"])
def test_neither_enter_nor_the_key_that_asked_does_an_action(key: str) -> None:
    fake = client()

    async def scenario(session: Session) -> None:
        await session.press(":", *"run RUN-4", "enter")
        await session.pilot.pause(READ_S)
        await session.press("y")
        await session.until("type ba")
        await session.pilot.pause(READ_S)
        await session.press(key)
        assert "nothing was done" in session.bottom

    drive(scenario, client=fake)
    assert [verb for verb, *_ in fake.steps] == ["plan"]


def test_an_action_whose_outcome_is_not_known_says_so() -> None:
    fake = client(word="indeterminate")

    async def scenario(session: Session) -> None:
        await session.press(":", *"run RUN-4", "enter")
        await session.pilot.pause(READ_S)
        await session.press("y")
        await session.until("type ba")
        await type_as_a_person(session, "ba")
        await session.until("? indeterminate")

    drive(scenario, client=fake)


def test_a_skip_names_what_is_not_undone_and_carries_it() -> None:
    class Aborting(Working):
        def answer(self, kind: str, parameters: Any) -> wire.Answer:
            answer = super().answer(kind, parameters)
            return msgspec.structs.replace(answer, undoing="RUN-5:back:1") if kind == "run" else answer

    fake = Aborting(fleet_answer=lambda window: fleet_view(window, names=("chat-assist",)))

    async def scenario(session: Session) -> None:
        await session.press(":", *"run RUN-5", "enter")
        await session.pilot.pause(READ_S)
        await session.press("s")
        assert "skip the undoing of RUN-5:back:1" in session.bottom
        await session.press(*"so", SEND)

    drive(scenario, client=fake, size=LARGE)
    assert [each.undoes for _, each in fake.done if isinstance(each, wire.StepRequest)] == ["RUN-5:back:1"]
    assert [each.undoes for _, each in worked("RUN-5", ["s", *"so", SEND]).done] == [""]  # type: ignore[attr-defined]


def test_after_an_abort_it_is_said_that_what_ran_is_undone() -> None:
    class Aborting(Working):
        async def do(self, path: str, request: msgspec.Struct, kind: Any) -> Any:
            reply = await super().do(path, request, kind)
            return wire.StepReply(view=msgspec.structs.replace(reply.view, run=run("RUN-5", "look", phase="aborting")))

    async def scenario(session: Session) -> None:
        await session.press(":", *"run RUN-5", "enter")
        await session.pilot.pause(READ_S)
        await session.press("a", *"wrong service", SEND)
        await session.until("RUN-5 is aborting: what ran is undone step by step")

    drive(scenario, client=Aborting(fleet_answer=lambda window: fleet_view(window, names=("chat-assist",))), size=LARGE)
