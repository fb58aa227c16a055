"""Checklists in the daemon: the real gate on the file target, through kills, with several people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from calls import write_calls
from demo_fleet import DemoFleet
from inprocess import START, Daemon

from opsconsole import wire
from opsconsole.commands.checklist_page import list_page
from opsconsole.config.notifying import NotifierSetting
from opsconsole.config.settings import Settings
from opsconsole.daemon.engine import Engine
from opsconsole.daemon.running import Running
from opsconsole.daemon.views.reading import Asked
from opsconsole.errors import RequestRefused, UsageError
from opsconsole.releases.access import Person

LIST = """\
---
id: back
title: Back
owner: me
last_reviewed: 2026-02-01
params: {service: {type: service, required: true}}
---

### Back {#back}

```yaml step
type: action
timebox: 5m
action: release.rollback
with: {service: $service}
undo: restore
verify: {signal: "target_share($service, v42) < 1%", within: 5m}
```

### Say {#say}

```yaml step
type: comms
timebox: 1m
audience: internal
to: [ops]
message: $service is back
```
"""


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[DemoFleet]:
    home = tmp_path / "home"
    (home / "checklists").mkdir(parents=True)
    home.chmod(0o700)
    (home / "checklists" / "back.md").write_text(LIST)
    made = DemoFleet(home, 600.0)
    yield made
    made.close()


class Gone(BaseException):
    """The process is gone."""


def killed_at(engine: Engine, monkeypatch: pytest.MonkeyPatch, kind: str, phase: str) -> None:
    """From now on the process is gone as soon as such an event would be written."""
    write = engine.journal.append

    def append(actor: str, told: str, data: dict):  # type: ignore[no-untyped-def,type-arg]
        if told == kind and data.get("phase", "") == phase:
            raise Gone
        return write(actor, told, data)

    monkeypatch.setattr(engine.journal, "append", append)


@pytest.mark.parametrize(
    ("kind", "phase", "sent", "word"),
    [
        ("checklist.acted", "sending", 0, "active"),
        ("release.started", "", 0, "failed"),
        ("checklist.acted", "known", 1, "verified"),
    ],
)
def test_after_a_kill_the_real_gate_is_asked_what_became_of_it_and_nothing_is_sent_again(
    demo: DemoFleet, monkeypatch: pytest.MonkeyPatch, kind: str, phase: str, sent: int, word: str
) -> None:
    engine, desk, ann = demo.daemon.engine, demo.daemon.desk, demo.daemon.owner
    run = demo.begin("back", service="chat-assist").run.id
    plan = demo.do(run, "plan").plan
    assert plan is not None
    with monkeypatch.context() as patch:
        killed_at(engine, patch, kind, phase)
        for book in (desk.running.book, desk.releasing.book):
            patch.setattr(book, "_append", engine.journal.append)
        request = wire.StepRequest(run=run, verb="act", op_id=plan.op_id, typed=plan.confirm_with)
        with pytest.raises(Gone):
            desk.running.do(ann, request)
    again = Running(engine, desk.releasing, desk.view, desk.access, None, desk.responding.conduct.incident)
    again.look()
    demo.advance(15)
    again.look()
    stands = again.book.run(run)
    assert stands.steps["back"].word == word
    started = [event for event in engine.journal.events() if event.kind == "release.started"]
    assert len(started) == sent
    if word == "failed":
        assert "nothing was sent: the daemon stopped before" in stands.steps["back"].note


SAY = """\
---
id: say
title: Say
owner: me
last_reviewed: 2026-02-01
---

### Say {#say}

