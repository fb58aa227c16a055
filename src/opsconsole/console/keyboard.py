"""The terminal as Textual drives it, but a lone Esc is answered at once, an end of input ends it, and what is written
goes through an outlet that never blocks.

Always true here: what a sequence of bytes means is decided by Textual's parser alone. Textual 8 asks that parser about
a pending Esc only every tenth of a second, whatever ESCDELAY says, and goes on reading from an input that has ended.
A frame is whole when Textual flushes, so that is where the terminal is asked to confirm what it drew. What a thread or
a signal has the app do goes through ``door``: a timer that begins without the app's context dies before it paints.
"""

from __future__ import annotations

import codecs
import contextvars
import errno
import os
import select
import signal
import sys
from typing import Any

from textual import constants
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver
from textual.events import CursorPosition
from textual.message import Message

from opsconsole.console.door import hand_in
from opsconsole.console.governor import Governor
from opsconsole.console.outlet import Outlet, is_known_writer

ESCAPE_WAIT_S = 0.025
"""How long a lone Esc may still become the beginning of another key; ESCDELAY, in milliseconds, overrules it."""

POLL_S = 0.1
"""How soon the thread sees that the console leaves."""

SLACK_S = 0.005
"""Waited longer than the parser asks for, so that its time has surely come."""

READ_BYTES = 4096


def answer_escape_soon() -> None:
    """Set Textual's wait after Esc, unless the person did."""
    if not os.environ.get("ESCDELAY"):
        constants.ESCAPE_DELAY = ESCAPE_WAIT_S  # type: ignore[misc]  # read anew for every key


WHERE_IS_THE_CURSOR = "\x1b[6n"
"""Every terminal answers this (ECMA-48, DSR 6), after all that was written before it."""

LAST_ANSWERS_S = 0.4
"""How long leaving waits for the answers that are under way."""


def use_colours(wanted: str | int) -> None:
    """Have Textual believe the person, not the terminal, about how many colours there are."""
    if wanted in ("truecolor", 256):
        constants.COLOR_SYSTEM = str(wanted)  # type: ignore[misc]  # read when an app is made


class Keyboard(LinuxDriver):
    """The terminal as Textual drives it, with another way of waiting for keys and of writing.

    Where its app has a ``governor``, that is told of what is written; its ``on_drained`` is called when more may be
    painted, its ``on_entered`` when the terminal's screen is empty.
    """

    def __init__(self, app: App[Any], **options: Any) -> None:
        self._governor: Governor = getattr(app, "governor", None) or Governor()
        self._writer: WriterThread | Outlet | None = None
        self._unflushed = 0
        self._is_leaving = False
        self._context = contextvars.copy_context()
        super().__init__(app, **options)

    @property
    def is_governed(self) -> bool:
        """Is the outlet in the place of Textual's writer?"""
        return isinstance(self._writer, Outlet)

    @property  # type: ignore[override]  # an attribute there
    def _writer_thread(self) -> WriterThread | Outlet | None:
        return self._writer

    @_writer_thread.setter
    def _writer_thread(self, writer: WriterThread | None) -> None:
        """Textual makes its writer here; one that is of the shape known gives way to the outlet."""
        file = sys.__stderr__
        is_ours = file is not None and is_known_writer(writer)
        self._writer = Outlet(file, self._governor, self._tell_drained) if file and is_ours else writer

    def _tell_drained(self) -> None:
        if on_drained := getattr(self._app, "on_drained", None):
            hand_in(self._loop, self._context, on_drained)

    def write(self, data: str) -> None:
        self._unflushed += len(data) if data.isascii() else len(data.encode(errors="replace"))
        super().write(data)

    def flush(self) -> None:
        """A frame is complete: ask the terminal to say when it has drawn it."""
        size, self._unflushed = self._unflushed, 0
        if self.is_governed and size and not self._is_leaving and self._governor.sent(size):
            super().write(WHERE_IS_THE_CURSOR)
        if self._writer is not None:
            self._writer.flush()

    def process_message(self, message: Message) -> None:
        if isinstance(message, CursorPosition):
            self._governor.answered()
            self._tell_drained()
            return
        super().process_message(message)

    def start_application_mode(self) -> None:
        self._is_leaving = False
        if on_entered := getattr(self._app, "on_entered", None):
            hand_in(self._loop, self._context, on_entered)
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def stop_application_mode(self) -> None:
        """Leave no answer behind that would be typed into the shell."""
        self._is_leaving = True
        self._governor.await_answers(LAST_ANSWERS_S)
        super().stop_application_mode()

    def run_input_thread(self) -> None:
        parser = XTermParser(self._debug)
        decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        is_pending = False
        while not self.exit_event.is_set():
            ready, _, _ = select.select(
                [self.fileno], [], [], constants.ESCAPE_DELAY + SLACK_S if is_pending else POLL_S
            )
            if ready:
                data = _read(self.fileno)
                if not data:
                    hand_in(self._loop, self._context, self._app.exit, None, 128 + signal.SIGHUP)
                    return
                is_pending = data.endswith(b"\x1b")
                for message in parser.feed(decode(data)):
                    self.process_message(message)
            else:
                is_pending = False
            for message in parser.tick():
                self.process_message(message)


def _read(descriptor: int) -> bytes:
    """What was typed; nothing when the input has ended or the terminal is gone."""
    try:
        return os.read(descriptor, READ_BYTES)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return b""
