"""On a real terminal: it paints, leaves cleanly, and never outlives the terminal."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fleet import FakeClient
from textual import constants
from textual._context import active_app

from opsconsole.console import hangup
from opsconsole.console.app import OpsConsole
from opsconsole.console.starting import run_console
from opsconsole.errors import UsageError

ROOT = Path(__file__).parents[2]
PATIENCE_S = 20.0


class Terminal:
    """The demo fleet's console under a pty of 80x24."""

    def __init__(self, *, ignores_hangup: bool = False) -> None:
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.environ.update({"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"})
            if ignores_hangup:
                signal.signal(signal.SIGHUP, signal.SIG_IGN)
            os.execv(sys.executable, [sys.executable, "-m", "tests.console.fleet", "--still"])
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.output = b""
        self.is_closed = False
        self.code: int | None = None

    def read_until(self, needle: bytes) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while needle not in self.output:
            assert time.monotonic() < deadline, f"{needle!r} never came: {self.output[-2000:]!r}"
            self.read()

    def read(self) -> None:
        if select.select([self.master], [], [], 0.05)[0]:
            try:
                self.output += os.read(self.master, 65_536)
            except OSError:
                return

    def close(self) -> None:
        if not self.is_closed:
            os.close(self.master)
            self.is_closed = True

    def wait(self) -> int:
        """The exit code, as a shell says it."""
        deadline = time.monotonic() + PATIENCE_S
        while self.code is None:
            assert time.monotonic() < deadline, "the console is still there"
            if not self.is_closed:
                self.read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code


@pytest.fixture
def terminal(request: pytest.FixtureRequest) -> Iterator[Terminal]:
    started = Terminal(ignores_hangup=getattr(request, "param", False))
    yield started
    started.close()
    if started.code is None:
        os.kill(started.pid, signal.SIGKILL)
        os.waitpid(started.pid, 0)


RESTORED = b"\x1b[?1049l"
"""Back from the alternate screen."""


def test_q_leaves_and_restores_the_terminal(terminal: Terminal) -> None:
    terminal.read_until(b"chat-assist")
    os.write(terminal.master, b"q")
    assert terminal.wait() == 0
    assert RESTORED in terminal.output
    assert b"\x1b[?25h" in terminal.output.split(RESTORED)[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_cleanly_with_the_terminal_restored(terminal: Terminal, number: signal.Signals) -> None:
    terminal.read_until(b"chat-assist")
    os.kill(terminal.pid, number)
    assert terminal.wait() == 128 + number
    assert RESTORED in terminal.output


@pytest.mark.parametrize("terminal", [False, True], indirect=True, ids=["default", "hangup ignored"])
def test_a_closed_terminal_ends_the_process(terminal: Terminal) -> None:
    terminal.read_until(b"chat-assist")
    terminal.close()
    assert terminal.wait() in (129, -signal.SIGHUP)


@pytest.mark.parametrize("is_signal", [True, False], ids=["signal", "terminal gone"])
def test_the_console_leaves_in_its_own_context_whoever_says_so(
    monkeypatch: pytest.MonkeyPatch, is_signal: bool
) -> None:
    left: list[tuple[int, object]] = []
    master, slave = pty.openpty()
    monkeypatch.setattr(hangup, "_end_soon", lambda code: None)
    terminal = os.fdopen(slave)
    monkeypatch.setattr(sys, "__stdin__", terminal)

    async def run() -> None:
        gone = asyncio.Event()

        def leave(code: int) -> None:
            left.append((code, active_app.get(None)))
            gone.set()

        active_app.set("the app")  # type: ignore[arg-type]
        hangup.watch(leave)
        if is_signal:
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            os.close(master)
        await asyncio.wait_for(gone.wait(), PATIENCE_S)
        for each in hangup.SIGNALS:
            asyncio.get_running_loop().remove_signal_handler(each)

    asyncio.run(run())
    if is_signal:
        os.close(master)
    for each in threading.enumerate():
        if each.name == "hangup":
            each.join(PATIENCE_S)
    terminal.close()
    assert left == [(128 + (signal.SIGTERM if is_signal else signal.SIGHUP), "the app")]


def test_it_asks_for_no_mouse_so_that_the_terminal_can_select(terminal: Terminal) -> None:
    terminal.read_until(b"chat-assist")
    assert b"\x1b[?1000h" not in terminal.output


def test_without_a_keyboard_it_says_so_instead_of_waiting_for_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path(os.devnull).open(encoding="ascii") as nothing:
        monkeypatch.setattr(sys, "__stdin__", nothing)
        with pytest.raises(UsageError, match="standard input is no terminal"):
            run_console(FakeClient())


@pytest.mark.parametrize(("said", "wait_s"), [("", 0.025), ("300", 0.1)])
def test_escape_is_answered_soon_unless_the_person_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, said: str, wait_s: float
) -> None:
    class Keyboard:
        closed = False

        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "__stdin__", Keyboard())
    monkeypatch.setattr(constants, "ESCAPE_DELAY", 0.1)
    monkeypatch.setattr(OpsConsole, "run", lambda self, **options: None)
    monkeypatch.setenv("ESCDELAY", said)
    assert run_console(FakeClient()) == 0
    assert wait_s == constants.ESCAPE_DELAY
