"""Answers about single requests, changes and events: a canary v42 that is slower than v41 in ``chat-assist``.

The requests are searched and ordered here as the daemon does it, so that a console on these answers behaves as on a
real one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any

import msgspec
from fleet import FINDINGS, HISTORICAL_END, NOW, STATES, axis, canary_lines, lines_of

from opsconsole import search, wire

N_REQUESTS = 1_240
LIVE_SERVICES = ("chat-assist", "ticket-router", "azure-llm-code")


def frame_of(parameters: Mapping[str, str]) -> dict[str, Any]:
    """What every view says about itself."""
    window, is_live = parameters.get("window", "1h"), parameters.get("service") != "lora-gateway"
    end = NOW if is_live else HISTORICAL_END
    return {
        "revision": 7, "environment": "prod", "now": NOW, "end": end, "is_live": is_live, "window": window,
        "axis": axis(end, window), "query_ms": 9.4,
    }  # fmt: skip


def chat_request(i: int) -> wire.RequestRow:
    """The i-th newest of chat-assist; every tenth is of the canary, which is slower and at times fails."""
    is_canary = i % 10 == 3
    is_failed = i % 37 == 5 or (is_canary and i % 50 == 13)
    slow = (1.79 if is_canary else 1.0) * (0.82 + (i * 7919 % 1000) / 1000 * 0.6) * (2.3 if i % 97 == 11 else 1.0)
    return wire.RequestRow(
        at=NOW - timedelta(seconds=1 + i * 0.08 * (1 + i % 3)),
        key=f"1:{4_820_000 - 412 * i}",
        service="chat-assist",
        request_id=f"chatcmpl-{0xA3F0C1 + i * 2654435761 % 0xFFFFFF:06x}",
        provider="openai",
        model="gpt-4o-2024-11-20",
        version="v42" if is_canary else "v41",
        route=("/v1/chat", "/v1/chat", "/v1/summarise", "/v1/chat/tools")[i % 4],
        region=("eu-west-1", "us-east-1", "eu-west-1")[i % 3],
        status=(429 if i % 2 else 504) if is_failed else 200,
        error_type=("rate_limited" if i % 2 else "timeout") if is_failed else None,
        latency_ms=None if is_failed and not i % 2 else round(801 * slow, 1),
        ttft_ms=None if is_failed else round(212 * slow, 1),
        queue_ms=round(4 + i * 31 % 17, 1),
        input_tokens=600 + i * 37 % 900,
        output_tokens=None if is_failed else 120 + i * 53 % 400,
        cached_tokens=96 if i % 4 == 0 else 0,
        cost_usd=None if is_failed else round(0.00006 * slow, 8),
        cost_source="logged",
        user_key=f"u-{i % 7:02d}f3a1",
        api_key_id=("mobile", "web", "batch")[i % 3],
        finish_reason=None if is_failed else "stop",
    )


def router_request(i: int) -> wire.RequestRow:
    return wire.RequestRow(
        at=NOW - timedelta(seconds=0.5 + i * 0.02), key=f"2:{9_000_000 - 120 * i}", service="ticket-router",
        model="router-bert", version="2026.11.3", status=200, latency_ms=160 + i * 13 % 70, confidence=0.93,
        prediction=("billing", "outage", "other")[i % 3],
    )  # fmt: skip


def tokens_only_request(i: int) -> wire.RequestRow:
    return wire.RequestRow(
        at=NOW - timedelta(seconds=0.3 + i * 0.3), key=f"3:{800_000 - 40 * i}", service="azure-llm-code",
        model="llama-3.3-70b-internal", input_tokens=800 + i, output_tokens=90 + i % 40,
    )  # fmt: skip


def lora_request(i: int) -> wire.RequestRow:
    return wire.RequestRow(
        at=HISTORICAL_END - timedelta(seconds=i), key=f"4:{700_000 - 90 * i}", service="lora-gateway",
        model="lora-base", version="lora-7b-r16", status=500 if i % 16 == 2 else 200,
        error_type="FAILED" if i % 16 == 2 else None, latency_ms=2_403 + i * 17 % 900, ttft_ms=210.0 + i % 50,
    )  # fmt: skip


MAKERS: dict[str, Callable[[int], wire.RequestRow]] = {
    "chat-assist": chat_request, "ticket-router": router_request, "azure-llm-code": tokens_only_request,
    "lora-gateway": lora_request,
}  # fmt: skip


@lru_cache
def requests_of(service: str) -> tuple[wire.RequestRow, ...]:
    """Newest first; of every live service where none is named."""
    if service:
        return tuple(MAKERS[service](i) for i in range(N_REQUESTS))
    every = [row for name in LIVE_SERVICES for row in requests_of(name)]
    return tuple(sorted(every, key=lambda row: row.at, reverse=True)[:N_REQUESTS])


ORDERS: dict[str, tuple[Callable[[wire.RequestRow], bool], Callable[[wire.RequestRow], float]]] = {
    "newest": (lambda row: True, lambda row: -row.at.timestamp()),
    "slowest": (lambda row: row.latency_ms is not None, lambda row: -(row.latency_ms or 0)),
    "dearest": (lambda row: row.cost_usd is not None, lambda row: -(row.cost_usd or 0)),
    "failing": (lambda row: (row.status or 0) >= 400, lambda row: -row.at.timestamp()),
}


def requests_view(parameters: Mapping[str, str]) -> wire.RequestsView:
    service, order = parameters.get("service", ""), parameters.get("order", "newest")
    words = parameters.get("search", "")
    terms = search.parse(words)
    leaves, rank = ORDERS[order]
    found = sorted(
        (row for row in requests_of(service) if leaves(row) and search.matches(terms, msgspec.structs.asdict(row))),
        key=rank,
    )
    return wire.RequestsView(
        service=service,
        search=words,
        order=order,  # type: ignore[arg-type]
        rows=tuple(found[: int(parameters.get("limit", "200"))]),
        matched=len(found),
        **frame_of(parameters),
    )


def standings_of(row: wire.RequestRow) -> Iterator[wire.Standing]:
    measures: tuple[tuple[str, str, float, float, float], ...] = (
        ("latency_ms", "ms", 801, 1_180, 0.986), ("ttft_ms", "ms", 212, 402, 0.62), ("queue_ms", "ms", 8, 19, 0.31),
        ("input_tokens", "tokens", 812, 1_460, 0.44), ("output_tokens", "tokens", 240, 512, 0.91),
        ("cost_usd", "usd", 0.00007, 0.00012, 0.77),
    )  # fmt: skip
    for column, unit, p50, p99, rank in measures:
        value = getattr(row, column)
        if value is not None:
            yield wire.Standing(column=column, unit=unit, value=float(value), rank=rank, p50=p50, p99=p99, n=40_228)


FEATURES: dict[str, str | float | bool | None] = {
    "prompt_tokens": 812.0, "language": "de", "tenant_tier": "enterprise", "temperature": 0.2, "has_tools": True,
    "conversation_turns": 7.0, "retrieved_documents": 12.0, "retrieval_score": 0.813, "locale": None,
}  # fmt: skip


def request_view(parameters: Mapping[str, str]) -> wire.RequestView:
    service = parameters["service"]
    rows = requests_of(service)
    i = next(i for i, row in enumerate(rows) if row.key == parameters["key"])
    row = rows[i]
    near = [other for other in rows[max(0, i - 40) : i + 40] if other.user_key == row.user_key and other is not row]
    return wire.RequestView(
        service=service,
        row=row,
        features=FEATURES if service == "chat-assist" else {},
        standings=tuple(standings_of(row)),
        source="/var/log/chat-assist/requests.jsonl",
        source_offset=int(row.key.partition(":")[2]),
        neighbours=tuple(sorted(near, key=lambda other: other.at)[:10]),
        neighbours_by="user" if row.user_key else "version" if row.version else "service",
        **frame_of(parameters),
    )


def slice_of(share: float, n: tuple[int, int], values: tuple[float, float], **where: str) -> wire.Slice:
    return wire.Slice(
        where=tuple(where.items()), share=share, requests=n[0], baseline_requests=n[1], traffic_share=n[0] / 4_412,
        baseline_traffic_share=n[1] / 4_310, value=values[0], baseline_value=values[1], p_value=1e-9 * (2 - share),
    )  # fmt: skip


METRICS: dict[str, tuple[str, float, float]] = {
    "latency": ("ms", 2_110.0, 1_180.0), "errors": ("share", 0.021, 0.004), "cost": ("usd", 0.000091, 0.00007),
    "traffic": ("per s", 12.6, 12.4),
}  # fmt: skip


def explain_view(parameters: Mapping[str, str]) -> wire.ExplainView:
    metric = parameters.get("metric", "latency")
    unit, value, before = METRICS[metric]
    is_change = metric != "traffic" and parameters["service"] == "chat-assist"
    slices = (
        slice_of(0.81, (1_210, 430), (value * 1.9, before * 1.05), version="v42", route="/v1/chat"),
        slice_of(0.11, (402, 140), (value * 1.5, before * 1.02), version="v42", region="eu-west-1"),
        slice_of(0.06, (377, 352), (value * 1.02, before * 0.97), user_key="u-07f3a1"),
        slice_of(-0.04, (611, 640), (value * 0.8, before * 1.1), route='/v1/sum "marise" *'),
    )
    return wire.ExplainView(
        service=parameters["service"],
        metric=metric,  # type: ignore[arg-type]
        unit=unit,  # type: ignore[arg-type]
        start=NOW - timedelta(minutes=15),
        stop=NOW,
        baseline_start=NOW - timedelta(minutes=30),
        baseline_stop=NOW - timedelta(minutes=15),
        baseline_label="the 15 min before",
        value=value,
        baseline_value=before,
        requests=4_412,
        baseline_requests=4_310,
        is_change=is_change,
        slices=slices if is_change else (),
        rest_share=0.06 if is_change else 0.0,
        drifted=FINDINGS[:2] if is_change else (),
        markers=(wire.Marker(at=NOW - timedelta(minutes=22), kind="release", text="v42 first seen"),),
        looked_at=412,
        **frame_of(parameters),
    )


def event(minutes: float, kind: wire.EventKind, text: str, **changes: Any) -> wire.TimelineEvent:
    base = wire.TimelineEvent(
        at=NOW - timedelta(minutes=minutes), kind=kind, service="chat-assist", actor="data", text=text
    )
    return msgspec.structs.replace(base, **changes)


EVENTS: tuple[wire.TimelineEvent, ...] = (
    event(3, "drift", "prompt_tokens drifts on v42: effect 0.31, n 4.4k", state="warn"),
    event(9, "breach", "p99 2.4s, 1.9 times the window's, for 6 minutes", state="fail"),
    event(14, "baseline", "drift is measured against v41", actor="amira"),
    event(22, "release", "v42 first seen"),
    event(31, "source", "/data/broken.csv failed: no column can be the time of a request", service="", state="fail"),
    event(44, "config", "opsconsole.yaml read again: price of gpt-4o changed", service="", actor="daemon"),
    event(51, "note", "load test of the batch tenant begins, expected until 13:00", actor="amira"),
    event(58, "daemon", "started, version 0.1.0", service="", actor="daemon"),
)


def timeline_view(parameters: Mapping[str, str]) -> wire.TimelineView:
    service = parameters.get("service", "")
    on = axis(NOW, parameters.get("window", "1h"))
    events = tuple(each for each in EVENTS if not service or each.service in ("", service))
    return wire.TimelineView(
        service=service,
        events=events,
        matched=len(events),
        lines=lines_of(service, on.step_s) if service in STATES else canary_lines(on.step_s),
        **frame_of(parameters),
    )


def answers() -> dict[str, Callable[[Mapping[str, str]], wire.Answer]]:
    return {
        "requests": requests_view,
        "request": request_view,
        "explain": explain_view,
        "timeline": timeline_view,
    }
