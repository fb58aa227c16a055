"""Servers of other people, started for a test and ended with all their children."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx


@contextmanager
def server(words: Sequence[str | Path], answers_at: str, log: Path, environ: Mapping[str, str]) -> Iterator[None]:
    """Run a server until its address answers 200, and at the end kill its whole process group.

    Its words go to ``log``, whose end is told when it does not come up within 90 s.
    """
    with log.open("ab") as out:
        process = subprocess.Popen(
            [str(word) for word in words], stdout=out, stderr=out, env=dict(environ), start_new_session=True
        )
    try:
        _wait(process, answers_at, log, 90.0)
        yield
    finally:
        _end(process)


def _wait(process: subprocess.Popen[bytes], url: str, log: Path, within_s: float) -> None:
    end = time.monotonic() + within_s
    with httpx.Client(timeout=2.0, verify=False) as client:
        while time.monotonic() < end and process.poll() is None:
            try:
                if client.get(url).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
    raise AssertionError(f"{process.args} did not come up:\n{log.read_text(errors='replace')[-3000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """The group outlives its leader: what it has started is in it, too."""
    for kind in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, kind)
        except ProcessLookupError:
            break
        try:
            process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            continue
    process.wait()
