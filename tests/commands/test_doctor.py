"""``doctor`` finds what is wrong, says what to do about it, and fails for scripts."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
from commandline import Outcome, lines, opsconsole, served, written

from opsconsole import wire


def wrong(outcome: Outcome) -> dict[str, wire.Check]:
    return {check.name: check for check in outcome.decoded(tuple[wire.Check, ...]) if not check.is_ok}


def test_home_that_is_well_passes(full_home: Path) -> None:
    outcome = opsconsole("doctor", "--home", full_home)
    assert (outcome.code, outcome.err) == (0, "")
    assert "WRONG" not in outcome.out
    assert {cells[1] for cells in outcome.cells} >= {"home", "socket", "daemon", "journal", "store"}


def test_home_without_a_daemon_says_what_was_not_looked_at(room: Path) -> None:
    outcome = opsconsole("doctor", "--home", room / "unmade")
    assert outcome.code == 0
    assert "not made yet" in outcome.out
    assert "not running: store, journal and sources are looked at when it does" in outcome.out
    assert not (room / "unmade").exists()


def test_home_that_others_can_enter_is_wrong_and_the_remedy_is_a_command(home: Path) -> None:
    opsconsole("daemon", "start", "--home", home)
    home.chmod(0o755)
    (home / "opsconsole.sock").chmod(0o666)
    outcome = opsconsole("doctor", "--json", "--home", home)
    assert outcome.code == 1
    found = wrong(outcome)
    assert found.keys() == {"home", "socket"}
    assert found["home"].remedy == f"chmod 700 {home}"
    assert f"home: chmod 700 {home}\n" in opsconsole("doctor", "--home", home).out


def test_journal_that_was_rewritten_is_found(home: Path) -> None:
    opsconsole("daemon", "start", "--home", home)
    opsconsole("ingest", written(home / "a.jsonl", lines(served(10))), "--home", home)
    (journal,) = (home / "journal").glob("*.jsonl")
    events = journal.read_bytes().splitlines()
    changed = {**json.loads(events[0]), "actor": "nobody"}
    journal.write_bytes(b"\n".join([msgspec.json.encode(changed), *events[1:]]) + b"\n")
    found = wrong(opsconsole("doctor", "--json", "--home", home))
    assert found.keys() == {"journal"}
    assert "line 1: changed after it was written" in found["journal"].found
    assert "backup" in found["journal"].remedy


def test_log_of_which_much_was_rejected_is_found(home: Path, room: Path) -> None:
    log = written(room / "half.jsonl", lines(served(50)) + b"nonsense\n" * 10)
    opsconsole("ingest", log, "--home", home)
    (check,) = wrong(opsconsole("doctor", "--json", "--home", home)).values()
    assert "50 records, 10 rejected" in check.found
    assert "opsconsole map" in check.remedy
