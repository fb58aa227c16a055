"""The page about alerts lists the rules that there are, and its example is a configuration."""

from __future__ import annotations

from pathlib import Path

from opsconsole.alerts.reference import page
from opsconsole.config.load import parse

PAGE = Path(__file__).resolve().parents[2] / "docs" / "alerts.md"


def test_committed_table_is_current() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == page(text), "run `make docs` and commit what changed"


def test_the_example_is_understood() -> None:
    text = PAGE.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    settings = parse(text.encode(), Path("opsconsole.yaml"))
    assert settings.services["chat-assist"].alerts["version-latency"].severity == "page"
    assert settings.alerts.ladders["page"][1].notify == ("on-call", "team-lead")
