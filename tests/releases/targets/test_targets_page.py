"""The page of targets is what the kinds say today, and its examples work."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
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


def test_every_example_is_a_configuration_and_makes_a_target(tmp_path: Path) -> None:
    examples = [part.split("```")[0] for part in targets_page().split("```yaml\n")[1:]]
    assert len(examples) > sum(bool(kind.example) for kind in KINDS.values())
    for example in examples:
        settings = load.parse(example.encode(), Path("opsconsole.yaml"))
        release = settings.services["chat-assist"].release
        assert release is not None
        if release.target in ("command", "file", "http"):
            target = registry.make(release.target, release.options, site(tmp_path, SECRETS), WHERE)
            assert target.name
            target.close()


def test_the_first_example_is_the_demos() -> None:
    assert "path: routing.yaml, unit: relative" in INTRODUCTION
