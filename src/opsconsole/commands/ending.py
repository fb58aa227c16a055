"""Ending in order when told to: a command that keeps a daemon or a fleet for itself puts them away, however it ends.

Always true here: SIGTERM, and SIGHUP when an SSH connection drops, unwind the command like Ctrl+C does; what ``nohup``
has the command ignore stays ignored.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def unwinding_when_told_to_end() -> Iterator[None]:
    """Within this block a signal to end raises SystemExit with the usual code."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, _unwind)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _unwind(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
