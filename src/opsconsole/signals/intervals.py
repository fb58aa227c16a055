"""Intervals of proportions that stay inside 0 and 1 and hold at small counts, where the textbook ones do not.

Always true here: ``0 <= low <= high <= 1`` for one proportion, and a difference is the second minus the first.
"""

from __future__ import annotations

from math import hypot, sqrt

Z_95 = 1.959963984540054
"""Two-sided 95 % of the normal distribution."""


def wilson(successes: int, n: int, z: float = Z_95) -> tuple[float, float]:
    """Score interval of successes / n; (0, 1) when n is 0, which is all that is then known.

    Wilson 1927, "Probable inference, the law of succession, and statistical inference", JASA 22:209-212.
    """
    if n == 0:
        return 0.0, 1.0
    p = successes / n
    scale = 1 + z * z / n
    centre = p + z * z / (2 * n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low = 0.0 if successes == 0 else max(0.0, (centre - half) / scale)
    high = 1.0 if successes == n else min(1.0, (centre + half) / scale)
    return low, high


def difference(successes_1: int, n_1: int, successes_2: int, n_2: int, z: float = Z_95) -> tuple[float, float]:
    """Interval of successes_2 / n_2 − successes_1 / n_1; (−1, 1) when either n is 0.

    Newcombe 1998, "Interval estimation for the difference between independent proportions", Statistics in Medicine
    17:873-890, method 10: the two Wilson intervals, squared and added.
    """
    if n_1 == 0 or n_2 == 0:
        return -1.0, 1.0
    low_1, high_1 = wilson(successes_1, n_1, z)
    low_2, high_2 = wilson(successes_2, n_2, z)
    p_1, p_2 = successes_1 / n_1, successes_2 / n_2
    delta = p_2 - p_1
    return delta - hypot(p_2 - low_2, high_1 - p_1), delta + hypot(high_2 - p_2, p_1 - low_1)
