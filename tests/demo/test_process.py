"""The fleet as a process: it obeys the routing file while it runs, and leaves when it is told to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from opsconsole.demo import launch
from opsconsole.demo.fleet import ROUTING
from opsconsole.demo.stage import prepare, routing_text
from opsconsole.errors import OpsConsoleError

DEADLINE_S = 20.0
RUN = [sys.executable, "-m", "opsconsole.demo"]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Path]:
    prepare(tmp_path)
    yield tmp_path
    launch.stop_fleet(tmp_path)


def wait_for(question: Callable[[], Any], what: str) -> Any:
    """The first true answer; asked again until the deadline."""
    pause = threading.Event()
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if answer := question():
            return answer
        pause.wait(0.02)
    raise AssertionError(f"no {what} within {DEADLINE_S} s")


def chat_records(directory: Path) -> list[dict[str, Any]]:
    text = (directory / "logs" / "chat-assist.jsonl").read_bytes()
    return [orjson.loads(line) for line in text[: text.rfind(b"\n") + 1].splitlines()]


def began_after(records: list[dict[str, Any]], moment: datetime) -> list[dict[str, Any]]:
    return [record for record in records if datetime.fromisoformat(record["ts"]) > moment]


def test_traffic_follows_the_routing_file_and_rolls_back(stage: Path) -> None:
    launch.start_fleet(stage, history="10s", rate=100)
    wait_for(lambda: sum(record["version"] == "v42" for record in chat_records(stage)) > 20, "canary traffic")
    beside = stage / "routing.new"
    beside.write_text(routing_text({**ROUTING, "chat-assist": {"v41": 1, "v42": 0}}))
    beside.replace(stage / "routing.yaml")
    obeyed_from = datetime.now(UTC) + timedelta(seconds=0.2)
    after = wait_for(
        lambda: len(rows := began_after(chat_records(stage), obeyed_from)) > 300 and rows, "traffic after the change"
    )
    assert {record["version"] for record in after} == {"v41"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_fleet_leaves_cleanly_on_a_signal(stage: Path, number: signal.Signals) -> None:
    with subprocess.Popen([*RUN, str(stage), "--history", "5s"], stdout=subprocess.PIPE) as fleet:
        assert fleet.stdout is not None
        assert fleet.stdout.readline() == b"ready\n"
        assert launch.fleet_pid(stage) == fleet.pid
        fleet.send_signal(number)
        assert fleet.wait(DEADLINE_S) == 0
    assert launch.fleet_pid(stage) is None


def test_fleet_leaves_when_its_parent_closes_stdin(stage: Path) -> None:
    command = [*RUN, str(stage), "--history", "5s", "--until-eof"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as fleet:
        assert fleet.stdin is not None
        assert fleet.stdout is not None
        assert fleet.stdout.readline() == b"ready\n"
        fleet.stdin.close()
        assert fleet.wait(DEADLINE_S) == 0


def test_same_start_gives_the_same_bytes_from_two_processes(tmp_path: Path) -> None:
    options = ["--seed", "11", "--history", "10m", "--start", "2026-11-02T14:00:00Z", "--until-history"]
    logs = []
    for name in ("one", "two"):
        prepare(tmp_path / name)
        subprocess.run([*RUN, str(tmp_path / name), *options], check=True, stdout=subprocess.DEVNULL)
        logs.append({path.name: path.read_bytes() for path in (tmp_path / name / "logs").iterdir()})
    assert logs[0] == logs[1]


def test_starting_twice_leaves_one_fleet(stage: Path) -> None:
    pid = launch.start_fleet(stage, history="5s")
    assert launch.start_fleet(stage, history="5s") == pid
    second = subprocess.run([*RUN, str(stage)], capture_output=True, text=True, check=False)
    assert second.returncode == 2
    assert str(pid) in second.stderr


def test_stopped_fleet_is_gone_and_stopping_again_says_so(stage: Path) -> None:
    launch.start_fleet(stage, history="5s")
    assert launch.stop_fleet(stage)
    assert not launch.stop_fleet(stage)


def test_leftover_pid_file_is_not_believed(stage: Path) -> None:
    (stage / launch.PID_FILE).write_text(f"{os.getpid()}\n")
    assert launch.fleet_pid(stage) is None
    assert not launch.stop_fleet(stage)


def test_fleet_that_cannot_start_says_where_to_look(tmp_path: Path) -> None:
    with pytest.raises(OpsConsoleError, match="exit code 3") as caught:
        launch.start_fleet(tmp_path)
    assert launch.LOG_FILE in caught.value.remedy
    assert "routing.yaml" in (tmp_path / launch.LOG_FILE).read_text()
