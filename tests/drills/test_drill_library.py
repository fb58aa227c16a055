"""The library as three people play it: what gates a change plays all of it, whoever works on it a part."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from library_table import PLAYERS, SCRIPTS, played, row

from opsconsole.checklists.catalogue import LIBRARY as CHECKLISTS
from opsconsole.drills.reading import LIBRARY, read

PAGE = Path(__file__).resolve().parents[2] / "docs" / "drills.md"
NAMES = sorted(path.stem for path in LIBRARY.glob("*.yaml"))
PLAYED = NAMES if os.environ.get("CI") else ["failing-release"]
TYPED = [name for name in PLAYED if (SCRIPTS / name / "expert-keys.yaml").exists()]
"""Played by an expert who only presses keys, as well."""
EXPERT_AT_LEAST, NOBODY_AT_MOST = 90.0, 20.0


def test_every_shipped_checklist_has_a_drill() -> None:
    rehearsed = {name for drill in NAMES for name in read(LIBRARY / f"{drill}.yaml").scenario.checklists}
    assert rehearsed == {path.stem for path in CHECKLISTS.glob("*.md")}


@pytest.mark.parametrize("name", NAMES)
def test_drill_says_what_is_to_be_learnt_and_talked_about(name: str) -> None:
    scenario = read(LIBRARY / f"{name}.yaml").scenario
    assert len(scenario.objectives) >= 2
    assert len(scenario.guide.split()) > 20
    assert scenario.debrief.questions
    assert scenario.hints
    assert {each.objective for each in scenario.expectations} == {each.id for each in scenario.objectives}


@pytest.mark.parametrize("name", NAMES)
def test_drill_has_its_scripts(name: str) -> None:
    assert {path.name for path in (SCRIPTS / name).iterdir()} - {"expert-keys.yaml"} == {"expert.yaml", "wrong.yaml"}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", PLAYED)
def test_drill_tells_an_expert_from_nobody_and_from_somebody_who_is_wrong(name: str, room: Path) -> None:
    scores = {player: played(name, player, room / name).score for player in PLAYERS}
    assert scores["expert"].score >= EXPERT_AT_LEAST
    assert scores["nobody"].score <= NOBODY_AT_MOST
    forbidden = {each.id for each in read(LIBRARY / f"{name}.yaml").scenario.forbidden}
    assert forbidden & {each.id for each in scores["wrong"].lapses}
    assert scores["wrong"].score < scores["expert"].score
    assert f"{row(name, scores)}\n" in PAGE.read_text(encoding="utf-8")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", TYPED)
def test_expert_needs_no_more_than_keys(name: str, room: Path) -> None:
    done = played(name, "expert-keys", room / f"{name}-typed")
    assert done.score.score >= EXPERT_AT_LEAST
    assert {each.word for each in done.score.expectations} == {"met"}
    lied = ["roll back to v41: refused: simulated chat-assist: connection refused"] if name == "failing-release" else []
    assert [each["told"] for each in done.spoken] == lied
