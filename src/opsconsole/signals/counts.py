"""How often each value of one feature was seen: what every drift test is computed from.

Always true here: counts add up, so the counts of a window are the sum over its minutes; a null is never among the
values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from opsconsole import bins

OTHER = "(other)"
"""The category that stands for everything past the most frequent ones; it is never "unseen"."""


@dataclass(frozen=True)
class FeatureCounts:
    """Counts of one feature in one stretch of time."""

    kind: Literal["numeric", "categorical"]
    bins: Mapping[int, int] | Mapping[str, int]
    """Numeric: bin code (FEATURE_SCHEMA) → count, NULL and NOT_A_NUMBER allowed; categorical: category → count."""
    nulls: int = 0
    """Records without the feature, beside those under the NULL code."""

    @property
    def n_null(self) -> int:
        return self.nulls + self.codes.get(bins.NULL, 0)

    @property
    def n_not_a_number(self) -> int:
        return self.codes.get(bins.NOT_A_NUMBER, 0)

    @property
    def n(self) -> int:
        """Values: what is not null."""
        return sum(self.bins.values()) - self.codes.get(bins.NULL, 0)

    @property
    def codes(self) -> dict[int, int]:
        """Bin code → count; empty for a categorical feature."""
        return {key: count for key, count in self.bins.items() if isinstance(key, int)}

    @property
    def categories(self) -> dict[str, int]:
        """Category → count, without those that count nothing; empty for a numeric feature."""
        return {key: count for key, count in self.bins.items() if isinstance(key, str) and count > 0}

    @property
    def numbers(self) -> dict[int, int]:
        """Bin code → count of what is a number, without the bins that count nothing."""
        special = (bins.NULL, bins.NOT_A_NUMBER)
        return {code: count for code, count in self.codes.items() if count > 0 and code not in special}


def folded(one: Mapping[str, int], other: Mapping[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    """Two sides made comparable: where one overflowed, what only the other names joins its OTHER."""
    return _fold(one, other), _fold(other, one)


def _fold(counts: Mapping[str, int], against: Mapping[str, int]) -> dict[str, int]:
    if OTHER not in against:
        return dict(counts)
    kept = {key: n for key, n in counts.items() if key in against}
    rest = sum(counts.values()) - sum(kept.values())
    return {**kept, OTHER: kept.get(OTHER, 0) + rest}


def aligned(one: Mapping[Any, int], other: Mapping[Any, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two parallel count vectors over the union of the keys, in ascending order of the keys."""
    keys = sorted({*one, *other})
    return (
        np.array([one.get(key, 0) for key in keys], dtype=np.float64),
        np.array([other.get(key, 0) for key in keys], dtype=np.float64),
    )
