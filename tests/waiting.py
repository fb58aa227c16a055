"""How a test waits for what another thread or process does: it asks until the answer is true, within bounds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
WITHIN_S = 40.0


def until(question: Callable[[], T]) -> T:
    """The first answer that is true."""
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        if answer := question():
            return answer
        time.sleep(0.01)
    raise AssertionError("it did not become true")
