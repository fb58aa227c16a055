"""The page of notifiers is what the kinds say today, and its examples work; what is misspelt is named."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from telling import WHERE, built, site

from opsconsole.config import fields, load
from opsconsole.errors import ConfigError
from opsconsole.notifiers import registry
from opsconsole.notifiers.base import Kind
from opsconsole.notifiers.reference import notifiers_page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "notifiers.md"
KINDS = registry.KINDS.built_in
SECRETS = {
    name: f"https://hooks.example.org/{name}"
    for name in ("HOOKS_TOKEN", "TEAMS_WORKFLOW_URL", "PAGERDUTY_ROUTING_KEY", "GATEWAY_TOKEN")
}


def test_committed_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == notifiers_page(), "run `make docs` and commit what changed"


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_option_says_what_it_is_for(kind: Kind) -> None:
    for section, _ in fields.sections(kind.options):
        assert {field.name for field in msgspec.structs.fields(section)} == fields.attribute_docstrings(section).keys()


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_says_what_it_is_and_what_it_was_tested_against(kind: Kind) -> None:
    assert kind.about.endswith(".")
    assert all(hazard.endswith(".") for hazard in kind.hazards)
    assert any(
        proof in kind.tested_against
        for proof in ("the real thing: ", "vendor schema: ", "a console without a screen: ")
    )


def test_every_example_is_a_configuration_and_makes_a_notifier(tmp_path: Path) -> None:
    for name in ("slack.url", "smtp.password"):
        (tmp_path / name).write_text("https://hooks.example.org/services/T0/B0/x\n")
        (tmp_path / name).chmod(0o600)
    examples = [part.split("```")[0] for part in notifiers_page().split("```yaml\n")[1:]]
    assert len(examples) == len(KINDS) + 1
    for example in examples:
        for setting in load.parse(example.encode(), Path("opsconsole.yaml")).notifiers.values():
            kind, notifier = registry.make(setting.kind, setting.options, site(tmp_path, SECRETS), WHERE)
            assert notifier.where.startswith(kind.name)
            notifier.close()


def test_a_kind_that_there_is_not_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        built("pagerdoty", tmp_path)
    assert caught.value.message == f"{WHERE}.kind: no kind of notifier `pagerdoty`"
    assert caught.value.remedy == "Did you mean `pagerduty`?"


def test_an_option_that_there_is_not_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        built("terminal", tmp_path, bel=["page"])
    assert caught.value.message == f"{WHERE}.options.bel: notifier terminal has no such option"
    assert caught.value.remedy == "Did you mean `bell`?"


def test_a_secret_that_stands_in_the_configuration_is_refused_and_not_quoted(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        built("pagerduty", tmp_path, routing_key="R0123456789abcdef0123456789abcde")
    assert "R0123" not in caught.value.message + caught.value.remedy
    assert "`{env: NAME}` or `{file: PATH}`" in caught.value.remedy


def test_a_header_with_a_credential_in_the_clear_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"options: headers\.X-Api-Key: credentials do not stand in this file"):
        built("webhook", tmp_path, url="https://hooks.example.org", headers={"X-Api-Key": "hunter2"})


def test_plain_http_to_another_machine_has_to_be_allowed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not encrypted"):
        built("alertmanager", tmp_path, url="http://alertmanager.internal:9093")
    built("alertmanager", tmp_path, url="http://alertmanager.internal:9093", plain_http=True).close()
