"""Who is in the demo fleet and how each version behaves: tables only, drawn from by ``traffic.py``.

Always true here: nothing is computed and nothing is imported that is slow to import, so that the CLI can read it. What
there is to find is in these rows: ``chat-assist`` v42 is asked by other people (``prompt_language``), is given more
context (``context_docs``), answers at greater length, and is therefore slower and dearer than v41; all else is well.
"""

from __future__ import annotations

from dataclasses import dataclass, field

MINUTE_S = 60.0


@dataclass(frozen=True)
class LogNormal:
    """A positive number with a heavy right tail; ``digits`` after the point, 0 for a whole number."""

    median: float
    sigma: float
    digits: int = 1
    missing: float = 0.0
    """Share of values that are null."""


@dataclass(frozen=True)
class Count:
    """A whole number from a Poisson distribution."""

    mean: float


@dataclass(frozen=True)
class Choice:
    """One of several values, by weight."""

    weights: dict[str | bool, float]


@dataclass(frozen=True)
class Share:
    """A number between 0 and 1 from a Beta distribution."""

    alpha: float
    beta: float


Distribution = LogNormal | Count | Choice | Share


@dataclass(frozen=True)
class Failure:
    """One way to fail: the share of requests that do, and how long they take to."""

    status: int
    error_type: str
    share: float
    latency_ms: LogNormal


@dataclass(frozen=True)
class Version:
    """How one version of a service answers."""

    name: str
    model: str
    work_ms: LogNormal
    """From leaving the queue to the first token, or to the answer where no tokens are generated."""
    features: dict[str, Distribution]
    failures: tuple[Failure, ...]
    queue_ms: LogNormal = LogNormal(4, 0.9)
    appeared_s_ago: float | None = None
    """When it was released, before the fleet's start; None when it has been there all along."""
    prompt_tokens: LogNormal | None = None
    prompt_tokens_each: dict[str, float] = field(default_factory=dict)
    """Feature → prompt tokens that each unit of it adds."""
    cached_share: Share | None = None
    """Part of the prompt that the provider's cache knows."""
    output_tokens: LogNormal | None = None
    tokens_per_s: LogNormal = LogNormal(80, 0.18)
    finish_reason: Choice | None = None
    risk: Share | None = None
    """The score of a classifier; ``labels`` turns it into a prediction."""


@dataclass(frozen=True)
class Service:
    """What users call, and the fields that its gateway logs, in order."""

    name: str
    requests_per_s: float
    routes: Choice
    versions: tuple[Version, ...]
    logged: tuple[str, ...]

    def version(self, name: str) -> Version:
        """The version of that name; raises KeyError."""
        return {version.name: version for version in self.versions}[name]


REGIONS = Choice({"eu-west-1": 50, "us-east-1": 35, "ap-south-1": 15})
REGION_SLOWNESS = {"eu-west-1": 1.0, "us-east-1": 1.05, "ap-south-1": 1.25}
API_KEY_ALIASES = Choice({"web-prod": 48, "mobile-prod": 34, "partner-acme": 12, "batch-nightly": 6})
USERS = 3000
LABELS: tuple[tuple[float, str], ...] = ((0.85, "fraud"), (0.5, "review"), (0.0, "legit"))
"""(Least risk, label), riskiest first."""
TIMEOUT_MS = 30_000.0

MODEL_PRICES: dict[str, dict[str, float | int | str]] = {
    "harbor-chat-2": {
        "litellm_provider": "harbor",
        "mode": "chat",
        "max_input_tokens": 128_000,
        "max_output_tokens": 8_192,
        "input_cost_per_token": 8e-07,
        "cache_read_input_token_cost": 8e-08,
        "output_cost_per_token": 4e-06,
    },
    "harbor-chat-2.1": {
        "litellm_provider": "harbor",
        "mode": "chat",
        "max_input_tokens": 128_000,
        "max_output_tokens": 8_192,
        "input_cost_per_token": 8e-07,
        "cache_read_input_token_cost": 8e-08,
        "output_cost_per_token": 4e-06,
    },
    "harbor-embed-3": {
        "litellm_provider": "harbor",
        "mode": "embedding",
        "max_input_tokens": 8_192,
        "input_cost_per_token": 2e-08,
        "output_cost_per_token": 0.0,
    },
}
"""Prices of invented models, in the form of LiteLLM's price file."""

_QUICK_REFUSAL = LogNormal(18, 0.4)
_TIMEOUT = LogNormal(TIMEOUT_MS, 0.001)
_CRASH = LogNormal(240, 0.8)

_COMMON = ("ts", "service", "request_id", "model", "version", "region", "route", "status", "latency_ms")
_WHO = ("user", "api_key_alias", "error_type", "features")


def _search_version(name: str, work_median_ms: float) -> Version:
    return Version(
        name=name,
        model="harbor-embed-3",
        work_ms=LogNormal(work_median_ms, 0.38),
        queue_ms=LogNormal(1.5, 0.7),
        prompt_tokens=LogNormal(46, 0.55, digits=0),
        failures=(Failure(500, "upstream_error", 0.0008, _CRASH), Failure(429, "rate_limit", 0.0004, _QUICK_REFUSAL)),
        features={
            "query_language": Choice({"en": 60, "de": 15, "es": 11, "fr": 9, "ja": 5}),
            "query_words": Count(7),
            "corpus": Choice({"handbook": 45, "tickets": 35, "releases": 20}),
            "top_score": Share(9, 3),
        },
    )


