"""Answers about versions, drift, cost and saturation: a canary v42 that is slower and dearer in ``chat-assist``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from fleet import (
    BUCKETS,
    HISTORICAL_END,
    NOW,
    axis,
    canary_lines,
    drift_of,
    service_view,
    version_lines_of,
    versions_of,
    wave,
)

from opsconsole import wire


def frame_of(parameters: Mapping[str, str]) -> dict[str, Any]:
    """What every view says about itself."""
    window, is_live = parameters.get("window", "1h"), parameters.get("service") != "lora-gateway"
    end = NOW if is_live else HISTORICAL_END
    return {
        "revision": 7, "environment": "prod", "now": NOW, "end": end, "is_live": is_live, "window": window,
        "axis": axis(end, window), "query_ms": 24.0,
    }  # fmt: skip


def compared(metric: str, unit: str, one: float, other: float, verdict: wire.Better, n: int = 4_412) -> wire.Comparison:
    change = other - one if unit == "share" else other / one - 1
    return wire.Comparison(
        metric=metric, unit=unit, baseline=wire.Measure(value=one, low=one * 0.97, high=one * 1.03, n=40_228),
        candidate=wire.Measure(value=other, low=other * 0.91, high=other * 1.1, n=n), change=change,
        change_low=change - 0.1 * abs(change) - 0.01, change_high=change + 0.1 * abs(change) + 0.01, verdict=verdict,
        is_lower_better=unit != "per s",
    )  # type: ignore[arg-type]  # fmt: skip


def versions_view(parameters: Mapping[str, str]) -> wire.VersionsView:
    name = parameters["service"]
    frame = frame_of(parameters)
    versions = versions_of(name, frame["end"])
    lines = version_lines_of(name, frame["axis"].step_s)
    is_pair = len(versions) > 1
    names = parameters.get("baseline", versions[0].version), parameters.get("candidate", versions[-1].version)
    return wire.VersionsView(
        service=name,
        versions=versions,
        baseline=names[0],
        candidate=names[1],
        comparisons=(
            compared("error rate", "share", 0.004, 0.0072, "unsure"),
            compared("latency p50", "ms", 801, 849, "same"),
            compared("latency p99", "ms", 1_180, 2_112, "worse"),
            compared("first token p99", "ms", 402, 719, "worse"),
            compared("tokens/s p50", "per s", 61, 74, "better"),
            compared("USD a request", "usd", 0.00007, 0.000125, "worse"),
            wire.Comparison(
                metric="output tokens", unit="tokens", baseline=wire.Measure(value=None),
                candidate=wire.Measure(value=None), verdict="not logged",
            ),
        )
        if is_pair
        else (),
        baseline_lines=lines[0].lines if lines else wire.Lines(),
        candidate_lines=lines[1].lines if lines else wire.Lines(),
        markers=service_view(name).markers,
        **frame,
    )  # fmt: skip


def distribution_of(finding: wire.DriftFinding) -> wire.Distribution:
    labels = ("≤120", "120–240", "240–480", "480–960", "960–1.92k", ">1.92k")
    if finding.kind == "categorical":
        labels = ("en", "de", "es", "fr", "ja", "unseen")
    window, before = (0.08, 0.12, 0.2, 0.28, 0.22, 0.06), (0.12, 0.22, 0.32, 0.24, 0.08, 0.019)
    bins = tuple(
        wire.Bin(label=label, share=here, baseline_share=there)
        for label, here, there in zip((*labels, "null"), (*window, 0.04), (*before, 0.001), strict=True)
    )
    return wire.Distribution(
        feature=finding.feature, version=finding.version, kind=finding.kind, n=finding.n, n_baseline=312_000, bins=bins
    )


def drift_view(parameters: Mapping[str, str]) -> wire.DriftView:
    drift = drift_of(parameters["service"])
    return wire.DriftView(
        service=parameters["service"],
        drift=drift,
        distributions=tuple(map(distribution_of, drift.findings)),
        markers=service_view(parameters["service"]).markers,
        **frame_of(parameters),
    )


SLICES: dict[str, tuple[str, ...]] = {
    "model": ("gpt-4o-2024-11-20", "gpt-4o-mini", "llama-3.3-70b-internal"),
    "version": ("v41", "v42"),
    "user_key": tuple(f"{i * 7919 % 65_536:04x}{i:012x}" for i in range(1, 51)),
    "route": ("/v1/chat/completions", "/v1/summaries", "/batch run"),
    "api_key_id": ("web-prod", "mobile-prod", "partner-acme"),
}


def cost_view(parameters: Mapping[str, str]) -> wire.CostView:
    def slices(name: str) -> tuple[wire.CostSlice, ...]:
        values = SLICES[name]
        weights = [1 / (i + 1) for i in range(len(values))]
        made = []
        for value, weight in zip(values, weights, strict=True):
            is_unpriced = value == "llama-3.3-70b-internal"
            share = weight / sum(weights)
            n = max(1, int(44_640 * share))
            made.append(
                wire.CostSlice(
                    value=value, requests=n, errors=n // 200, usd=None if is_unpriced else 3.12 * share,
                    share=None if is_unpriced else share, usd_per_request=None if is_unpriced else 0.00007,
                    unpriced_tokens=12_400 if is_unpriced else 0,
                )
            )  # fmt: skip
        return tuple(made)

    def stack(part: float) -> tuple[float | None, ...]:
        return tuple(None if i in (20, 21) else 0.05 * part * (1 + 0.3 * wave(i, 13)) for i in range(BUCKETS))

    service = parameters.get("service", "")
    return wire.CostView(
        service=service,
        total=wire.Cost(usd=3.12, usd_per_request=0.00007, n_known=44_100, n_priced=14_880, unpriced_tokens=12_400),
        requests=44_640,
        spend=wire.Spend(today_usd=40.6, usd_per_hour=3.12, month_to_date_usd=1_562.0, month_end_usd=2_247.0),
        budget=wire.Budget(
            usd_per_month=2_000.0, spent_usd=1_562.0, month_part=0.78, forecast_usd=2_090.0, forecast_low_usd=1_980.0,
            forecast_high_usd=2_200.0, runs_out_at=NOW + timedelta(days=5, hours=20),
        ),
        breakdowns=tuple(
            wire.CostBreakdown(
                dimension=name, slices=slices(name), n_values=312 if name == "user_key" else len(SLICES[name]),
                exact_from=None if name in ("model", "version") else NOW.replace(minute=0, second=0, microsecond=0),
            )
            for name in wire.COST_DIMENSIONS
        ),
        stacks=(
            wire.CostStack(label="gpt-4o-2024-11-20", usd=stack(0.7)),
            wire.CostStack(label="gpt-4o-mini", usd=stack(0.3)),
        ),
        unpriced_models=(("llama-3.3-70b-internal", 12_400),),
        **frame_of(parameters),
    )  # fmt: skip


def saturation_view(parameters: Mapping[str, str]) -> wire.SaturationView:
    lines = canary_lines(60)
    nothing: tuple[float | None, ...] = (None,) * BUCKETS
    is_bare = parameters["service"] == "azure-llm-code"
    return wire.SaturationView(
        service=parameters["service"],
        requests_per_s=tuple(n / 60 for n in lines.requests),
        concurrency=nothing if is_bare else tuple(n / 60 * 0.8 if n else None for n in lines.requests),
        queue_p50_ms=nothing if is_bare else tuple(9 + 3 * wave(i, 9) for i in range(BUCKETS)),
        queue_p99_ms=nothing if is_bare else tuple(60 + 30 * wave(i, 11) for i in range(BUCKETS)),
        throttled=tuple(0 if is_bare or i % 7 else 4 for i in range(BUCKETS)),
        timeouts=tuple(0 if is_bare or i % 13 else 2 for i in range(BUCKETS)),
        tokens_per_s=tuple(n / 60 * 240 for n in lines.requests),
        cache_hit_rate=nothing,
        heat_edges_ms=() if is_bare else (50.0, 100.0, 200.0, 400.0, 800.0, 1_600.0, 3_200.0),
        heat=()
        if is_bare
        else tuple(
            tuple(int(part * n * (2 if band > 3 and i >= 38 else 1)) for i, n in enumerate(lines.requests))
            for band, part in enumerate((0.01, 0.1, 0.4, 0.3, 0.15, 0.04))
        ),
        pending=12,
        knee=()
        if is_bare
        else tuple(wire.Measure(value=900 + 200 * i, low=880 + 200 * i, high=930 + 200 * i, n=8_800) for i in range(5)),
        knee_per_s=() if is_bare else (9.8, 11.2, 12.4, 13.6, 15.1),
        not_logged=("latency_ms", "queue_ms", "cache_hit") if is_bare else ("cache_hit",),
        markers=service_view(parameters["service"]).markers,
        **frame_of(parameters),
    )


def answers() -> dict[str, Callable[[Mapping[str, str]], wire.Answer]]:
    return {"versions": versions_view, "drift": drift_view, "cost": cost_view, "saturation": saturation_view}
