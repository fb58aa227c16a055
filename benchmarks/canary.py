"""How often a gradual rollout is rolled back, and how soon: without harm, and with every kind of it.

Always true here: the product's own analysis is fed minute by minute and stops at its first ``worse``; every judge sees
the same worlds, seed for seed those of the reference simulation, whose numbers stand beside.

    python -m benchmarks.canary [--quick]
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from statistics import median

import numpy as np
from scipy import stats

from benchmarks.ground import Row, say
from benchmarks.rollouts import ALPHA, CASES, NEVER, NO_CHANGE, Floats, World, kayenta, repeated_z, world
from opsconsole import bins
from opsconsole.config.settings import AnalysisSetting
from opsconsole.minutes import Bins, Minute, Moments, Side
from opsconsole.signals.canary import Analysis, after, begun
from opsconsole.signals.canary.streams import Tail

MINUTES = 240
START = datetime(2026, 3, 4, tzinfo=UTC)
STRICT = AnalysisSetting(alpha=ALPHA, slower=0.0, dearer=0.0, failing=0.0)
TOLERANT = AnalysisSetting(alpha=ALPHA, slower=0.10, dearer=0.10, failing=0.25)


@dataclass(frozen=True)
class Split:
    """Requests a minute, and how many worlds are tried of each case."""

    n_baseline: int
    n_canary: int
    reps: int
    quick_reps: int

    @property
    def name(self) -> str:
        return f"{self.n_baseline}+{self.n_canary}"


EVEN, UNEVEN = Split(50, 50, 200, 20), Split(475, 25, 100, 10)
BUSY = Split(500, 500, 20, 4)

Found = tuple[float, float | None]
"""(share rolled back, median minute)."""

JUDGES: tuple[str, ...] = ("Kayenta", "Kayenta /30", "z", "ours", "ours 10%", "odds 10%")
"""The last one tolerates odds ratios of 1.10 of the tail, as the reference does, and not latencies 10 % higher."""
WITHIN: dict[str, tuple[str, ...]] = {
    "ours": (NO_CHANGE,),
    "ours 10%": (NO_CHANGE, "+5%", "+8%", "+10%"),
    "odds 10%": (NO_CHANGE,),
}
"""Judge → cases in which the canary is no worse than tolerated."""
REFERENCE: dict[tuple[str, str], dict[str, Found]] = {
    (EVEN.name, "ours"): {
        "+5%": (0.870, 123),
        "+10%": (1.0, 33),
        "+25%": (1.0, 8),
        "2% of requests 5x slower": (0.780, 133),
        "5% of requests 5x slower": (1.0, 30),
        "errors 1% -> 2%": (0.995, 79),
        "errors 1% -> 5%": (1.0, 10),
    },
    (EVEN.name, "odds 10%"): {
        "+10%": (0.190, 162),
        "+25%": (1.0, 19),
        "2% of requests 5x slower": (0.315, 150),
        "5% of requests 5x slower": (1.0, 46),
        "errors 1% -> 2%": (0.665, 133),
        "errors 1% -> 5%": (1.0, 12),
    },
    (UNEVEN.name, "ours"): {
        "+5%": (0.810, 126),
        "+10%": (1.0, 32),
        "+25%": (1.0, 8),
        "2% of requests 5x slower": (0.720, 134),
        "5% of requests 5x slower": (1.0, 30),
        "errors 1% -> 2%": (0.990, 66),
        "errors 1% -> 5%": (1.0, 8),
    },
    (UNEVEN.name, "odds 10%"): {
        "+10%": (0.200, 170),
        "+25%": (1.0, 18),
        "2% of requests 5x slower": (0.290, 167),
        "5% of requests 5x slower": (1.0, 44),
        "errors 1% -> 2%": (0.760, 119),
        "errors 1% -> 5%": (1.0, 10),
    },
}
"""(split, judge) → case → what the reference simulation found for the same mean of e-values."""
REFERENCE_REPS: dict[str, int] = {EVEN.name: 200, UNEVEN.name: 100}

Hits = dict[str, list[int]]
"""Judge → minute of each world's roll-back, or NEVER."""


def tolerating_odds(setting: AnalysisSetting) -> Analysis:
    """The analysis with the reference's null of the tail: odds ratios, at thresholds that are the same for both."""
    analysis = begun(setting)
    tail = Tail.tolerating(0.0, odds=1 + setting.slower)
    return replace(analysis, streams={**analysis.streams, tail.name: tail})


OURS: dict[str, Callable[[], Analysis]] = {
    "ours": lambda: begun(STRICT),
    "ours 10%": lambda: begun(TOLERANT),
    "odds 10%": lambda: tolerating_odds(TOLERANT),
}


def minutes_of(on: World) -> list[Minute]:
    """The world as the store would count it."""
    sides = zip(_sides(on.baseline, on.baseline_failed), _sides(on.canary, on.canary_failed), strict=True)
    return [Minute(START + i * timedelta(minutes=1), *pair) for i, pair in enumerate(sides)]


