"""Rules about how requests fare: providers, silence, failures, limits and latency."""

from __future__ import annotations

from typing import Literal

from opsconsole import wire
from opsconsole.alerts.rules import DAY_S, HOUR_S, MINUTE_S, OUTAGE, Rule

_BURNT_BY_CHANCE = {"1h": "0 to 0.07", "6h": "0 to 0.05", "1d": "0", "3d": "0 to 0.22"}
"""Firings of ``signals.slo.replayed`` on binomial minutes, 30 to 60 months for each of eight rates and objectives."""


def _burn(
    what: Literal["errors", "latency"],
    window: str,
    severity: wire.AlertSeverity,
    factor: float,
    long_s: int,
    short_s: int,
) -> Rule:
    """A row of the SRE workbook's table (Beyer et al. 2018, ch. 5, table 5-8), with a binomial guard."""
    is_errors = what == "errors"
    return Rule(
        id=f"{what}-burn-{window}",  # type: ignore[arg-type]
        signal=f"{what}-burn-{window}",
        about=f"{'failures' if is_errors else 'slow answers'} use up the SLO's budget {factor:g} times too fast",
        severity=severity,
        threshold=factor,
        unit="times the budget's pace",
        window_s=long_s,
        short_s=short_s,
        chance=1e-4,
        hold_s=5 * MINUTE_S if severity == "page" else 15 * MINUTE_S,
        cause="errors" if is_errors else "latency",
        needs=("status",) if is_errors else ("latency_ms", "slo.latency_ms"),
        inhibited_by=("provider",) if is_errors else OUTAGE,
        metric="errors" if is_errors else "latency",
        checklist="error-spike" if is_errors else "latency-regression-after-promote",
        false_alarms=(
            f"{_BURNT_BY_CHANCE[window]} in 30 days at a service that is exactly at its SLO (simulated: 10 to 20,000 "
            "independent requests an hour, 99 % and 99.9 %); oftener where failures come in bunches"
        ),
    )


SERVING: tuple[Rule, ...] = (
    Rule(
        id="provider-errors",
        signal="provider",
        about="a provider refuses, times out or fails upstream",
        severity="page",
        threshold=0.10,
        unit="share of its requests (lower bound)",
        window_s=5 * MINUTE_S,
        min_n=20,
        for_s=MINUTE_S,
        cause="provider",
        needs=("status",),
        metric="errors",
        checklist="provider-outage",
        false_alarms="below 1 in 30 days at a provider that fails 3 % of its requests: the lower bound is at 99.9 %",
    ),
    Rule(
        id="provider-degraded",
        signal="provider-slow",
        about="a provider fails more than it should for half an hour",
        severity="ticket",
        threshold=0.03,
        unit="share of its requests (lower bound)",
        window_s=30 * MINUTE_S,
        min_n=50,
        for_s=5 * MINUTE_S,
        hold_s=15 * MINUTE_S,
        cause="provider",
        needs=("status",),
        metric="errors",
        checklist="provider-outage",
        false_alarms="below 1 in 30 days at a provider that fails 1 % of its requests: the lower bound is at 99.9 %",
    ),
    Rule(
        id="missing-data",
        signal="silence",
        about="no records arrive although they should",
        severity="page",
        threshold=1.5,
        unit="times the longest silence before (5 minutes at the least)",
        window_s=7 * DAY_S,
        chance=1e-6,
        cause="silence",
        view="timeline",
        checklist="data-source-quiet",
        false_alarms="below 0.05 in 30 days: 1e-6 in each of 43,200 minutes, for counts as dispersed as they are, "
        "and only for a silence half as long again as any before",
    ),
    _burn("errors", "1h", "page", 14.4, HOUR_S, 5 * MINUTE_S),
    _burn("errors", "6h", "page", 6.0, 6 * HOUR_S, 30 * MINUTE_S),
    _burn("errors", "1d", "ticket", 3.0, DAY_S, 2 * HOUR_S),
    _burn("errors", "3d", "ticket", 1.0, 3 * DAY_S, 6 * HOUR_S),
    Rule(
        id="throttled",
        signal="throttled",
        about="requests are refused for a limit",
        severity="ticket",
        threshold=0.02,
        unit="share of requests (lower bound)",
        window_s=15 * MINUTE_S,
        min_n=50,
        for_s=2 * MINUTE_S,
        cause="saturation",
        needs=("status",),
        inhibited_by=("provider", "silence"),
        metric="errors",
        view="saturation",
        checklist="provider-outage",
        false_alarms="below 1 in 30 days at a service of which 0.5 % are refused: the lower bound is at 99.9 %",
    ),
    Rule(
        id="queueing",
        signal="queueing",
        about="requests wait longer than they are worked on",
        severity="ticket",
        threshold=0.5,
        unit="share of the median latency spent in a queue",
        window_s=15 * MINUTE_S,
        min_n=100,
        for_s=5 * MINUTE_S,
        cause="saturation",
        needs=("queue_ms", "latency_ms"),
        inhibited_by=("silence",),
        metric="latency",
        view="saturation",
        checklist="latency-regression-after-promote",
        false_alarms="none by accident: a median of 100 moves by a tenth, and it has to be half of another one",
    ),
    _burn("latency", "1h", "page", 14.4, HOUR_S, 5 * MINUTE_S),
    _burn("latency", "6h", "page", 6.0, 6 * HOUR_S, 30 * MINUTE_S),
    _burn("latency", "1d", "ticket", 3.0, DAY_S, 2 * HOUR_S),
    _burn("latency", "3d", "ticket", 1.0, 3 * DAY_S, 6 * HOUR_S),
    Rule(
        id="latency-shift",
        signal="latency-shift",
        about="more requests than usual take longer than the p99 of the day before",
        severity="ticket",
        threshold=5.0,
        unit="times the usual share",
        window_s=30 * MINUTE_S,
        chance=1e-6,
        min_n=100,
        for_s=5 * MINUTE_S,
        hold_s=15 * MINUTE_S,
        cause="latency",
        needs=("latency_ms",),
        inhibited_by=(*OUTAGE, "saturation"),
        metric="latency",
        checklist="latency-regression-after-promote",
        false_alarms="below 0.01 in 30 days where requests are slow one by one (1e-6 in each of 1,440 half hours); "
        "where they are slow together, as often as they are five times as many",
    ),
)
