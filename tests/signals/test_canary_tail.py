"""The slowest requests: thresholds are foretold, a tolerated factor is tolerated at any traffic, p95s are compared."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from math import log

import numpy as np
import pytest
from rolling import START, Serving, counted, minutes
from scipy import stats

from opsconsole import bins
from opsconsole.minutes import Minute, Side
from opsconsole.signals.canary.past import REACH, Past
from opsconsole.signals.canary.streams import Tail

USUAL = Serving()


def seen(tail: Tail, n: int, canary: Serving, *, baseline: Serving = USUAL, seed: int = 1) -> Tail:
    past = Past()
    for minute in minutes(seed, n, baseline, canary):
        tail, past = tail.after(minute, past), past.after(minute)
    return tail


def test_thresholds_are_quantiles_of_the_minutes_before() -> None:
    random, past = np.random.default_rng(2), Past()
    values = [random.lognormal(5, 1, 40) for _ in range(2 * REACH)]
    for i, some in enumerate(values):
        latencies = counted(some)
        past = past.after(Minute(START + i * timedelta(minutes=1), Side(requests=40, latency=latencies)))
        remembered = np.sort(np.concatenate(values[max(0, i + 1 - REACH) : i + 1]))
        for quantile, threshold in zip((0.5, 0.9), past.latency.thresholds((0.5, 0.9)), strict=True):
            exact = remembered[int(np.ceil(round(quantile * len(remembered), 6))) - 1]
            assert threshold == bins.codes(np.array([exact]), bins.LATENCY_SCHEMA)[0]
    assert len(past.remembered) == REACH


def test_too_few_values_foretell_no_threshold() -> None:
    past = Past().after(Minute(START, Side(requests=50, latency=counted(np.arange(1.0, 51.0)))))
    p90, p99 = past.latency.thresholds((0.9, 0.99))
    assert p90 is not None
    assert p99 is None
    assert Past().latency.thresholds((0.5,)) == [None]


def test_the_first_minute_has_no_threshold_and_so_no_evidence() -> None:
    tail = seen(Tail.tolerating(0.0), 1, Serving(slower=9.0))
    assert tail.log_e() == 0.0
    assert tail.bound(0.01).ratio is None
    assert tail.n == (50, 50)


def test_a_tolerated_factor_is_tolerated_however_much_traffic_there_is() -> None:
    many = Serving(a_minute=1500)
    slower = Serving(a_minute=1500, slower=1.08)
    by_ratio, by_odds = Tail.tolerating(0.10), Tail.tolerating(0.0, odds=1.10)
    assert seen(by_ratio, 60, slower, baseline=many).log_e() < 0
    assert seen(by_odds, 60, slower, baseline=many).log_e() > log(100)


def test_without_harm_evidence_is_rare_at_any_split() -> None:
    reps, false = 40, 0
    for i in range(reps):
        past, tail, is_false = Past(), Tail.tolerating(0.0), False
        for minute in minutes(50 + i, 60, Serving(a_minute=60), Serving(a_minute=3)):
            tail, past = tail.after(minute, past), past.after(minute)
            is_false |= tail.log_e() >= log(10)
        false += is_false
    assert stats.binomtest(false, reps, 0.1, "greater").pvalue > 0.01


@pytest.mark.parametrize("factor", [0.5, 1.0, 1.6])
def test_the_ratio_of_the_p95s_is_found(factor: float) -> None:
    bound = seen(Tail.tolerating(0.10), 60, Serving(a_minute=80, slower=factor)).bound(0.01)
    assert bound.ratio == pytest.approx(factor, rel=0.12)
    assert bound.low is not None
    assert bound.high is not None
    assert bound.low < factor < bound.high
    assert bound.high / bound.low < 1.6


def test_more_of_the_slow_is_more_evidence() -> None:
    found = [seen(Tail.tolerating(0.10), 60, Serving(slow_share=share)).log_e() for share in (0.0, 0.05, 0.1, 0.2)]
    assert all(less < more for less, more in pairwise(found))
