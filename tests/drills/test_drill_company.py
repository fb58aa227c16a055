"""What stops a drill, and who may see what of it."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
from attending import TEXT, Attended
from rehearsing import BACK, OPEN, SMALL, rehearsed, small

from opsconsole import cli, wire
from opsconsole.client import decoded
from opsconsole.console.deeds.drills import DEEDS, label
from opsconsole.console.frame import Frame, Link, State
from opsconsole.console.grammar.keymap import Keymap
from opsconsole.console.lines import plain
from opsconsole.console.place import Place
from opsconsole.console.views.drill import paint
from opsconsole.daemon.drilling.doors import person_named
from opsconsole.drills.linting import lint
from opsconsole.errors import RequestRefused, UsageError


def with_lines(lines: str) -> str:
    return TEXT + lines


@pytest.fixture
def opened(room: Path) -> Iterator[list[Attended]]:
    """Drills that are closed afterwards."""
    made: list[Attended] = []
    yield made
    for each in made:
        each.stage.close()


def attended(opened: list[Attended], room: Path, lines: str = "", **more: tuple[str, ...]) -> Attended:
    text = with_lines(lines).replace("history: 6m", "history: 1m")
    opened.append(Attended(room / "company", text=text, **more))  # type: ignore[arg-type]
    return opened[-1]


# What stops it ----------------------------------------------------------------------------------------------------


def test_condition_ends_a_drill(room: Path) -> None:
    """Once it is rolled back, and not before."""
    run = rehearsed(room / "ends", OPEN, BACK, text=SMALL + "stop_conditions: [{when: done(back)}]\n")
    log = run.log()
    assert (log[-1].kind, log[-1].t) == ("drill.ended", 60.0)
    assert [(each.t, each.data["does"]) for each in log if each.kind == "drill.stopped"] == [(60.0, "end")]
    assert run.score_again().length_s == 60.0
    assert "the drill is to end: done(back)" in run.markdown.read_text()


def test_condition_makes_a_drill_stand_still_once(opened: list[Attended], room: Path) -> None:
    drill = attended(opened, room, "stop_conditions: [{when: t > 20s, does: pause}]\n")
    drill.until(20)
    assert not drill.session.now().is_paused
    drill.stage.second()
    assert drill.session.now().is_paused
    drill.command("eve", "resume")
    drill.until(30)
    assert not drill.session.now().is_paused


PAGE = wire.Alert(
    id="A-9",
    subject="chat",
    cause="errors",
    services=("chat",),
    severity="page",
    state="firing",
    title="chat is down",
    members=(),
    fired_at=datetime(2026, 11, 2, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("rule", "is_paused", "is_over"),
    [
        ("", True, False),
        ("stop_conditions: [{manual: facilitator}]", True, False),
        ("stop_conditions: [{real_incident: true, does: end}]", False, True),
        ("stop_conditions: [{real_incident: false}]", False, False),
    ],
)
def test_real_page_stops_it_as_the_scenario_says(
    opened: list[Attended], room: Path, rule: str, is_paused: bool, is_over: bool
) -> None:
    drill = attended(opened, room, f"{rule}\n")
    drill.session.give_way([PAGE])
    now = drill.session.now()
    assert (now.is_paused, now.is_over) == (is_paused, is_over)
    assert ("A REAL PAGE: chat is down" in str(now.messages)) is (is_paused or is_over)


def test_players_pause_and_end_where_the_scenario_lets_them(opened: list[Attended], room: Path) -> None:
    drill = attended(opened, room, "stop_conditions: [{manual: players}]\n")
    assert drill.command("ann", "pause").is_paused
    with pytest.raises(RequestRefused):
        drill.command("ann", "speed", number=9.0)
    assert drill.command("ann", "end").is_over


@pytest.mark.parametrize("word", get_args(wire.DrillWord))
def test_player_is_told_in_words_what_they_may_not_do(opened: list[Attended], room: Path, word: wire.DrillWord) -> None:
    drill = attended(opened, room, "stop_conditions: [{manual: facilitator}]\n")
    acts = {
        "pause": "stop its time", "resume": "let its time go on", "speed": "change the speed of its time",
        "inject": "tell what is to come", "say": "speak to everybody", "note": "write the facilitator's notes",
        "judge": "judge what was done", "end": "end it",
    }  # fmt: skip
    with pytest.raises(RequestRefused, match=f"ann is a player of this drill and may not {acts[word]}\n"):
        drill.command("ann", word)


# Who sees what ----------------------------------------------------------------------------------------------------


def test_what_is_not_hidden_is_shown_to_players_and_nothing_else(opened: list[Attended], room: Path) -> None:
    hide = "views: {player: {hide: [guide, faults, injects.future]}}\n"
    drill = attended(opened, room, hide)
    plan = decoded(drill.get("ann", "drill/plan"), wire.DrillPlan)
    assert plan.score is not None
    assert [each.title for each in plan.score.expectations] == ["v2 is named", "It is rolled back"]
    assert (plan.faults, plan.injects, plan.guide, plan.title, plan.score.title) == ((), (), "", "", "")
    assert "A version that fails" not in drill.get("ann", "drill/score").text
    assert decoded(drill.get("eve", "drill/plan"), wire.DrillPlan).title == "A version that fails"


def test_pane_of_a_player_has_the_score_sheet_where_it_is_not_hidden(opened: list[Attended], room: Path) -> None:
    drill = attended(opened, room, "views: {player: {hide: [guide, faults, injects.future]}}\n")
    pane = pane_of(drill, "ann")
    assert "It is rolled back" in pane
    for secret in ("A version that fails", "f-secret", "i-secret", "what is coming", "guide"):
        assert secret not in pane
    assert "A version that fails" in pane_of(drill, "eve")


def frame_of(view: wire.DrillView) -> Frame:
    return Frame(
        state=State(place=Place("drill")),
        link=Link("ok"),
        environment="DRILL",
        answers={"drill": view},
        keys=Keymap().names,
    )


def pane_of(drill: Attended, person: str) -> str:
    view = decoded(drill.get(person, "drill"), wire.DrillView)
    return "\n".join(plain(line) for line in paint(frame_of(view), 80, 60))


def test_hidden_hints_cannot_be_asked_for(opened: list[Attended], room: Path) -> None:
    hide = "views: {player: {hide: [guide, faults, injects.future, expectations, hints]}}\n"
    drill = attended(opened, room, hide)
    drill.until(40)
    assert drill.session.now().hints == 0
    with pytest.raises(UsageError, match="there is no hint"):
        decoded(drill.post("ann", "drill/hint", wire.HintRequest()), wire.DrillHint)


@pytest.fixture(scope="module")
def watched_by_oz(room: Path) -> Iterator[Attended]:
    made = Attended(room / "oz", observers=("oz",), text=TEXT.replace("history: 6m", "history: 1m"))
    made.until(40)
    yield made
    made.stage.close()


def test_observer_looks_as_players_do(watched_by_oz: Attended) -> None:
    for path in ("fleet", "alerts", "incidents", "timeline", "drill", "drill/now"):
        assert watched_by_oz.get("oz", path).status_code == 200
    rows = watched_by_oz.post("oz", "query", wire.QueryRequest(sql="SELECT count(*) FROM requests"))
    assert decoded(rows, wire.QueryReply).rows[0][0] > 0
    assert decoded(watched_by_oz.get("ann", "drill/now"), wire.DrillNow).observers == ("oz",)
    with pytest.raises(RequestRefused):
        decoded(watched_by_oz.get("oz", "drill/plan"), wire.DrillPlan)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("incident/open", wire.OpenIncident(title="mine")),
        ("release/plan", wire.OrderRequest(service="chat", act="rollback")),
        ("drill/hint", wire.HintRequest()),
        ("drill/command", wire.DrillCommand(word="end")),
    ],
)
def test_observer_does_nothing(watched_by_oz: Attended, path: str, body: object) -> None:
    before = len(watched_by_oz.stage.log.events)
    with pytest.raises(RequestRefused, match="oz is an observer of this drill"):
        decoded(watched_by_oz.post("oz", path, body), wire.DrillNow)  # type: ignore[arg-type]
    watched_by_oz.stage.log.follow()
    assert {each.kind for each in watched_by_oz.stage.log.events[before:]} <= {"request.refused"}


def test_pane_of_an_observer_offers_nothing(watched_by_oz: Attended) -> None:
    view = decoded(watched_by_oz.get("oz", "drill"), wire.DrillView)
    assert (view.is_observer, view.is_facilitator, view.plan) == (True, False, None)
    frame = frame_of(view)
    for name, deed in DEEDS.items():
        assert deed.why_not(frame.state, frame) == "an observer looks on, and does nothing"
        assert label(name, name, frame.state, frame) == ""


def test_observer_is_a_viewer_to_the_console(watched_by_oz: Attended) -> None:
    roles = {name: watched_by_oz.stage.desk.access.roles(person_named(name)) for name in ("oz", "ann")}
    assert roles["oz"] == ("viewer",)
    assert "operator" in roles["ann"]


def test_observer_sees_what_the_facilitator_sees_where_the_scenario_lets_them(
    opened: list[Attended], room: Path
) -> None:
    drill = attended(opened, room, "views: {observer: {as: facilitator}}\n", observers=("oz",))
    assert decoded(drill.get("oz", "drill/plan"), wire.DrillPlan).faults[0].id == "f-secret"
    with pytest.raises(RequestRefused, match="is an observer"):
        drill.command("oz", "inject", "i-secret")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--facilitator", "eve", "--observer", "eve"], "eve is named as facilitator and as observer"),
        (["--observer", pwd.getpwuid(os.geteuid()).pw_name], "nobody could end it"),
        (["--observer", "oz", "--keys", "script.yaml"], "--observer means nothing where a script plays"),
    ],
)
def test_observer_who_makes_no_sense_is_refused(
    words: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--home", str(tmp_path), "drill", "run", "first-shift", *words]) == UsageError.exit_code
    assert told in capsys.readouterr().err
    assert not (tmp_path / "drills").exists()


# Mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "message", "remedy"),
    [
        ("stop_conditions: [{when: nte}]", "stop_conditions[0].when: there is no word 'nte'", "docs/drills.md"),
        ("stop_conditions: [{when: done(bakc)}]", "there is no expectation 'bakc'", "`back`"),
        ("stop_conditions: [{does: end}]", "stop_conditions[0]: is none or several of", "Write one"),
        ("stop_conditions: [{manual: players, when: ack}]", "stop_conditions[0]: is none or several of", "Write one"),
        ("stop_conditions: [{manual: players}, {manual: facilitator}]", "[1]: `manual` is said twice", "Keep one"),
        ("stop_conditions: [{manual: players, does: end}]", "does: has no effect beside `manual`", "Take it out"),
        ("stop_conditions: [{real_incident: false, does: end}]", "has no effect beside `real_incident`", "Take it out"),
        ("stop_conditions: [{manual: everybody}]", "stop_conditions[0].manual: no such value", "Known here"),
        ("views: {player: {hide: [hints]}}", "views.player.hide: there are no hints", "write some"),
        ("views: {player: {hide: [faulst]}}", "views.player.hide[0]: no such value: 'faulst'", "`faults`"),
        ("views: {observer: {at: player}}", "views.observer.at: no such setting", "Known here: as."),
        ("views: {evaluator: {show: all}}", "views.evaluator: no such setting", "Known here: player, observer."),
    ],
)
def test_mistake_is_found_at_its_line(lines: str, message: str, remedy: str) -> None:
    text = f"{SMALL}{lines}\n"
    found = next(each for each in lint(Path("small.yaml"), text) if message in each.message)
    assert found.line == len(text.splitlines())
    assert found.is_error
    assert remedy in found.remedy


def test_what_is_not_written_is_as_it_comes() -> None:
    written = "stop_conditions: [{real_incident: true}, {manual: facilitator}]\n" + (
        "views: {player: {hide: [guide, faults, injects.future, expectations]}, observer: {as: player}}\n"
    )
    assert lint(Path("small.yaml"), SMALL + written) == lint(Path("small.yaml"), SMALL)
    assert small(SMALL + written).scenario.views == small().scenario.views
