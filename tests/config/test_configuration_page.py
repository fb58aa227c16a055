"""The configuration page is what the settings say today."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from opsconsole.config import alerting, notifying, settings
from opsconsole.config.fields import attribute_docstrings
from opsconsole.config.load import parse
from opsconsole.config.reference import INTRODUCTION, configuration_page
from opsconsole.config.section import Section

PAGE = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"
SECTIONS = [
    kind
    for module in (settings, alerting)
    for module in (settings, notifying)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Section) and kind.__module__ == module.__name__
]


def test_committed_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == configuration_page(), "run `make docs` and commit what changed"


@pytest.mark.parametrize("kind", SECTIONS)
def test_every_setting_says_what_it_is_for(kind: type[Section]) -> None:
    assert {field.name for field in msgspec.structs.fields(kind)} == attribute_docstrings(kind).keys()


def test_example_on_the_page_is_valid() -> None:
    example = INTRODUCTION.split("```yaml\n")[1].split("```")[0]
    assert parse(example.encode(), Path("opsconsole.yaml")).environment == "prod"
