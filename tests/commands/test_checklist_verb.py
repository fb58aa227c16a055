"""``opsconsole checklist``: files, runs for scripts, and a run in a terminal."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from commandline import opsconsole, written

from opsconsole import wire
from opsconsole.client import Client
from opsconsole.commands.checklist_run import look, work
from opsconsole.home import Home

LIST = b"""\
---
id: look
title: Look
owner: me
last_reviewed: 2026-11-01
params: {service: {type: service, required: true}}
---

### Room {#room}

```yaml step
type: check
timebox: 1m
evidence:
  - sql: SELECT count(*) AS n FROM requests WHERE service = $service
expect: disk_free() >= 0
```

### Which {#which}

```yaml step
type: decision
timebox: 1m
options:
  - {key: b, label: Better, consequence: nothing is done, goto: say}
  - {key: w, label: Worse, consequence: more people}
```

### Call {#call}

```yaml step
type: manual
timebox: 1m
```

### Say {#say}

```yaml step
type: comms
timebox: 1m
audience: internal
message: "$service was looked at"
```
"""


@pytest.fixture
def listed(full_home: Path) -> Iterator[Path]:
    """The home with one list of its own."""
    path = written(full_home / "checklists" / "look.md", LIST)
    yield full_home
    path.unlink()


def test_lint_names_file_line_mistake_and_remedy_and_exits_17(full_home: Path, place: Path) -> None:
    good = written(place / "good.md", LIST)
    outcome = opsconsole("checklist", "lint", good, "--home", full_home)
    assert (outcome.code, outcome.out) == (0, "1 checklist: 0 errors, 0 warnings\n")
    written(place / "bad.md", LIST.replace(b"type: check", b"type: chek").replace(b"FROM requests", b"FROM request"))
    outcome = opsconsole("checklist", "lint", place, "--home", full_home)
    assert outcome.code == 17
    assert (
        f"{place / 'bad.md'}:12: error: steps[0].type: no such value: 'chek'\n    Did you mean `check`?" in outcome.out
    )
    assert outcome.out.endswith("2 checklists: 1 error, 0 warnings\n")
    written(place / "bad.md", LIST.replace(b"FROM requests", b"FROM request"))
    outcome = opsconsole("checklist", "lint", place / "bad.md", "--home", full_home, "--json")
    (problem,) = outcome.decoded(wire.LintReply).problems
    assert (problem.line, "request does not exist" in problem.message) == (15, True)


def test_lint_of_nothing_is_an_input_error(full_home: Path, place: Path) -> None:
    assert opsconsole("checklist", "lint", place, "--home", full_home).code == 4
    assert opsconsole("checklist", "lint", place / "none.md", "--home", full_home).code == 4


def test_the_library_is_listed_and_shown(full_home: Path) -> None:
    outcome = opsconsole("checklist", "list", "--home", full_home)
    assert outcome.code == 0
    assert "error-spike" in outcome.out
    shown = opsconsole("checklist", "show", "error-spike", "--home", full_home)
    assert "### 1. Is it really failing, and how badly? {#confirm}" in shown.out
    as_yaml = opsconsole("checklist", "show", "error-spike", "--form", "yaml", "--home", full_home)
    assert "\nsteps:\n- id: confirm\n" in as_yaml.out


def test_new_writes_a_list_that_lint_finds_right_and_never_over_another(full_home: Path) -> None:
    outcome = opsconsole("checklist", "new", "cache-stampede", "--home", full_home)
    path = full_home / "checklists" / "cache-stampede.md"
    try:
        assert (outcome.code, path.exists()) == (0, True), outcome.err
        assert opsconsole("checklist", "lint", path, "--home", full_home).code == 0
        assert opsconsole("checklist", "new", "cache-stampede", "--home", full_home).code == 2
        assert opsconsole("checklist", "new", "No Id", "--home", full_home).code == 2
    finally:
        path.unlink()


def test_a_script_runs_a_list_step_by_step(listed: Path) -> None:
    begun = opsconsole("checklist", "run", "look", "--param", "service=chat", "--json", "--home", listed)
    view = begun.decoded(wire.RunView)
    run = view.run.id
    assert (begun.code, view.run.current, view.run.steps["room"].word) == (0, "which", "verified")
    assert view.run.steps["room"].evidence[0].rows == ((600,),)
    assert opsconsole("checklist", "step", run, "tick", "--home", listed).code == 2
    assert opsconsole("checklist", "step", run, "decide", "w", "--home", listed).code == 0
    failed = opsconsole("checklist", "step", run, "fail", "nobody answers", "--home", listed)
    assert failed.code == 17
    assert "✗ failed" in failed.out
    assert opsconsole("checklist", "step", run, "skip", "they are asleep", "--home", listed).code == 0
    ended = opsconsole("checklist", "step", run, "send", "--home", listed)
    assert ended.code == 0
    assert f"{run} done: 1 verified, 1 ticked, 1 skipped, 0 failed" in ended.out
    assert opsconsole("checklist", "resume", run, "--no-input", "--home", listed).code == 0
    listing = opsconsole("checklist", "list", "--json", "--home", listed).decoded(wire.ChecklistsView)
    assert listing.runs[0].tally.verified == 1


def test_wrong_parameters_and_unknown_runs_are_usage_errors(listed: Path) -> None:
    for words in (
        ("run", "look"),
        ("run", "look", "--param", "service"),
        ("run", "look", "--param", "service=chatt"),
        ("run", "lok", "--param", "service=chat"),
        ("resume", "RUN-999"),
    ):
        outcome = opsconsole("checklist", *words, "--home", listed)
        assert (outcome.code, outcome.out) == (2, ""), words


class Scripted:
    """A person whose answers are known beforehand."""

    def __init__(self, *answers: str) -> None:
        self.said: list[str] = []
        self._answers = itertools.chain(answers, itertools.repeat("q"))

    def say(self, line: str) -> None:
        self.said.append(line)

    def ask(self, question: str) -> str:
        self.said.append(question)
        return next(self._answers)

    def wait(self) -> None:
        return


def test_in_a_terminal_one_step_is_worked_at_a_time_and_leaving_ends_nothing(listed: Path) -> None:
    begun = opsconsole("checklist", "run", "look", "--param", "service=chat", "--json", "--home", listed)
    client = Client(Home(listed))
    try:
        person = Scripted("", "w", "t", "who is on call?")
        view = work(client, begun.decoded(wire.RunView), person, "test")
        assert (view.run.phase, view.run.current) == ("running", "call")
        assert view.run.notes[-1].text == "who is on call?"
        assert any("b  Better — nothing is done" in line for line in person.said)
        assert person.said[-1].endswith(f"opsconsole checklist resume {view.run.id}")
        person = Scripted("s", "", "s", "asleep", "y")
        view = work(client, look(client, view.run.id), person, "test")
        assert view.run.word == "done", person.said
        assert "skip needs a reason" in person.said
        assert any("chat was looked at" in line for line in person.said)
    finally:
        client.close()


def test_what_a_list_quotes_from_data_does_not_reach_the_terminal(full_home: Path) -> None:
    hostile = LIST.replace(b"Say {#say}", "Say \x9b2J\x1b]0;x\x07 {#say}".encode()).replace(b"id: look", b"id: hostile")
    path = written(full_home / "checklists" / "hostile.md", hostile)
    try:
        shown = opsconsole("checklist", "show", "hostile", "--home", full_home)
        begun = opsconsole("checklist", "run", "hostile", "--param", "service=chat", "--no-input", "--home", full_home)
        listing = opsconsole("checklist", "show", "hostile", "--json", "--home", full_home)
    finally:
        path.unlink()
    for text in (shown.out, begun.out, begun.err, listing.out):
        assert not {"\x1b", "\x9b", "\x07"} & set(text)
    assert json.loads(listing.out)
