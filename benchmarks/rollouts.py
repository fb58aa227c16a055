"""Gradual rollouts with a known truth, and how others judge them.

Always true here: a seed gives the same world whatever judges it. Latency is lognormal around a level that swings with
the day and wanders (an AR(1) that both versions share), with 1 % stragglers that take six times as long; errors are
1 % times a shared AR(1). A judge says after which minute it rolls back, or that it never does.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
Random = np.random.Generator

NEVER = -1
ALPHA = 0.01
SPREAD, STRAGGLERS, STRAGGLING = 0.8, 0.01, 6.0
ERROR_RATE = 0.01


@dataclass(frozen=True)
class Case:
    """What the canary does to its requests: logarithms of latency and failures, minutes × requests."""

    name: str
    harm: Callable[[Random, Floats, NDArray[np.bool_]], None]


@dataclass(frozen=True)
class World:
    """Requests of both versions, minutes × requests a minute."""

    baseline: Floats
    """ln of latency."""
    canary: Floats
    baseline_failed: NDArray[np.bool_]
    canary_failed: NDArray[np.bool_]


def _nothing(random: Random, logs: Floats, failed: NDArray[np.bool_]) -> None:
    """No change."""


def _slower(factor: float) -> Callable[[Random, Floats, NDArray[np.bool_]], None]:
    def harm(random: Random, logs: Floats, failed: NDArray[np.bool_]) -> None:
        logs += math.log(factor)

    return harm


def _some_slower(share: float, factor: float) -> Callable[[Random, Floats, NDArray[np.bool_]], None]:
    def harm(random: Random, logs: Floats, failed: NDArray[np.bool_]) -> None:
        logs += math.log(factor) * (random.random(logs.shape) < share)

    return harm


def _failing(times: float) -> Callable[[Random, Floats, NDArray[np.bool_]], None]:
    def harm(random: Random, logs: Floats, failed: NDArray[np.bool_]) -> None:
        failed |= random.random(failed.shape) < ERROR_RATE * (times - 1)

    return harm


def _wobbling(spread: float) -> Callable[[Random, Floats, NDArray[np.bool_]], None]:
    def harm(random: Random, logs: Floats, failed: NDArray[np.bool_]) -> None:
        logs += _wander(random.normal(0, spread * math.sqrt(1 - 0.95**2), len(logs)), 0.95)[:, None]

    return harm


NO_CHANGE = "no change"
CASES: tuple[Case, ...] = (
    Case(NO_CHANGE, _nothing),
    Case("pod wobble sd 3%", _wobbling(0.03)),
    Case("pod wobble sd 10%", _wobbling(0.10)),
    Case("+5%", _slower(1.05)),
    Case("+8%", _slower(1.08)),
    Case("+10%", _slower(1.10)),
    Case("+25%", _slower(1.25)),
    Case("2% of requests 5x slower", _some_slower(0.02, 5)),
    Case("5% of requests 5x slower", _some_slower(0.05, 5)),
    Case("errors 1% -> 2%", _failing(2)),
    Case("errors 1% -> 5%", _failing(5)),
)


def world(seed: int, case: Case, minutes: int, n_baseline: int, n_canary: int) -> World:
    random = np.random.default_rng(seed)
    step, failing = random.normal(0, 0.05, minutes), random.normal(0, 0.25, minutes)
    step[0], failing[0] = 0.0, 0.0
    day = 0.4 * np.sin(2 * np.pi * (np.arange(minutes) / 1440 + random.random()))
    level = 5 + day + _wander(step, 0.9)
    rate = np.clip(ERROR_RATE * np.exp(_wander(failing, 0.8)), 0, 0.5)

    def drawn(n: int) -> tuple[Floats, NDArray[np.bool_]]:
        logs = random.normal(level[:, None], SPREAD, (minutes, n))
        logs += math.log(STRAGGLING) * (random.random((minutes, n)) < STRAGGLERS)
        return logs, random.random((minutes, n)) < rate[:, None]

    baseline, baseline_failed = drawn(n_baseline)
    canary, canary_failed = drawn(n_canary)
    case.harm(random, canary, canary_failed)
    return World(baseline, canary, baseline_failed, canary_failed)


def _wander(steps: Floats, memory: float) -> Floats:
    """AR(1), beginning at 0."""
    level = np.zeros(len(steps))
    for i in range(1, len(steps)):
        level[i] = memory * level[i - 1] + steps[i]
    return level


# Others -----------------------------------------------------------------------------------------------------------

KAYENTA_Z = float(special.ndtri(0.99))
KAYENTA_TOLERANCE = 0.25
KAYENTA_FIRST = 10


def kayenta(on: World) -> tuple[int, int]:
    """(looked at each minute, every half hour): NetflixACAJudge's rule on minutes' mean latency and error rate.

    Mann-Whitney at 98 %: bad when the interval of the shift lies above a quarter of the Hodges-Lehmann estimate
    (normal approximation of the order statistics). Either metric rolls back, from the tenth minute on.
    """
    series = (
        (np.exp(on.canary).mean(1), np.exp(on.baseline).mean(1)),
        (on.canary_failed.mean(1), on.baseline_failed.mean(1)),
    )
    differences = [canary[:, None] - baseline[None, :] for canary, baseline in series]
    not_above = [(each <= 0).cumsum(0).cumsum(1).diagonal() for each in differences]
    each_minute, each_half_hour = NEVER, NEVER
    for minutes in range(KAYENTA_FIRST, len(on.canary) + 1):
        is_half_hour = minutes % 30 == 0
        if each_minute != NEVER and not is_half_hour:
            continue
        if any(_is_bad(d, int(low[minutes - 1]), minutes) for d, low in zip(differences, not_above, strict=True)):
            each_minute = minutes - 1 if each_minute == NEVER else each_minute
            if is_half_hour:
                each_half_hour = minutes - 1
                break
    return each_minute, each_half_hour


def _is_bad(differences: Floats, not_above: int, minutes: int) -> bool:
    """``not_above``: how many differences of the minutes so far are 0 or less."""
    pairs = minutes * minutes
    low = max(math.floor(pairs / 2 - KAYENTA_Z * math.sqrt(pairs * (2 * minutes + 1) / 12)), 0)
    if not_above > low:  # the interval's lower end is 0 or less
        return False
    ordered = np.partition(differences[:minutes, :minutes], (low, pairs // 2), axis=None)
    return bool(ordered[low] > KAYENTA_TOLERANCE * abs(ordered[pairs // 2]))


def repeated_z(on: World) -> int:
    """A z test of mean ln(latency) and one of two proportions, each at α/2 and as if each minute were the last."""
    sides = []
    for logs, failed in ((on.baseline, on.baseline_failed), (on.canary, on.canary_failed)):
        n = np.arange(1, len(logs) + 1) * logs.shape[1]
        mean = logs.sum(1).cumsum() / n
        sides.append((n, mean, (logs**2).sum(1).cumsum() / n - mean**2, failed.sum(1).cumsum()))
    (n_b, mean_b, var_b, failed_b), (n_c, mean_c, var_c, failed_c) = sides
    z = (mean_c - mean_b) / np.sqrt(var_b / n_b + var_c / n_c)
    pooled = (failed_b + failed_c) / (n_b + n_c)
    noise = np.sqrt(np.maximum(pooled * (1 - pooled) * (1 / n_b + 1 / n_c), 1e-12))
    z_failed = (failed_c / n_c - failed_b / n_b) / noise
    limit = special.ndtri(1 - ALPHA / 2)
    return first((z > limit) | (z_failed > limit))


def first(is_hit: NDArray[Any]) -> int:
    at = int(np.argmax(is_hit))
    return at if is_hit[at] else NEVER
