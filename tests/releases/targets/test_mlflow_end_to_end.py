"""MLflow from end to end: a real registry and a real model server, the daemon's process, the command line, and a log
that says which model answered. What is promoted in a registry has its effect when the server is started anew."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from loopback import free_port
from processes import server
from tracking_server import Tracking

from opsconsole import wire
from opsconsole.client import Client
from opsconsole.home import Home

PROGRAM = [sys.executable, "-m", "opsconsole.cli"]
VERSIONS = {3.0: "v1", 300.0: "v2"}
"""What a model answers → its version."""
WITHIN_S = 60.0
CONFIGURATION = """\
environment: test
sources:
  - path: {log}
services:
  scorer:
    release:
      target: mlflow
      options: {{tracking_uri: "{url}", model: scorer}}
"""


class Scorer:
    """The service: it asks the model server, and logs what answered."""

    def __init__(self, tracking: Tracking, log: Path) -> None:
        self._tracking = tracking
        self._port = free_port()
        self._log = log
        self._served = 0

    def running(self) -> AbstractContextManager[None]:
        """The model server; it resolves the alias when it starts."""
        words: list[str | Path] = [self._tracking.bin / "mlflow", "models", "serve", "-m", "models:/scorer@champion"]
        words += ["--env-manager", "local", "--host", "127.0.0.1", "--port", str(self._port), "--workers", "1"]
        log = self._tracking.directory / "end-to-end.log"
        return server(words, f"http://127.0.0.1:{self._port}/ping", log, self._tracking.environ)

    def serve(self, n: int) -> set[str]:
        """``n`` requests; the versions that answered them."""
        rows = {"dataframe_split": {"columns": ["x"], "data": [[float(i)] for i in range(n)]}}
        began = datetime.now(UTC)
        answer = httpx.post(f"http://127.0.0.1:{self._port}/invocations", json=rows, timeout=30.0).json()["predictions"]
        took_ms = (datetime.now(UTC) - began).total_seconds() * 1000
        versions = [VERSIONS[value] for value in answer]
        with self._log.open("a") as file:
            for version in versions:
                self._served += 1
                record = {"ts": began.isoformat(), "request_id": f"r{self._served}", "service": "scorer", "model": "m"}
                file.write(json.dumps({**record, "version": version, "status": 200, "latency_ms": took_ms}) + "\n")
        return set(versions)


class Instance:
    """A daemon of one's own, and the command line on it."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        whole = [*PROGRAM, *words, "--home", str(self.home)]
        return subprocess.run(whole, capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL)

    def view(self) -> wire.ReleaseView:
        client = Client(Home(self.home))
        try:
            view = client.view("release", {"service": "scorer", "window": "1h"})
        finally:
            client.close()
        assert isinstance(view, wire.ReleaseView)
        return view

    def effect(self) -> str:
        watch = self.view().watch
        return watch.verdict.effect if watch is not None and watch.verdict is not None else ""


@pytest.fixture
def instance(tracking: Tracking) -> Iterator[Instance]:
    home = Path(tempfile.mkdtemp(prefix="ocm-", dir="/tmp"))
    (home / "scorer.jsonl").touch()
    (home / "opsconsole.yaml").write_text(CONFIGURATION.format(log=home / "*.jsonl", url=tracking.url))
    made = Instance(home)
    try:
        yield made
    finally:
        stopped = made.run("daemon", "stop")
        assert stopped.returncode == 0, stopped.stderr
        shutil.rmtree(home)


@pytest.mark.timeout(300)
def test_what_the_registry_says_is_metadata_only_until_the_server_is_started_anew(
    tracking: Tracking, instance: Instance
) -> None:
    scorer = Scorer(tracking, instance.home / "scorer.jsonl")
    with scorer.running():
        assert scorer.serve(40) == {"v1"}
        started = instance.run("daemon", "start")
        assert started.returncode == 0, started.stderr
        done = instance.run(
            *("release", "promote", "scorer", "v2", "--yes-i-mean", "scorer", "--json"),
            *("--override", "evaluated offline, no traffic of it yet"),
        )
        assert done.returncode == 0, done
        outcome = json.loads(done.stdout)
        assert (outcome["word"], outcome["verdict"]["effect"]) == ("done", "metadata only")
        assert scorer.serve(30) == {"v1"}, "what runs goes on serving what it loaded"
        told = until(lambda: _why(instance, "30 records"))
        assert told == "the registry says v2 100 %; what serves does not follow by itself: 100% of 30 records are of v1"
        assert instance.effect() == "metadata only"
        assert "metadata only" in instance.run("release", "history", "scorer").stdout.splitlines()[0]
    with scorer.running():
        assert scorer.serve(500) == {"v2"}
        until(lambda: scorer.serve(500) == {"v2"} and instance.effect() == "effective")
        until(lambda: instance.view().history[0].effect == "effective")
        last = instance.view().history[0]
        assert (last.act, last.word) == ("promote", "done")
        back = instance.run("release", "rollback", "scorer", "--yes-i-mean", "scorer")
        assert (back.returncode, "metadata only: the registry says v1 100 %" in back.stdout) == (0, True), back


def _why(instance: Instance, words: str) -> str:
    watch = instance.view().watch
    why = watch.verdict.why if watch is not None and watch.verdict is not None else ""
    return why if words in why else ""


def until(question: Any) -> Any:
    """The first true answer, within bounds."""
    deadline = time.monotonic() + WITHIN_S
    while not (answer := question()):
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.3)
    return answer
