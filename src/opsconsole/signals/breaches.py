"""Spans of a window in which users had it worse than they should: failing, slow, or without an answer.

Always true here: one bucket by itself is no breach unless it is sure (the error rate's Wilson bound, the quantile's
order-statistic bound); neighbouring buckets of one kind are one span, named by its worst.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from statistics import median

from opsconsole import wire
from opsconsole.signals.intervals import wilson
from opsconsole.signals.words import duration, percent

Z_SURE = 3.29
"""Two-sided 99.9 %: a window has up to 120 buckets, and ordinary ones must not breach."""
LEAST_REQUESTS = 20
LEAST_BUCKETS = 5
SILENCE_OF = 50
"""A bucket without requests is a breach where its neighbours have this many in the median."""

Bucket = tuple[wire.HealthWord, float, str] | None
"""(state, how bad, what) of a bucket that breaches."""


def breaches(
    lines: wire.Lines,
    axis: wire.Axis,
    *,
    warn_error_rate: float,
    fail_error_rate: float,
    slower_p99: float,
    end: datetime,
) -> tuple[wire.Breach, ...]:
    """Breaches of a window's buckets, oldest first; the bucket that is not over is left out."""
    whole = int((end - axis.start) / timedelta(seconds=axis.step_s))
    n = min(whole, len(lines.requests))
    usual = _usual(lines.p99_ms[:n], lines.requests[:n])
    found: list[wire.Breach] = []
    judges: tuple[Callable[[int], Bucket], ...] = (
        lambda i: _failing(lines.errors[i], lines.requests[i], warn_error_rate, fail_error_rate),
        lambda i: _slow(lines.p99_ms[i], lines.requests[i], usual, slower_p99),
        lambda i: _silent(lines.requests[:n], i),
    )
    for judge in judges:
        found += _spans([judge(i) for i in range(n)], axis)
    return tuple(sorted(found, key=lambda each: (each.start, each.what)))


def _usual(p99: Sequence[float | None], requests: Sequence[int]) -> float | None:
    values = [value for value, n in zip(p99, requests, strict=True) if value is not None and n >= LEAST_REQUESTS]
    return median(values) if len(values) >= LEAST_BUCKETS else None


def _failing(errors: int, requests: int, warn: float, fail: float) -> Bucket:
    if requests < LEAST_REQUESTS or not errors:
        return None
    low, _ = wilson(errors, requests, Z_SURE)
    rate = errors / requests
    if low <= warn:
        return None
    return ("fail" if low > fail else "warn", rate, f"errors {percent(rate)}")


def _slow(p99: float | None, requests: int, usual: float | None, slower: float) -> Bucket:
    """A p99 of n requests rests on n/100 of them: the fewer, the further it has to be from the usual one."""
    if p99 is None or usual is None or requests < LEAST_REQUESTS:
        return None
    needed = slower * (1 + 10 / requests**0.5)
    ratio = p99 / usual
    return ("warn", ratio, f"p99 {duration(p99)}, {ratio:.1f} times the usual") if ratio > needed else None


def _silent(requests: Sequence[int], i: int) -> Bucket:
    if requests[i]:
        return None
    near = [requests[j] for j in range(max(0, i - 5), min(len(requests), i + 6)) if j != i]
    if not any(requests[:i]) or not any(requests[i + 1 :]):
        return None
    return ("fail", 1.0, "no requests") if near and median(near) >= SILENCE_OF else None


def _spans(judged: Sequence[Bucket], axis: wire.Axis) -> list[wire.Breach]:
    spans: list[wire.Breach] = []
    run: list[tuple[wire.HealthWord, float, str]] = []
    for i, bucket in enumerate([*judged, None]):
        if bucket is not None:
            run.append(bucket)
            continue
        if run:
            step = timedelta(seconds=axis.step_s)
            worst = max(run, key=lambda each: each[1])
            state: wire.HealthWord = "fail" if any(each[0] == "fail" for each in run) else "warn"
            spans.append(
                wire.Breach(
                    start=axis.start + step * (i - len(run)), stop=axis.start + step * i, state=state, what=worst[2]
                )
            )
        run = []
    return spans
