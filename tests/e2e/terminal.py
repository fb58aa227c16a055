"""A terminal that a test can see: the real program in a tmux of its own, looked at until it shows what it should."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

WITHIN_S = 60.0
"""How long anything may take before a test gives up on it."""


def until(question: Callable[[], T], what: Callable[[], str]) -> T:
    """The first true answer, asked again and again; ``what`` says at the deadline what was there instead."""
    deadline = time.monotonic() + WITHIN_S
    while not (answer := question()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {WITHIN_S:.0f} s:\n{what()}")
        time.sleep(0.03)
    return answer


class Tmux:
    """One tmux server on a socket of its own, without anybody's configuration."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def run(self, *words: str) -> str:
        command = ["tmux", "-f", "/dev/null", "-S", str(self._socket), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, env=_environment()).stdout

    def open(self, name: str, *words: str | Path, columns: int = 80, lines: int = 24) -> Screen:
        """Run a command in a new session; when it ends, the screen says with which code, and stays."""
        command = shlex.join(str(word) for word in words)
        shell = f'{command}; echo "[left with $?]"; exec cat'
        self.run("new-session", "-d", "-s", name, "-x", str(columns), "-y", str(lines), shell)
        return Screen(self, name)

    def close(self) -> None:
        """End every session that is left."""
        if self._socket.exists():
            subprocess.run(["tmux", "-S", str(self._socket), "kill-server"], capture_output=True, check=False)


def _environment() -> dict[str, str]:
    """What a login has, and the session's own places; not what a test runner says about its own terminal."""
    own = {name: os.environ[name] for name in ("PATH", "TMPDIR", "OPSCONSOLE_HOME", "XDG_STATE_HOME")}
    return {**own, "LANG": "C.UTF-8", "SHELL": "/bin/sh"}


class Screen:
    """One session's only pane."""

    def __init__(self, tmux: Tmux, name: str) -> None:
        self._tmux, self._name = tmux, name

    @property
    def text(self) -> str:
        return self._tmux.run("capture-pane", "-p", "-t", self._name)

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    def press(self, *keys: str) -> None:
        self._tmux.run("send-keys", "-t", self._name, *keys)

    def resize(self, columns: int, lines: int) -> None:
        self._tmux.run("resize-window", "-t", self._name, "-x", str(columns), "-y", str(lines))

    def flags(self, *names: str) -> list[str]:
        """Of the terminal: ``alternate_on``, ``cursor_flag``, ``mouse_any_flag`` …"""
        return self._tmux.run("display-message", "-p", "-t", self._name, " ".join(f"#{{{n}}}" for n in names)).split()

    def kill(self) -> None:
        """The terminal goes away, and with it SIGHUP comes to the program."""
        self._tmux.run("kill-session", "-t", self._name)

    def until(self, *texts: str, without: str = "") -> str:
        """Wait until the screen shows all of these; what it shows then."""

        def shown() -> str:
            text = self.text
            return text if all(each in text for each in texts) and not (without and without in text) else ""

        return until(shown, lambda: f"{texts} without {without!r} on:\n{self.text}")
