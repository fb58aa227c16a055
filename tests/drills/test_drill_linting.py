"""Mistakes in scenarios, each at its line."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest
from rehearsing import SMALL

from opsconsole import wire
from opsconsole.daemon.drilling.__main__ import main
from opsconsole.drills.linting import lint
from opsconsole.drills.reading import LIBRARY

LINES = SMALL.splitlines()


@pytest.mark.parametrize("path", sorted(LIBRARY.glob("*.yaml")), ids=lambda path: path.stem)
def test_library_has_nothing_wrong(path: Path) -> None:
    assert lint(path, path.read_text(encoding="utf-8")) == ()


@pytest.mark.parametrize("path", sorted(LIBRARY.glob("*.yaml")), ids=lambda path: path.stem)
def test_file_is_called_as_its_scenario(path: Path) -> None:
    assert f"\nid: {path.stem}\n" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "message", "remedy"),
    [
        ("length: 4m", "length: four", "clock.length: 'four' is no length", "Write it like 90s"),
        ("at: +20s", "at: 20s", "faults[0].at: '20s' is no moment", "Write it like +90s"),
        ("lead: 40s", "lead: 40.5s", "40.5s is no whole number of seconds", "by whole seconds"),
        ("at: +20s", "at: +20.5s", "+20.5s is no whole number of seconds", "by whole seconds"),
        ("T02:55:00Z", "T02:55:07Z", "clock.start: is no multiple of 10 s", "02:55:00"),
        ("lead: 40s", "lead: 45s", "the lead is no multiple of 10 s", "`lead: 50s`"),
        ('at: "-30s"', 'at: "-47s"', "the lead is no multiple of 10 s", "`lead: 50s`"),
        ("--yes-i-mean chat", "--yes-i-mean 'chat", "is no command", "Close what is quoted"),
        ("target: {lag: 10s}", "target: {conflict_at: 1m, conflict_to: {v1: 1}}", "'1m' is no moment", "+90s"),
        ("target: {lag: 10s}", "target: {conflict_at: +1m, conflict_to: {v9: 1}}", "there is no 'v9'", "v1, v2"),
        ("target: {lag: 10s}", "target: {conflict_at: +1m, conflict_to: {v1: -1}}", "v1: is negative", "0 or more"),
        ("routing: {v1: 1}", "routing: {v1: 1, v2: -1}", "services.chat.routing.v2: is negative", "0 or more"),
        ("checklists: [error-spike]", "seed: -1", "seed: is negative", "0 or more"),
        ("id: small", "id: large", "id: 'large' is not how the file is called", "`id: small`"),
        ("id: small", "id: ../small", "id: '../small' is not how the file is called", "`id: small`"),
        (
            "find: {rate: 3,",
            "find: {rate: 3, log: ../home,",
            "services.find.log: '../home' is no plain name",
            "`fleet`",
        ),
        (
            "harm: {points: 40}",
            "hints: [{after: +2m, text: a, cost: 1}, {after: +1m, text: b, cost: 1}]",
            "hints[1].after: is earlier",
            "Sort them",
        ),
        ("harm: {points: 40}", "replay: {file: gone.gz, sha256: '0'}", "gone.gz is not there", "beside the scenario"),
        ("harm: {points: 40}", "cadence: {every: 0s}", "cadence.every: is nothing", "like 10m"),
        ("at: +20s", "at: +9m", "+9m is not before the end", "The drill ends after 4m."),
        ("service: chat, version: v2", "service: chta, version: v2", "there is no 'chta'", "Did you mean `chat`?"),
        ("version: v2, effect", "version: v9, effect", "there is no 'v9'", "Known here: v1, v2."),
        ("upstream_error: 0.5", "upstream_eror: 0.5", "no such name", "Did you mean `upstream_error`?"),
        ("upstream_error: 0.5", "upstream_error: 5", "<= 1", "configuration page"),
        ("not done(back)", "not done(bakc)", "there is no expectation 'bakc'", "Did you mean `back`?"),
        ('cause: note ~ "v2"', "cause: nte", "there is no word 'nte'", "docs/drills.md"),
        ("{id: back,", "{id: cause,", "'cause' is there 2 times", "Give each an id of its own."),
        ("objective: stop", "objective: halt", "there is no 'halt'", "stop"),
        ("[error-spike]", "[error-spice]", "there is no 'error-spice'", "Did you mean `error-spike`?"),
        ('at: "-30s"', "at: +30s", "is not before the start", "-2m"),
        ("title: A version that fails", "tilte: A version that fails", "no such setting", "Did you mean `title`?"),
    ],
)
def test_mistake_is_named_with_its_line_and_a_remedy(old: str, new: str, message: str, remedy: str) -> None:
    assert old in SMALL
    number = 1 + next(i for i, line in enumerate(LINES) if old in line)
    problems = lint(Path("small.yaml"), SMALL.replace(old, new))
    found = [each for each in problems if message in each.message]
    assert found, problems
    assert remedy in found[0].remedy
    assert found[0].is_error
    if "is there 2 times" not in message:
        assert found[0].line == number


def test_what_makes_it_less_worth_playing_is_no_error() -> None:
    problems = lint(Path("small.yaml"), SMALL)
    assert problems
    assert not any(each.is_error for each in problems)


def test_bad_scenarios_of_ones_own_are_listed_with_their_problem_beside_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    own = tmp_path / "drill-scenarios"
    own.mkdir()
    (own / "four.yaml").write_text(SMALL.replace("length: 4m", "length: four").replace("id: small", "id: four"))
    (own / "latin.yaml").write_bytes(SMALL.replace("A version that fails", "Für alle").encode("latin-1"))
    (own / "gone.yaml").symlink_to(tmp_path / "nowhere.yaml")
    (own / "small.yaml").write_text(SMALL)
    monkeypatch.setattr(sys, "argv", ["drill", "--home", str(tmp_path), "list"])
    assert main() == 0
    listed = msgspec.json.decode(capsysbinary.readouterr().out, type=wire.DrillsReply).drills
    assert {each.id: each.problems for each in listed if each.is_own} == {"four": 1, "gone": 1, "latin": 1, "small": 0}
    assert len(listed) == 4 + len(list(LIBRARY.glob("*.yaml")))
    monkeypatch.setattr(sys, "argv", ["drill", "--home", str(tmp_path), "lint"])
    assert main() == 0
    problems = msgspec.json.decode(capsysbinary.readouterr().out, type=wire.DrillLintReply).problems
    told = {Path(each.path).stem: each.message for each in problems if each.is_error}
    assert told == {
        "four": "clock.length: 'four' is no length",
        "gone": "No such file or directory",
        "latin": "byte 57 is no UTF-8",
    }


def test_what_would_serve_at_a_table_is_a_mistake() -> None:
    problems = lint(Path("small.yaml"), SMALL + "mode: tabletop\n")
    assert [(each.message, each.line) for each in problems if each.is_error] == [
        ("services.chat: serves in a tabletop", 10),
        ("services.find: serves in a tabletop", 11),
        ("faults: nothing serves that could fail", 14),
    ]
