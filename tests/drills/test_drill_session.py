"""A drill that people attend: its pace, its doors, and who may know what."""

from __future__ import annotations

import getpass
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from attending import Attended

from opsconsole import wire
from opsconsole.client import Client, decoded
from opsconsole.console.frame import Frame, Link, State
from opsconsole.console.grammar.keymap import Keymap
from opsconsole.console.lines import plain
from opsconsole.console.place import Place, ViewName
from opsconsole.console.views import drill
from opsconsole.daemon.running import KINDS
from opsconsole.daemon.views import VIEWS
from opsconsole.daemon_process import ask_to_stop, await_stop, ensure_daemon
from opsconsole.errors import RequestRefused, UsageError
from opsconsole.home import Home
from strays import processes_of

PROGRAM = (sys.executable, "-c", "import sys; from opsconsole.cli import main; sys.exit(main())")


@pytest.fixture(scope="module")
def attended(room: Path) -> Iterator[Attended]:
    made = Attended(room / "attended")
    made.until(70)
    yield made
    made.stage.close()


def test_player_cannot_read_what_is_coming_by_any_question(attended: Attended) -> None:
    refused = [attended.get("ann", f"drill/{path}") for path in ("plan", "score")]
    assert [each.status_code for each in refused] == [400, 400]
    with pytest.raises(RequestRefused, match="is a player of this drill"):
        decoded(refused[0], wire.DrillPlan)
    told = [attended.get("ann", kind, service="chat") for kind in (*VIEWS, *KINDS, "sources", "alerts", "incidents")]
    told += [
        attended.get("ann", path) for path in ("drill", "drill/now", "health", "diagnosis", "manifests", "notifiers")
    ]
    tables = decoded(attended.post("ann", "query", wire.QueryRequest(sql="SHOW TABLES")), wire.QueryReply)
    names = [str(row[0]) for row in tables.rows]
    told += [attended.post("ann", "query", wire.QueryRequest(sql=f"SELECT * FROM {name}")) for name in names]
    everything = "\n".join(each.text for each in told)
    for secret in ("f-secret", "i-secret", "Did anybody look", "v2 is named", "Another service is changed"):
        assert secret not in everything


def test_alert_of_a_drill_misses_no_notifier(attended: Attended) -> None:
    alerts = decoded(attended.get("ann", "alerts"), wire.AlertsView).alerts
    told = [each.why_nobody for alert in alerts for each in alert.told]
    assert set(told) == {"a drill: nobody outside is told"}
    (name, *_) = (alert.id for alert in alerts if alert.told)
    history = decoded(attended.get("ann", "alert", alert=name), wire.AlertView).history
    assert f"{name}, a drill: nobody outside is told" in [each.text for each in history]


def shown(view: wire.DrillView) -> str:
    """The view `drill` of a console, every panel of it, wide and narrow."""
    pages = []
    for size in ((80, 22), (160, 48)):
        for panel in range(10):
            state = State(place=Place("drill", panel=panel))
            answers: dict[ViewName, wire.Answer] = {"drill": view}
            frame = Frame(state=state, link=Link("ok"), environment="DRILL", answers=answers, keys=Keymap().names)
            pages += [plain(line) for line in drill.paint(frame, *size)]
    return "\n".join(pages)


def test_players_pane_shows_no_fault_nothing_to_come_and_no_score(attended: Attended) -> None:
    view = decoded(attended.get("ann", "drill", eyes="facilitator"), wire.DrillView)
    assert (view.plan, view.is_facilitator) == (None, False)
    pane = shown(view)
    assert "drill-1" in pane
    for secret in ("f-secret", "i-secret", "A version that fails", "score", "Did anybody look", "v2 is named", "0/20"):
        assert secret not in pane


