"""Pages of drills as the command line prints them: nothing is cut, nothing is wider than a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from attending import TEXT, Attended

from opsconsole import cli, wire
from opsconsole.client import decoded, served_inside
from opsconsole.commands import drill_page
from opsconsole.daemon.drilling.doors import Inside
from opsconsole.drills.archive import Run

SAID = "Customers of the north say that " + "it hangs and hangs, " * 15 + "and one will call the press."
ANSWERING = """
reactions:
  - {when: ack, says: Thanks for looking., by: support}
"""


@pytest.fixture(scope="module")
def attended(room: Path) -> Iterator[Attended]:
    made = Attended(room / "pages", text=TEXT + ANSWERING)
    made.until(40)
    yield made
    made.stage.close()


def test_plan_has_what_the_world_answers_and_the_notes(attended: Attended) -> None:
    attended.command("eve", "note", "ann looks at the wrong chart")
    page = drill_page.plan_page(decoded(attended.get("eve", "drill/plan"), wire.DrillPlan))
    assert "how the world answers\n  · if ack: support: Thanks for looking.\n" in page
    assert "notes\n  ann looks at the wrong chart\n" in page
    assert "·  v2 is named " in page


def test_what_was_said_is_read_whole(attended: Attended) -> None:
    page = drill_page.now_page(attended.command("eve", "say", SAID))
    assert SAID in " ".join(page.split())
    assert max(map(len, page.splitlines())) < 80


def test_history_says_of_which_drill_each_run_is(worked: Run) -> None:
    score = worked.score_again()
    other = msgspec.structs.replace(score, scenario="another", version=2)
    page = drill_page.history_page(wire.DrillHistory(scores={"drill-1": score, "drill-2": other, "drill-3": score}))
    names = [line.split()[0] for line in page.splitlines()]
    assert names == ["run", "another", "drill-2", "small", "drill-1", "drill-3", "n"]


def test_score_is_no_wider_than_a_terminal(worked: Run) -> None:
    measured = drill_page.score_page(worked.score_again()).partition("\n\ndetected")[2]
    assert max(map(len, measured.splitlines())) < 80


def test_recording_of_another_home_is_named_so_that_it_can_be_run(
    attended: Attended, capfd: pytest.CaptureFixture[str]
) -> None:
    home, inside = attended.stage.home, Inside(attended.stage.inside)
    inside.person = "ann"
    try:
        with served_inside(home, inside):
            for words in (("incident", "open", "chat fails", "--service", "chat"), ("drill", "record", "INC-1")):
                assert cli.main(["--home", str(home.directory), *words]) == 0
    finally:
        inside.end()
    path, _, told = capfd.readouterr().out.splitlines()[-1].partition(": ")
    assert Path(path).exists()
    assert told.endswith(f"opsconsole drill run {path}")


def test_list_is_no_wider_than_a_terminal_and_says_how_to_be_surprised(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--home", str(tmp_path), "drill", "list"]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "    A canary that is worse" in lines
    assert lines[-1].endswith("opsconsole drill run --any")
