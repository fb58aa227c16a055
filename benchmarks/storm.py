"""A storm: ten thousand findings a minute, and somebody who presses keys on the alerts of it.

Always true here: the keeper is the daemon's own, on a journal in memory and in a process of its own; it looks twice a
second, twenty times as often as in earnest, and each time the real console is sent everything anew.

    python -m benchmarks.storm
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from benchmarks.ground import Row, p95
from benchmarks.lists import StillClient, Watch, all_pressed, ready
from opsconsole import wire
from opsconsole.alerts.book import AlertBook
from opsconsole.alerts.facts import Facts, Reading
from opsconsole.alerts.findings import judge, united
from opsconsole.alerts.keeper import Keeper
from opsconsole.alerts.ledger import fold
from opsconsole.alerts.rules import Rule, changed
from opsconsole.alerts.table import RULES
from opsconsole.clock import ManualClock
from opsconsole.config.alerting import AlertSetting
from opsconsole.console.app import OpsConsole
from opsconsole.journal.walk import Event, written

NOW = datetime(2026, 11, 23, 13, 4, 12, tzinfo=UTC)
SERVICES, ROUTES, LOOKS = 40, 42, 6
"""So many services fail on so many routes more at each look, six looks a minute: 10,080 findings."""
LOOK_S = 10.0
RULE = "errors-burn-1h"
MOST_KEY_MS = 50.0
KEYS = "jjjjjjkkjjGgjjjjkkjG" * 5
SIZE = (80, 24)
ANSWER_S = 0.5
SIZE_BYTES = 4
"""Before each answer, how long it is."""


class Storm:
    """A keeper, what it is told of, and whom it tells."""

    def __init__(self) -> None:
        self.clock = ManualClock(NOW)
        self.events: list[Event] = []
        self.told: list[wire.Notice] = []
        settings = AlertSetting()
        rules = changed(RULES, settings, {})[0]
        self._rules: Mapping[str, Rule] = {RULE: rules[RULE]}
        book = AlertBook(self._append, fold(self.events), lambda: None)
        self.keeper = Keeper(
            book, self.clock, settings, lambda subject: self._rules, tell=self._tell, params_of=lambda name: ()
        )
        self.looks = 0

    def _append(self, actor: str, kind: str, data: dict[str, Any]) -> Event:
        at = written(self.clock.now())
        self.events.append(Event(seq=len(self.events) + 1, at=at, actor=actor, kind=kind, data=data, previous=""))
        return self.events[-1]

    def _tell(self, notice: wire.Notice, names: tuple[str, ...]) -> tuple[str, ...]:
        self.told.append(notice)
        return names or ("on-call",)

    def look(self) -> None:
        """Ten seconds later: everything that was found, and as much again."""
        self.looks += 1
        self.clock.advance(LOOK_S)
        every = [self._facts(f"service-{i:02d}") for i in range(SERVICES)]
        self.keeper.look(united(judge(facts, self._rules) for facts in every))

    def _facts(self, service: str) -> Facts:
        rule = self._rules[RULE]
        readings = tuple(
            Reading(
                value=rule.threshold * 2,
                n=1_000,
                told=f"8.1% of 1,000 failed on /v1/route-{i} of {service}",
                detail=f"/v1/route-{i}",
                p_value=1e-9,
            )
            for i in range(ROUTES * min(self.looks, LOOKS))
        )
        return Facts(subject=service, services=(service,), at=self.clock.now(), readings={rule.signal: readings})

    def view(self, revision: int) -> wire.AlertsView:
        now = self.clock.now()
        return wire.AlertsView(
            alerts=self.keeper.alerts(), resolved=(), silences=(), looked_at=now, look_ms=1.0, revision=revision,
            environment="bench", now=now, end=now, is_live=True, window="24h",
            axis=wire.Axis(start=now, step_s=60, buckets=0), query_ms=1.0,
        )  # fmt: skip


class StormClient(StillClient):
    """The alerts of a storm, as they come from the process in which it is."""

    def __init__(self, frames: asyncio.StreamReader) -> None:
        super().__init__()
        self._frames = frames

    async def view(self, kind: str, parameters: Mapping[str, str], after: int = 0) -> wire.Answer:
        if kind != "alerts":
            return await super().view(kind, parameters, after)
        size = int.from_bytes(await self._frames.readexactly(SIZE_BYTES))
        return msgspec.json.decode(await self._frames.readexactly(size), type=wire.AlertsView)


def feed() -> None:
    """What the daemon's process does: look, and twice a second say what there is now."""
    storm, revision = Storm(), 0
    while True:
        storm.look()
        revision += 1
        body = msgspec.json.encode(storm.view(revision))
        sys.stdout.buffer.write(len(body).to_bytes(SIZE_BYTES) + body)
        sys.stdout.buffer.flush()
        time.sleep(ANSWER_S)


async def keys_ms() -> list[float]:
    """From each key to the last change of the screen that it caused."""
    command = [sys.executable, "-m", "benchmarks.storm", "--feed"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, limit=1 << 24)
    if process.stdout is None:
        raise AssertionError("stdout is a pipe")
    app = OpsConsole(StormClient(process.stdout), clock=ManualClock(NOW), colours="truecolor")
    try:
        async with app.run_test(size=SIZE) as pilot:
            await ready(pilot, lambda: "service-0000" in app.screen_text())
            await pilot.press("A")
            await ready(pilot, lambda: "service-00" in app.screen_text() and "PAGE" in app.screen_text())
            return await all_pressed(pilot, Watch(app), KEYS)
    finally:
        process.kill()
        await process.wait()


def rows(is_quick: bool) -> list[Row]:
    """As quick as it is whole."""
    storm = Storm()
    began = time.perf_counter()
    for _ in range(LOOKS):
        storm.look()
    minute_s = time.perf_counter() - began
    alerts = storm.keeper.alerts()
    found = SERVICES * ROUTES * LOOKS
    kept = sum(len(alert.members) + alert.more for alert in alerts)
    firing = [notice for notice in storm.told if notice.kind == "firing"]
    pressed = asyncio.run(keys_ms())
    what = f"storm of {found:,} findings in a minute"
    return [
        Row(f"{what}: pages beyond one a cause", "", float(len(firing) - SERVICES), None, "ours", 0.0),
        Row(f"{what}: findings in no alert", "", float(found - kept), None, "ours", 0.0),
        Row(f"{what}: all looks of it", "s", minute_s, None, "ours", 60.0 * 0.1, "of one core"),
        Row(f"{what}: key in the alerts view, p95", "ms", p95(pressed), None, "ours", MOST_KEY_MS,
            f"of {len(pressed)} keys, everything sent anew twice a second"),
    ]  # fmt: skip


if __name__ == "__main__":
    if "--feed" in sys.argv:
        feed()
    for row in rows(is_quick=False):
        sys.stdout.write(f"{row.what}: {row.ours} {row.unit} (at most {row.limit:g}) {row.note}\n")
