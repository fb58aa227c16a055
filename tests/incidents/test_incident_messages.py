"""Messages from templates: what is missing is seen, nothing is promised, and lost data is spoken of."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from working import HOSTILE, Room

from opsconsole import wire
from opsconsole.errors import ConfigError, UsageError
from opsconsole.incidents import templates

EVERY = [(audience, stage) for audience in wire.AUDIENCES for stage in wire.STAGES]
FULL = {
    "impact": "answers take 20 s", "cause": "v42 evicts the cache", "doing": "going back to v41",
    "changed": "v41 serves again", "data_loss": "none",
}  # fmt: skip


def built_in(audience: wire.Audience, stage: wire.Stage) -> str:
    return templates.template(Path("/nowhere"), audience, stage).text


def message(room: Room, audience: wire.Audience, stage: wire.Stage, said: dict[str, str]) -> str:
    facts = templates.facts(room.incident, said, (), room.clock.now())
    return templates.rendered(built_in(audience, stage), facts)


@pytest.mark.parametrize(("audience", "stage"), EVERY)
def test_every_template_renders_with_nothing_known_as_dashes(
    room: Room, audience: wire.Audience, stage: wire.Stage
) -> None:
    text = templates.rendered(built_in(audience, stage), {})
    assert "–" in text
    assert "$" not in text


@pytest.mark.parametrize(("audience", "stage"), EVERY)
def test_every_template_asks_only_for_facts_that_there_are_and_promises_nothing(
    room: Room, audience: wire.Audience, stage: wire.Stage
) -> None:
    room.open("SEV-1")
    room.role("ann", "commander")
    room.role("bob", "operator")
    room.milestone("impact_start", -4)
    if stage == "resolved":
        room.at(10)
        room.milestone("mitigated")
        room.resolve()
    text = message(room, audience, stage, FULL)
    templates.require_sendable(stage, text, FULL)
    missing = [line for line in text.splitlines() if "–" in line]
    assert [line for line in missing if "Signals" not in line] == [], "the store was not asked here"
    assert ("Data loss: none" in text) == (stage == "resolved")
    assert ("SEV-1" in text) == (audience != "external")


@pytest.mark.parametrize("severity", ["SEV-1", "SEV-3"])
def test_the_next_update_is_told_by_the_severity_or_by_a_person(room: Room, severity: wire.Severity) -> None:
    room.open(severity)
    text = message(room, "internal", "update", {})
    assert ("Next update by 2026-11-25 03:20 UTC." in text) == (severity == "SEV-1")
    assert ("Next update by –." in text) == (severity == "SEV-3")
    assert "Next update by noon." in message(room, "internal", "update", {"next": "noon"})


@given(st.dictionaries(st.sampled_from(templates.FACTS), st.text(max_size=30)))
def test_a_fact_is_put_in_once_and_never_read_as_a_template(facts: dict[str, str]) -> None:
    facts = {name: f"$title ${{incident}} {value}" for name, value in facts.items()}
    text = templates.rendered("$incident\n$impact", facts)
    title, _, body = text.partition("\n")
    assert title == " ".join(facts.get("incident", "–").split())
    assert body == facts.get("impact", "–")


@pytest.mark.parametrize(
    ("source", "text"),
    [("a $$5 $ 5 $5", "a $5 $ 5 $5\n"), ("${title}!", "slow!\n"), ("", "\n"), ("x\n$cause\n", "x\n–\n")],
)
def test_what_is_no_fact_stays_as_it_is(source: str, text: str) -> None:
    assert templates.rendered(source, {"title": "slow"}) == text


@pytest.mark.parametrize(("audience", "stage"), EVERY)
def test_what_nobody_said_has_no_line_of_its_own(room: Room, audience: wire.Audience, stage: wire.Stage) -> None:
    room.open("SEV-1")
    silent = message(room, audience, stage, {})
    unsaid = [line for line in silent.splitlines() if line.endswith(": –") and "Signals" not in line]
    assert unsaid == []
    said = message(room, audience, stage, {"impact": "one in ten fails"})
    assert "one in ten fails" in said
    assert len(said.splitlines()) == len(silent.splitlines()) + 1


def test_a_template_beside_the_configuration_goes_before(tmp_path: Path) -> None:
    (tmp_path / "external-update.txt").write_text("Harbor: $changed\n", encoding="utf-8")
    found = templates.template(tmp_path, "external", "update")
    assert found == templates.Source("Harbor: $changed\n", str(tmp_path / "external-update.txt"))
    assert templates.template(tmp_path, "external", "resolved").origin == "built in"


def test_a_template_that_asks_for_no_fact_is_refused_at_its_line(tmp_path: Path) -> None:
    (tmp_path / "external-update.txt").write_text("News\n\nit is ${impakt}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"external-update.txt:3: there is no fact \$impakt\nDid you mean `impact`"):
        templates.template(tmp_path, "external", "update")
    (tmp_path / "external-update.txt").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="cannot be read"):
        templates.template(tmp_path, "external", "update")


@pytest.mark.parametrize(
    "text",
    [
        "ETA 15:00", "The eta: soon", "It will be fixed by 15:00.", "We expect it to be resolved within 2 hours",
        "should be back to normal in an hour", "Service is going to be restored before noon",
        "expected to recover in about 20 minutes",
    ],
)  # fmt: skip
def test_a_promise_is_not_sent(text: str) -> None:
    assert templates.promises(text)
    with pytest.raises(UsageError, match="promises a time"):
        templates.require_sendable("update", text, {})
    assert any("promises a time" in each for each in templates.warnings("update", text, {}))


@pytest.mark.parametrize(
    "text",
    [
        "Next update by 14:20 UTC.", "It was resolved at 15:00.", "You will hear from us by 2026-11-25 14:20 UTC.",
        "We will look into it.", "Theta and beta are well", "It was fixed within 20 minutes.",
        "We roll back to v41 now; the metadata follows.",
    ],
)  # fmt: skip
def test_what_is_no_promise_is_sent(text: str) -> None:
    templates.require_sendable("update", text, {})


def test_nothing_says_that_it_is_over_without_a_word_on_lost_data() -> None:
    with pytest.raises(UsageError, match="whether data was lost"):
        templates.require_sendable("resolved", "It is over.", {})
    with pytest.raises(UsageError, match="whether data was lost"):
        templates.require_sendable("resolved", "It is over.", {"data_loss": "none"})
    templates.require_sendable("resolved", "It is over. Data loss: none", {"data_loss": "none"})
    assert "data_loss" in templates.warnings("resolved", "It is over.", {})[0]


@pytest.mark.parametrize("text", ["", "  \n", "x" * 20_001])
def test_a_message_without_words_or_with_too_many_is_not_sent(text: str) -> None:
    with pytest.raises(UsageError, match="1 to 20,000 characters"):
        templates.require_sendable("update", text, {})


def test_a_fact_that_nobody_says_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean `impact`"):
        templates.require_known({"impcat": "x"})


def test_a_hostile_title_stays_on_the_first_line(room: Room) -> None:
    room.open("SEV-1", title=HOSTILE)
    text = message(room, "internal", "update", {})
    assert text.splitlines()[0].startswith("[SEV-1] INC-1 </script>")
    assert text.splitlines()[1] == ""
