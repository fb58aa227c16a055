"""A drill at a table: nothing serves, and a facilitator tells people what happens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from attending import Attended

from opsconsole import wire
from opsconsole.client import decoded
from opsconsole.commands.drill_page import plan_page
from opsconsole.drills.reading import LIBRARY

TABLE = LIBRARY / "poisoned-document.yaml"


@pytest.fixture(scope="module")
def table(room: Path) -> Iterator[Attended]:
    made = Attended(room / "table", text=TABLE.read_text(encoding="utf-8"))
    made.until(10)
    yield made
    made.stage.close()


def test_nothing_serves_and_people_are_told(table: Attended) -> None:
    rows = table.post("ann", "query", wire.QueryRequest(sql="SELECT count(*) FROM requests"))
    assert decoded(rows, wire.QueryReply).rows == [[0]]
    now = decoded(table.get("ann", "drill/now"), wire.DrillNow)
    assert [each.sender for each in now.messages] == ["support"]
    assert "Nothing serves here" in now.brief


def test_what_is_by_hand_comes_when_the_facilitator_says_so(table: Attended) -> None:
    assert "print" not in table.get("ann", "drill/now").text
    table.command("eve", "inject", "journalist")
    assert decoded(table.get("ann", "drill/now"), wire.DrillNow).messages[-1].sender == "press office"


def test_checklist_can_be_worked_without_a_record_of_its_service(table: Attended) -> None:
    begun = table.post(
        "ann", "checklist/run", wire.RunRequest(checklist="prompt-abuse", params={"service": "assistant"})
    )
    assert decoded(begun, wire.StepReply).view.run.params == {"service": "assistant"}


def test_what_a_person_judged_counts(table: Attended) -> None:
    def possible() -> float:
        return msgspec.json.decode(table.get("eve", "drill/score").content, type=wire.DrillScore).possible

    before = possible()
    table.command("eve", "judge", "words", 0.5)
    score = msgspec.json.decode(table.get("eve", "drill/score").content, type=wire.DrillScore)
    assert possible() == before + 10
    assert next(each for each in score.expectations if each.id == "words").earned == 5


def test_consoles_are_told_that_time_goes_on_though_nothing_serves(table: Attended) -> None:
    before = decoded(table.get("eve", "drill"), wire.DrillView)
    table.until(table.stage.t + 10)
    assert decoded(table.get("eve", "drill"), wire.DrillView).revision > before.revision


def test_facilitator_reads_the_whole_guide_in_80_columns(table: Attended) -> None:
    plan = decoded(table.get("eve", "drill/plan"), wire.DrillPlan)
    page = plan_page(plan)
    assert " ".join(plan.guide.split()) in " ".join(page.split())
    assert "· lawyer (by hand) legal: Is this personal data?" in page
    assert max(map(len, page.splitlines())) < 80
    assert "✗" not in page  # what is not done yet is not missed
