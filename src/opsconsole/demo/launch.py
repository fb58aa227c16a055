"""Starting, finding and stopping the demo fleet's process.

Always true here: a pid is only ever believed while the process that wrote it holds the lock of ``fleet.pid``, so a
leftover file never gets a stranger killed; nothing slow is imported.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opsconsole.errors import OpsConsoleError, UsageError

PID_FILE = "fleet.pid"
LOG_FILE = "fleet.log"

_children: dict[int, subprocess.Popen[bytes]] = {}
"""Fleets that this very process started: it has to collect them when they end."""


@contextmanager
def claim(directory: Path) -> Iterator[None]:
    """Be the one fleet of this directory, with the pid in ``fleet.pid``.

    Raises UsageError when another is.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / PID_FILE
    with path.open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(
                f"a fleet runs in {directory} already (pid {path.read_text().strip()})",
                "Stop it, or use another place.",
            ) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def fleet_pid(directory: Path) -> int | None:
    """The pid of the fleet that runs in this directory; None when there is none."""
    try:
        with (directory / PID_FILE).open("r", encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read().strip() or 0) or None
    except FileNotFoundError:
        return None
    return None


def start_fleet(directory: Path, *, seed: int = 7, history: str = "3h", rate: float = 1.0) -> int:
    """Start a fleet in the staged directory, apart from this terminal; returns its pid once its history is written.

    A fleet that runs there already is left as it is. Raises OpsConsoleError when it ends before it is ready.
    """
    if (running := fleet_pid(directory)) is not None:
        return running
    command = [sys.executable, "-m", "opsconsole.demo", str(directory)]
    options = ["--seed", str(seed), "--history", history, "--rate", str(rate)]
    with (directory / LOG_FILE).open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own words
            [*command, *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True
        )
    if process.stdout is None:
        raise AssertionError("stdout is a pipe")
    with process.stdout:
        if process.stdout.readline() != b"ready\n":
            raise OpsConsoleError(
                f"the demo fleet ended with exit code {process.wait()}", f"{directory / LOG_FILE} says why."
            )
    _children[process.pid] = process
    return process.pid


def stop_fleet(directory: Path) -> bool:
    """Ask the fleet of this directory to end, and wait until it has; False when none runs."""
    pid = fleet_pid(directory)
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    with (directory / PID_FILE).open("r", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
    if pid in _children:
        _children.pop(pid).wait()
    return True


def write_sample(directory: Path, *, seed: int = 7) -> None:
    """Write the sample data in a process of its own, so that a thin client stays thin.

    Raises UsageError with that process' words when it refuses.
    """
    command = [sys.executable, "-m", "opsconsole.demo", str(directory), "--sample", "--seed", str(seed)]
    done = subprocess.run(  # noqa: S603 - our own interpreter and our own words
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        message, _, remedy = done.stderr.strip().partition("\n")
        raise UsageError(message, remedy)
