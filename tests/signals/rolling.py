"""Rollouts for tests: both versions' requests are drawn, one thing about the canary is changed, minutes are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsconsole import bins
from opsconsole.minutes import Bins, Minute, Moments, Side

START = datetime(2026, 3, 4, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Serving:
    """How one version serves."""

    a_minute: float = 50
    """Requests; below 5 they come at random."""
    slower: float = 1.0
    slow_share: float = 0.0
    """Of requests that take five times as long."""
    error_rate: float = 0.01
    usd: float | None = 0.01
    """Mean cost of a request; None: not logged."""
    usd_spread: float = 0.5
    tokens: float | None = 200.0
    reasons: dict[str, float] = field(default_factory=lambda: {"stop": 0.9, "length": 0.1})
    logs_latency: bool = True
    logs_status: bool = True


def side(random: np.random.Generator, how: Serving, level: float) -> Side:
    n = int(random.poisson(how.a_minute)) if how.a_minute < 5 else int(how.a_minute)
    logs = level + np.log(how.slower) + 0.8 * random.standard_normal(n)
    logs += np.log(5) * (random.random(n) < how.slow_share)
    errors = int(random.binomial(n, how.error_rate))
    cost = None if how.usd is None else how.usd * np.exp(how.usd_spread * random.standard_normal(n))
    tokens = None if how.tokens is None else np.ceil(how.tokens * np.exp(0.7 * random.standard_normal(n)))
    drawn = random.choice(list(how.reasons), n, p=list(how.reasons.values())).tolist() if how.reasons else []
    return Side(
        requests=n,
        answered=n if how.logs_status else 0,
        errors=errors if how.logs_status else 0,
        log_latency=moments(logs) if how.logs_latency else Moments(),
        latency=counted(np.exp(logs)) if how.logs_latency else Bins(),
        cost=Moments() if cost is None else moments(cost),
        output=Moments() if tokens is None else moments(tokens),
        outputs=Bins() if tokens is None else counted(tokens),
        categories={"finish_reason": Counter(drawn)} if drawn else {},
    )


def moments(values: NDArray[Any]) -> Moments:
    return Moments(len(values), float(values.sum()), float((values * values).sum()))


def counted(values: NDArray[Any]) -> Bins:
    return Bins.of(Counter(bins.codes(values, bins.LATENCY_SCHEMA).tolist()))


def minutes(seed: int, n: int, baseline: Serving, canary: Serving) -> Iterator[Minute]:
    """Minutes whose level of latency both versions share, and which it swings by."""
    random = np.random.default_rng(seed)
    for i in range(n):
        level = 5 + 0.4 * float(np.sin(i / 40)) + 0.1 * float(random.standard_normal())
        yield Minute(START + i * timedelta(minutes=1), side(random, baseline, level), side(random, canary, level))
