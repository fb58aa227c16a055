"""The daemon's process: killed at any moment, it has counted every line exactly once when it is done."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from opsconsole import journal, wire
from opsconsole.client import Client
from opsconsole.daemon_process import is_running
from opsconsole.home import Home

ROUNDS = 10
LINES_A_ROUND = 26_000


@contextmanager
def daemon(home: Home) -> Iterator[subprocess.Popen[bytes]]:
    with (home.directory / "out.log").open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "opsconsole.daemon", "--home", str(home.directory)], stdout=out, stderr=out
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def passes(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Let the process run for a while; it must not end by itself."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return
    pytest.fail(f"the daemon ended by itself: {process.returncode}")


def write_round(log: Path, number: int) -> dict[str, int]:
    """One more part of the log, with a bad line now and then; what is in it."""
    found = {"rows": 0, "rejects": 0, "latency": 0, "tokens": 0, "errors": 0, "bytes": 0}
    padding = "p" * 90
    lines = []
    for i in range(LINES_A_ROUND):
        if i % 997 == 5:
            lines.append('{"ts": "2026-01-01T00:0')
            found["rejects"] += 1
            continue
        at, status = number * 600 + i % 600, 500 if i % 50 == 0 else 200
        lines.append(
            f'{{"ts": "2026-01-01T{at // 3600:02d}:{at // 60 % 60:02d}:{at % 60:02d}.{i % 1000:03d}Z", '
            f'"service": "chat", "model": "m{i % 3}", "version": "v{i % 2}", "status": {status}, '
            f'"latency_ms": {i % 4096}, '
            f'"prompt_tokens": {i % 800}, "completion_tokens": {i % 90}, "msg": "{padding}"}}'
        )
        found["rows"] += 1
        found["latency"] += i % 4096
        found["tokens"] += i % 800
        found["errors"] += status == 500
    data = "\n".join(lines) + "\n"
    found["bytes"] = len(data)
    with log.open("a") as file:
        file.write(data)
    return found


def test_ten_kills_during_ingest_lose_and_repeat_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path / "h")
    home.create()
    log = tmp_path / "serving.jsonl"
    home.config.write_text(f"sources:\n  - path: {log}\n")
    chance = random.Random(20260101)
    total: dict[str, int] = {}
    for number in range(ROUNDS):
        for name, n in write_round(log, number).items():
            total[name] = total.get(name, 0) + n
        with daemon(home) as process:
            passes(process, chance.uniform(0.7, 1.8))
            process.send_signal(signal.SIGKILL)
            process.wait()
    assert total["bytes"] > 50_000_000
    with daemon(home) as process:
        while not is_running(home):
            passes(process, 0.05)
        client = Client(home)
        while not (sources := client.sources().sources) or sources[0].offset_bytes < total["bytes"]:
            passes(process, 0.05)
        (source,) = sources
        assert (source.accepted, source.rejected) == (total["rows"], total["rejects"])
        sql = "SELECT count(*), sum(latency_ms), sum(input_tokens), count(DISTINCT source_offset) FROM requests"
        (found,) = client.query(wire.QueryRequest(sql=sql)).rows
        assert found == [total["rows"], total["latency"], total["tokens"], total["rows"]]
        (rejects,) = client.query(
            wire.QueryRequest(sql="SELECT count(*), count(DISTINCT source_offset) FROM rejects")
        ).rows
        assert rejects == [total["rejects"], total["rejects"]]
        (service,) = client.status("all").services
        rolled = service.total
        assert (rolled.requests, rolled.errors, rolled.tokens.input) == (
            total["rows"],
            total["errors"],
            total["tokens"],
        )
        assert rolled.latency_ms.n == total["rows"]
        client.close()
    assert journal.verify(home.journal) >= 1


def test_a_stop_signal_closes_everything(tmp_path: Path) -> None:
    home = Home(tmp_path / "h")
    home.create()
    with daemon(home) as process:
        while not is_running(home):
            passes(process, 0.05)
        assert home.socket.stat().st_mode & 0o777 == 0o600
        with daemon(home) as second:
            assert second.wait(60) == 5
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert not home.socket.exists()
    kinds = [line.split('"kind":"')[1].split('"')[0] for line in next(home.journal.iterdir()).read_text().splitlines()]
    assert kinds == ["daemon.started", "daemon.stopped"]
