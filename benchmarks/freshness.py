"""How long a line takes from the log into the API's answer, while 5,000 lines a second arrive.

Always true here: the daemon is a process of its own and is asked as the console asks, one long poll of the fleet view
after another over its Unix socket; a line is visible once an answer's request count holds it; every burst is a sample.

    python -m benchmarks.freshness SECONDS
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import threading
import time
from bisect import bisect_left
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.ground import DATA, BenchmarkError, Row, p95, run, side
from opsconsole import wire
from opsconsole.client import AsyncClient, Client
from opsconsole.daemon_process import ensure_daemon
from opsconsole.home import Home

SECONDS, QUICK_SECONDS = 20, 6
LINES_PER_S, BURST_S = 5_000, 0.05
MOST_MS = 700.0
_SETTLE_S = 10.0


def rows(is_quick: bool) -> list[Row]:
    found = run(side("freshness", str(QUICK_SECONDS if is_quick else SECONDS))).answer
    note = f"{found['samples']} samples, median {found['median_ms']:.0f} ms, worst {found['worst_ms']:.0f} ms"
    return [
        Row(f"freshness: line → answer, p95 at {LINES_PER_S:,} lines/s", "ms", found["p95_ms"], None, "ours", MOST_MS,
            note),
        Row("freshness: the daemon's share of a core meanwhile", "%", found["cpu_percent"]),
    ]  # fmt: skip


class Writer(threading.Thread):
    """Appends bursts to a log, and remembers when which number of lines was in it."""

    def __init__(self, log: Path, seconds: float, already: int) -> None:
        super().__init__(daemon=True)
        self._log, self._seconds = log, seconds
        self.totals: list[int] = [already]
        self.appended_s: list[float] = [time.monotonic()]

    def run(self) -> None:
        burst = round(LINES_PER_S * BURST_S)
        began = time.monotonic()
        with self._log.open("ab", buffering=0) as file:
            for i in range(round(self._seconds / BURST_S)):
                time.sleep(max(began + i * BURST_S - time.monotonic(), 0))
                file.write(lines(burst, self.totals[-1]))
                self.appended_s.append(time.monotonic())
                self.totals.append(self.totals[-1] + burst)


def lines(n: int, first: int) -> bytes:
    """Serving-log lines of now, in the shape of the ingest benchmark's."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return b"".join(
        b'{"ts":"%s","service":"chat","request_id":"r%d","model":"m%d","version":"v%d","region":"eu","status":%d,'
        b'"latency_ms":%d.5,"ttft_ms":%d.25,"prompt_tokens":%d,"completion_tokens":%d,"cost_usd":0.00%d,'
        b'"finish_reason":"stop","user":"u%d","channel":"c%d"}\n'
        % (at.encode(), k, k % 3, 1 + k % 7 // 6, 500 if k % 97 == 0 else 200, 100 + k * 7919 % 900, 20 + k * 31 % 90,
           k * 17 % 3000, k * 13 % 800, k % 9 + 1, k * 104729 % 5000, k % 4)
        for k in range(first, first + n)
    )  # fmt: skip


async def _watch(home: Home, writer: Writer, until: int) -> list[tuple[float, int]]:
    """(when an answer came, requests in it), until all lines are in one."""
    client, revision = AsyncClient(home), 0
    seen: list[tuple[float, int]] = []
    deadline = time.monotonic() + SECONDS + _SETTLE_S
    while not seen or seen[-1][1] < until:
        view = await client.view("fleet", {"window": wire.DEFAULT_WINDOW}, revision)
        assert isinstance(view, wire.FleetView)
        revision = view.revision
        seen.append((time.monotonic(), sum(service.requests for service in view.services)))
        if len(seen) == 1:
            writer.start()
        if time.monotonic() > deadline:
            raise BenchmarkError(f"only {seen[-1][1]} of {until} lines became visible")
    await client.close()
    return seen


def measured(seconds: float) -> dict[str, float]:
    home = Home(DATA / "fresh")
    shutil.rmtree(home.directory, ignore_errors=True)
    home.create()
    log = home.directory / "serving.jsonl"
    already = LINES_PER_S
    log.write_bytes(lines(already, 0))
    ensure_daemon(home)
    client = Client(home)
    try:
        client.attach(wire.AttachRequest(paths=(str(log),)))
        _wait_for(client, already)
        writer = Writer(log, seconds, already)
        until = already + round(LINES_PER_S * BURST_S) * round(seconds / BURST_S)
        cpu_before, began = client.health().cpu_s, time.monotonic()
        seen = asyncio.run(_watch(home, writer, until))
        cpu_s, took_s = client.health().cpu_s - cpu_before, time.monotonic() - began
    finally:
        client.stop()
        client.close()
    counts = [count for _, count in seen]
    waits = [
        (seen[bisect_left(counts, total)][0] - at) * 1000
        for total, at in zip(writer.totals[1:], writer.appended_s[1:], strict=True)
    ]
    return {
        "samples": len(waits),
        "median_ms": median(waits),
        "p95_ms": p95(waits),
        "worst_ms": max(waits),
        "cpu_percent": 100 * cpu_s / took_s,
    }


def _wait_for(client: Client, lines: int) -> None:
    deadline = time.monotonic() + _SETTLE_S
    while sum(source.accepted for source in client.sources().sources) < lines:
        if time.monotonic() > deadline:
            raise BenchmarkError("the first lines were not taken in")
        time.sleep(0.05)


if __name__ == "__main__":
    try:
        print(json.dumps(measured(float(sys.argv[1]))))
    except subprocess.SubprocessError as error:
        raise SystemExit(str(error)) from error
