"""docs/checklists.md is what there is, and the example that it shows in full is right and runs on the demo."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from demo_fleet import DemoFleet
from operating import Operator

from opsconsole import wire
from opsconsole.daemon.checklist_reference import EXAMPLE, checklists_page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "checklists.md"


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[DemoFleet]:
    """Twenty minutes of it, with the example among the home's own lists."""
    home = tmp_path / "home"
    own = home / "checklists"
    own.mkdir(parents=True)
    home.chmod(0o700)
    shutil.copy(EXAMPLE, own)
    made = DemoFleet(home, 1_200.0)
    yield made
    made.close()


def test_the_committed_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == checklists_page(), "run `make docs` and commit what changed"


def test_the_pages_example_is_right_its_sql_included_and_runs_on_the_demo(demo: DemoFleet) -> None:
    asked = wire.LintRequest(texts=(wire.LintText(path=EXAMPLE.name, text=EXAMPLE.read_text()),))
    told = demo.daemon.ask("POST", "/v1/checklist/lint", wire.LintReply, asked).problems
    assert [each for each in told if each.is_error] == []
    view = demo.begin("latency-after-promote", service="chat-assist")
    run = Operator(demo, {"decide": "r"}).work(view).run
    assert {name: progress.word for name, progress in run.steps.items()} == {
        "confirm": "verified",
        "decide": "decided",
        "rollback": "verified",
        "external-cause": "ticked",
    }


def test_lint_plans_the_sql_of_every_list_on_the_store_and_tells_what_does_not_bind(demo: DemoFleet) -> None:
    every = demo.daemon.ask("POST", "/v1/checklist/lint", wire.LintReply, wire.LintRequest())
    assert [str(each) for each in every.problems if each.is_error] == []
    assert len(every.paths) == 13
    text = EXAMPLE.read_text()
    for wrong, told in (
        ("FROM versions($service, '10m')", "FROM version($service, '10m')"),
        ("SELECT version, n, p50_ms", "SELECT version, n, p51_ms"),
        ("SELECT version, n, p50_ms", "DELETE FROM requests; SELECT version"),
        ("SELECT version, n, p50_ms", "SELECT FROM WHERE version"),
    ):
        asked = wire.LintRequest(texts=(wire.LintText(path="x.md", text=text.replace(wrong, told, 1)),))
        problems = demo.daemon.ask("POST", "/v1/checklist/lint", wire.LintReply, asked).problems
        (error,) = [each for each in problems if each.is_error]
        assert "the SQL is refused" in error.message
        assert told.split(",")[0] in text.replace(wrong, told, 1).split("\n")[error.line - 1]