```yaml step
type: comms
timebox: 1m
audience: internal
to: [ops, pgaer]
message: All is well
```
"""


MISSING = "which there is not, or which does not take it"


@pytest.mark.parametrize(
    ("notifiers", "handed", "told"),
    [
        (("ops",), [("ops", "Say")], f"handed over for ops; NOT by pgaer, {MISSING}"),
        (("other",), [], f"shown, to be sent by hand; NOT by ops, pgaer, {MISSING}"),
        ((), [], "shown, to be sent by hand: this daemon has no notifiers, and ops, pgaer cannot be told"),
    ],
)
def test_a_message_is_handed_to_the_notifiers_that_it_names_or_shown_to_be_sent_by_hand(
    tmp_path: Path, notifiers: tuple[str, ...], handed: list[tuple[str, str]], told: str
) -> None:
    (tmp_path / "checklists").mkdir(mode=0o700)
    (tmp_path / "checklists" / "say.md").write_text(SAY)
    daemon = Daemon(tmp_path, Settings(notifiers={name: NotifierSetting(kind="terminal") for name in notifiers}))
    daemon.start()
    try:
        begun = daemon.ask("POST", "/v1/checklist/run", wire.StepReply, wire.RunRequest(checklist="say")).view.run
        request = wire.StepRequest(run=begun.id, verb="send")
        run = daemon.ask("POST", "/v1/checklist/step", wire.StepReply, request).view.run
        assert [exhibit.told for exhibit in run.steps["say"].evidence] == [told]
        sent = daemon.ask("GET", "/v1/deliveries", wire.DeliveriesReply).deliveries
        assert [(each.notifier, each.title) for each in sent] == handed
    finally:
        daemon.engine.stop()


def test_a_run_belongs_to_an_incident_that_there_is_however_it_is_typed(demo: DemoFleet) -> None:
    opened = wire.OpenIncident(title="slow")
    demo.daemon.ask("POST", "/v1/incident/open", wire.Responded, opened)

    def begun(incident: str) -> str:
        request = wire.RunRequest(checklist="back", params={"service": "chat-assist"}, incident=incident)
        return demo.daemon.ask("POST", "/v1/checklist/run", wire.StepReply, request).view.run.incident

    assert begun("inc-1") == "INC-1"
    with pytest.raises(UsageError, match="there is no incident 'INC-7'"):
        begun("INC-7")


def test_the_list_whose_trigger_holds_is_suggested_where_it_is_looked_for_until_it_is_taken(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path / "home", Settings())
    try:
        daemon.attach(write_calls(tmp_path / "a.jsonl", START, range(-1_200, 0), status=500, error_type="internal"))
        view = daemon.ask("GET", "/v1/checklists", wire.ChecklistsView, service="chat")
        spike = next(each for each in view.suggested if each.checklist == "error-spike")
        assert (spike.told, spike.command) == (
            "error_rate 1, wanted > 0.05 (n 299 in 5m)",
            "opsconsole checklist run error-spike --param service=chat",
        )
        assert "data-source-quiet" not in {each.checklist for each in view.suggested}
        assert f"TAKE error-spike: {spike.told}\n  {spike.command}\n" in list_page(view)
        assert daemon.ask("GET", "/v1/checklists", wire.ChecklistsView).suggested == ()
        opened = wire.OpenIncident(title="slow", services=("chat",))
        daemon.ask("POST", "/v1/incident/open", wire.Responded, opened)
        incident = daemon.ask("GET", "/v1/incident", wire.IncidentView, incident="INC-1")
        assert spike in incident.suggested
        taken = wire.RunRequest(checklist="error-spike", params={"service": "chat"}, incident="INC-1")
        daemon.ask("POST", "/v1/checklist/run", wire.StepReply, taken)
        incident = daemon.ask("GET", "/v1/incident", wire.IncidentView, incident="INC-1")
        assert "error-spike" not in {each.checklist for each in incident.suggested}, "it runs already"
        daemon.ask("POST", "/v1/incident/resolve", wire.Responded, wire.ResolveIncident(incident="INC-1"))
        assert daemon.ask("GET", "/v1/incident", wire.IncidentView, incident="INC-1").suggested == ()
    finally:
        daemon.engine.stop()


def test_a_drill_makes_a_list_fresh_that_nobody_has_read_for_long(tmp_path: Path) -> None:
    (tmp_path / "checklists").mkdir(mode=0o700)
    (tmp_path / "checklists" / "say.md").write_text(SAY.replace("2026-02-01", "2025-02-01"))
    daemon = Daemon(tmp_path, Settings())
    daemon.start()

    def entry() -> wire.ChecklistEntry:
        view = daemon.desk.view(Asked("checklists", wire.DEFAULT_WINDOW))
        assert isinstance(view, wire.ChecklistsView)
        return next(each for each in view.checklists if each.id == "say")

    try:
        assert entry().stale == ("reviewed 367 days ago, stale after 90d",)
        daemon.engine.journal.append("drill", "drill.scored", {"checklists": ["say", "handover"], "score": 80})
        assert (entry().last_drilled, entry().stale) == (START, ())
        daemon.clock.advance(91 * 86_400)
        assert entry().stale == ("drilled 91 days ago, stale after 90d",)
    finally:
        daemon.engine.stop()


def test_who_is_no_operator_may_look_and_no_more(demo: DemoFleet) -> None:
    run = demo.begin("back", service="chat-assist").run.id
    eve = Person(name="eve", uid=4_711)
    assert demo.daemon.ask("GET", "/v1/run", wire.RunView, person=eve, id=run).run.id == run
    for path, body in (
        ("checklist/step", wire.StepRequest(run=run, verb="skip", text="why not")),
        ("checklist/run", wire.RunRequest(checklist="handover")),
    ):
        with pytest.raises(RequestRefused, match="eve may not"):
            demo.daemon.ask("POST", f"/v1/{path}", wire.StepReply, body, person=eve)


def test_the_views_say_what_there_is_how_fresh_and_what_may_be_done(demo: DemoFleet) -> None:
    run = demo.begin("back", service="chat-assist").run.id
    view = demo.daemon.ask("GET", "/v1/checklists", wire.ChecklistsView)
    own = next(each for each in view.checklists if each.id == "back")
    assert (own.is_own, own.stale, own.last_run, own.problems) == (True, (), None, 0)
    assert [each.id for each in view.runs] == [run]
    assert demo.view(run).verbs == ("plan", "act", "skip", "note", "join", "abort")
    one = demo.daemon.ask("GET", "/v1/checklist", wire.ChecklistView, id="back", form="yaml")
    assert one.text.startswith("id: back\n")
    with pytest.raises(UsageError, match="there is no checklist 'bck'"):
        demo.daemon.ask("GET", "/v1/checklist", wire.ChecklistView, id="bck")


def test_every_event_of_a_run_has_words_on_the_timeline(demo: DemoFleet) -> None:
    from opsconsole.daemon.views.told import TOLD

    run = demo.begin("back", service="chat-assist").run.id
    demo.do(run, "note", text="who is on it?")
    demo.do(run, "join", text="operator")
    plan = demo.do(run, "plan").plan
    assert plan is not None
    demo.do(run, "act", op_id=plan.op_id, typed=plan.confirm_with)
    demo.do(run, "abort", text="enough of it")
    plan = demo.do(run, "plan").plan
    assert plan is not None
    assert demo.do(run, "act", op_id=plan.op_id, typed=plan.confirm_with).view.run.word == "aborted"
    events = [event for event in demo.daemon.engine.journal.events() if event.kind.startswith("checklist.")]
    told = [TOLD[event.kind](event) for event in events]
    assert all(text.startswith(f"{run} ") for _, _, text in told)
    assert {event.kind for event in events} >= {"checklist.started", "checklist.acted", "checklist.undone"}


def test_a_question_knows_the_macros_as_of_the_daemons_clock(demo: DemoFleet) -> None:
    asked = wire.QueryRequest(sql="SELECT count(*), max(ts) <= at_now() FROM recent('chat-assist', '5m')")
    ((n, is_past),) = demo.daemon.ask("POST", "/v1/query", wire.QueryReply, asked).rows
    assert is_past
    assert isinstance(n, int)
    assert 600 < n < 2_000
    demo.daemon.clock.advance(3_600)
    assert demo.daemon.ask("POST", "/v1/query", wire.QueryReply, asked).rows[0][0] == 0