def _sides(logs: Floats, failed: Floats | np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Iterator[Side]:
    codes = bins.codes(np.exp(logs), bins.LATENCY_SCHEMA).astype(np.int64)
    n = logs.shape[1]
    for row, total, squares, errors, code in zip(
        logs, logs.sum(1).tolist(), (logs**2).sum(1).tolist(), failed.sum(1).tolist(), codes, strict=True
    ):
        assert len(row) == n
        yield Side(
            requests=n,
            answered=n,
            errors=int(errors),
            log_latency=Moments(n, total, squares),
            latency=Bins(*np.unique(code, return_counts=True)),
        )


def rolled_back(analysis: Analysis, minutes: list[Minute]) -> int:
    """The minute, from 0 on, after which the analysis says that the canary is worse."""
    for i, minute in enumerate(minutes):
        analysis = after(analysis, minute)
        if analysis.is_worse():
            return i
    return NEVER


def tried(split: Split, case_name: str, reps: int, judges: tuple[str, ...] = JUDGES) -> Hits:
    case = next(case for case in CASES if case.name == case_name)
    hits: Hits = {judge: [] for judge in judges}
    for rep in range(reps):
        on = world(1000 * rep + 7, case, MINUTES, split.n_baseline, split.n_canary)
        if "z" in judges:
            for judge, hit in zip(JUDGES, (*kayenta(on), repeated_z(on)), strict=False):
                hits[judge].append(hit)
        minutes = minutes_of(on)
        for judge in judges:
            if judge in OURS:
                hits[judge].append(rolled_back(OURS[judge](), minutes))
    return hits


# What it says -----------------------------------------------------------------------------------------------------


def found(hits: list[int]) -> Found:
    made = [hit + 1 for hit in hits if hit != NEVER]
    return len(made) / len(hits), median(made) if made else None


def most_false(reps: int) -> float:
    """α and two standard errors of so many worlds."""
    return ALPHA + 2 * math.sqrt(ALPHA * (1 - ALPHA) / reps)


def is_short(hits: list[int], reference: Found, reference_reps: int) -> bool:
    """Surely less often or later than the reference: by more than two standard errors of the difference of shares, or
    with the whole 95 % interval of the median (order statistics) behind the reference's."""
    share, _ = found(hits)
    pooled = (share * len(hits) + reference[0] * reference_reps) / (len(hits) + reference_reps)
    noise = math.sqrt(pooled * (1 - pooled) * (1 / len(hits) + 1 / reference_reps))
    made = sorted(hit + 1 for hit in hits if hit != NEVER)
    if share < reference[0] - 2 * noise - 1e-9 or not made or reference[1] is None:
        return share < reference[0] - 2 * noise - 1e-9
    earliest = made[max(int(stats.binom.ppf(0.025, len(made), 0.5)) - 1, 0)]
    return earliest > reference[1]


Results = dict[tuple[str, str], Hits]
"""(split, case) → hits."""


def simulated(is_quick: bool) -> Results:
    results: Results = {}
    for split in (EVEN, UNEVEN):
        for case in CASES:
            results[split.name, case.name] = tried(split, case.name, split.quick_reps if is_quick else split.reps)
            say(f"  {split.name} {case.name}: {_cells(results[split.name, case.name])}")
    results[BUSY.name, "+8%"] = tried(BUSY, "+8%", BUSY.quick_reps if is_quick else BUSY.reps, ("ours 10%", "odds 10%"))
    return results


def _cell(hits: list[int]) -> str:
    share, minute = found(hits)
    return f"{share:.3f}" + ("" if minute is None else f"@{minute:.0f}")


def _cells(hits: Hits) -> str:
    return "  ".join(f"{judge} {_cell(each)}" for judge, each in hits.items())


def rows(is_quick: bool) -> list[Row]:
    return _rows(simulated(is_quick))


def _rows(results: Results) -> list[Row]:
    made: list[Row] = []
    for (split, case), hits in results.items():
        for judge, cases in WITHIN.items():
            if judge in hits and case in cases and (judge, split) != ("odds 10%", BUSY.name):
                made.append(_false(split, case, judge, hits))
    for (split, judge), known in REFERENCE.items():
        short = [
            f"{case} {_cell(results[split, case][judge])} beside {reference[0]:.3f}@{reference[1]:.0f}"
            for case, reference in known.items()
            if is_short(results[split, case][judge], reference, REFERENCE_REPS[split])
        ]
        what = f"canary {split}, {judge}: of {len(known)} cases of harm, found less often or later than the reference"
        made.append(Row(what, "", float(len(short)), None, "ours", 0.0, "; ".join(short)))
    return made


def _false(split: str, case: str, judge: str, hits: Hits) -> Row:
    other = {"ours": "z", "ours 10%": "odds 10%", "odds 10%": "z"}[judge]
    return Row(
        f"canary {split}, {judge}: {case}, rolled back",
        "%",
        100 * found(hits[judge])[0],
        100 * found(hits[other])[0] if other in hits else None,
        "ours",
        100 * most_false(len(hits[judge])),
        f"beside {other}; limit: α and two standard errors of {len(hits[judge])} worlds",
    )


def table(results: Results) -> str:
    """Markdown: a row a split and case."""
    lines = [f"| requests a minute, case | {' | '.join(JUDGES)} |", "|---" * (len(JUDGES) + 1) + "|"]
    for (split, case), hits in results.items():
        told = " | ".join(_cell(hits[judge]) if judge in hits else "" for judge in JUDGES)
        lines.append(f"| {split}, {case} | {told} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the worlds")
    arguments = parser.parse_args()
    begin = time.process_time()
    results = simulated(arguments.quick)
    print(table(results))
    for row in _rows(results):
        print(f"{'ok' if row.is_met else 'MISSED':7}{row.what}: {row.ours:.3g} (≤ {row.limit:.3g}) {row.note}")
    print(f"{time.process_time() - begin:.0f} CPU s")


if __name__ == "__main__":
    main()
