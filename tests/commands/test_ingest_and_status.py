"""``ingest`` takes a log in once; ``status`` and ``sources`` say what came of it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from commandline import PROGRAM, lines, only_service, opsconsole, served, written

from opsconsole import wire


def test_log_that_is_ingested_twice_counts_once_and_what_was_appended_is_added(home: Path, log: Path) -> None:
    first = opsconsole("ingest", log, "--home", home)
    assert (first.code, first.out) == (0, "")
    assert "serving.jsonl: 600 records" in first.err
    assert "1 source in" in first.err
    assert opsconsole("ingest", log, "--home", home).code == 0
    assert only_service(opsconsole("status", "--window", "all", "--json", "--home", home)).total.requests == 600
    with log.open("ab") as file:
        file.write(lines(served(650)[600:]))
    assert opsconsole("ingest", log, "--home", home).code == 0
    assert only_service(opsconsole("status", "--window", "all", "--json", "--home", home)).total.requests == 650


def test_ingest_says_what_was_rejected_and_what_was_not_of_its_type(home: Path, place: Path) -> None:
    odd = [{**r, "latency_ms": "soon"} for r in served(3)]
    log = written(place / "odd.jsonl", lines(served(100)) + lines(odd) + b"nonsense\n")
    outcome = opsconsole("ingest", log, "--home", home)
    assert outcome.code == 0
    assert "103 records, 1 rejected (1 not JSON)" in outcome.err
    assert "3 of latency_ms" in outcome.err


def test_ingest_of_a_path_that_is_missing_fails_after_reading_the_others(home: Path, log: Path, place: Path) -> None:
    outcome = opsconsole("ingest", log, place / "gone.jsonl", "--home", home)
    assert outcome.code == 4
    assert "gone.jsonl names no file" in outcome.err
    assert "600 records" in outcome.err


def test_status_page_and_json_tell_the_same(full_home: Path) -> None:
    view = opsconsole("status", "--json", "--home", full_home).decoded(wire.StatusView)
    page = opsconsole("--home", full_home, "status")
    assert [service.service for service in view.services] == ["chat"]
    assert view.services[0].total.requests == 600
    assert ["all", "100%", "600"] in [cells[:3] for cells in page.cells]
    assert "1 service\n" in page.out
    assert not view.is_live
    assert "(end of the data)" in page.out


def test_sources_lists_what_was_read(full_home: Path) -> None:
    view = opsconsole("sources", "--json", "--home", full_home).decoded(wire.SourcesView)
    (source,) = view.sources
    assert (source.accepted, source.rejected, source.state) == (600, 0, "done")
    assert source.read_bytes == source.size_on_disk_bytes
    assert "serving.jsonl" in opsconsole("sources", "--home", full_home).out


def test_home_without_records_says_so_instead_of_showing_zeroes(home: Path) -> None:
    outcome = opsconsole("status", "--home", home)
    assert outcome.code == 0
    assert "no records yet" in outcome.out
    assert "no sources" in outcome.out


def test_bare_command_in_a_pipe_prints_the_status_page(full_home: Path) -> None:
    done = subprocess.run([*PROGRAM, "--home", full_home], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"chat  FAIL" in done.stdout


def test_homes_do_not_share_records(another_home: Callable[[], Path], full_home: Path) -> None:
    empty = opsconsole("status", "--json", "--home", another_home()).decoded(wire.StatusView)
    assert empty.services == ()
    assert empty.sources == ()
