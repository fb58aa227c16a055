"""A mistake ends in one message with a remedy and the exit code of its class: never in a traceback."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest
from commandline import Outcome, lines, opsconsole, served, written


def ingest(home: Path, *words: str | Path) -> Outcome:
    return opsconsole("ingest", *words, "--home", home)


def test_missing_log_is_an_input_error(full_home: Path, place: Path) -> None:
    outcome = ingest(full_home, place / "nowhere.jsonl")
    assert (outcome.code, outcome.out) == (4, "")
    assert "nowhere.jsonl names no file\nCheck the path" in outcome.err


def test_binary_file_is_an_input_error_that_says_what_can_be_read(full_home: Path, place: Path) -> None:
    outcome = ingest(full_home, written(place / "core", bytes(range(256)) * 16))
    assert (outcome.code, outcome.out) == (4, "")
    assert "core is binary" in outcome.err
    assert "JSON lines, CSV" in outcome.err


def test_numeric_time_without_a_unit_is_never_guessed_and_the_remedy_works(full_home: Path, place: Path) -> None:
    requests = [{**r, "timestamp": 1_763_632_800_000 + i * 1000} for i, r in enumerate(served(60))]
    log = written(place / "numbers.jsonl", lines(requests))
    outcome = ingest(full_home, log)
    assert (outcome.code, outcome.out) == (4, "")
    assert "--column ts=timestamp:" in outcome.err
    mended = opsconsole("watch", log, "--once", "--column", "ts=timestamp:ms")
    assert mended.code == 0
    assert "2025-11-20 10:00:00 to 2025-11-20 10:00:59 UTC" in mended.out


def test_log_without_a_time_says_which_column_is_missing_and_names_its_fields(full_home: Path, place: Path) -> None:
    log = written(place / "odd.jsonl", lines({"moment_of_it": "?", "took": 3} for _ in range(5)))
    outcome = ingest(full_home, log)
    assert (outcome.code, outcome.out) == (4, "")
    assert "column ts" in outcome.err
    assert "moment_of_it" in outcome.err


@pytest.mark.parametrize(
    ("override", "nearest"), [("latenc=latency_ms:ms", "latency_ms"), ("latency_ms=latncy_ms:ms", "latency_ms")]
)
def test_wrong_column_is_told_the_nearest_name(override: str, nearest: str, full_home: Path, place: Path) -> None:
    log = written(place / "named.jsonl", lines(served(3)))
    outcome = ingest(full_home, log, "--column", override)
    assert (outcome.code, outcome.out) == (4, "")
    assert f"Did you mean {nearest}?" in outcome.err


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("format: generic\nframing: jsonl\ncolums:\n  ts: {path: timestamp, unit: iso8601}\n", 3),
        ("format: generic\nframing: jsonl\ncolumns:\n  ts: {path: timestamp, unit: fortnights}\n", 4),
        ("format: generic\nframing: [jsonl\ncolumns: {}\n", 3),
    ],
)
def test_wrong_mapping_is_a_configuration_error_that_names_the_line(
    text: str, line: int, full_home: Path, log: Path, place: Path
) -> None:
    outcome = ingest(full_home, log, "--mapping", written(place / "bad.yaml", text.encode()))
    assert (outcome.code, outcome.out) == (3, "")
    assert f"line {line}" in outcome.err


def test_mapping_that_is_not_there_is_a_usage_error(log: Path, place: Path) -> None:
    outcome = opsconsole("watch", log, "--once", "--mapping", place / "none.yaml")
    assert outcome.code == 2
    assert "opsconsole map" in outcome.err


def test_wrong_configuration_keeps_its_own_exit_code_through_the_daemon(home: Path) -> None:
    written(home / "opsconsole.yaml", b"environment: test\nservics: {}\n")
    outcome = opsconsole("status", "--home", home)
    assert (outcome.code, outcome.out) == (3, "")
    assert "opsconsole.yaml:2: servics" in outcome.err
    assert "services" in outcome.err


def test_store_that_cannot_be_opened_keeps_its_own_exit_code_through_the_daemon(home: Path) -> None:
    written(home / "store.duckdb", b"this is no database\n" * 1000)
    outcome = opsconsole("status", "--home", home)
    assert (outcome.code, outcome.out) == (8, "")
    assert "store.duckdb" in outcome.err


def test_home_that_is_too_long_for_a_socket_is_a_usage_error(place: Path) -> None:
    outcome = opsconsole("status", "--home", place / ("deep" * 30))
    assert outcome.code == 2
    assert "too long for a Unix socket" in outcome.err


def test_home_whose_last_daemon_is_still_ending_gets_its_next_one(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock is the last thing that a daemon lets go of; who comes meanwhile waits and then starts one."""
    home.mkdir(mode=0o700)
    held = (home / "daemon.lock").open("wb")
    fcntl.flock(held, fcntl.LOCK_EX)
    refused_at = []

    def look(_: float) -> None:
        if not held.closed and b"runs on" in (home / "daemon.log").read_bytes():
            refused_at.append(1)
            held.close()

    monkeypatch.setattr("opsconsole.daemon_process.time.sleep", look)
    outcome = opsconsole("daemon", "start", "--home", home)
    assert (outcome.code, refused_at) == (0, [1]), outcome.err