def test_facilitators_pane_shows_all_of_it_and_one_answer_is_never_given_for_another(attended: Attended) -> None:
    view = decoded(attended.get("eve", "drill", after="1"), wire.DrillView)
    assert view.is_facilitator
    pane = shown(view)
    for told in ("f-secret", "i-secret", "A version that fails", "score", "v2 is named", "0/20"):
        assert told in pane
    assert decoded(attended.get("ann", "drill", after="1"), wire.DrillView).plan is None


def test_players_journal_says_nothing_of_faults_or_expectations(attended: Attended) -> None:
    journal = "".join(path.read_text() for path in attended.stage.home.journal.glob("*.jsonl"))
    assert "f-secret" not in journal
    assert "drill.faulted" not in journal
    assert "drill.served" not in journal


def test_nothing_of_the_scenario_lies_in_the_home_while_it_runs(attended: Attended) -> None:
    assert not attended.run.scenario.exists()
    assert not attended.run.events.exists()


@pytest.mark.parametrize("sql", ["SELECT * FROM read_text('/etc/hostname')", "SELECT * FROM '../scenario.yaml'"])
def test_player_cannot_read_files_by_query(attended: Attended, sql: str) -> None:
    assert attended.post("ann", "query", wire.QueryRequest(sql=sql)).status_code == 400


@pytest.mark.parametrize("word", ["pause", "speed", "inject", "say", "note", "judge", "end"])
def test_player_of_a_team_commands_nothing(attended: Attended, word: str) -> None:
    with pytest.raises(RequestRefused):
        attended.command("ann", word, "late", 1.0)


def test_facilitator_sees_what_is_coming(attended: Attended) -> None:
    plan = decoded(attended.get("eve", "drill/plan"), wire.DrillPlan)
    assert [(each.id, each.level) for each in plan.faults] == [("f-secret", 1.0)]
    assert [(each.id, each.is_told) for each in plan.injects] == [("i-secret", False)]
    assert plan.score.harm.bad > plan.score.harm.bad_twin


def test_facilitators_words_reach_players_at_once(attended: Attended) -> None:
    attended.command("eve", "say", "The commander asks for a word")
    now = decoded(attended.get("ann", "drill/now"), wire.DrillNow)
    assert now.messages[-1].text == "The commander asks for a word"
    timeline = attended.get("ann", "timeline", service="").text
    assert "The commander asks for a word" in timeline


def test_what_is_said_reaches_the_consoles_that_are_there_now_whatever_the_drills_clock_says(
    attended: Attended,
) -> None:
    here = wire.Presence(console="c1", user="", origin="10.0.0.7", view="fleet", service="")
    decoded(attended.post("ann", "presence", here), wire.Present)
    attended.command("eve", "say", "Who has the command?")
    attended.stage.clock.advance(60)
    present = decoded(attended.post("ben", "presence", msgspec.structs.replace(here, console="c2")), wire.Present)
    assert [each.user for each in present.consoles] == ["ann", "ben"]
    ring = present.rings[-1]
    assert ring.words == "facilitator: Who has the command?"
    assert ring.is_said
    assert ring.until > datetime.now(UTC)
    plan = decoded(attended.get("eve", "drill/plan"), wire.DrillPlan)
    assert [each.split(" ")[0] for each in plan.consoles] == ["ann", "ben"]


def test_facilitators_note_is_seen_by_nobody_else(attended: Attended) -> None:
    attended.command("eve", "note", "they look at the wrong panel")
    attended.stage.log.follow()
    assert any(each.data.get("text") == "they look at the wrong panel" for each in attended.stage.log.events)
    assert "wrong panel" not in attended.get("ann", "drill/now").text
    assert "wrong panel" not in attended.get("ann", "timeline", service="").text


