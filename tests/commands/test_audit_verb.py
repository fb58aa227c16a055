"""The journal can be checked, read and handed on from the command line, with a daemon and without."""

from __future__ import annotations

import csv
import io
import json
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from commandline import NUMBERS, PROGRAM, Outcome, lines, opsconsole, passing_home, served, written

from opsconsole.journal.examine import Examined
from opsconsole.journal.exports import Statement

ME = pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture(scope="module")
def past(room: Path) -> Iterator[Path]:
    """A home whose daemon was started, took a log in, pinned a baseline, and was stopped."""
    with passing_home(room) as home:
        log = written(room / "audited" / "serving.jsonl", lines(served(60)))
        assert opsconsole("ingest", log, "--home", home).code == 0
        assert opsconsole("baseline", "set", "chat", "--version", "v1", "--home", home).code == 0
        assert opsconsole("daemon", "stop", "--home", home).code == 0
        yield home


@pytest.fixture
def copy(past: Path, place: Path) -> Path:
    """Of that home, to tamper with."""
    return shutil.copytree(past, place / f"c{next(NUMBERS)}")


def audit(home: Path, action: str, *words: str | Path) -> Outcome:
    return opsconsole("audit", action, *words, "--home", home)


def journal_of(home: Path) -> Path:
    (file,) = (home / "journal").iterdir()
    return file


def changed(file: Path, old: bytes, new: bytes) -> None:
    content = file.read_bytes()
    assert old in content
    file.write_bytes(content.replace(old, new))


def test_a_whole_journal_is_told_with_its_signatures(past: Path) -> None:
    found = audit(past, "verify", "--json").decoded(Examined)
    assert (found.events, found.signed_events) == (4, 4)
    outcome = audit(past, "verify")
    assert (outcome.code, outcome.err) == (0, "")
    assert "events       4, each following the one before it\n" in outcome.out
    assert f"checkpoints  {found.checkpoints} good, the newest at " in outcome.out
    assert outcome.out.endswith(f"key          {found.fingerprints[0]}\n")


def test_a_changed_byte_ends_with_exit_code_nine_and_names_the_line(copy: Path) -> None:
    changed(journal_of(copy), b'"label":"v1"', b'"label":"v2"')
    outcome = audit(copy, "verify")
    assert (outcome.code, outcome.out) == (9, "")
    assert f"{journal_of(copy)}, line 3: changed after it was written (expected SHA-256 " in outcome.err
    assert "Compare with a backup" in outcome.err


def test_a_running_daemons_journal_is_checked_and_shown_from_its_files(copy: Path) -> None:
    assert opsconsole("daemon", "start", "--home", copy).code == 0
    try:
        assert audit(copy, "verify").code == 0
        assert audit(copy, "show", "-n", "1").out.split()[2:] == [ME, "daemon.started", *_pid(copy)]
    finally:
        opsconsole("daemon", "stop", "--home", copy)


def _pid(home: Path) -> list[str]:
    status = json.loads(opsconsole("daemon", "status", "--json", "--home", home).out)
    return [f"pid={status['pid']}"]


def test_what_was_rewritten_while_no_daemon_ran_is_recorded_by_the_next_one(copy: Path) -> None:
    changed(journal_of(copy), b'"label":"v1"', b'"label":"v2"')
    assert opsconsole("daemon", "start", "--home", copy).code == 0
    try:
        doctor = opsconsole("doctor", "--home", copy)
        assert doctor.code == 1
        assert "line 3: changed after it was written" in doctor.out
        (doubt,) = json.loads(audit(copy, "show", "--kind", "journal.doubted", "--json").out)
    finally:
        opsconsole("daemon", "stop", "--home", copy)
    assert "line 3: changed after it was written" in doubt["data"]["found"]
    assert audit(copy, "verify").code == 9


def test_another_machine_checks_with_the_key_and_the_checkpoints_that_it_kept(copy: Path, place: Path) -> None:
    (place / "kept").mkdir()
    for name in ("journal.pub", "journal.checkpoints"):
        shutil.move(copy / name, place / "kept" / name)
    (copy / "journal.key").unlink()
    words = ("--public-key", place / "kept" / "journal.pub", "--checkpoints", place / "kept" / "journal.checkpoints")
    assert audit(copy, "verify", *words).code == 0
    short = b"".join(journal_of(copy).read_bytes().splitlines(keepends=True)[:-1])
    journal_of(copy).write_bytes(short)
    cut = audit(copy, "verify", *words)
    assert cut.code == 9
    assert "the journal ends with event 3" in cut.err
    alone = audit(copy, "verify")
    assert (alone.code, "only the chain was checked" in alone.out) == (0, True)


