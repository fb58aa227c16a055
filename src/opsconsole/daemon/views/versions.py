"""Versions of a service, and two of them metric by metric."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from opsconsole import wire
from opsconsole.daemon.views.reading import Reading
from opsconsole.daemon.views.service import Whole
from opsconsole.errors import UsageError
from opsconsole.signals.comparing import compared_means, compared_quantiles, compared_rates
from opsconsole.store.database import naive, rows

QUANTILES: tuple[tuple[str, str, str, float], ...] = (
    ("latency p50", "ms", "latency_ms", 0.5),
    ("latency p90", "ms", "latency_ms", 0.9),
    ("latency p99", "ms", "latency_ms", 0.99),
    ("first token p50", "ms", "ttft_ms", 0.5),
    ("first token p99", "ms", "ttft_ms", 0.99),
    ("tokens/s p50", "per s", "tokens_per_s", 0.5),
)
MOST_REQUESTS = 3_000_000
"""Of a window whose single requests are read for the spread of costs; beyond, means have no interval."""

_MEANS = """
SELECT coalesce(version, ''), count(cost_usd), avg(cost_usd), stddev_samp(cost_usd),
       count(output_tokens), avg(output_tokens), stddev_samp(output_tokens)
FROM requests WHERE ts >= $from AND ts < $to AND coalesce(service, '') = $service
  AND coalesce(version, '') IN ($baseline, $candidate)
GROUP BY ALL
"""
Means = tuple[int, float | None, float | None]


def versions_view(reading: Reading) -> wire.VersionsView:
    """Raises UsageError where a version that was asked for has no requests in the window."""
    asked = reading.asked
    extent = reading.extent(asked.service)
    axis, end, is_live = reading.axis([extent])
    whole = Whole(reading, asked.service, extent, axis, end)
    names = [each.version for each in whole.versions]
    baseline, candidate = _pair(reading, whole, names)
    is_pair = bool(names) and baseline != candidate
    lines = whole.measured.lines
    return wire.VersionsView(
        service=asked.service,
        versions=whole.versions,
        baseline=baseline,
        candidate=candidate,
        comparisons=_compared(reading, whole, baseline, candidate, axis.start, end) if is_pair else (),
        baseline_lines=lines((whole.deployment_of(baseline),)) if names else wire.Lines(),
        candidate_lines=lines((whole.deployment_of(candidate),)) if is_pair else wire.Lines(),
        markers=reading.first_seen(asked.service, axis.start, axis.end),
        **reading.frame(axis, end, is_live=is_live),
    )


def _pair(reading: Reading, whole: Whole, names: list[str]) -> tuple[str, str]:
    """(baseline, candidate): those asked for, else the largest and the newest of the others."""
    options = dict(reading.asked.options)
    for role in ("baseline", "candidate"):
        if role in options and options[role] not in names:
            known = ", ".join(name or "(none)" for name in names) or "none"
            raise UsageError(f"{options[role]!r} has no requests in this window", f"These have: {known}.")
    if not names:
        return "", ""
    seen = dict(whole.first_seen)
    baseline = options.get("baseline", next((name for name in names if name != options.get("candidate")), names[0]))
    others = [name for name in names if name != baseline]
    newest = max(others, key=lambda name: seen[name], default=baseline)
    return baseline, options.get("candidate", newest)


def _compared(
    reading: Reading, whole: Whole, baseline: str, candidate: str, start: datetime, end: datetime
) -> tuple[wire.Comparison, ...]:
    health = reading.context.health
    ratios = {name: ratio for name, _, ratio in health.warn_latency}
    ids = [(whole.deployment_of(name),) for name in (baseline, candidate)]
    found = [compared_rates(whole.facts_of(baseline), whole.facts_of(candidate), health.warn_error_difference)]
    for metric, unit, column, q in QUANTILES:
        sides = [whole.measured.bins_of(each, column) for each in ids]
        matters = ratios["p50"] if q < 0.9 else ratios["p99"]
        found.append(compared_quantiles(metric, unit, q, sides[0], sides[1], matters, is_lower_better=unit != "per s"))
    costs, tokens = _means(reading, whole, baseline, candidate, start, end)
    found.append(compared_means("USD a request", "usd", *costs, health.warn_cost_ratio))
    found.append(compared_means("output tokens", "tokens", *tokens, health.warn_cost_ratio))
    return tuple(found)


def _means(
    reading: Reading, whole: Whole, baseline: str, candidate: str, start: datetime, end: datetime
) -> tuple[tuple[Means, Means], tuple[Means, Means]]:
    """Costs and output tokens of both: from single requests, or without their spread where those are too many."""
    summaries = {each.version: each for each in whole.versions}
    if whole.total.requests > MOST_REQUESTS:
        pairs = [summaries[name] for name in (baseline, candidate)]
        costs = [(each.cost.n_known, each.cost.usd_per_request, None) for each in pairs]
        return (costs[0], costs[1]), ((0, None, None), (0, None, None))
    parameters: dict[str, Any] = {
        "from": naive(start), "to": naive(end), "service": reading.asked.service, "baseline": baseline,
        "candidate": candidate,
    }  # fmt: skip
    found = {row[0]: row[1:] for row in rows(reading.connection, _MEANS, parameters)}
    nothing = (0, None, None, 0, None, None)
    one, other = found.get(baseline, nothing), found.get(candidate, nothing)
    return (one[:3], other[:3]), (one[3:], other[3:])
