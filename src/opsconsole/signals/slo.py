"""Error budgets: how fast one burns, whether that is beyond chance, and when it will be used up.

Always true here: a rule fires when both of its windows burn faster than its rate **and** so many bad events would be
rarer than ``GUARD`` in a service that keeps its objective, so that one failure of three requests at night is no page
and an outage at ten requests an hour is one. A window without requests has no rate: it is neither good nor bad.

Rates and windows are those of the SRE workbook ("The Site Reliability Workbook", 2018, ch. 5, table 5-8).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log2
from typing import Any, Literal

import numpy as np
import scipy
from numpy.typing import NDArray

from opsconsole import bins

Counts = NDArray[np.integer[Any]]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

GUARD = 1e-4
"""A rule is silent while P(so many bad events | the objective is kept) in its long window is not below this."""
MINUTES_A_DAY = 1440


@dataclass(frozen=True)
class Objective:
    """A share of good events, over a period."""

    slo: float
    """Share of events that should be good: 0.999."""
    period_days: float = 30.0

    def __post_init__(self) -> None:
        if not 0 < self.slo < 1:
            raise ValueError(f"an objective lies between 0 and 1, not at {self.slo}")
        if self.period_days <= 0:
            raise ValueError(f"a period is longer than {self.period_days} days")

    @property
    def budget(self) -> float:
        """Share of events that may be bad."""
        return 1.0 - self.slo

    @property
    def period_minutes(self) -> float:
        return self.period_days * MINUTES_A_DAY


@dataclass(frozen=True)
class BurnRule:
    """One row of the table: fires at the rate that uses ``budget_share`` of the period's budget in the long window."""

    severity: Literal["page", "ticket"]
    budget_share: float
    long_minutes: int
    short_minutes: int
    """The short window makes it stop soon after the burning does."""

    def burn_rate(self, objective: Objective) -> float:
        """Times the budget: ``share · period / window``; 14.4, 6, 3 and 1 for 30 days."""
        return self.budget_share * objective.period_minutes / self.long_minutes

    def error_rate(self, objective: Objective) -> float:
        """Share of bad events above which it fires: ``burn rate · budget``, at most ``1 − slo/4``.

        For objectives below about 95 % the table asks for more than can ever be bad (14.4 · 7 % > 1), so the page
        would never come: the share is capped at three quarters of the way from the budget to everything failing.
        """
        return min(self.burn_rate(objective) * objective.budget, 1.0 - objective.slo / 4)


RULES: tuple[BurnRule, ...] = (
    BurnRule("page", 0.02, 60, 5),
    BurnRule("page", 0.05, 360, 30),
    BurnRule("ticket", 0.10, 1 * MINUTES_A_DAY, 120),
    BurnRule("ticket", 0.10, 3 * MINUTES_A_DAY, 360),
)
"""The workbook's table 5-8."""
LONGEST_MINUTES = max(rule.long_minutes for rule in RULES)


@dataclass(frozen=True)
class Window:
    """Bad of all events in so many minutes."""

    minutes: int
    bad: int
    total: int

    @property
    def rate(self) -> float | None:
        """Share of bad events; None without events."""
        return self.bad / self.total if self.total else None


@dataclass(frozen=True)
class Burn:
    """What one rule found."""

    rule: BurnRule
    long: Window
    short: Window
    error_rate: float
    """Share of bad events that both windows must exceed."""
    burn_rate: float | None
    """Of the long window, times the budget; None without events."""
    p_value: float
    """P(so many bad events or more in the long window | the objective is kept); 1 without events."""
    is_firing: bool


@dataclass(frozen=True)
class Budget:
    """What the period has used of its budget."""

    used: float | None
    """1 is all of it, more than 1 is a missed objective; None without events."""
    exhausted_in_minutes: float | None
    """At the present burn rate; 0 when it is used up, None when that is not within a period or not known."""


def burning(
    bad: Counts, total: Counts, objective: Objective, rules: Sequence[BurnRule] = RULES, guard: float = GUARD
) -> tuple[Burn, ...]:
    """Every rule at the end of the last minute.

    ``bad`` and ``total``: events of consecutive minutes, oldest first, same length; of minutes before the first
    nothing is known. Events whose outcome is unknown belong to neither.
    """
    found = []
    for rule in rules:
        long, short = (
            Window(minutes, int(bad[-minutes:].sum()), int(total[-minutes:].sum()))
            for minutes in (rule.long_minutes, rule.short_minutes)
        )
        p_value = float(chance(np.array([long.bad]), np.array([long.total]), objective.budget)[0])
        error_rate = rule.error_rate(objective)
        exceeds = all(window.rate is not None and window.rate > error_rate for window in (long, short))
        burn_rate = None if long.rate is None else long.rate / objective.budget
        found.append(Burn(rule, long, short, error_rate, burn_rate, p_value, exceeds and p_value < guard))
    return tuple(found)


