"""How numbers are said in a reason: short enough for one row of an 80-column screen.

Always true here: text that came from data is shortened but never changed otherwise; making it safe for a terminal is
the console's job.
"""

from __future__ import annotations

from opsconsole.clipping import clipped

LONGEST_NAME = 20
_MOST_EVIDENCE = 10
"""Evidence is a number up to as many times what is needed."""


def percent(share: float) -> str:
    """``0%``, ``0.05%``, ``0.5%``, ``3.0%``, ``12%``."""
    value = 100 * share
    if value == 0:
        return "0%"
    for limit, digits in ((0.095, 2), (9.95, 1)):
        if value < limit:
            return f"{max(value, 0.01):.{digits}f}%"
    return f"{value:.0f}%"


def duration(ms: float) -> str:
    """``0.4 ms``, ``850 ms``, ``4.1 s``, ``3.2 min``, ``1.5 h``."""
    if ms < 10:
        return f"{ms:.1f} ms"
    for limit, size, unit in ((999.5, 1, "ms"), (120_000, 1_000, "s"), (7_200_000, 60_000, "min")):
        if ms < limit:
            return f"{ms / size:.{0 if unit == 'ms' else 1}f} {unit}"
    return f"{ms / 3_600_000:.1f} h"


def ratio(value: float) -> str:
    """``×1.31``, ``×12``."""
    return f"×{value:.2f}" if value < 10 else f"×{value:.0f}"


def evidence(e: float, needed: float) -> str:
    """``14``, ``> 1,000``: an e-value, as a number only so far as it could make anybody surer."""
    most = _MOST_EVIDENCE * needed
    return f"> {most:,.0f}" if e > most else f"{e:,.0f}"


def name(text: str) -> str:
    """The text itself, or its beginning and an ellipsis."""
    return clipped(text, LONGEST_NAME)
