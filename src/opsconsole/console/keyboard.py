"""Reading keys from the terminal: as Textual does, but a lone Esc is answered at once, and an end of input ends it.

Always true here: what a sequence of bytes means is decided by Textual's parser alone. Textual 8 asks that parser about
a pending Esc only every tenth of a second, whatever ESCDELAY says, and goes on reading from an input that has ended.
"""

from __future__ import annotations

import codecs
import errno
import os
import select
import signal

from textual import constants
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

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


class Keyboard(LinuxDriver):
    """The terminal as Textual drives it, with another way of waiting for keys."""

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
                    self._loop.call_soon_threadsafe(self._app.exit, None, 128 + signal.SIGHUP)
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
