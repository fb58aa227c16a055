"""How much more ordinary traffic varies than independent draws would: the φ that keeps drift from crying wolf.

Always true here: φ is at least 1, and it is None (not 1) when too few neighbouring blocks were there to estimate it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import inf

from opsconsole.signals.counts import FeatureCounts
from opsconsole.signals.shape import compare

MIN_PAIRS = 5


def dispersion(blocks: Sequence[FeatureCounts]) -> tuple[float | None, float]:
    """(φ, ν) from blocks of equal length, in order of time: the mean G/df of neighbours, and its degrees of freedom.

    Blocks should be as long as the window that will be judged: variation between blocks grows with their counts, and
    then cancels whatever the length of the baseline. φ is weighted by df, so that φ·ν is a sum of G, as the F test
    asks. Neighbouring pairs share a block, so their squared differences correlate by 1/4 and the mean's variance is 3/2
    of that of independent pairs: ν is two thirds of the summed df.

    (None, inf) with fewer than MIN_PAIRS comparable pairs; the tests then take φ = 1.
    """
    shapes = [shape for one, other in pairwise(blocks) if (shape := compare(one, other)) is not None]
    if len(shapes) < MIN_PAIRS:
        return None, inf
    df = sum(shape.df for shape in shapes)
    return max(1.0, sum(shape.g for shape in shapes) / df), df * 2 / 3
