"""Requests drawn from the fleet's tables, as the lines that a gateway would log.

Always true here: functions of their arguments and of the generator they are given, with no clock and no files. ``ts``
is when a request began; a line is due when its request ended, so slow requests are logged after quick later ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.random import Generator
from numpy.typing import NDArray

from opsconsole.demo.fleet import (
    API_KEY_ALIASES,
    LABELS,
    MODEL_PRICES,
    REGION_SLOWNESS,
    REGIONS,
    TIMEOUT_MS,
    USERS,
    Choice,
    Count,
    Distribution,
    LogNormal,
    Service,
    Share,
    Version,
)

Floats = NDArray[np.float64]
Values = NDArray[Any]

DAY_S = 86_400.0
LOAD_WAVES: tuple[tuple[float, float, float], ...] = ((0.2, DAY_S, 0.375), (0.05, 2_220.0, 0.1), (0.03, 660.0, 0.6))
"""(Amplitude, period in seconds, phase as a share of the period): a day that peaks at 15:00 UTC, and restlessness."""
PEAK_LOAD = 1 + sum(amplitude for amplitude, _, _ in LOAD_WAVES)
STRAGGLERS = 0.008
"""Share of requests whose work takes several times as long, for no reason that the log tells."""


@dataclass(frozen=True)
class Line:
    """One log line and when it is due, in milliseconds since the epoch."""

    due_ms: int
    text: bytes


def load(at_s: Floats) -> Floats:
    """Load at these moments, 1 on average over a day."""
    waves = [amplitude * np.sin(2 * np.pi * (at_s / period - phase)) for amplitude, period, phase in LOAD_WAVES]
    return np.asarray(1.0 + np.sum(waves, axis=0), dtype=np.float64)


def arrivals(begin_s: float, end_s: float, requests_per_s: float, rng: Generator) -> Floats:
    """Sorted starts of the requests of one span: a Poisson process thinned to the load (Lewis & Shedler, 1979)."""
    candidates = rng.poisson(requests_per_s * PEAK_LOAD * (end_s - begin_s))
    at_s = np.sort(rng.uniform(begin_s, end_s, candidates))
    return at_s[rng.random(candidates) * PEAK_LOAD < load(at_s)]


def draw(distribution: Distribution, n: int, rng: Generator) -> Values:
    """``n`` values; an object array where some can be null."""
    match distribution:
        case LogNormal(median, sigma, digits, missing):
            numbers = np.round(rng.lognormal(math.log(median), sigma, n), digits)
            values = numbers.astype(np.int64) if digits == 0 else numbers
            return _with_nulls(values, rng.random(n) < missing) if missing else values
        case Count(mean):
            return rng.poisson(mean, n)
        case Choice(weights):
            options = np.array(list(weights), dtype=object)
            shares = np.array(list(weights.values()))
            return np.asarray(options[rng.choice(len(options), n, p=shares / shares.sum())])
        case Share(alpha, beta):
            return np.round(rng.beta(alpha, beta, n), 4)


def lines(service: Service, weights: dict[str, float], at_s: Floats, rng: Generator) -> list[Line]:
    """The log lines of requests that began at these moments, each answered by a version drawn by weight."""
    names = list(weights)
    shares = np.array(list(weights.values()))
    chosen = rng.choice(len(names), len(at_s), p=shares / shares.sum())
    made: list[Line] = []
    for index, name in enumerate(names):
        mine = at_s[chosen == index]
        if len(mine):
            made.extend(_version_lines(service, service.version(name), mine, rng))
    return made


def _version_lines(service: Service, version: Version, at_s: Floats, rng: Generator) -> list[Line]:
    columns = _columns(service, version, at_s, rng)
    due_ms = (np.round(at_s * 1000) + columns["latency_ms"]).astype(np.int64).tolist()
    logged = [columns[name].tolist() for name in service.logged]
    return [
        Line(due, orjson.dumps(dict(zip(service.logged, row, strict=True))) + b"\n")
        for due, *row in zip(due_ms, *logged, strict=True)
    ]


def _columns(service: Service, version: Version, at_s: Floats, rng: Generator) -> dict[str, Values]:
    """Every field that a gateway of the fleet can log, one array a field."""
    n = len(at_s)
    features = {name: draw(distribution, n, rng) for name, distribution in version.features.items()}
    region = draw(REGIONS, n, rng)
    columns: dict[str, Values] = {
        "ts": _iso(at_s),
        "service": np.full(n, service.name, dtype=object),
        "request_id": np.array([f"req-{number:016x}" for number in rng.integers(0, 2**63, n).tolist()], dtype=object),
        "model": np.full(n, version.model, dtype=object),
        "version": np.full(n, version.name, dtype=object),
        "region": region,
        "route": draw(service.routes, n, rng),
        "queue_ms": draw(version.queue_ms, n, rng),
        "user": np.array([f"u{rank:05d}" for rank in (USERS * rng.random(n) ** 3).astype(int).tolist()], dtype=object),
        "api_key_alias": draw(API_KEY_ALIASES, n, rng),
        "features": np.array(
            [
                dict(zip(features, row, strict=True))
                for row in zip(*(v.tolist() for v in features.values()), strict=True)
            ],
            dtype=object,
        ),
    }
    columns |= _durations_and_tokens(version, columns, features, rng)
    if version.risk:
        columns |= _verdict(draw(version.risk, n, rng))
    return _with_failures(version, columns, rng)


def _durations_and_tokens(
    version: Version, columns: dict[str, Values], features: dict[str, Values], rng: Generator
) -> dict[str, Values]:
    n = len(columns["ts"])
    slowness = np.array([REGION_SLOWNESS[name] for name in columns["region"]])
    straggling = np.where(rng.random(n) < STRAGGLERS, 2 + rng.pareto(2.0, n), 1.0)
    work_ms = draw(version.work_ms, n, rng) * slowness * straggling
    first_ms = columns["queue_ms"] + work_ms
    made: dict[str, Values] = {"ttft_ms": np.round(first_ms, 1)}
    writing_ms = np.zeros(n)
    if version.prompt_tokens:
        prompt = draw(version.prompt_tokens, n, rng)
        for feature, each in version.prompt_tokens_each.items():
            prompt = prompt + (features[feature] * each).astype(np.int64)
        made["prompt_tokens"] = prompt
    if version.output_tokens:
        made["completion_tokens"] = draw(version.output_tokens, n, rng)
        writing_ms = made["completion_tokens"] / draw(version.tokens_per_s, n, rng) * 1000 * slowness
    if version.cached_share and version.prompt_tokens:
        made["cached_tokens"] = (made["prompt_tokens"] * draw(version.cached_share, n, rng)).astype(np.int64)
        made["cost_usd"] = _cost_usd(version.model, made)
    if version.finish_reason:
        made["finish_reason"] = draw(version.finish_reason, n, rng)
    made["latency_ms"] = np.round(np.minimum(first_ms + writing_ms, TIMEOUT_MS - 1), 1)
    made["ttft_ms"] = np.minimum(made["ttft_ms"], made["latency_ms"])
    return made


def _cost_usd(model: str, tokens: dict[str, Values]) -> Values:
    """What the provider charges; cached tokens are part of the prompt and are charged at their own rate."""
    price = MODEL_PRICES[model]
    fresh = tokens["prompt_tokens"] - tokens["cached_tokens"]
    usd = (
        fresh * float(price["input_cost_per_token"])
        + tokens["cached_tokens"] * float(price["cache_read_input_token_cost"])
        + tokens["completion_tokens"] * float(price["output_cost_per_token"])
    )
    return np.round(usd, 8)


def _verdict(risk: Values) -> dict[str, Values]:
    label = [next(word for least, word in LABELS if value >= least) for value in risk.tolist()]
    return {"prediction": np.array(label, dtype=object), "confidence": np.round(np.maximum(risk, 1 - risk), 4)}


def _with_failures(version: Version, columns: dict[str, Values], rng: Generator) -> dict[str, Values]:
    """Some requests fail: their status, error and duration are the failure's, and what was never known is null."""
    n = len(columns["ts"])
    shares = [failure.share for failure in version.failures]
    kind = rng.choice(len(shares) + 1, n, p=[*shares, 1 - sum(shares)])
    failed = kind < len(shares)
    columns["status"] = np.append([failure.status for failure in version.failures], 200)[kind]
    columns["error_type"] = np.array([*(failure.error_type for failure in version.failures), None], dtype=object)[kind]
    for index, failure in enumerate(version.failures):
        mine = kind == index
        columns["latency_ms"][mine] = draw(failure.latency_ms, int(mine.sum()), rng)
    columns["queue_ms"] = np.minimum(columns["queue_ms"], columns["latency_ms"])
    for name in _UNKNOWN_AFTER_FAILURE & columns.keys():
        columns[name] = _with_nulls(columns[name], failed)
    return columns


_UNKNOWN_AFTER_FAILURE = {
    "ttft_ms",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "cost_usd",
    "finish_reason",
    "prediction",
    "confidence",
}


def _with_nulls(values: Values, is_null: NDArray[np.bool_]) -> Values:
    with_nulls = values.astype(object)
    with_nulls[is_null] = None
    return with_nulls


def _iso(at_s: Floats) -> Values:
    moments = np.round(at_s * 1000).astype("datetime64[ms]")
    return np.array([f"{text}Z" for text in np.datetime_as_string(moments, unit="ms").tolist()], dtype=object)
