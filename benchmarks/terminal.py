"""What a console costs the person on the other end of a link: ours on the live demo, its peers beside it.

Always true here: every program runs on the same kind of pty, of the same size, one after another in one run; ours and
the stock dashboard watch the same daemon while its fleet writes logs; vllmstat shows the fleet it makes up itself.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.ground import DATA, BenchmarkError, Row, p95, run, say
from benchmarks.pty_meter import Meter
from opsconsole.client import Client
from opsconsole.daemon_process import ensure_daemon
from opsconsole.demo.launch import start_fleet, stop_fleet
from opsconsole.demo.stage import prepare
from opsconsole.home import Home

SIZES: dict[str, tuple[int, int]] = {"80x24": (80, 24), "160x50": (160, 50)}
MOST_BYTES_PER_S: dict[str, float] = {"80x24": 2_000.0, "160x50": 6_000.0}
MOST_FIRST_PAINT_MS, MOST_KEY_MS, MOST_CPU_PERCENT, MOST_HANGUP_S = 700.0, 30.0, 4.0, 1.0
SLOW_BYTES_PER_S, MOST_SLOW_KEY_MS, MOST_SLOW_BEHIND_S = 10_000.0, 400.0, 2.0

VIEWS: dict[str, tuple[str, ...]] = {
    "service": ("\r",),
    "versions": ("\r", "v"),
    "requests": ("\r", "r"),
    "drift": ("\r", "d"),
    "cost": ("\r", "$"),
    "saturation": ("\r", "S"),
    "timeline": ("\r", "T"),
    "explain": ("\r", "x"),
    "sources": ("s",),
}
"""View → the keys that lead to it from the fleet."""

WARM_S, STEADY_S, QUICK_STEADY_S = 4.0, 20.0, 6.0
READY_WITHIN_S = 40.0
_VENV = DATA / "vllmstat-venv"


@dataclass(frozen=True)
class Cost:
    """What one program cost."""

    first_paint_ms: float
    bytes_per_s: float
    cpu_percent: float
    key_ms: float | None
    """p95 of key → next byte; None where keys were not pressed."""
    hangup_s: float | None
    """None: it was still there after five seconds."""


def rows(is_quick: bool) -> list[Row]:
    seconds = QUICK_STEADY_S if is_quick else STEADY_S
    with demo() as home:
        ours = [sys.executable, "-m", "opsconsole.cli", "--home", str(home.directory)]
        stock = [sys.executable, "-m", "benchmarks.stock_dashboard", str(home.directory)]
        found = {size: cost(ours, SIZES[size], seconds) for size in SIZES}
        peers = {
            "stock Textual": {size: cost(stock, SIZES[size], seconds, keys="") for size in SIZES},
            "vllmstat --mock": {size: cost([_vllmstat(), "--mock"], SIZES[size], seconds, keys="") for size in SIZES},
        }
        table = [row for size in SIZES for row in _fleet_rows(size, found[size], peers)]
        views = list(VIEWS)[:3] if is_quick else VIEWS
        table += [_view_row(ours, view, size, seconds / 2) for view in views for size in SIZES]
        return [*table, *_slow_rows(ours, seconds)]


@contextmanager
def demo() -> Iterator[Home]:
    """A daemon that follows a fleet, with its history read."""
    home = Home(DATA / "tty-home")
    home.create()
    prepare(home.directory)
    try:
        start_fleet(home.directory)
        ensure_daemon(home)
        _await_history(home)
        yield home
    finally:
        client = Client(home)
        client.stop()
        client.close()
        stop_fleet(home.directory)


def _await_history(home: Home) -> None:
    client = Client(home)
    deadline = time.monotonic() + READY_WITHIN_S
    try:
        while not all(source.state == "following" for source in client.sources().sources):
            if time.monotonic() > deadline:
                raise BenchmarkError("the demo's history was not read in time")
            time.sleep(0.2)
    finally:
        client.close()


def _fleet_rows(size: str, ours: Cost, peers: dict[str, dict[str, Cost]]) -> list[Row]:
    found = []
    for name, costs in peers.items():
        peer = costs[size]
        what = f"tty {size}, beside {name}"
        found += [
            Row(f"{what}: bytes, live", "B/s", ours.bytes_per_s, peer.bytes_per_s, "ours", MOST_BYTES_PER_S[size]),
            Row(f"{what}: CPU", "%", ours.cpu_percent, peer.cpu_percent, "ours", MOST_CPU_PERCENT),
            Row(f"{what}: first paint", "ms", ours.first_paint_ms, peer.first_paint_ms, "ours", MOST_FIRST_PAINT_MS),
        ]
    hangup = "still there after 5 s" if ours.hangup_s is None else ""
    return [
        *found,
        Row(f"tty {size}: key → byte, p95", "ms", ours.key_ms, None, "ours", MOST_KEY_MS),
        Row(f"tty {size}: gone after the terminal", "s", ours.hangup_s, None, "ours", MOST_HANGUP_S, hangup),
    ]


def cost(command: Sequence[str], size: tuple[int, int], seconds: float, *, keys: str = "jk" * 15) -> Cost:
    """Start, watch, press keys, take the terminal away."""
    say(f"  {Path(command[0]).name} {' '.join(command[1:3])} at {size[0]}x{size[1]}")
    meter = Meter(command, size)
    try:
        meter.read(WARM_S)
        if meter.has_ended or not meter.arrivals:
            raise BenchmarkError(f"{command[0]} ended at once: {bytes(meter.output[-300:])!r}")
        first_paint_ms = (meter.arrivals[0][0] - meter.began) * 1000
        began, cpu_s = time.monotonic(), meter.cpu_s
        meter.read(seconds)
        took_s = time.monotonic() - began
        used, arrived = meter.cpu_s - cpu_s, meter.bytes_since(began)
        waits = [wait for key in keys if (wait := _key_ms(meter, key)) is not None]
        hangup_s = meter.hang_up()
    finally:
        meter.close()
    return Cost(first_paint_ms, arrived / took_s, 100 * used / took_s, p95(waits) if waits else None, hangup_s)


def _key_ms(meter: Meter, key: str) -> float | None:
    """Milliseconds from a key to the next byte, once the screen has been still for a moment."""
    for _ in range(20):
        quiet = time.monotonic()
        meter.read(0.06)
        if not meter.bytes_since(quiet):
            break
    at = meter.press(key)
    meter.read(0.15)
    wait = meter.first_byte_after(at)
    return None if wait is None else wait * 1000


def _view_row(command: Sequence[str], view: str, size: str, seconds: float) -> Row:
    """What one view sends on live data."""
    meter = Meter(command, SIZES[size])
    try:
        meter.read(WARM_S / 2)
        for key in VIEWS[view]:
            meter.press(key)
            meter.read(0.8)
        began = time.monotonic()
        meter.read(seconds)
        arrived = meter.bytes_since(began) / (time.monotonic() - began)
    finally:
        meter.close()
    return Row(f"tty {size}: {view}, live", "B/s", arrived, None, "ours", MOST_BYTES_PER_S[size])


def _slow_rows(command: Sequence[str], seconds: float) -> list[Row]:
    """On 10 kB/s: the screen does not fall behind, and keys are answered."""
    meter = Meter(command, SIZES["160x50"], bytes_per_s=SLOW_BYTES_PER_S)
    try:
        meter.read(WARM_S)
        meter.read(seconds)
        behind_s = _behind_s(meter)
        waits = [_cursor_ms(meter, key) for key in "jkjkjkjk"]
        meter.press("\r")
        pressed = time.monotonic()
        is_there = meter.read_until("1 latency", "5 versions", within_s=10)
        lag_s = time.monotonic() - pressed
    finally:
        meter.close()
    return [
        Row("tty 160x50 on 10 kB/s: key → cursor moved, p95", "ms", p95(waits), None, "ours", MOST_SLOW_KEY_MS,
            f"median {median(waits):.0f} ms"),
        Row("tty 160x50 on 10 kB/s: behind the clock, live", "s", behind_s, None, "ours", MOST_SLOW_BEHIND_S),
        Row("tty 160x50 on 10 kB/s: another view, whole", "s", lag_s if is_there else None),
    ]  # fmt: skip


def _behind_s(meter: Meter) -> float | None:
    """How far the end of the window, as it is shown, is behind the clock; the best of two seconds."""
    found: list[float] = []
    for _ in range(20):
        meter.read(0.1)
        if match := re.search(r"to (\d\d):(\d\d):(\d\d) UTC", meter.screen()[0]):
            hours, minutes, seconds = map(int, match.groups())
            now = datetime.now(UTC)
            shown = now.replace(hour=hours, minute=minutes, second=seconds, microsecond=0)
            found.append((now - shown).total_seconds() % 86_400)
    return min(found, default=None)


def _cursor_ms(meter: Meter, key: str) -> float:
    """Milliseconds until the cursor's sign arrives, whatever else is on its way."""
    at = meter.press(key)
    if not meter.read(3.0, until="›".encode()):
        raise BenchmarkError(f"`{key}` was not answered within 3 s")
    waited_ms = (time.monotonic() - at) * 1000
    meter.read(0.4)
    return waited_ms


def _vllmstat() -> str:
    program = _VENV / "bin" / "vllmstat"
    if not (_VENV / "installed").exists():
        say("  installing vllmstat")
        run([sys.executable, "-m", "venv", _VENV])
        run([_VENV / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "vllmstat"])
        (_VENV / "installed").touch()
    return str(program)
