"""What the after-action report says to whoever leads the debrief."""

from __future__ import annotations

from pathlib import Path

import pytest
from attending import Attended

from opsconsole import wire
from opsconsole.client import decoded

TEXT = """
apiVersion: opsconsole/v1
kind: Drill
id: table
title: What would you do?
mode: tabletop
clock: {start: 2026-11-02T02:55:00Z, length: 10m, lead: 0s}
expectations:
  - {id: open, title: An incident is opened, match: open, within: 30s, points: 10}
  - {id: told, title: People are told, match: comms, after: open, within: 2m, points: 10}
  - {id: can, title: The report is clear, judged: true, points: 10}
harm: {points: 0}
hints:
  - {after: +5s, text: Open an incident., cost: 5}
"""


@pytest.fixture(scope="module")
def papers(room: Path) -> wire.DrillPapers:
    """ann took a hint and was late, eve judged and wrote something down, and nobody told anybody."""
    attended = Attended(room / "table", text=TEXT)
    try:
        attended.until(40)
        assert attended.post("ann", "drill/hint", wire.HintRequest()).status_code == 200
        opening = wire.OpenIncident(title="empty answers", services=(), severities=("SEV-2",))
        assert attended.post("ann", "incident/open", opening).status_code == 200
        attended.command("eve", "judge", "can", 0.5)
        attended.command("eve", "note", "ann waited for somebody else")
        attended.command("eve", "end")
        return decoded(attended.get("ben", "drill/report"), wire.DrillPapers)
    finally:
        attended.stage.close()


def test_what_is_to_be_improved_begins_with_lapses_and_says_who_was_how_late(papers: wire.DrillPapers) -> None:
    assert papers.report.improvements == (
        "A hint was taken (takes hint 1, by ann): 5 points.",
        "Done late, at +0:40 by ann (due by +0:30): An incident is opened.",
        "Not done (due by +2:40, and the drill ended at +0:40): People are told.",
        "Done in part, 5 of 10 points: The report is clear.",
    )


def test_timeline_names_who_asked_the_stage_for_something(papers: wire.DrillPapers) -> None:
    told = [(row.who, row.what, row.is_hidden) for row in papers.report.timeline]
    assert ("ann", "takes hint 1", True) in told
    assert ("eve", "judges can: 0.5", True) in told
    assert [each.by for each in papers.report.score.expectations] == ["ann", "", "eve"]


def test_what_the_facilitator_wrote_down_is_a_part_of_its_own(papers: wire.DrillPapers) -> None:
    assert papers.report.notes == ("+0:40 ann waited for somebody else",)
    assert "## The facilitator's notes\n\n- +0:40 ann waited for somebody else\n" in papers.markdown
    assert "ann waited for somebody else" in papers.html


def test_a_drill_that_nobody_acted_in_has_no_strengths(room: Path) -> None:
    attended = Attended(room / "nobody", text=TEXT)
    try:
        attended.until(10)
        attended.command("eve", "end")
        papers = decoded(attended.get("eve", "drill/report"), wire.DrillPapers)
        assert papers.report.strengths == ()
        assert "facilitator's notes" not in papers.markdown + papers.html, "nobody wrote any"
    finally:
        attended.stage.close()