def test_hint_is_given_once_and_costs(attended: Attended) -> None:
    before = decoded(attended.get("ann", "drill/now"), wire.DrillNow)
    assert (before.hints, before.hint_cost, before.hinted) == (1, 7.0, ())
    hint = decoded(attended.post("ann", "drill/hint", wire.HintRequest()), wire.DrillHint)
    assert (hint.text, hint.cost) == ("Look at the versions.", 7.0)
    after = decoded(attended.get("ben", "drill/now"), wire.DrillNow)
    assert (after.hints, after.hint_cost, after.hinted) == (0, None, (hint,))
    with pytest.raises(UsageError, match="no hint now"):
        decoded(attended.post("ann", "drill/hint", wire.HintRequest()), wire.DrillHint)
    assert [(each.id, each.points, each.by) for each in attended.session.score().lapses] == [("hint", 7.0, "ann")]


def test_frame_of_every_console_says_drill(attended: Attended) -> None:
    assert decoded(attended.get("ann", "fleet", window="15m"), wire.FleetView).environment == "DRILL"


def test_solo_player_may_pause_and_end_and_then_reads_the_score_of_what_was_before(room: Path) -> None:
    solo = Attended(room / "solo", facilitators=())
    try:
        solo.until(10)
        with pytest.raises(RequestRefused):
            solo.command("ann", "say", "hello")
        with pytest.raises(RequestRefused):
            decoded(solo.get("ann", "drill/score"), wire.DrillScore)
        with pytest.raises(UsageError, match="the drill goes on"):
            decoded(solo.get("ann", "drill/report"), wire.DrillPapers)
        assert solo.command("ann", "pause").is_paused
        assert solo.command("ann", "speed", number=2.0).speed == 2.0
        solo.session.start()
        assert solo.command("ann", "pause").t == 10
        assert not solo.command("ann", "resume").is_paused
        solo.command("ann", "end")
        solo.session.stop()
        score = decoded(solo.get("ann", "drill/score"), wire.DrillScore)
        assert score == solo.run.score_again()
        opening = wire.OpenIncident(title="too late", services=("chat",), severities=("SEV-2",))
        assert solo.post("ann", "incident/open", opening).status_code == 200
        assert decoded(solo.get("ann", "drill/score"), wire.DrillScore) == score
        papers = decoded(solo.get("ben", "drill/report"), wire.DrillPapers)
        assert (papers.name, papers.markdown) == ("drill-1", solo.run.markdown.read_text())
        assert solo.run.markdown.read_text().startswith("# After action: A version that fails")
        assert decoded(solo.get("ann", "drill/plan"), wire.DrillPlan).title == "A version that fails"
    finally:
        solo.session.stop()
        solo.stage.close()


def test_real_page_makes_time_stand_still_and_is_told_once(attended: Attended) -> None:
    page = wire.Alert(
        id="A-9", subject="chat", cause="errors", services=("chat",), severity="page", state="firing",
        title="chat: 40% of requests fail", members=(), fired_at=attended.stage.clock.now(),
    )  # fmt: skip
    attended.session.give_way((page,))
    attended.session.give_way((page,))
    now = decoded(attended.get("ann", "drill/now"), wire.DrillNow)
    assert now.is_paused
    assert [each.text for each in now.messages if each.via == "page"] == [
        "A REAL PAGE: chat: 40% of requests fail. This drill is paused; look at the live console."
    ]
    assert not attended.command("eve", "resume").is_paused


TABLETOP = """
apiVersion: opsconsole/v1
kind: Drill
id: tabletop
title: What would you do?
mode: tabletop
clock: {start: 2026-11-02T02:55:00Z, length: 10m, lead: 0s}
injects:
  - {id: first, at: +30s, via: page, sender: monitoring, text: Half of the answers are empty}
  - {id: second, at: manual, via: chat, sender: support, text: Customers are leaving}
expectations:
  - {id: open, title: An incident is opened, match: open, within: 5m, points: 10}
  - {id: can, title: "A clear report: conditions, actions, needs", judged: true, points: 10}
harm: {points: 0}
"""


