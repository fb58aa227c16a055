"""Is the drift rule calibrated, and does it see what matters? Prints false alarms and power; exits 1 on a missed limit.

Always true here: counts are drawn from the exact bin probabilities of each distribution (the same law as binning draws
one by one, and far cheaper), and it is the product's own rule, ``signals.drift``, that is measured.

    python benchmarks/drift_calibration.py [--reps 4000] [--json]
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from opsconsole import bins
from opsconsole.signals.counts import FeatureCounts
from opsconsole.signals.drift import Comparison, judge
from opsconsole.signals.shape import compare

Floats = NDArray[np.float64]

SIZES = ((200, 200), (1000, 200), (1000, 1000), (5000, 200), (5000, 1000), (100_000, 10_000))
LEVELS = (0.05, 0.01)
TOLERATED = (0.5, 2.0)
"""A false alarm rate must be within these multiples of its level."""
POWER_SIZES = (2_000, 10_000, 100_000)
POWER_BASELINE = 100_000
MOST_VERDICTS = 0.02
"""Without drift, at most this share of looks may end in the verdict "drift"."""
REQUIRED_POWER, REQUIRED_AT = 0.95, 10_000
FAMILY = 15
"""Features judged together in the column "in 15": one drifts, fourteen do not, and all share one correction."""

CENTRE, SPREAD = 5.0, 0.8
INDICES = np.arange(-24, 81)


@dataclass(frozen=True)
class Source:
    """Where one feature's values come from: keys with probabilities, and how many are null."""

    keys: tuple[int, ...] | tuple[str, ...]
    probabilities: Floats
    null_rate: float = 0.0

    def draw(self, random: np.random.Generator, n: int) -> FeatureCounts:
        nulls = int(random.binomial(n, self.null_rate))
        counts = random.multinomial(n - nulls, self.probabilities).tolist()
        if isinstance(self.keys[0], int):
            codes = {key: n for key, n in zip(self.keys, counts, strict=True) if isinstance(key, int) and n}
            return FeatureCounts("numeric", codes, nulls)
        names = {key: n for key, n in zip(self.keys, counts, strict=True) if isinstance(key, str) and n}
        return FeatureCounts("categorical", names, nulls)


def normal_bins(centre: float, spread: float) -> Floats:
    """Probabilities of the feature bins when the logarithm is normal; the tails fall into the outermost bins."""
    edges = INDICES[:-1] / (1 << bins.FEATURE_SCHEMA) * math.log(2)
    below = special.ndtr((edges - centre) / spread)
    return np.diff(np.concatenate([[0.0], below, [1.0]]))


def lognormal(probabilities: Floats | None = None, null_rate: float = 0.0) -> Source:
    keys = tuple(int(bins.BIAS + index) for index in INDICES)
    return Source(keys, normal_bins(CENTRE, SPREAD) if probabilities is None else probabilities, null_rate)


def slower(share: float, factor: float) -> Source:
    """A share of the requests takes ``factor`` times as long."""
    late = normal_bins(CENTRE + math.log(factor), SPREAD)
    return lognormal((1 - share) * normal_bins(CENTRE, SPREAD) + share * late)


def zipf(categories: int, new: float = 0.0) -> Source:
    """Categories with probabilities 1, 1/2, 1/3 …, and a share of one that the baseline does not have."""
    weights = 1 / np.arange(1, categories + 1)
    keys = (*(f"v{i}" for i in range(categories)), "new")
    return Source(keys, np.append((1 - new) * weights / weights.sum(), new))


CONTROLS: dict[str, Source] = {"lognormal": lognormal(), "cat5": zipf(5), "cat25": zipf(25), "cat100": zipf(100)}
CASES: dict[str, tuple[Source, Source]] = {
    "2% of requests 5x slower": (lognormal(), slower(0.02, 5)),
    "1% of requests 10x slower": (lognormal(), slower(0.01, 10)),
    "all requests +8%": (lognormal(), slower(1.0, 1.08)),
    "spread +10%": (lognormal(), lognormal(normal_bins(CENTRE, 1.1 * SPREAD))),
    "30% nulls": (lognormal(), lognormal(null_rate=0.3)),
    "new category at 0.5%": (zipf(25), zipf(25, new=0.005)),
}
"""(baseline, window) of harms that fixed thresholds on a distance miss."""


@dataclass(frozen=True)
class ControlRow:
    """False alarms without drift."""

    source: str
    n_baseline: int
    n: int
    reps: int
    shape: dict[str, float]
    """Level → share of the G tests below it."""
    verdict: float
    """Share of the looks that ended in the verdict "drift"."""

    def is_calibrated(self) -> bool:
        low, high = TOLERATED
        is_nominal = all(low * level <= self.shape[str(level)] <= high * level for level in LEVELS)
        return is_nominal and self.verdict <= MOST_VERDICTS


