"""The daemon's process as its clients see it: started where none runs, awaited, asked to stop.

Always true here: one that ends instead of answering is told in its own words, as the error that it ended with; one that
this process started is collected by it when it ends.
"""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from opsconsole import errors
from opsconsole.client import Client, is_served_inside
from opsconsole.errors import DaemonError, RequestRefused
from opsconsole.home import Home

_START_WITHIN_S = 20.0
_STOP_WITHIN_S = 30.0
_POLL_S = 0.02

_ERROR_OF_EXIT_CODE = {kind.exit_code: kind for kind in errors.BY_NAME.values() if kind is not errors.OpsConsoleError}
"""What a daemon that ended at once meant: its exit code is that of its error's class."""

_children: dict[Path, subprocess.Popen[bytes]] = {}
"""Daemons that this very process started: it has to collect them when they end."""


def is_running(home: Home) -> bool:
    """Does a daemon answer on this home?"""
    if not _is_listening(home):
        return False
    client = Client(home)
    try:
        client.health()
    except RequestRefused:
        return True  # it answers, though not to this account
    except DaemonError:
        return False
    finally:
        client.close()
    return True


def _is_listening(home: Home) -> bool:
    """Does anybody take connections? Asked without HTTP, because while a daemon starts it is asked many times."""
    if is_served_inside(home):
        return True
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(home.socket))
        except OSError:
            return False
    return True


def ensure_daemon(home: Home, *, linger_s: float | None = None) -> None:
    """Start a daemon on this home unless one runs, and wait until it answers.

    Raises the daemon's own error, with its own words, when it ends instead.
    """
    deadline = time.monotonic() + _START_WITHIN_S
    child: subprocess.Popen[bytes] | None = None
    began = 0
    while not is_running(home):
        if time.monotonic() > deadline:
            raise DaemonError(
                f"the daemon did not answer within {_START_WITHIN_S:.0f} s", f"Its log: {home.daemon_log}"
            )
        if child is None:
            child, began = _spawn(home, linger_s)
        code = child.poll()
        if code == DaemonError.exit_code:
            child = None  # another one holds the home: it is about to answer, or about to end
        elif code is not None:
            kind = _ERROR_OF_EXIT_CODE.get(code, DaemonError)
            raise kind(_last_words(home.daemon_log, began), f"The whole log: {home.daemon_log}")
        time.sleep(_POLL_S)
    if child is not None:
        _collect(home)
        _children[home.directory] = child


def _spawn(home: Home, linger_s: float | None) -> tuple[subprocess.Popen[bytes], int]:
    """A daemon's process, apart from this terminal, and where its words begin in its log."""
    home.create()
    command = [sys.executable, "-m", "opsconsole.daemon", "--home", str(home.directory)]
    if linger_s is not None:
        command += ["--linger", str(linger_s)]
    with open(home.daemon_log, "ab", opener=_for_us_alone) as log:
        began = log.tell()
        return subprocess.Popen(  # noqa: S603 - our own interpreter and our own words
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        ), began


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _last_words(log: Path, since: int) -> str:
    words = log.read_bytes()[since:].decode(errors="replace").strip()
    return words.splitlines()[-1] if "Traceback" in words else words or "the daemon ended without a word"


def ask_to_stop(home: Home) -> bool:
    """Tell the home's daemon to end, without waiting for it; False when none runs."""
    if not is_running(home):
        return False
    client = Client(home)
    try:
        client.stop()
    finally:
        client.close()
    return True


def await_stop(home: Home) -> None:
    """Wait until no daemon holds the home: its store is closed then, and another one may have it.

    Raises DaemonError when that takes too long.
    """
    deadline = time.monotonic() + _STOP_WITHIN_S
    while _is_held(home):
        if time.monotonic() > deadline:
            raise DaemonError(f"the daemon did not end within {_STOP_WITHIN_S:.0f} s", f"Its log: {home.daemon_log}")
        time.sleep(_POLL_S)
    _collect(home)


def _collect(home: Home) -> None:
    """Take leave of the daemon that this process once started on a home that it has let go of."""
    if (child := _children.pop(home.directory, None)) is not None:
        child.wait()


def _is_held(home: Home) -> bool:
    """Does a daemon have the lock? It lets go of it last, long after it stopped answering."""
    try:
        with home.lock.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False
