"""A target that hangs is its own service's trouble: others are looked after, and everybody's questions are answered."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from inprocess import Daemon

from opsconsole import wire
from opsconsole.client import Client
from opsconsole.config.settings import ReleaseSetting, ServiceSetting, Settings
from opsconsole.daemon_process import ask_to_stop, await_stop, ensure_daemon
from opsconsole.errors import ReleaseError
from opsconsole.home import Home
from strays import room_for_processes

WITHIN_S = 30.0
IMPATIENT, ENOUGH = 12, 7
"""Whoever asks for a plan; so many of them, and the watch, are more than asyncio's own threads on two processors."""
HANGS = ["sh", "-c", "echo >> waiting; while [ ! -e go-on ]; do sleep 0.05; done; exit 1"]
ANSWERS = ["cat", "state"]


def eventually(holds: Callable[[], object]) -> None:
    end = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def service(read: list[str]) -> ServiceSetting:
    options = {"read": read, "apply": ["false"], "timeout_s": 60.0}
    return ServiceSetting(release=ReleaseSetting(target="command", options=options))


def test_a_target_that_hangs_keeps_no_other_service_waiting(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path / "h", Settings(services={"slow": service(HANGS), "quick": service(ANSWERS)}))
    (daemon.home.directory / "state").write_text(json.dumps({"shares": {"v41": 1.0}}))
    daemon.start()
    releasing = daemon.desk.releasing
    releasing.start()
    try:
        eventually(lambda: "quick" in releasing.executor.states)
        assert "slow" not in releasing.watch.troubles
    finally:
        (daemon.home.directory / "go-on").touch()
        daemon.engine.stop()
    assert "slow" in releasing.watch.troubles


@contextmanager
def a_daemon_that_waits_for_targets() -> Iterator[Home]:
    with room_for_processes() as root:
        home = Home(root / "h")
        home.create()
        options = f"{{read: {json.dumps(HANGS)}, apply: ['false'], timeout_s: 60}}"
        home.config.write_text(f"services:\n  slow:\n    release: {{target: command, options: {options}}}\n")
        ensure_daemon(home)
        try:
            yield home
        finally:
            (home.directory / "go-on").touch()
            ask_to_stop(home)
            await_stop(home)


def test_however_many_wait_for_a_target_the_daemon_answers_everybody_else() -> None:
    def plan(home: Home) -> None:
        client = Client(home)
        with suppress(ReleaseError):
            client.plan(wire.OrderRequest(service="slow", act="rollback"))
        client.close()

    with a_daemon_that_waits_for_targets() as home:
        threads = [threading.Thread(target=plan, args=(home,)) for _ in range(IMPATIENT)]
        for thread in threads:
            thread.start()
        client = Client(home)
        answered = threading.Event()

        def ask() -> None:
            client.health()
            answered.set()

        eventually(lambda: len((home.directory / "waiting").read_bytes()) >= ENOUGH)
        asking = threading.Thread(target=ask)
        asking.start()
        is_answered = answered.wait(WITHIN_S)
        (home.directory / "go-on").touch()
        for thread in (*threads, asking):
            thread.join(WITHIN_S)
        client.close()
        assert is_answered
