"""How long to wait before the next attempt.

Always true here: the wait grows from a second to five minutes and no further, is never the same for everybody who
failed at once (Brooker 2015, "Exponential Backoff And Jitter": equal jitter), and is at least what the other side asked
for, up to an hour.
"""

from __future__ import annotations

from math import ceil

FIRST_S, LONGEST_S = 1.0, 300.0
MOST_ASKED_S = 3_600.0
"""An other side that wants to be left alone for longer is asked again nevertheless."""
LEAST_ATTEMPTS = 3
"""Nothing is given up before: a clock that was set forward by a day is no reason."""
_DOUBLINGS = ceil(LONGEST_S / FIRST_S).bit_length()


def wait_s(failures: int, chance: float, asked_s: float | None = None) -> float:
    """Seconds after so many failures in a row (1 or more); ``chance`` is uniform in [0, 1)."""
    longest = min(LONGEST_S, FIRST_S * 2.0 ** min(failures - 1, _DOUBLINGS))
    own = longest / 2 * (1 + chance)
    return max(own, min(asked_s or 0.0, MOST_ASKED_S))


def most_attempts(give_up_s: float) -> int:
    """How often a delivery is tried at the most before it is given up, however fast the other side fails."""
    shortest, attempts = 0.0, 1
    while shortest < give_up_s and attempts <= _DOUBLINGS + 1:
        shortest += wait_s(attempts, 0.0)
        attempts += 1
    return max(LEAST_ATTEMPTS, attempts + ceil(max(0.0, give_up_s - shortest) / (LONGEST_S / 2)))
