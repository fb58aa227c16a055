"""A feature's distribution as bars that a person can read: in the window against the baseline.

Always true here: the bars of each side add up to one, nulls included; a bar that only one side has is there for both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

from opsconsole import bins, wire
from opsconsole.signals.counts import OTHER, FeatureCounts
from opsconsole.signals.drift import Comparison

MOST_BARS = 16
NULL, NOT_A_NUMBER = "null", "not a number"
_TAIL = 0.002
"""What lies further out than this part of both sides together is one bar at either end."""

Counted = list[tuple[str, int, int]]
"""(label, in the window, in the baseline)."""


def distribution(feature: str, version: str, compared: Comparison) -> wire.Distribution:
    """The two sides of a comparison."""
    window, before = compared.window, compared.baseline
    counted = _numbers(window, before) if window.kind == "numeric" else _categories(window, before)
    counted += [
        (label, here, there)
        for label, here, there in (
            (NOT_A_NUMBER, window.n_not_a_number, before.n_not_a_number),
            (NULL, window.n_null, before.n_null),
        )
        if here or there
    ]
    n, n_before = sum(here for _, here, _ in counted), sum(there for _, _, there in counted)
    return wire.Distribution(
        feature=feature,
        version=version,
        kind=window.kind,
        n=n,
        n_baseline=n_before,
        bins=tuple(
            wire.Bin(
                label=label,
                share=here / n if n else 0.0,
                baseline_share=there / n_before if n_before else 0.0,
            )
            for label, here, there in counted
        ),
    )


def _categories(window: FeatureCounts, before: FeatureCounts) -> Counted:
    here, there = window.categories, before.categories
    names = sorted({*here, *there} - {OTHER}, key=lambda name: (-there.get(name, 0), -here.get(name, 0), name))
    kept = names[: MOST_BARS - 1] if len(names) > MOST_BARS else names
    new = [name for name in names[len(kept) :] if name not in there]
    rest = [name for name in names[len(kept) :] if name in there]
    counted = [(name, here.get(name, 0), there.get(name, 0)) for name in kept]
    if new:
        counted.append(("unseen", sum(here.get(name, 0) for name in new), 0))
    others = here.get(OTHER, 0) + sum(here.get(name, 0) for name in rest)
    others_before = there.get(OTHER, 0) + sum(there.get(name, 0) for name in rest)
    return [*counted, (OTHER, others, others_before)] if others or others_before else counted


def _numbers(window: FeatureCounts, before: FeatureCounts) -> Counted:
    here, there = window.numbers, before.numbers
    codes = sorted({*here, *there}, key=lambda code: bins.middle(code, bins.FEATURE_SCHEMA))
    if not codes:
        return []
    groups = _tails(codes, here, there)
    while len(groups) > MOST_BARS:
        inner = groups[1:-1]
        groups = [groups[0], *([*chain(*inner[i : i + 2])] for i in range(0, len(inner), 2)), groups[-1]]
    labelled = []
    for i, group in enumerate(groups):
        low, high = bins.bounds(group[0], bins.FEATURE_SCHEMA)[0], bins.bounds(group[-1], bins.FEATURE_SCHEMA)[1]
        label = f"{_short(low)}–{_short(high)}" if _short(low) != _short(high) else _short(low)
        if len(groups) > 2 and len(group) > 1:
            label = f"≤{_short(high)}" if i == 0 else f">{_short(low)}" if i == len(groups) - 1 else label
        labelled.append((label, sum(here.get(code, 0) for code in group), sum(there.get(code, 0) for code in group)))
    return labelled


def _tails(codes: Sequence[int], here: Mapping[int, int], there: Mapping[int, int]) -> list[list[int]]:
    """Each code by itself, but those of both thin ends together."""
    n, n_before = max(sum(here.values()), 1), max(sum(there.values()), 1)
    weights = [max(here.get(code, 0) / n, there.get(code, 0) / n_before) for code in codes]
    first, last = 0, len(codes) - 1
    while first < last and sum(weights[: first + 1]) < _TAIL:
        first += 1
    while last > first and sum(weights[last:]) < _TAIL:
        last -= 1
    inner = [[code] for code in codes[first + 1 : last]]
    ends = [list(codes[: first + 1])] if first == last else [list(codes[: first + 1]), list(codes[last:])]
    return [ends[0], *inner, *ends[1:]]


def _short(value: float) -> str:
    for least, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= least:
            return f"{value / least:.3g}{suffix}"
    return f"{value:.3g}"