def test_tabletop_is_driven_by_its_facilitator_and_judged(room: Path) -> None:
    table = Attended(room / "tabletop", text=TABLETOP)
    try:
        table.until(40)
        assert [each.sender for each in decoded(table.get("ann", "drill/now"), wire.DrillNow).messages] == [
            "monitoring"
        ]
        table.command("eve", "inject", "second")
        assert decoded(table.get("ann", "drill/now"), wire.DrillNow).messages[-1].text == "Customers are leaving"
        with pytest.raises(UsageError, match="told 'second' already"):
            table.command("eve", "inject", "second")
        with pytest.raises(UsageError, match="told 'first' already"):
            table.command("eve", "inject", "first")
        opening = wire.OpenIncident(title="empty answers", services=(), severities=("SEV-2",))
        assert table.post("ann", "incident/open", opening).status_code == 200
        with pytest.raises(UsageError, match="is to be judged"):
            table.command("eve", "judge", "open", 1.0)
        table.command("eve", "judge", "can", 0.5)
        table.command("eve", "end")
        score = table.session.score()
        assert [(each.id, each.word, each.earned) for each in score.expectations] == [
            ("open", "met", 10.0),
            ("can", "met", 5.0),
        ]
        assert score.score == 75
    finally:
        table.stage.close()


def test_ended_drill_ends_its_process_and_tells_the_live_home(room: Path) -> None:
    """Whoever ends it needs no right to stop a daemon; what is wrong in the live configuration stops no drill; and
    which one it is, where any was asked for, nothing tells before the end."""
    live = Home(room / "live")
    live.create()
    path = live.directory / "drill-scenarios" / "secret-cause.yaml"
    path.parent.mkdir()
    path.write_text(TABLETOP.replace("id: tabletop", "id: secret-cause\ndifficulty: 5"))
    ensure_daemon(live)
    live.config.write_text("sources: mistaken meanwhile\n")
    try:
        words = ["drill", "run", "--any", "--difficulty", "5", "--seed", "0"]  # there are two
        words += ["--no-console", "--facilitator", getpass.getuser()]
        told = subprocess.run([*PROGRAM, "--home", str(live.directory), *words], capture_output=True, check=True)
        home = Home(live.directory / "drills" / "drill-1" / "home")
        everything = [*processes_of(room).values(), told.stdout.decode(), told.stderr.decode()]
        for each in home.directory.parent.rglob("*"):
            everything += [str(each), each.read_bytes().decode(errors="replace") if each.is_file() else ""]
        assert not [each for each in everything if "secret-cause" in each]
        client = Client(home)
        try:
            assert "secret-cause" not in str(client.drill())
            assert client.drill_command(wire.DrillCommand(word="end")).is_over
            assert client.drill_score().scenario == "secret-cause"
        finally:
            client.close()
        assert (home.directory.parent / "report.md").exists()
        await_stop(home)
        journal = "".join(each.read_text() for each in live.journal.glob("*.jsonl"))
        assert '"drill.scored"' in journal
    finally:
        ask_to_stop(live)
        await_stop(live)


def test_message_says_that_it_counts_though_nothing_leaves_a_drill(attended: Attended) -> None:
    opening = wire.OpenIncident(title="chat fails", services=("chat",), severities=("SEV-3",))
    opened = decoded(attended.post("ann", "incident/open", opening), wire.Responded)
    asked = wire.DraftRequest(incident=opened.told.partition(":")[0], stage="investigating", audience="internal")
    draft = decoded(attended.post("ann", "incident/draft", asked), wire.Draft)
    assert "nothing leaves a drill: what is written down counts as told" in draft.warnings
    assert "notifier" not in str(draft.warnings)
    sending = wire.SendRequest(
        incident=asked.incident, stage=asked.stage, audience=asked.audience, text=draft.text, template=draft.template
    )
    told = decoded(attended.post("ann", "incident/send", sending), wire.Responded).told
    assert told == f"{asked.incident}: written down, which counts as told in a drill"
