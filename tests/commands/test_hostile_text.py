"""Text from data never controls the terminal: on no stream, in no verb."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from commandline import lines, opsconsole, passing_home, served, written

from opsconsole import wire

ESCAPES = "\x1b[31m\x1b]0;pwn\x07\x9b2J\u202e\x7f\r\n"


def is_harmless(text: str) -> bool:
    return all(character.isprintable() or character == "\n" for character in text)


def hostile_log(directory: Path) -> Path:
    """Every word of it is hostile, and so is the file's name."""
    words = {name: f"{name}{ESCAPES}" for name in ("service", "model", "version", "lang", "error_type")}
    records = served(120, **words, **{f"feature{ESCAPES}": "x"})
    return written(directory / "log\x1b[31m.jsonl", lines(records) + b"not \x1b[31m json\n")


@pytest.fixture(scope="module")
def home(room: Path) -> Iterator[Path]:
    with passing_home(room) as home:
        outcome = opsconsole("ingest", hostile_log(room / "hostile"), "--home", home)
        assert outcome.code == 0
        assert is_harmless(outcome.err)
        yield home


@pytest.mark.parametrize(
    "words",
    [
        ["status"],
        ["status", "--json"],
        ["sources"],
        ["sources", "--json"],
        ["doctor"],
        ["doctor", "--json"],
        ["baseline", "show", f"service{ESCAPES}"],
        ["baseline", "show", "unknown"],
        ["baseline", "set", f"service{ESCAPES}", "--version", f"version{ESCAPES}"],
        ["query", "SELECT service, model, version, error_type FROM requests"],
        ["query", "SELECT service, model, version, error_type FROM requests", "--csv"],
        ["query", "SELECT service, model, version, error_type FROM requests", "--json"],
        ["query", "PIVOT requests ON service USING count(*)"],
        ["query", f"SELECT {ESCAPES}"],
    ],
    ids=lambda words: " ".join(words[:3]).replace(ESCAPES, ""),
)
def test_no_verb_lets_an_escape_through(words: list[str], home: Path) -> None:
    outcome = opsconsole(*words, "--home", home)
    assert outcome.code in (0, 2, 7)
    assert outcome.out + outcome.err
    assert is_harmless(outcome.out)
    assert is_harmless(outcome.err)


def test_json_keeps_every_character_of_a_hostile_name(home: Path) -> None:
    (service,) = opsconsole("status", "--json", "--home", home).decoded(wire.StatusView).services
    assert service.service == f"service{ESCAPES}"
    assert service.versions[0].version == f"version{ESCAPES}"


def test_neither_the_mapping_nor_an_error_about_a_hostile_log_is_obeyed(place: Path) -> None:
    printed = opsconsole("map", hostile_log(place))
    assert printed.code == 0
    assert is_harmless(printed.out)
    timeless = written(place / "timeless.jsonl", lines([{"name\x1b[31m": 1, "took\x9b2J": 2}]))
    refused = opsconsole("watch", timeless, "--once")
    assert refused.code == 4
    assert is_harmless(refused.err)
