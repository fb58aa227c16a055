"""The page of drills is what the scenarios, the words and the library say today."""

from __future__ import annotations

from pathlib import Path

from opsconsole.drills.reading import LIBRARY
from opsconsole.drills.reference import drills_page, scores_in
from opsconsole.drills.script import read_script

PAGE = Path(__file__).resolve().parents[2] / "docs" / "drills.md"


def test_committed_page_is_current() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == drills_page(scores_in(page)), "run `make docs` and commit what changed"


def test_table_of_scores_names_every_drill_of_the_library() -> None:
    scores = scores_in(PAGE.read_text(encoding="utf-8"))
    for path in LIBRARY.glob("*.yaml"):
        assert f"| `{path.stem}` |" in scores


def test_script_of_the_page_can_be_read(tmp_path: Path) -> None:
    _, _, section = PAGE.read_text(encoding="utf-8").partition("## A script\n")
    path = tmp_path / "script.yaml"
    path.write_text(section.split("```")[1].removeprefix("yaml\n"))
    assert [bool(line.keys) for line in read_script(path)] == [False, True, True]
