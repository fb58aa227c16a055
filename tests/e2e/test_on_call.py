"""A night on call from keys alone, in a real terminal of 80x24: from the page to the review.

``UPDATE_WALKTHROUGH=1`` writes what the screens showed into docs/on-call.md: `docs/screenshots/story.py` does that.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from terminal import Screen, Tmux
from test_release import told, typed
from test_terminal import PROGRAM, command, stopped_afterwards

from opsconsole.demo.launch import start_fleet, stop_fleet
from opsconsole.demo.stage import prepare

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "on-call.md"
PAGED_WITHIN_S = 90.0
READ_S = 0.6
"""Before a page or a step that has just appeared is answered."""

LIST = """\
---
apiVersion: opsconsole/v1
kind: Checklist
id: error-spike
version: 1
title: Error spike
severity: [SEV-1, SEV-2]
owner: on-call
last_reviewed: 2026-11-25
stale_after: 3650d
params:
  service: {type: service, required: true, about: the service that fails}
  version: {type: version, sql: FROM newest_version($service), required: true}
---

### 1. Is it really failing? {#confirm}

```yaml step
type: check
timebox: 2m
expect: error_rate($service) > 0.5% over 10m
```

### 2. Does the newest version fail more than the others? {#version}

```yaml step
type: check
timebox: 1m
evidence:
  - sql: FROM versions($service, '15m') SELECT version, n, errors, error_rate
expect: more_errors($service, $version) > 2 over 10m
```

### 3. Roll back? {#decide}

```yaml step
type: decision
timebox: 2m
options:
  - {key: r, label: Roll back now, consequence: the newest version loses its traffic, goto: rollback}
  - {key: w, label: Not yet, consequence: users go on failing while you look, goto: end}
```

### 4. Roll back {#rollback}

```yaml step
type: action
timebox: 5m
action: release.rollback
with: {service: $service}
undo: restore
verify: {signal: "share($service, $version) < 1% over 10s", within: 2m, poll: 2s}
```

### 5. Are the errors gone? {#recovered}

```yaml step
type: check
timebox: 5m
expect: {signal: "error_rate($service) < 1% over 10s", within: 2m, poll: 2s}
```

### 6. Tell people {#tell}

```yaml step
type: comms
timebox: 3m
audience: internal
message: "$service: $version was rolled back by $run_id, and the errors are gone."
```
"""
"""The library's list of this name with spans of seconds: nobody should act on so little outside of a test."""


@pytest.fixture
def home(room: Path) -> Iterator[Path]:
    """The demo with nearly half of the traffic on its bad version, and a promise that this breaks at once."""
    directory = room / "call"
    directory.mkdir(mode=0o700)
    prepare(directory)
    (directory / "checklists").mkdir()
    (directory / "checklists" / "error-spike.md").write_text(LIST)
    config, routing = directory / "opsconsole.yaml", directory / "routing.yaml"
    written = config.read_text().replace("  chat-assist:\n", "  chat-assist:\n    slo: {availability: 0.9995}\n")
    config.write_text(written + "notifiers:\n  on-call: {kind: terminal}\nincidents: {internal: [on-call]}\n")
    routing.write_text(routing.read_text().replace("v41: 90, v42: 10", "v41: 55, v42: 45"))
    with stopped_afterwards(directory):
        start_fleet(directory, history="30m", rate=4.0)
        try:
            command("daemon", "start", "--home", directory)
            yield directory
        finally:
            stop_fleet(directory)


