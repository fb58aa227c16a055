"""``demo`` without a terminal: one page about a fleet that is gone afterwards, or small files to look at."""

from __future__ import annotations

from pathlib import Path

from commandline import opsconsole

from strays import processes_of


def test_page_of_the_demo_shows_the_canary_and_leaves_nothing_running(room: Path) -> None:
    home = room / "demo"
    outcome = opsconsole("demo", "--home", home)
    assert outcome.code == 0, outcome.err
    services = {cells[0]: cells[1] for cells in outcome.cells if len(cells) == 2 and cells[0].count("-") == 1}
    assert services["chat-assist"] == "WARN"
    assert {cells[0] for cells in outcome.cells if cells} >= {"v41", "v42"}
    assert "drifted against v41" in outcome.out
    journal = "".join(file.read_text() for file in (home / "journal").glob("*.jsonl"))
    assert journal.count('"kind":"version.added"') == 6
    assert processes_of(home) == {}


def test_sample_data_is_written_where_it_was_asked_for(place: Path) -> None:
    outcome = opsconsole("demo", "--write", place / "sample")
    assert (outcome.code, outcome.out) == (0, "")
    assert {path.name for path in (place / "sample").iterdir()} == {"logs", "prices", "routing.yaml", "opsconsole.yaml"}
    read = opsconsole("watch", place / "sample" / "logs", "--once")
    assert read.code == 0
    assert "chat-assist" in read.out


def test_sample_data_never_overwrites_what_is_somebody_elses(place: Path) -> None:
    (place / "thesis.txt").write_text("years of work")
    outcome = opsconsole("demo", "--write", place)
    assert (outcome.code, outcome.out) == (2, "")
    assert "thesis.txt" in outcome.err
    assert [path.name for path in place.iterdir()] == ["thesis.txt"]
