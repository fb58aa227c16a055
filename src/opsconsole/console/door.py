"""The one door from threads and signals to the app: onto its loop, in its context.

Always true here: what is handed in runs with the app's context, so that a timer or a message that it begins knows its
app; once the loop is over nothing is run, and nothing is raised in the thread that came too late.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from typing import Any


def hand_in(
    loop: asyncio.AbstractEventLoop, context: contextvars.Context, call: Callable[..., object], *arguments: Any
) -> None:
    """Have the loop call this soon; from any thread, and from a handler of signals."""
    try:
        loop.call_soon_threadsafe(call, *arguments, context=context)
    except RuntimeError:
        if not loop.is_closed():
            raise
