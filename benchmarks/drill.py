"""An hour of a drill at 200 requests a second, played as fast as it goes, with ingest, alerts and score.

Always true here: the whole stage is played, into a store of its own; nothing of it is left out because nobody looks.

    python -m benchmarks --only drill
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from benchmarks.ground import Row
from opsconsole.daemon.drilling.playing import play
from opsconsole.drills.archive import Archive
from opsconsole.drills.reading import ScenarioFile, parse

MOST_S = 90.0
WHOLE_MINUTES, QUICK_MINUTES = 60, 6
SCENARIO = """
apiVersion: opsconsole/v1
kind: Drill
id: hour
title: An hour at 200 requests a second
clock: {{start: 2026-11-02T02:55:00Z, length: {minutes}m, lead: 10s, history: 1m}}
services:
  chat: {{rate: 150, versions: {{v1: {{}}, v2: {{}}}}, routing: {{v1: 9, v2: 1}}}}
  find: {{rate: 100, shape: search, versions: {{v7: {{}}}}, routing: {{v7: 1}}}}
faults:
  - {{id: slow, at: +2m, service: chat, version: v2, effect: {{latency: 3}}}}
expectations:
  - {{id: ack, title: Somebody has it, match: ack}}
"""
"""At this time of the night a fifth fewer come than on average over a day."""


def rows(is_quick: bool) -> list[Row]:
    minutes = QUICK_MINUTES if is_quick else WHOLE_MINUTES
    path = Path("hour.yaml")
    text = SCENARIO.format(minutes=minutes)
    file = ScenarioFile(path, text, parse(text, path))
    with tempfile.TemporaryDirectory(prefix="ocb-", dir="/tmp") as directory:
        began = time.perf_counter()
        done = play(file, Archive(Path(directory)).new("hour"), (), seed=1)
        took_s = time.perf_counter() - began
    requests = done.score.harm.requests
    note = f"{requests:,} requests, {requests / (minutes * 60):.0f} a second of the drill"
    what = f"{minutes} minutes of a drill at full speed"
    return [Row(what, "s", round(took_s, 1), judged=None if is_quick else "ours", limit=MOST_S, note=note)]
