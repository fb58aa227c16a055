"""How right a classifier is, estimated before labels arrive: from the confidence that it reports.

Always true here: everything is computed from counts of confidence bins, so any window is a sum; the estimate sees
changes of the inputs that show in the confidence and is blind to concept drift (the same input now means another
thing), which only labels show (``adwin``).

Confidence-based performance estimation (CBPE; NannyML's method, here for accuracy): the confidence is calibrated on
requests whose outcome is known, by isotonic regression, and the expected accuracy of a window is its mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SURE_SD = 3.0


@dataclass(frozen=True)
class Calibration:
    """Confidence bin → chance to be right, not falling with the confidence."""

    edges: tuple[int, ...]
    """Bins in ascending order of confidence."""
    right: tuple[float, ...]

    def of(self, bin_: int) -> float:
        """Of a bin that was not there before: that of the nearest below, or of the lowest."""
        place = int(np.searchsorted(self.edges, bin_, side="right")) - 1
        return self.right[max(place, 0)]


@dataclass(frozen=True)
class Estimated:
    """Accuracy that the confidences of a window promise."""

    n: int
    accuracy: float
    low: float
    high: float
    """Three standard errors of n requests to either side."""


def calibrated(known: Mapping[int, tuple[int, int]]) -> Calibration | None:
    """From bin → (requests, right ones among them); None without any. Bins ascend with the confidence.

    Pool adjacent violators (Ayer et al. 1955, Annals of Mathematical Statistics 26:641-647).
    """
    edges = sorted(bin_ for bin_, (n, _) in known.items() if n > 0)
    if not edges:
        return None
    pools: list[tuple[float, float, int]] = []
    for bin_ in edges:
        n, right = known[bin_]
        pools.append((float(n), float(right), 1))
        while len(pools) > 1 and pools[-2][1] * pools[-1][0] > pools[-1][1] * pools[-2][0]:
            (n_0, right_0, bins_0), (n_1, right_1, bins_1) = pools[-2:]
            pools[-2:] = [(n_0 + n_1, right_0 + right_1, bins_0 + bins_1)]
    return Calibration(tuple(edges), tuple(right / n for n, right, bins_ in pools for _ in range(bins_)))


def estimated(calibration: Calibration, window: Mapping[int, int]) -> Estimated | None:
    """Of bin → requests; None of an empty window."""
    n = sum(window.values())
    if not n:
        return None
    chances = {bin_: calibration.of(bin_) for bin_ in window}
    accuracy = sum(count * chances[bin_] for bin_, count in window.items()) / n
    variance = sum(count * chances[bin_] * (1 - chances[bin_]) for bin_, count in window.items()) / n
    half = SURE_SD * sqrt(variance / n)
    return Estimated(n, accuracy, max(0.0, accuracy - half), min(1.0, accuracy + half))
