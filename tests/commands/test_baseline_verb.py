"""``baseline`` pins what drift is measured against, from a version, a time range or a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from commandline import Outcome, lines, opsconsole, passing_home, rows, served, written

from opsconsole import wire


@pytest.fixture(scope="module")
def home(room: Path) -> Iterator[Path]:
    """One daemon for this file: every test pins for itself what it looks at."""
    with passing_home(room) as home:
        log = written(room / "pinned" / "serving.jsonl", lines(served(600)))
        assert opsconsole("ingest", log, "--home", home).code == 0
        yield home


def pinned(home: Path, *words: str | Path) -> Outcome:
    return opsconsole("baseline", "set", "chat", *words, "--home", home)


def test_without_a_pin_the_baseline_is_found_by_itself(full_home: Path) -> None:
    shown = opsconsole("baseline", "show", "chat", "--home", full_home)
    assert (shown.code, shown.out) == (0, "chat: the window's first half (auto)\n")


def test_version_becomes_the_baseline(home: Path) -> None:
    outcome = pinned(home, "--version", "v1")
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith("chat: drift is measured against v1\n")
    assert "lang (400)" in outcome.out
    shown = opsconsole("baseline", "show", "chat", "--home", home)
    assert shown.out.startswith("chat: v1, set by ")
    drift = opsconsole("baseline", "show", "chat", "--json", "--home", home).decoded(wire.Drift)
    assert (drift.baseline.kind, drift.baseline.label) == ("version", "v1")


def test_time_range_becomes_the_baseline(home: Path) -> None:
    outcome = pinned(home, "--from", "2026-11-20T10:00", "--to", "2026-11-20T12:05+02:00", "--json")
    reply = outcome.decoded(wire.BaselineReply)
    assert (reply.baseline.kind, reply.baseline.label) == ("range", "2026-11-20 10:00 … 2026-11-20 10:05")
    assert reply.features["lang"] == 300


def test_file_becomes_the_baseline_without_adding_a_request(home: Path, place: Path) -> None:
    training = written(place / "train.csv.gz", rows(served(250, lang="en")))
    reply = pinned(home, "--file", training, "--json").decoded(wire.BaselineReply)
    assert (reply.baseline.kind, reply.baseline.label, reply.features["lang"]) == ("file", "train.csv.gz", 250)
    assert "lang" in opsconsole("status", "--home", home).out
    assert opsconsole("query", "SELECT count(*) FROM requests", "--home", home).cells[1] == ["600"]


@pytest.mark.parametrize(
    ("words", "code", "remedy"),
    [
        ([], 2, "a version, a time range, a file"),
        (["--version", "v1", "--file", "x"], 2, "a version, a time range, a file"),
        (["--version", "v99"], 2, "opsconsole status"),
        (["--from", "2026-11-20"], 2, "both --from and --to"),
        (["--from", "yesterday", "--to", "today"], 2, "Write it like 2026-11-23T06:00"),
        (["--file", "/nowhere.csv"], 4, "Check the path"),
    ],
)
def test_wrong_pin_changes_nothing_and_says_what_to_do(words: list[str], code: int, remedy: str, home: Path) -> None:
    pinned(home, "--version", "v2")
    outcome = pinned(home, *words)
    assert (outcome.code, outcome.out) == (code, "")
    assert remedy in outcome.err
    assert opsconsole("baseline", "show", "chat", "--home", home).out.startswith("chat: v2,")


def test_unknown_service_is_told_the_known_ones(home: Path) -> None:
    outcome = opsconsole("baseline", "show", "chatt", "--home", home)
    assert outcome.code == 2
    assert "Known services: chat." in outcome.err