def test_a_night_on_call_from_the_page_to_the_review(home: Path, tmux: Tmux, tmp_path: Path) -> None:
    shown: dict[str, str] = {}
    screen = tmux.open("night", *PROGRAM, "--home", home)
    shown["paged"] = paged(screen)

    screen.press("A")
    screen.until("✖ PAGE   A-1")
    answer(screen, "a", "what you will do", "looking")
    screen.until("A-1 is with")
    screen.press("Enter")
    shown["alert"] = screen.until("1 evidence", "2 what changed")
    screen.press("x")
    shown["changed"] = screen.until("what changed in chat-assist", "version v42")

    screen.press("Escape")
    screen.until("1 evidence")
    screen.press("i")
    screen.until("what is wrong:")
    for question in ("services:", "severity:", "opened"):
        enter(screen)
        screen.until(question)
    screen.until("3 people")
    answer(screen, "O", "role in INC-1 · role:", "")
    screen.until("whose")
    enter(screen)
    screen.until("commander is")
    shown["incident"] = screen.until("commander root", "by evidence")

    screen.press("c")
    for question in ("which: error-spike", "service: chat-assist", "version", "of incident: INC-1"):
        screen.until(question)
        enter(screen)
    shown["decision"] = screen.until("r Roll back now")
    time.sleep(READ_S)
    screen.press("r")
    screen.until("y plan it")
    time.sleep(READ_S)
    screen.press("y")
    shown["plan"] = screen.until("type ca to roll back to v41")
    typed(screen, "ca")
    screen.until("done", "read back")
    time.sleep(READ_S)
    screen.press("Enter")
    screen.until("6/6 Tell people")
    shown["verified"] = screen.until("y send it")
    time.sleep(READ_S)
    screen.press("y")
    screen.until("RUN-1  ✔ done")

    screen.press("Escape")
    screen.until("INC-1", "1 what is due")
    answer(screen, "N", "the cause", "v42 refuses one in forty. TODO: alert on 429 @ann due friday")
    screen.until("INC-1: noted")
    answer(screen, "U", "stage:", "")
    screen.until("to whom: internal")
    screen.press("Enter")
    while "type send" not in screen.text:
        screen.press("Enter")
        time.sleep(0.3)
    shown["message"] = screen.text
    typed(screen, "send")
    enter(screen)
    screen.until("sent by on-call")

    answer(screen, "X", "because", "v41 serves again")
    screen.until("✔ resolved")
    screen.press("8")
    shown["timeline"] = screen.until("8 timeline")
    screen.press("8")
    screen.press("W")
    screen.until("into which directory: reviews")
    for _ in "reviews":
        screen.press("BSpace")
    screen.press("-l", str(tmp_path))
    screen.press("Enter")
    screen.until("is it finished")
    enter(screen)
    screen.until("wrote")
    assert "v42 refuses one in forty" in (tmp_path / "INC-1.md").read_text()
    assert (tmp_path / "INC-1.html").read_text().startswith("<!")
    assert "v41: 100" in (home / "routing.yaml").read_text()
    written(shown, home)


def test_two_people_on_one_incident_see_each_other_and_what_the_other_writes(room: Path, tmux: Tmux) -> None:
    with stopped_afterwards(room / "two") as home:
        command("incident", "open", "chat is slow", "--service", "chat", "--home", home)
        first, second = (tmux.open(name, *PROGRAM, "--home", home) for name in ("first", "second"))
        for screen in (first, second):
            screen.until("1 incident")
            screen.press("I")
            screen.until("1 open incident")
            screen.press("Enter")
            screen.until("2 milestones")
        second.until("(incident)")
        answer(first, "n", "note:", "it is the cache")
        first.until("INC-1: noted")
        second.until("it is the cache")


def paged(screen: Screen) -> str:
    """The fleet once somebody is called: the history has to be read and looked at first, which takes a while."""
    deadline = time.monotonic() + PAGED_WITHIN_S
    while "✖ 1 page" not in screen.text:
        assert time.monotonic() < deadline, screen.text
        time.sleep(0.2)
    return screen.until("!! page A-1")


def answer(screen: Screen, key: str, question: str, text: str) -> None:
    """Press a key, and answer what it asks for first."""
    screen.press(key)
    screen.until(question)
    if text:
        screen.press("-l", text)
    enter(screen)


def enter(screen: Screen) -> None:
    """Enter, by somebody who has read what stands there: a form is sent by no other."""
    time.sleep(READ_S)
    screen.press("Enter")


def written(shown: dict[str, str], home: Path) -> None:
    """The page shows these very steps; its screens are written anew when that is asked for."""
    page = PAGE.read_text(encoding="utf-8")
    pattern = re.compile(r"(?<=<!-- screen: )(\w+)( -->\n```text\n)(.*?)(?=```\n)", re.S)
    assert [found[1] for found in pattern.finditer(page)] == list(shown)
    if os.environ.get("UPDATE_WALKTHROUGH"):
        page = pattern.sub(lambda found: found[1] + found[2] + told(shown[found[1]], home), page)
        PAGE.write_text(page, encoding="utf-8")