def replayed(
    bad: Counts, total: Counts, objective: Objective, rules: Sequence[BurnRule] = RULES, guard: float = GUARD
) -> Mask:
    """What ``burning`` would have said after each minute: is_firing, shape (rules, minutes)."""
    fired = np.zeros((len(rules), len(bad)), dtype=bool)
    for row, rule in zip(fired, rules, strict=True):
        (long_bad, long_total), (short_bad, short_total) = (
            (_sums(bad, minutes), _sums(total, minutes)) for minutes in (rule.long_minutes, rule.short_minutes)
        )
        limit = rule.error_rate(objective)
        exceeds = np.flatnonzero((long_bad > limit * long_total) & (short_bad > limit * short_total))
        row[exceeds] = chance(long_bad[exceeds], long_total[exceeds], objective.budget) < guard
    return fired


def _sums(counts: Counts, minutes: int) -> Counts:
    """Sum of the last ``minutes`` values at each place, of fewer at the beginning."""
    upto = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(counts, dtype=np.int64)))
    end = np.arange(1, len(counts) + 1)
    return np.asarray(upto[end] - upto[np.maximum(0, end - minutes)])


def chance(bad: Counts, total: Counts, budget: float) -> Floats:
    """P(X ≥ bad) for X binomial of ``total`` events that are each bad with probability ``budget``; exact.

    The regularised incomplete beta function I_budget(bad, total − bad + 1) (Abramowitz & Stegun 26.5.24); 1 for none.
    """
    k = np.asarray(bad, dtype=np.float64)
    n = np.asarray(total, dtype=np.float64)
    if np.any(k > n):
        raise ValueError("more bad events than events")
    tail = scipy.special.betainc(np.maximum(k, 1.0), np.maximum(n - k + 1.0, 1.0), budget)
    return np.where(k > 0, tail, 1.0)


def budget_left(bad: int, total: int, objective: Objective, burn_rate: float | None) -> Budget:
    """Of the events of a period so far; ``burn_rate`` is the present one (``Burn.burn_rate``).

    Used: ``bad / (total · budget)``. Exhausted in: ``(1 − used) · period / burn rate``.
    """
    if not total:
        return Budget(None, None)
    used = bad / (total * objective.budget)
    if used >= 1:
        return Budget(used, 0.0)
    if not burn_rate:
        return Budget(used, None)
    minutes = (1 - used) * objective.period_minutes / burn_rate
    return Budget(used, minutes if minutes <= objective.period_minutes else None)


def detection_minutes(
    rule: BurnRule,
    objective: Objective,
    error_rate: float,
    per_minute: float | None = None,
    guard: float = GUARD,
) -> float | None:
    """Minutes from the beginning of steady errors to the rule's firing; None if it never does.

    ``threshold · window / error_rate`` (workbook, ch. 5), from no errors before. With ``per_minute`` events, also the
    time until there are enough bad ones for the guard, which is what counts at low traffic.
    """
    limit = rule.error_rate(objective)
    if not error_rate > limit:
        return None
    minutes = limit * rule.long_minutes / error_rate
    if per_minute is None:
        return minutes
    n = max(1, round(per_minute * rule.long_minutes))
    needed = np.arange(1, n + 1)
    enough = np.flatnonzero(chance(needed, np.full(n, n), objective.budget) < guard)
    if not len(enough):
        return None
    guarded = float(needed[enough[0]]) / (per_minute * error_rate)
    return max(minutes, guarded) if guarded <= rule.long_minutes else None


# Latency as events: good is at most so many milliseconds -----------------------------------------------------------


@dataclass(frozen=True)
class Edge:
    """The upper bound of a bin, nearest to the wished threshold: what can be told from counts of bins exactly."""

    code: int
    ms: float


def edge(threshold_ms: float, schema: int = bins.LATENCY_SCHEMA) -> Edge:
    """The bin edge nearest to a threshold: within 1.1 % of it at schema 5. Raises ValueError unless it is positive."""
    if not (threshold_ms > 0 and isfinite(threshold_ms)):
        raise ValueError(f"a latency objective is a positive number of milliseconds, not {threshold_ms}")
    scale = 1 << schema
    exact = log2(threshold_ms) * scale
    index = min((floor(exact), ceil(exact)), key=lambda i: abs(2.0 ** (i / scale) - threshold_ms))
    return Edge(bins.BIAS + index, 2.0 ** (index / scale))


def slower(codes: Counts, counts: Counts, at: Edge) -> tuple[int, int]:
    """(slower than the edge, all) of counted latencies; nulls and not-a-numbers are not among them.

    A failure has a latency as well: whoever wants fast **successes** counts those only.
    """
    codes, counts = np.asarray(codes), np.asarray(counts)
    is_number = (codes != bins.NULL) & (codes != bins.NOT_A_NUMBER)
    return int(counts[is_number & (codes > at.code)].sum()), int(counts[is_number].sum())
