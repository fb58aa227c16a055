"""Leaving when the terminal goes away: SIGHUP, SIGTERM, and a terminal that hangs up without a signal.

Always true here: the console asks its app to end cleanly once, and if a dead or stalled terminal keeps it from ending,
the process is ended anyway: it never spins and never outlives its terminal. It owns nothing that could be lost. Whoever
says so, a signal or a thread, the app leaves in its own context.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import select
import signal
import sys
import threading
from collections.abc import Callable

from opsconsole.console.door import hand_in

GRACE_S = 0.7
"""How long restoring the terminal may take before the process is ended without it."""

SIGNALS = (signal.SIGHUP, signal.SIGTERM)


def watch(leave: Callable[[int], None]) -> None:
    """Call ``leave`` with the exit code, on the running event loop, when the terminal or a signal says so."""
    loop, context = asyncio.get_running_loop(), contextvars.copy_context()

    def ended_by(number: int) -> None:
        _end_soon(128 + number)
        leave(128 + number)

    def soon(number: int) -> None:
        hand_in(loop, context, ended_by, number)

    for each in SIGNALS:
        loop.add_signal_handler(each, ended_by, int(each))
    if (stdin := sys.__stdin__) is not None:
        threading.Thread(target=_await_hangup, args=(stdin.fileno(), soon), name="hangup", daemon=True).start()


def _await_hangup(descriptor: int, ended_by: Callable[[int], None]) -> None:
    """Sleep in the kernel until the descriptor hangs up; then give the loop a chance, and no more than that."""
    poll = select.poll()
    poll.register(descriptor, 0)
    poll.poll()
    _end_soon(128 + signal.SIGHUP)
    ended_by(int(signal.SIGHUP))


def _end_soon(code: int) -> None:
    timer = threading.Timer(GRACE_S, os._exit, (code,))
    timer.daemon = True
    timer.start()
