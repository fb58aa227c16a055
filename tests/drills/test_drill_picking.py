"""A scenario that nobody names: by a seed or at random, of a difficulty, and one that can be played."""

from __future__ import annotations

from pathlib import Path

import pytest
from rehearsing import SMALL

from opsconsole.drills.picking import picked, playable
from opsconsole.drills.reading import ScenarioFile
from opsconsole.errors import UsageError

TEAMS = {"leaked-key", "night-handover", "provider-limits"}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> list[ScenarioFile]:
    """What one person can play, with a home's own: one that is whole, one that has a mistake, one that is none."""
    own = tmp_path_factory.mktemp("own")
    whole = SMALL.replace("id: small", "id: small\ndifficulty: 1")
    (own / "small.yaml").write_text(whole)
    (own / "wrong.yaml").write_text(whole.replace("id: small", "id: wrong").replace("version: v2,", "version: v9,"))
    (own / "mistaken.yaml").write_text(whole.replace("id: small", "id: mistaken").replace("at: +20s", "at: soon"))
    (own / "empty.yaml").write_text("")
    return list(playable(own, is_led=False))


def test_what_cannot_be_played_is_not_picked_and_what_is_a_teams_only_with_somebody_who_leads(
    alone: list[ScenarioFile], tmp_path: Path
) -> None:
    ids = {file.scenario.id for file in alone}
    assert {"first-shift", "small"} < ids
    assert not ids & {*TEAMS, "wrong", "mistaken", "empty"}
    assert {file.scenario.id for file in playable(tmp_path, is_led=True)} > TEAMS


def test_the_same_seed_picks_the_same_one_and_others_others(alone: list[ScenarioFile]) -> None:
    assert picked(alone, None, 7) == picked(alone, None, 7)
    assert {picked(alone, None, seed).scenario.id for seed in range(300)} == {file.scenario.id for file in alone}


def test_without_a_seed_any_one_of_the_difficulty_is_picked(alone: list[ScenarioFile]) -> None:
    assert {picked(alone, 1, None).scenario.difficulty for _ in range(20)} == {1}


def test_a_difficulty_that_there_is_not_is_refused_with_those_that_there_are(alone: list[ScenarioFile]) -> None:
    with pytest.raises(UsageError, match="no such drill of difficulty 5") as refused:
        picked(alone, 5, 1)
    assert refused.value.remedy == "There are some of: 1, 2, 3, 4."
