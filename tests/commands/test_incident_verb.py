"""``incident`` from the command line: the words, the exit codes, and what the files and pages hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from commandline import Outcome, lines, opsconsole, passing_home, served, written

from opsconsole import wire


@pytest.fixture(scope="module")
def home(room: Path) -> Iterator[Path]:
    """One daemon for this file; every test has incidents of its own."""
    with passing_home(room) as home:
        log = written(room / "incidents" / "serving.jsonl", lines(served(60)))
        assert opsconsole("ingest", log, "--home", home).code == 0
        yield home


def incident(home: Path, *words: str | Path) -> Outcome:
    return opsconsole("incident", *words, "--home", home)


@pytest.fixture
def name(home: Path) -> str:
    """Of an incident that was just opened."""
    outcome = incident(home, "open", "chat answers slowly", "--service", "chat", "--severity", "2", "SEV-3", "--json")
    assert outcome.code == 0, outcome.err
    answer = outcome.decoded(wire.Responded)
    assert answer.incident.severity == "SEV-2"
    return answer.incident.incident


def test_an_incident_is_worked_from_its_opening_to_its_review(home: Path, name: str, place: Path) -> None:
    assert incident(home, "role", name, "commander", "--take").code == 0
    outcome = incident(home, "note", name, "v2 evicts the cache. TODO: alert on it @ann due 2026-12-04", "--cause")
    assert outcome.out.startswith(f"{name}: noted\n")
    assert incident(home, "milestone", name, "impact_start", "--at", "2026-01-01T03:00", "--why", "a user").code == 0
    assert incident(home, "severity", name, "1", "--why", "everybody").code == 0
    assert incident(home, "followup", name, "--number", "1", "--done").code == 0
    shown = incident(home, "show", name.removeprefix("INC-")).out
    for words in (
        "SEV-1",
        "impact start  2026-01-01 03:00:00",
        "1. alert on it @ann due 2026-12-04 (done)",
        "(the cause)",
    ):
        assert words in shown
    assert incident(home, "resolve", name).code == 0
    outcome = incident(home, "resolve", name)
    assert (outcome.code, outcome.out) == (2, "")
    outcome = incident(home, "review", name, "--out", place / "reviews", "--reviewed")
    assert (outcome.code, outcome.out) == (0, "")
    assert (place / "reviews" / f"{name}.md").read_text().startswith(f"# {name} chat answers slowly\n")
    assert (place / "reviews" / f"{name}.html").read_text().startswith("<!DOCTYPE html>\n")
    assert incident(home, "reopen", name, "it is back").code == 0
    listed = incident(home, "list", "--json").decoded(wire.IncidentsReply)
    mine = next(each for each in listed.incidents if each.incident == name)
    assert (mine.status, mine.review, mine.open_follow_ups) == ("identified", "none", 0)


def test_a_handover_needs_both(home: Path, name: str) -> None:
    assert incident(home, "role", name, "commander", "--take").code == 0
    outcome = incident(home, "role", name, "commander", "--offer", "bob")
    assert "until bob accepts" in outcome.out
    outcome = incident(home, "role", name, "commander", "--accept")
    assert (outcome.code, outcome.out) == (2, "")
    assert "was not offered to" in outcome.err
    page = incident(home, "handover", name)
    assert page.code == 0
    assert "offered to bob, who has not accepted" in page.out
    assert max(map(len, page.out.splitlines())) <= 80


def test_a_message_is_shown_first_and_sent_when_somebody_means_it(home: Path, name: str) -> None:
    words = ["update", name, "investigating", "--audience", "external", "--say", "impact=answers take 20 s"]
    outcome = incident(home, *words, "--dry-run")
    assert outcome.code == 0
    assert "What you may notice: answers take 20 s" in outcome.out
    outcome = incident(home, *words)
    assert (outcome.code, outcome.out) == (10, "")
    assert "nothing was sent" in outcome.err
    assert incident(home, "show", name, "--json").decoded(wire.IncidentView).incident.updates == ()
    outcome = incident(home, *words, "--yes")
    assert (outcome.code, outcome.out.splitlines()[0]) == (0, f"{name}: written down; nobody was told")
    (update,) = incident(home, "show", name, "--json").decoded(wire.IncidentView).incident.updates
    assert "answers take 20 s" in update.text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["resolved"], "whether data was lost"),
        (["update", "--say", "changed=it will be fixed by 15:00"], "promises a time"),
        (["update", "--say", "colour=red"], "there is no fact 'colour'"),
        (["update", "--say", "impact"], "Write NAME=TEXT"),
        (["update", "--text", "/nowhere/words.txt"], "cannot be read"),
    ],
)
def test_a_message_that_must_not_go_out_is_refused(home: Path, name: str, words: list[str], told: str) -> None:
    outcome = incident(home, "update", name, *words, "--yes")
    assert (outcome.code, outcome.out) == (2, "")
    assert told in outcome.err


def test_ones_own_words_go_out_as_they_are(home: Path, name: str, place: Path) -> None:
    file = written(place / "words.txt", b"Chat is slow\n\nWe look into it.\n")
    assert incident(home, "update", name, "update", "--text", file, "--yes").code == 0
    (update,) = incident(home, "show", name, "--json").decoded(wire.IncidentView).incident.updates
    assert (update.text, update.template) == ("Chat is slow\n\nWe look into it.\n", "own words")


def test_the_timeline_has_a_command_under_each_line_that_runs(home: Path, name: str) -> None:
    assert incident(home, "link", name, "query", "SELECT count(*) FROM requests", "--note", "all").code == 0
    found = incident(home, "timeline", name, "--json").decoded(tuple[wire.IncidentLine, ...])
    assert [line.text.removeprefix(f"{name} ") for line in found if line.kind.startswith("incident.")] == [
        "opened, SEV-2: chat answers slowly: unsure between SEV-2 and SEV-3",
        "linked query SELECT count(*) FROM requests",
    ]
    assert found[-1].command == "opsconsole query 'SELECT count(*) FROM requests'"
    assert found[-1].command in incident(home, "timeline", name).out


def test_the_review_goes_to_stdout_where_no_directory_is_named(home: Path, name: str) -> None:
    outcome = incident(home, "review", name)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(f"# {name} chat answers slowly\n")
    assert json.loads(incident(home, "review", name, "--json").out)["incident"]["review"] == "draft"
    outcome = incident(home, "review", name, "--out", "/proc/nowhere")
    assert outcome.code == 2


def test_what_is_overdue_is_an_exit_code(home: Path, name: str) -> None:
    assert incident(home, "list", "--overdue").code == 0
    assert incident(home, "followup", name, "raise the limit", "--owner", "@ann", "--due", "2026-01-02").code == 0
    outcome = incident(home, "list", "--overdue")
    assert outcome.code == 1
    assert f"{name}  raise the limit  @ann  due 2026-01-03 00:00" in outcome.out
    assert incident(home, "followup", name, "--number", "1", "--done").code == 0
    assert incident(home, "list", "--overdue").code == 0


def test_hostile_text_does_not_reach_the_terminal_or_the_files(home: Path, place: Path) -> None:
    title = "\x1b]0;pwned\x07<script>alert(1)</script>\u202e"
    answer = incident(home, "open", title, "--service", "a\x9bb", "--json")
    name = json.loads(answer.out)["incident"]["incident"]
    assert incident(home, "note", name, f"{title}\n{title} TODO: {title}").code == 0
    assert incident(home, "review", name, "--out", place / "reviews").code == 0
    outputs = [
        incident(home, *words).out for words in (["list"], ["show", name], ["handover", name], ["timeline", name])
    ]
    outputs += [(place / "reviews" / f"{name}.{kind}").read_text() for kind in ("md", "html")]
    for text in [answer.out, *outputs]:
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(text)
    assert "<script" not in outputs[-1]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["show", "INC-99"], 2),
        (["open", " "], 2),
        (["open", "x", "--severity", "SEV-9"], 2),
        (["milestone", "INC-1", "detected", "--at", "yesterday"], 2),
        (["followup", "INC-1", "x", "--due", "friday"], 2),
        (["role", "INC-1", "commander"], 2),
        (["rename", "INC-1"], 2),
    ],
)
def test_a_mistake_changes_nothing_and_is_a_usage_error(home: Path, words: list[str], code: int) -> None:
    outcome = incident(home, *words)
    assert (outcome.code, outcome.out) == (code, "")
    assert outcome.err


def test_a_title_and_services_are_corrected(home: Path, name: str) -> None:
    assert incident(home, "rename", name, "cache gone", "--service", "chat", "--service", "search").code == 0
    shown = incident(home, "show", name, "--json").decoded(wire.IncidentView).incident
    assert (shown.title, shown.services) == ("cache gone", ("chat", "search"))
    assert "chat unknown" not in incident(home, "list").out
