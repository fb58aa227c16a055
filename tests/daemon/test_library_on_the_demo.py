"""Every checklist of the library, run on the demo fleet by a scripted operator: traffic, gate and target are real."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from demo_fleet import DemoFleet
from doors import listening, opsconsole
from operating import Operator

from opsconsole import wire
from opsconsole.checklists.catalogue import LIBRARY
from opsconsole.releases.access import Person
from waiting import until

OPERATOR = Person(uid=os.getuid(), name="ann")
CHAT = {"service": "chat-assist"}
SCRIPTS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "latency-regression-after-promote": (CHAT, {"decide": "r"}),
    "error-spike": (CHAT, {"decide": "r"}),
    "provider-outage": (CHAT, {"kind": "l", "fallback": "y", "tell-again": "e"}),
    "cost-spike": (CHAT, {"wanted": "y", "decide": "r"}),
    "drift-and-degradation": (CHAT, {"hurt": "uy", "back": "r"}),
    "bad-canary": (CHAT, {"decide": "wr"}),
    "data-source-quiet": (CHAT, {"answers": "y"}),
    "key-leak": (CHAT | {"key": "web-prod"}, {"decide": "v", "still": "e"}),
    "prompt-abuse": (CHAT, {"kind": "i", "decide": "r"}),
    "disk-full": (CHAT, {"retention": "y"}),
    "rollback-did-not-help": (CHAT, {"which": "u"}),
    "handover": (CHAT, {}),
}
"""Checklist → parameters, and the answers to its decisions, in turn."""


@pytest.fixture(scope="module")
def shared_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoFleet]:
    demo = DemoFleet(tmp_path_factory.mktemp("demo") / "home")
    yield demo
    demo.close()


@pytest.fixture
def demo(shared_demo: DemoFleet) -> Iterator[DemoFleet]:
    """With the canary that the demo begins with, whatever the test before it did."""
    yield shared_demo
    routing = wire.Routing(shares={"v41": 90, "v42": 10})
    outcome = shared_demo.release("set", routing=routing)
    assert outcome.word == "done" or outcome.refusals[0].rule == "nothing to do"
    shared_demo.advance(300)


def test_every_checklist_of_the_library_has_a_script() -> None:
    assert set(SCRIPTS) == {path.stem for path in LIBRARY.glob("*.md")}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_checklist_of_the_library_runs_to_its_end_on_the_demo(demo: DemoFleet, name: str) -> None:
    params, decisions = SCRIPTS[name]
    operator = Operator(demo, decisions)
    view = operator.work(demo.begin(name, **params))
    run = view.run
    assert run.word == "done"
    asked = [(step, each) for step, progress in run.steps.items() for each in progress.findings]
    refused = [each.told for _, each in asked if "Error" in each.told]
    assert refused == []
    exhibits = [each for progress in run.steps.values() for each in progress.evidence]
    assert exhibits
    assert [each for each in exhibits if "not to be had" in each.told] == []
    if name == "latency-regression-after-promote":
        _of_the_slow_canary(run)


def _of_the_slow_canary(run: wire.Run) -> None:
    """It was found by itself, rolled back, and seen to be gone from the traffic."""
    assert run.params["version"] == "v42"
    words = ("verified", "ticked", "decided", "verified", "verified", "ticked")
    steps = ("confirm", "scope", "decide", "rollback", "recovered", "last-words")
    assert tuple(run.steps[name].word for name in steps) == words
    (op,) = [op for op in run.ops if op.kind == "release"]
    assert (op.word, op.before, op.after) == ("done", {"v41": 0.9, "v42": 0.1}, {"v41": 1.0})
    assert [each.kind for each in run.steps["rollback"].evidence] == ["plan", "outcome"]
    (finding,) = run.steps["rollback"].findings
    assert finding.told.startswith("share 0,")


def test_on_the_command_line_an_undoing_is_left_out_by_its_name_and_no_other(demo: DemoFleet) -> None:
    run = demo.begin("bad-canary", service="chat-assist").run.id
    operator = Operator(demo, {"decide": "r"})
    view = demo.view(run)
    while not view.run.ops:
        view = operator._move(view)
    with listening(demo.daemon, OPERATOR):
        early = opsconsole(demo.daemon, "checklist", "step", run, "skip", "so", "--undoing", f"{run}:rollback:1")
        assert (early.code, f"{run} undoes nothing now" in early.err) == (2, True)
        demo.do(run, "abort", text="it was the other service")
        unnamed = opsconsole(demo.daemon, "checklist", "step", run, "skip", "it may stay")
        assert (unnamed.code, f"skip would leave {run}:rollback:1 as it is" in unnamed.err) == (2, True)
        assert demo.view(run).undoing == f"{run}:rollback:1"
        named = ("skip", "it may stay", "--undoing", f"{run}:rollback:1")
        left = opsconsole(demo.daemon, "checklist", "step", run, *named)
        assert f"left as it is: {run}:rollback:1" in left.err
    until(lambda: demo.view(run).run.word == "aborted")


def test_aborting_sets_back_what_ran_and_nothing_else(demo: DemoFleet) -> None:
    run = demo.begin("bad-canary", service="chat-assist").run.id
    operator = Operator(demo, {"decide": "r"})
    view = demo.view(run)
    while not view.run.ops:
        view = operator._move(view)
    aborted = demo.do(run, "abort", text="it was the other service").view
    assert (aborted.run.phase, aborted.undoing) == ("aborting", f"{run}:rollback:1")
    plan = demo.do(run, "plan").plan
    assert plan is not None
    assert plan.after.shares == {"v41": 0.9, "v42": 0.1}
    ended = demo.do(run, "act", op_id=plan.op_id, typed=plan.confirm_with).view.run
    assert (ended.phase, ended.word, ended.steps["rollback"].word) == ("ended", "aborted", "undone")
    state = demo.daemon.desk.releasing.around.target("chat-assist").read()
    assert state.routing.shares == {"v41": 0.9, "v42": 0.1}