def _fraud_version(name: str, work_median_ms: float, appeared_s_ago: float | None = None) -> Version:
    return Version(
        name=name,
        model="gbm-fraud",
        appeared_s_ago=appeared_s_ago,
        work_ms=LogNormal(work_median_ms, 0.3),
        queue_ms=LogNormal(0.6, 0.6),
        failures=(Failure(400, "invalid_features", 0.0006, LogNormal(2, 0.3)),),
        risk=Share(0.3, 2.2),
        features={
            "amount": LogNormal(38, 1.2, digits=2),
            "merchant_category": Choice({"grocery": 34, "fuel": 17, "travel": 12, "electronics": 14, "dining": 23}),
            "country": Choice({"DE": 40, "FR": 22, "ES": 18, "PL": 12, "NL": 8}),
            "account_age_days": LogNormal(640, 0.9, digits=0, missing=0.02),
            "card_present": Choice({True: 71, False: 29}),
        },
    )


FLEET: tuple[Service, ...] = (
    Service(
        name="chat-assist",
        requests_per_s=4.0,
        routes=Choice({"/v1/chat/completions": 88, "/v1/summaries": 12}),
        logged=(
            *_COMMON,
            "ttft_ms",
            "queue_ms",
            "prompt_tokens",
            "completion_tokens",
            "cached_tokens",
            "cost_usd",
            "finish_reason",
            *_WHO,
        ),
        versions=(
            Version(
                name="v41",
                model="harbor-chat-2",
                queue_ms=LogNormal(9, 0.9),
                work_ms=LogNormal(310, 0.4),
                prompt_tokens=LogNormal(260, 0.5, digits=0),
                prompt_tokens_each={"context_docs": 140},
                cached_share=Share(1.2, 3),
                output_tokens=LogNormal(170, 0.62, digits=0),
                finish_reason=Choice({"stop": 94, "length": 3, "tool_calls": 3}),
                failures=(
                    Failure(429, "rate_limit", 0.002, _QUICK_REFUSAL),
                    Failure(504, "timeout", 0.0008, _TIMEOUT),
                    Failure(500, "upstream_error", 0.0007, _CRASH),
                ),
                features={
                    "prompt_language": Choice({"en": 62, "de": 14, "es": 11, "fr": 8, "ja": 5}),
                    "context_docs": Count(4),
                    "client": Choice({"web": 55, "ios": 25, "android": 20}),
                    "conversation_turn": Count(3),
                },
            ),
            Version(
                name="v42",
                model="harbor-chat-2.1",
                appeared_s_ago=25 * MINUTE_S,
                queue_ms=LogNormal(16, 1.0),
                work_ms=LogNormal(430, 0.5),
                prompt_tokens=LogNormal(280, 0.5, digits=0),
                prompt_tokens_each={"context_docs": 140},
                cached_share=Share(1.2, 3),
                output_tokens=LogNormal(285, 0.66, digits=0),
                tokens_per_s=LogNormal(72, 0.2),
                finish_reason=Choice({"stop": 88, "length": 9, "tool_calls": 3}),
                failures=(
                    Failure(429, "rate_limit", 0.02, _QUICK_REFUSAL),
                    Failure(504, "timeout", 0.006, _TIMEOUT),
                    Failure(500, "upstream_error", 0.001, _CRASH),
                ),
                features={
                    "prompt_language": Choice({"en": 41, "de": 13, "es": 13, "fr": 9, "ja": 16, "pt": 8}),
                    "context_docs": Count(6.5),
                    "client": Choice({"web": 55, "ios": 25, "android": 20}),
                    "conversation_turn": Count(3),
                },
            ),
        ),
    ),
    Service(
        name="doc-search",
        requests_per_s=4.5,
        routes=Choice({"/v1/search": 80, "/v1/embed": 20}),
        logged=(*_COMMON, "queue_ms", "prompt_tokens", *_WHO),
        versions=(_search_version("v7", 34), _search_version("v8", 33)),
    ),
    Service(
        name="fraud-score",
        requests_per_s=3.0,
        routes=Choice({"/v2/score": 100}),
        logged=(*_COMMON, "queue_ms", "prediction", "confidence", *_WHO),
        versions=(_fraud_version("v3", 7.5), _fraud_version("v4", 7.2, appeared_s_ago=100 * MINUTE_S)),
    ),
)

ROUTING: dict[str, dict[str, float]] = {
    "chat-assist": {"v41": 90, "v42": 10},
    "doc-search": {"v7": 60, "v8": 40},
    "fraud-score": {"v3": 70, "v4": 30},
}
"""The weights that the demo begins with."""

BASELINES: dict[str, str] = {"chat-assist": "v41", "doc-search": "v7", "fraud-score": "v3"}