@dataclass(frozen=True)
class PowerRow:
    """How often a real change ends in the verdict "drift"."""

    case: str
    n: int
    reps: int
    effect: float
    power: float
    power_in_family: float

    def is_found(self) -> bool:
        return self.n != REQUIRED_AT or self.power >= REQUIRED_POWER


def is_drift(features: Mapping[str, Comparison], feature: str) -> tuple[bool, float]:
    """(is the verdict "drift"?, effect) of one feature among those judged together."""
    found = next(finding for finding in judge(features, "v2") if finding.feature == feature)
    return found.verdict == "drift", found.effect or 0.0


def control(source: str, n_baseline: int, n: int, reps: int) -> ControlRow:
    random = np.random.default_rng(20_240_101)
    p_values, alarms = np.empty(reps), 0
    for rep in range(reps):
        pair = Comparison(CONTROLS[source].draw(random, n_baseline), CONTROLS[source].draw(random, n))
        shape = compare(pair.baseline, pair.window)
        p_values[rep] = shape.p_value() if shape else 1.0
        alarms += is_drift({"x": pair}, "x")[0]
    rates = {str(level): float(np.mean(p_values < level)) for level in LEVELS}
    return ControlRow(source, n_baseline, n, reps, rates, alarms / reps)


def power(case: str, n: int, reps: int) -> PowerRow:
    random = np.random.default_rng(20_240_102)
    before, after = CASES[case]
    quiet = [CONTROLS[name] for name in sorted(CONTROLS)]
    hits, hits_in_family, effects = 0, 0, np.empty(reps)
    for rep in range(reps):
        pair = Comparison(before.draw(random, POWER_BASELINE), after.draw(random, n))
        is_hit, effects[rep] = is_drift({"x": pair}, "x")
        hits += is_hit
        others = {
            f"quiet{i}": Comparison(
                quiet[i % len(quiet)].draw(random, POWER_BASELINE), quiet[i % len(quiet)].draw(random, n)
            )
            for i in range(FAMILY - 1)
        }
        hits_in_family += is_drift({"x": pair, **others}, "x")[0]
    return PowerRow(case, n, reps, float(effects.mean()), hits / reps, hits_in_family / reps)


def print_tables(controls: list[ControlRow], powers: list[PowerRow]) -> None:
    print("No drift: share of G tests with p below the level, and of looks with the verdict drift")
    print(f"{'source':12}{'baseline':>10}{'window':>10}{'p<.05':>9}{'p<.01':>9}{'verdict':>9}  ")
    for row in controls:
        rates = "".join(f"{row.shape[str(level)]:9.4f}" for level in LEVELS)
        sign = "" if row.is_calibrated() else "  MISSED"
        print(f"{row.source:12}{row.n_baseline:10d}{row.n:10d}{rates}{row.verdict:9.4f}{sign}")
    print(f"\nDrift: share of looks with the verdict drift, baseline {POWER_BASELINE}")
    print(f"{'case':28}{'window':>9}{'effect':>9}{'alone':>9}{f'in {FAMILY}':>9}")
    for found in powers:
        sign = "" if found.is_found() else "  MISSED"
        values = f"{found.effect:9.3f}{found.power:9.3f}{found.power_in_family:9.3f}"
        print(f"{found.case:28}{found.n:9d}{values}{sign}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reps", type=int, default=4000, help="looks a control; a power row takes an eighth")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    arguments = parser.parse_args()
    begin = time.perf_counter()
    controls = [control(source, *sizes, arguments.reps) for sizes in SIZES for source in CONTROLS]
    powers = [power(case, n, max(1, arguments.reps // 8)) for case in CASES for n in POWER_SIZES]
    is_calibrated = all(row.is_calibrated() for row in controls)
    is_powerful = all(row.is_found() for row in powers)
    if arguments.json:
        rows = {"controls": [asdict(row) for row in controls], "power": [asdict(row) for row in powers]}
        print(json.dumps({**rows, "calibrated": is_calibrated, "powerful": is_powerful}, indent=1))
    else:
        print_tables(controls, powers)
        low, high = TOLERATED
        print(f"\n{time.perf_counter() - begin:.0f} s, {arguments.reps} looks a control")
        limits = f"every control within {low}–{high}x of nominal at .05 and .01, verdicts ≤ {MOST_VERDICTS}"
        print(f"{'pass' if is_calibrated else 'FAIL'}: {limits}")
        print(f"{'pass' if is_powerful else 'FAIL'}: every case power ≥ {REQUIRED_POWER} at n = {REQUIRED_AT}")
    return 0 if is_calibrated and is_powerful else 1


if __name__ == "__main__":
    sys.exit(main())
