"""The real program on a real terminal: what an engineer sees in tmux, and what stays behind when the terminal goes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from terminal import WITHIN_S, Screen, Tmux, until

from opsconsole import wire
from opsconsole.client import Client
from opsconsole.home import Home
from strays import processes_of

pytestmark = pytest.mark.e2e

PROGRAM = [sys.executable, "-m", "opsconsole.cli"]
START = datetime(2026, 11, 20, 10, 0, 0, 250_000, tzinfo=UTC)
SMALL, LARGE = (80, 24), (160, 50)
BIG = 200_000


def command(*words: str | Path) -> str:
    """Run one command beside the terminals; its stdout."""
    done = subprocess.run([*PROGRAM, *words], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def status(home: Path) -> wire.StatusView:
    return msgspec.json.decode(command("status", "--json", "--window", "all", "--home", home), type=wire.StatusView)


def records_read(home: Path) -> int:
    """Asked on the socket itself: a process of its own would take longer than what it asks about."""
    client = Client(Home(home))
    try:
        (source,) = client.sources().sources
    finally:
        client.close()
    return source.accepted


def write_log(path: Path, n: int, step_s: float) -> Path:
    """``n`` requests: every third by v2, every tenth failed, 100…139 ms, $0.002 each."""
    with path.open("w") as file:
        for i in range(n):
            record = {
                "timestamp": (START + timedelta(seconds=i * step_s)).isoformat(),
                "service": "chat",
                "model": "m-small",
                "version": "v2" if i % 3 == 0 else "v1",
                "status": 503 if i % 10 == 9 else 200,
                "latency_ms": 100.0 + i % 40,
                "input_tokens": i % 5,
                "cost_usd": 0.002,
            }
            file.write(json.dumps(record) + "\n")
    return path


@contextmanager
def stopped_afterwards(home: Path) -> Iterator[Path]:
    try:
        yield home
    finally:
        command("daemon", "stop", "--home", home)


@pytest.fixture(scope="module")
def log(room: Path) -> Path:
    return write_log(room / "serving.jsonl", 600, step_s=1.0)


@pytest.fixture(scope="module")
def home(room: Path) -> Iterator[Path]:
    """The daemon of the consoles that watch the small log."""
    with stopped_afterwards(room / "watched") as home:
        yield home


def leave(screen: Screen, *keys: str) -> None:
    """Press these keys and see that the terminal is as it was before: its own screen, its cursor, no mouse mode."""
    screen.press(*keys)
    screen.until("[left with 0]")
    assert screen.flags("alternate_on", "cursor_flag", "mouse_any_flag", "keypad_flag") == ["0", "1", "0", "0"]
    assert screen.text.strip() == "[left with 0]"


@pytest.mark.parametrize(("size", "beside"), [(SMALL, "drift"), (LARGE, "worst drift")], ids=["80x24", "160x50"])
def test_watch_fills_the_screen_with_the_right_numbers_and_leaves_it_clean(
    size: tuple[int, int], beside: str, log: Path, home: Path, tmux: Tmux
) -> None:
    columns, lines = size
    screen = tmux.open("watch", *PROGRAM, "watch", log, "--home", home, columns=columns, lines=lines)
    screen.until("end of data 2026-11-20 10:09", "errors    10.0%  (60 of 600)", beside)
    (row,) = [line for line in screen.lines if line.startswith("›")]
    assert row.split()[:5] == ["›✖", "FAIL", "chat", "119ms", "138ms"]
    assert "10.0%" in row
    assert "v1 67%" in row
    screen.press("Enter")
    screen.until("1 latency  p50 119ms · p90 135ms · p99 138ms", "errors 10.0% · 60 HTTP 503", "n 600")
    assert "today $1.20" in screen.text
    assert len(screen.lines) == lines
    screen.press("q")
    screen.until("state     service")
    leave(screen, "q")


def test_every_key_of_the_help_does_what_it_says(log: Path, home: Path, tmux: Tmux) -> None:
    screen = tmux.open("keys", *PROGRAM, "watch", log, "--home", home)
    screen.until("60 of 600")
    screen.press("Enter")
    for key, panel in zip("12345", ("latency", "traffic", "drift", "cost", "versions"), strict=True):
        screen.press(key)
        screen.until(f"{key} [{panel}]")
    screen.press("0")
    screen.until("1 latency", "4 cost", without="[versions]")
    screen.press("t")
    screen.until("6 [all]", "Enter take")
    screen.press("1", "Enter")
    screen.until("15m", without="Enter take")
    screen.press("?")
    screen.until("service: what works here", "choose the time window")
    screen.press("Escape")
    screen.until("2 traffic", without="what works here")
    screen.press("s")
    screen.until("600        0", "serving.jsonl", "not logged")
    leave(screen, "C-c")


def test_console_redraws_for_the_size_it_is_given_and_says_when_that_is_too_small(
    log: Path, home: Path, tmux: Tmux
) -> None:
    screen = tmux.open("resize", *PROGRAM, "watch", log, "--home", home)
    screen.until("60 of 600", without="p99 trend")
    screen.resize(*LARGE)
    screen.until("p99 trend", "60 of 600")
    screen.resize(60, 16)
    screen.until("80x24")
    screen.resize(*SMALL)
    screen.until("60 of 600", without="p99 trend")
    leave(screen, "q")


def test_demo_shows_the_canary_and_takes_its_fleet_and_its_daemon_with_it(room: Path, tmux: Tmux) -> None:
    home = room / "demo"
    screen = tmux.open("demo", *PROGRAM, "demo", "--home", home)

    def warned() -> bool:
        return any(line.strip("› ").split()[1:3] == ["warn", "chat-assist"] for line in screen.lines)

    until(warned, lambda: screen.text)
    rows = screen.lines[2 : screen.lines.index("")]
    assert [row.strip("› ").split()[2] for row in rows] == ["chat-assist", *sorted(row.split()[2] for row in rows[1:])]
    assert len(rows) == 3
    assert all(row.strip("› ").split()[3].endswith("s") for row in rows), "every service has a median latency"
    assert len(processes_of(home)) >= 3
    screen.press("q")
    screen.until("[left with 0]")
    assert screen.flags("alternate_on", "cursor_flag") == ["0", "1"]
    until(lambda: not processes_of(home), lambda: str(processes_of(home)))


def test_terminal_that_goes_away_in_the_middle_of_a_demo_leaves_nothing_running(room: Path, tmux: Tmux) -> None:
    home = room / "dropped"
    screen = tmux.open("dropped", *PROGRAM, "demo", "--home", home)
    screen.until("chat-assist", "data")
    screen.kill()
    until(lambda: not processes_of(home), lambda: str(processes_of(home)))


def test_two_consoles_and_a_script_watch_one_daemon_and_losing_one_stops_nothing(room: Path, tmux: Tmux) -> None:
    log = write_log(room / "big.jsonl", BIG, step_s=0.01)
    with stopped_afterwards(room / "shared") as home:
        command("daemon", "start", "--home", home)
        lost, kept = (tmux.open(name, *PROGRAM, "--home", home) for name in ("lost", "kept"))
        for screen in (lost, kept):
            screen.until("0 services")
        with subprocess.Popen([*PROGRAM, "ingest", log, "--home", home], stderr=subprocess.PIPE) as ingest:
            lost.until("chat")
            kept.until("chat")
            lost.kill()
            assert 0 < records_read(home) < BIG, "one console is gone, and the log is still being read"
            view = status(home)
            assert 0 < view.services[0].total.requests <= BIG
            _, said = ingest.communicate(timeout=WITHIN_S * 2)
        assert ingest.returncode == 0, said
        assert json.loads(command("daemon", "status", "--json", "--home", home))["requests"] == BIG
        (service,) = status(home).services
        assert service.total.requests == BIG
        assert service.total.errors == BIG // 10
        assert service.total.tokens.input == sum(i % 5 for i in range(BIG))
        answer = command(
            "query", "SELECT count(*), count(DISTINCT source_offset) FROM requests", "--csv", "--home", home
        )
        assert answer.splitlines()[1] == f"{BIG},{BIG}"
        kept.until("(20.0k of 200k)")
        leave(kept, "q")