def test_events_are_shown_as_lines_and_chosen_by_what_they_are(past: Path) -> None:
    shown = audit(past, "show")
    assert [cells[2] for cells in shown.cells] == [
        "daemon.started",
        "sources.attached",
        "baseline.set",
        "daemon.stopped",
    ]
    assert "service=chat baseline=version label=v1" in shown.out
    kinds = {
        words: [event["kind"] for event in json.loads(audit(past, "show", *words.split(), "--json").out)]
        for words in ("--kind daemon", "--kind baseline.set", "--service chat", f"--actor {ME}", "--actor nobody",
                      "--since 2100-01-01", "--until 2000-01-01", "-n 1")
    }  # fmt: skip
    assert kinds == {
        "--kind daemon": ["daemon.started", "daemon.stopped"],
        "--kind baseline.set": ["baseline.set"],
        "--service chat": ["baseline.set"],
        f"--actor {ME}": ["daemon.started", "sources.attached", "baseline.set", "daemon.stopped"],
        "--actor nobody": [],
        "--since 2100-01-01": [],
        "--until 2000-01-01": [],
        "-n 1": ["daemon.stopped"],
    }
    assert "only the newest 1 of 4" in audit(past, "show", "-n", "1").err


def test_exported_lines_are_the_journals_own_and_can_be_checked_elsewhere(past: Path, place: Path) -> None:
    file = place / "all.jsonl"
    outcome = audit(past, "export", "--out", file)
    assert (outcome.code, outcome.out) == (0, "")
    assert file.read_bytes() == journal_of(past).read_bytes()
    statement = opsconsole(
        "audit", "verify", "--export", file, "--public-key", past / "journal.pub", "--home", place, "--json"
    ).decoded(Statement)
    assert (statement.events, statement.first_seq, statement.last_seq, statement.head_seq) == (4, 1, 4, 4)
    assert statement.key == audit(past, "verify", "--json").decoded(Examined).fingerprints[0]


@pytest.mark.parametrize(
    ("words", "old", "new", "named"),
    [
        ((), b'"label":"v1"', b'"label":"v2"', "all, line 3: changed after it was written"),
        (("--format", "csv"), b"v1", b"v2", "all: expected SHA-256 "),
    ],
)
def test_an_export_that_was_changed_is_found(
    past: Path, place: Path, words: tuple[str, ...], old: bytes, new: bytes, named: str
) -> None:
    assert audit(past, "export", *words, "--out", place / "all").code == 0
    changed(place / "all", old, new)
    outcome = audit(past, "verify", "--export", place / "all")
    assert (outcome.code, outcome.out) == (9, "")
    assert named in outcome.err


def test_a_statement_that_was_made_anew_for_a_changed_export_is_found(past: Path, place: Path) -> None:
    assert audit(past, "export", "--out", place / "all").code == 0
    changed(place / "all.sig", b'"events":4', b'"events":3')
    outcome = audit(past, "verify", "--export", place / "all")
    assert outcome.code == 9
    assert "all.sig: not signed as it stands" in outcome.err


def test_an_export_without_the_key_says_that_nobody_signed_it(copy: Path, place: Path) -> None:
    (copy / "journal.key").unlink()
    outcome = audit(copy, "export", "--out", place / "all")
    assert outcome.code == 0
    assert "is not signed" in outcome.err
    assert not (copy / "journal.key").exists()
    assert "signed by nobody" in audit(copy, "verify", "--export", place / "all").err


def test_an_export_of_a_time_range_is_one_piece_of_the_chain(past: Path, place: Path) -> None:
    events = [json.loads(line) for line in journal_of(past).read_bytes().splitlines()]
    words = ("--since", events[1]["at"], "--until", events[3]["at"])
    assert audit(past, "export", *words, "--out", place / "some").code == 0
    assert [json.loads(line)["seq"] for line in (place / "some").read_bytes().splitlines()] == [2, 3]
    assert audit(past, "verify", "--export", place / "some").code == 0
    assert audit(past, "export", "--since", "2100-01-01", "--out", place / "none").code == 0
    assert (place / "none").read_bytes() == b""
    assert audit(past, "verify", "--export", place / "none").code == 0


def test_a_pipe_gets_the_events_and_the_statement_goes_beside_it(past: Path, place: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "audit", "export", "--format", "csv", "--home", past], capture_output=True, check=True
    )
    table = list(csv.reader(io.StringIO(done.stdout.decode())))
    assert [row[3] for row in table[1:]] == ["daemon.started", "sources.attached", "baseline.set", "daemon.stopped"]
    (place / "all").write_bytes(done.stdout)
    (place / "all.sig").write_bytes(done.stderr)
    assert audit(past, "verify", "--export", place / "all").code == 0


def test_a_home_without_a_journal_is_a_usage_error(place: Path) -> None:
    for action in ("verify", "show", "export"):
        outcome = audit(place / "nowhere", action)
        assert (outcome.code, outcome.out) == (2, "")
        assert "is no journal" in outcome.err
    assert not (place / "nowhere").exists()


def test_a_look_at_the_journal_loads_neither_database_nor_screen(past: Path) -> None:
    program = (
        f"import sys; from opsconsole.cli import main; main(['audit', 'verify', '--home', {str(past)!r}]); "
        "print('\\n'.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = ("duckdb.", "numpy.", "scipy.", "textual.", "uvicorn.", "opsconsole.store.", "opsconsole.daemon.")
    assert [name for name in done.stdout.split() if f"{name}.".startswith(heavy)] == []
