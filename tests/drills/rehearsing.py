"""A small drill and scripts for it: one service, one bad version, four minutes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from opsconsole.daemon.drilling.playing import play
from opsconsole.drills.archive import Archive, Run
from opsconsole.drills.events import Logged
from opsconsole.drills.reading import ScenarioFile, parse
from opsconsole.drills.scenario import Line
from opsconsole.drills.script import ScriptLine

SMALL = """
apiVersion: opsconsole/v1
kind: Drill
id: small
title: A version that fails
checklists: [error-spike]
objectives: [{id: stop, title: Makes it stop}]
clock: {start: 2026-11-02T02:55:00Z, length: 4m, lead: 40s, history: 6m, look: 30s}
services:
  chat: {rate: 6, versions: {v1: {}, v2: {}}, routing: {v1: 1}, target: {lag: 10s}}
  find: {rate: 3, shape: search, versions: {v7: {}, v8: {}}, routing: {v7: 9, v8: 1}}
prelude:
  - {at: "-30s", run: "release promote chat v2 --override 'passed its tests' --yes-i-mean chat"}
faults:
  - {id: fails, at: +20s, service: chat, version: v2, effect: {errors: {upstream_error: 0.5}}}
injects:
  - {id: late, when: "not done(back) and t > 150s", text: "Did anybody look at the release?", cost: 5}
cause: note ~ "v2"
expectations:
  - {id: cause, title: v2 is named, match: 'note ~ "v2"', within: 2m, points: 20}
  - {id: back, title: It is rolled back, objective: stop, match: "action(rollback, service=chat)", within: 2m,
     points: 40}
forbidden:
  - {id: other, title: Another service is changed, match: "action(set, service=find)", points: -20}
harm: {points: 40}
"""

OPEN = Line(at="+50s", by="ann", run="incident open 'chat fails' --service chat --severity SEV-2")
NOTE = Line(at="+55s", by="ann", run="incident note INC-1 'v2 fails, v1 did not' --cause")
BACK = Line(at="+1m", by="bob", run="release rollback chat --yes-i-mean chat")
NOTE_KEYS = ScriptLine(at="+55s", by="ann", keys='I enter N "v2 fails, v1 did not" enter')
BACK_KEYS = ScriptLine(at="+1m", by="bob", keys='b "ch"')
"""The same, typed on the console."""
OTHER = Line(at="+1m", by="bob", run="release set find v7=1 --override 'try it' --yes-i-mean find")


def small(text: str = SMALL) -> ScenarioFile:
    path = Path("small.yaml")
    return ScenarioFile(path, text, parse(text, path))


def rehearsed(directory: Path, *lines: Line, text: str = SMALL, seed: int = 42, beat_s: int = 10) -> Run:
    """Play it with this script; what it left behind."""
    file = small(text)
    run = Archive(directory).new(file.scenario.id)
    done = play(file, run, lines, seed, beat_s)
    assert done.spoken == (), done.spoken
    return run


def served(log: list[Logged], world: str, service: str, since: float, until: float) -> tuple[int, int]:
    """(Requests, bad answers) of a service in a world, between two moments of the drill."""
    parts: list[Any] = [
        each.data["worlds"][world][service] for each in log if each.kind == "drill.served" and since < each.t <= until
    ]
    return sum(part[0] for part in parts), sum(part[1] for part in parts)
