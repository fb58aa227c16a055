"""One deadline for a whole conversation.

Always true here: when time is up the connection is shut, whatever it is doing, and the thread that waits on it goes on.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any


class Deadline:
    """Ends a call that takes too long as a whole: httpx bounds single reads, and a server may send one byte a read."""

    def __init__(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._socket: socket.socket | None = None
        self.is_over = False

    def watch(self, event: str, info: dict[str, Any]) -> None:
        """httpcore's trace callback: learns of the socket as soon as there is one."""
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self.hold(info["return_value"].get_extra_info("socket"))

    def hold(self, connected: socket.socket) -> None:
        """This is the connection that is shut when time is up."""
        self._socket = connected
        if self.is_over:
            self._shut()

    def _end(self) -> None:
        self.is_over = True
        self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            # Of the plain class, so that a TLS socket keeps its state for the thread that reads from it. One that is
            # closed already is what was wanted.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def __enter__(self) -> Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
