"""The page of targets is what the kinds say today, and its examples work."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import yaml
from subjects import WHERE, site

from opsconsole.config import fields, load
from opsconsole.releases.targets import registry
from opsconsole.releases.targets.base import Kind
from opsconsole.releases.targets.reference import INTRODUCTION, targets_page

PAGE = Path(__file__).resolve().parents[3] / "docs" / "targets.md"
KINDS = registry.built_in()
SECRETS = {"ROUTER_TOKEN": "x", "FLEETCTL_TOKEN": "x"}


def test_committed_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == targets_page(), "run `make docs` and commit what changed"


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_option_says_what_it_is_for(kind: Kind) -> None:
    for section, _ in fields.sections(kind.options):
        assert {field.name for field in msgspec.structs.fields(section)} == fields.attribute_docstrings(section).keys()


@pytest.mark.parametrize("name", ["command", "file", "http"])
def test_the_example_of_a_kind_makes_a_target(name: str, tmp_path: Path) -> None:
    written = yaml.safe_load(KINDS[name].example)
    target = registry.make(written["target"], written["options"], site(tmp_path, SECRETS), WHERE)
    assert target.name
    target.close()


def test_the_examples_are_configurations() -> None:
    page = targets_page()
    examples = [part.split("```")[0] for part in page.split("```yaml\n")[1:]]
    assert len(examples) >= 4
    for example in examples:
        settings = load.parse(example.encode(), Path("opsconsole.yaml"))
        assert settings.services["chat-assist"].release is not None


def test_the_first_example_is_the_demos() -> None:
    assert "path: routing.yaml, unit: relative" in INTRODUCTION
