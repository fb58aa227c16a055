"""A real Alertmanager on the loopback interface, on ports of its own, that tells a listener of the test by webhook."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

_WITHIN_S = 40.0
_CONFIGURATION = """\
route:
  receiver: us
  group_by: [alertname, key]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
receivers:
  - name: us
    webhook_configs:
      - url: {url}/alertmanager
        send_resolved: true
"""


@dataclass(frozen=True)
class Alertmanager:
    url: str

    def alerts(self) -> list[dict[str, Any]]:
        """What it says is active."""
        with httpx.Client(trust_env=False) as http:
            found: list[dict[str, Any]] = http.get(f"{self.url}/api/v2/alerts").json()
        return found


@contextmanager
def alertmanager(directory: Path, listener_url: str) -> Iterator[Alertmanager]:
    """Skips the test, or fails it in CI, where there is none."""
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("an Alertmanager must be there in CI: apt-get install prometheus-alertmanager")
        pytest.skip("needs an Alertmanager: apt-get install prometheus-alertmanager")
    (directory / "alertmanager.yml").write_text(_CONFIGURATION.format(url=listener_url))
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    with (directory / "alertmanager.log").open("wb") as log:
        process = subprocess.Popen(
            [
                program,
                f"--config.file={directory / 'alertmanager.yml'}",
                f"--storage.path={directory / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
            ],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
        )
        try:
            _await_ready(url, process, directory / "alertmanager.log")
            yield Alertmanager(url)
        finally:
            process.kill()
            process.wait()


def _await_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with httpx.Client(trust_env=False) as http:
                if http.get(f"{url}/-/ready").status_code == 200:
                    return
        except httpx.TransportError:
            time.sleep(0.05)
    pytest.fail(f"Alertmanager does not start: {log.read_text()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
