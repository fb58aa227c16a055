"""What the requests of a kind of service look like when nothing is wrong: tables only.

Always true here: numbers and names, drawn from by ``draws.py`` and answered by ``worlds.py``; a version or a fault
changes them by factors and by nothing else, so that what a scenario says is all that there is to find.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from opsconsole.drills.troubles import ErrorClass


@dataclass(frozen=True)
class Failing:
    """How a class of errors shows."""

    status: int
    median_ms: float
    sigma: float


FAILURES: Mapping[ErrorClass, Failing] = {
    "timeout": Failing(504, 30_000.0, 0.001),
    "upstream_error": Failing(502, 240.0, 0.8),
    "rate_limit": Failing(429, 18.0, 0.4),
    "overloaded": Failing(503, 60.0, 0.6),
    "auth": Failing(401, 12.0, 0.3),
    "invalid_features": Failing(422, 3.0, 0.3),
}


@dataclass(frozen=True)
class Category:
    """A feature that is one of several words: usual weights, and those of the people that drift brings."""

    usual: Mapping[str, float]
    drifted: Mapping[str, float]


@dataclass(frozen=True)
class Number:
    """A feature that is a number: log-normal, ``digits`` after the point."""

    median: float
    sigma: float
    drifted_median: float
    digits: int = 0


@dataclass(frozen=True)
class Shape:
    """A kind of service."""

    model: str
    routes: Mapping[str, float]
    queue_ms: tuple[float, float]
    """Median and sigma of a log-normal distribution."""
    work_ms: tuple[float, float]
    """To the first token, or to the answer where none are generated."""
    slo_ms: float
    errors: Mapping[ErrorClass, float]
    features: Mapping[str, Category | Number]
    prompt_tokens: tuple[float, float] | None = None
    output_tokens: tuple[float, float] | None = None
    tokens_per_s: float = 80.0
    cached: float = 0.0
    """Usual share of the prompt that the provider's cache knows."""
    usd_in: float = 0.0
    usd_cached: float = 0.0
    usd_out: float = 0.0
    """A token."""
    labels: tuple[tuple[float, str], ...] = field(default=())
    """(Least risk, label), riskiest first, of a classifier."""


REGIONS: Mapping[str, tuple[float, float]] = {
    "eu-west-1": (0.50, 1.0),
    "us-east-1": (0.35, 1.05),
    "ap-south-1": (0.15, 1.25),
}
"""Region → (share of the requests, times as slow)."""
KEYS: Mapping[str, float] = {"web-prod": 48, "mobile-prod": 34, "partner-acme": 12, "batch-nightly": 6}
USERS = 3000
STRAGGLERS = 0.008
"""Share of requests whose work takes several times as long, for no reason that the log tells."""

SHAPES: Mapping[str, Shape] = {
    "chat": Shape(
        model="harbor-chat-2",
        routes={"/v1/chat/completions": 88, "/v1/summaries": 12},
        queue_ms=(9, 0.9),
        work_ms=(310, 0.4),
        slo_ms=10_000,
        errors={"rate_limit": 0.001, "timeout": 0.0005, "upstream_error": 0.0007},
        features={
            "prompt_language": Category(
                {"en": 62, "de": 14, "es": 11, "fr": 8, "ja": 5}, {"en": 12, "de": 6, "es": 10, "fr": 6, "pt": 66}
            ),
            "context_docs": Number(4, 0.4, 11),
            "client": Category({"web": 55, "ios": 25, "android": 20}, {"web": 20, "ios": 10, "android": 70}),
        },
        prompt_tokens=(820, 0.45),
        output_tokens=(170, 0.5),
        cached=0.3,
        usd_in=8e-7,
        usd_cached=8e-8,
        usd_out=4e-6,
    ),
    "search": Shape(
        model="harbor-embed-3",
        routes={"/v1/search": 80, "/v1/embed": 20},
        queue_ms=(1.5, 0.7),
        work_ms=(34, 0.38),
        slo_ms=400,
        errors={"upstream_error": 0.0008, "rate_limit": 0.0004},
        features={
            "query_language": Category(
                {"en": 60, "de": 15, "es": 11, "fr": 9, "ja": 5}, {"en": 10, "de": 5, "es": 70, "fr": 9, "ja": 6}
            ),
            "query_words": Number(7, 0.4, 19),
            "corpus": Category(
                {"handbook": 45, "tickets": 35, "releases": 20}, {"handbook": 10, "tickets": 80, "releases": 10}
            ),
        },
        prompt_tokens=(46, 0.55),
        usd_in=2e-8,
    ),
    "score": Shape(
        model="gbm-fraud",
        routes={"/v2/score": 100},
        queue_ms=(0.6, 0.6),
        work_ms=(7.5, 0.3),
        slo_ms=100,
        errors={"invalid_features": 0.0006},
        features={
            "amount": Number(38, 1.2, 210, digits=2),
            "merchant_category": Category(
                {"grocery": 34, "fuel": 17, "travel": 12, "electronics": 14, "dining": 23},
                {"grocery": 6, "fuel": 4, "travel": 60, "electronics": 25, "dining": 5},
            ),
            "country": Category({"DE": 40, "FR": 22, "ES": 18, "PL": 12, "NL": 8}, {"DE": 8, "BR": 70, "ES": 22}),
        },
        labels=((0.85, "fraud"), (0.5, "review"), (0.0, "legit")),
    ),
}
