"""A drill on a real terminal: its frame, its own home, and what it leaves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from terminal import Tmux
from test_on_call import answer
from test_terminal import PROGRAM, command

pytestmark = pytest.mark.e2e

SCENARIO = """
apiVersion: opsconsole/v1
kind: Drill
id: small
title: A version that fails
brief: You are on call for chat.
checklists: [error-spike]
clock: {start: 2026-11-02T02:55:00Z, length: 20m, lead: 40s, history: 6m}
services:
  chat: {rate: 6, versions: {v1: {}, v2: {}}, routing: {v1: 1}}
prelude:
  - {at: "-30s", run: "release promote chat v2 --override 'passed its tests' --yes-i-mean chat"}
faults:
  - {id: fails, at: +1s, service: chat, version: v2, effect: {errors: {upstream_error: 0.5}}}
expectations:
  - {id: back, title: It is rolled back, match: action(rollback)}
"""


def test_drill_is_a_console_of_its_own_with_its_word_in_the_frame(room: Path, tmux: Tmux) -> None:
    home, scenario = room / "drilled", room / "small.yaml"
    home.mkdir(mode=0o700)
    scenario.write_text(SCENARIO)
    screen = tmux.open("drill", *PROGRAM, "drill", "run", scenario, "--home", home)
    screen.until(" DRILL ", "chat", "v2")
    screen.press("q")
    screen.until("drill-1 goes on")
    now = json.loads(command("drill", "now", "drill-1", "--home", home, "--json"))
    assert now["brief"] == "You are on call for chat."
    assert 0 <= now["t"] < 600
    told = command("drill", "end", "drill-1", "--home", home)
    assert "over" in told
    score = json.loads(command("drill", "score", "drill-1", "--home", home, "--json"))
    assert score["scenario"] == "small"
    assert {path.name for path in (home / "drills" / "drill-1").iterdir()} >= {
        "report.md",
        "report.html",
        "events.jsonl",
    }
    assert not (home / "store.duckdb").exists()


def test_drill_is_ended_from_the_console_that_started_it_which_says_so_when_it_is_left(room: Path, tmux: Tmux) -> None:
    home, scenario = room / "ended", room / "small.yaml"
    home.mkdir(mode=0o700)
    scenario.write_text(SCENARIO)
    screen = tmux.open("ended", *PROGRAM, "drill", "run", scenario, "--home", home)
    screen.until(" DRILL ", "chat", "v2", "D opens the drill: briefing")
    screen.press("D")
    screen.until("drill-1", "of 20:00", "alone: p pauses, X ends", "You are on call for chat.")
    assert "A version that fails" not in screen.text
    screen.press("U")
    screen.until("the facilitator's, and nobody leads this drill")
    answer(screen, "X", "end drill-1 for everybody", "end")
    screen.until("✔ over", "score", "A version that fails", "opsconsole drill report drill-1", "✖ missed")
    screen.until("✔ the drill is over")
    screen.press("q", "q")
    screen.until("it is over: opsconsole drill report drill-1", "[left with 0]")
    assert "After action" in command("drill", "report", "drill-1", "--home", home)
