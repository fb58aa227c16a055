"""Named signals: what a check can ask without SQL, as a table.

``error_rate($service, $version) < 1% over 10m within 15m`` asks for a signal of the last ten minutes and waits up to a
quarter of an hour until the comparison holds. Always true here: a signal that too few requests stand behind has no
value, and what has no value never holds; most signals are one SELECT over the macros that docs/checklists.md lists, the
others are asked of whoever runs the list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from opsconsole.config.load import nearest
from opsconsole.durations import is_duration

DEFAULT_OVER = "5m"
LEAST_REQUESTS = 20
"""Fewer requests than this say nothing about a rate or a quantile."""


@dataclass(frozen=True)
class Signal:
    """One number, text or yes that can be asked for by name."""

    about: str
    params: tuple[str, ...] = ("service",)
    optional: tuple[str, ...] = ()
    sql: str = ""
    """SELECT value, number of requests behind it; of $params and $over. Empty: asked of the hands."""
    least: int = LEAST_REQUESTS
    unit: str = ""
    is_bool: bool = False


def _measured(column: str, about: str, unit: str = "", least: int = LEAST_REQUESTS) -> Signal:
    """A column of the macro ``measured``."""
    return Signal(
        about, ("service",), ("version",), f"SELECT {column}, n FROM measured($service, $version, $over)", least, unit
    )


def _against(column: str, about: str) -> Signal:
    """How many times as much a version has as the service's other versions at the same time."""
    return Signal(
        about,
        ("service", "version"),
        (),
        f"SELECT one.{column} / nullif(rest.{column}, 0), least(one.n, rest.n) "
        "FROM measured($service, $version, $over) AS one, other_versions($service, $version, $over) AS rest",
        unit="×",
    )


def _since(column: str, about: str) -> Signal:
    """How many times as much there is as in the same span an hour before, or a day."""
    return Signal(
        about,
        ("service",),
        ("ago",),
        f"SELECT this.{column} / nullif(past.{column}, 0), least(this.n, past.n) FROM measured($service, '', $over) "
        "AS this, measured_before($service, $over, coalesce(nullif($ago, ''), '1h')) AS past",
        unit="×",
    )


SIGNALS: Mapping[str, Signal] = {
    "requests": _measured("n", "requests", least=0),
    "error_rate": _measured("error_rate", "failed requests, of those whose outcome is known"),
    "provider_error_rate": _measured(
        "provider_error_rate", "requests that the provider failed: 429, 502–504, 529, time-outs, overload"
    ),
    "rate_limited": _measured("limited_rate", "requests that were refused for a limit: 429"),
    "own_error_rate": _measured("own_error_rate", "requests that failed by 5xx and not by the provider"),
    "p50_ms": _measured("p50_ms", "median latency", "ms"),
    "p95_ms": _measured("p95_ms", "95th percentile of latency", "ms"),
    "p99_ms": _measured("p99_ms", "99th percentile of latency", "ms"),
    "ttft_p95_ms": _measured("ttft_p95_ms", "95th percentile of the time to the first token", "ms"),
    "usd_per_hour": _measured("usd_per_hour", "run rate of what is spent", "$"),
    "usd_per_request": _measured("usd_per_request", "mean cost of a request", "$"),
    "tokens_per_request": _measured("tokens_per_request", "mean tokens of a request, of all kinds"),
    "truncated": _measured("truncated_rate", "answers that ended because they were too long"),
    "confidence": _measured("confidence", "mean confidence of a model in its prediction"),
    "share": Signal(
        "of the service's requests that the version answered",
        ("service", "version"),
        (),
        "SELECT one.n / nullif(whole.n, 0)::DOUBLE, whole.n FROM measured($service, $version, $over) AS one, "
        "measured($service, '', $over) AS whole",
    ),
    "silence_s": Signal(
        "seconds since the newest record", ("service",), (), "SELECT silence_s, n FROM newest($service)", 1, "s"
    ),
    "slower_p50": _against("p50_ms", "median latency, version over the other versions at the same time"),
    "slower_p95": _against("p95_ms", "p95 latency, version over the other versions at the same time"),
    "slower_ttft": _against("ttft_p95_ms", "p95 time to the first token, version over the others"),
    "dearer": _against("usd_per_request", "cost of a request, version over the others"),
    "more_errors": _against("error_rate", "error rate, version over the others"),
    "latency_growth": _since("p95_ms", "p95 latency over that of the same span an hour (`ago`) before"),
    "spend_growth": _since("usd_per_hour", "run rate of what is spent over that of an hour (`ago`) before"),
    "cost_growth": _since("usd_per_request", "cost of a request over that of an hour (`ago`) before"),
    "token_growth": _since("tokens_per_request", "tokens of a request over those of an hour (`ago`) before"),
    "traffic_growth": _since("n", "requests over those of the same span an hour (`ago`) before"),
    "new_keys": Signal(
        "API keys that were not seen in the day before",
        ("service",),
        (),
        "SELECT count(*) FILTER (is_new), sum(requests) FROM api_keys($service, $over)",
    ),
    "largest_user": Signal(
        "share of the requests that the busiest user sent",
        ("service",),
        (),
        "SELECT max(share), sum(requests) FROM users($service, $over)",
    ),
    "largest_key": Signal(
        "share of the requests that the busiest API key sent",
        ("service",),
        (),
        "SELECT max(share), sum(requests) FROM api_keys($service, $over)",
    ),
    "key_requests": Signal(
        "requests that one API key sent",
        ("service", "key"),
        (),
        "SELECT count(*), 1 FROM recent($service, $over) WHERE api_key_id = $key",
        1,
    ),
    "rejected": Signal(
        "lines that were no records, of all lines that were read", (), (), "SELECT rejected_share, n FROM intake()", 1
    ),
    "disk_free": Signal("of the home's file system that is free", ()),
    "disk_free_gb": Signal("free on the home's file system", (), unit="GB"),
    "drifting": Signal("features that drift from the baseline now"),
    "target_share": Signal("of the traffic that the target says the version gets", ("service", "version")),
    "out_of_band": Signal("was the target changed by somebody who did not go through here?", is_bool=True),
    "rollout_open": Signal("is a gradual rollout under way?", is_bool=True),
    "is_frozen": Signal("is the service frozen?", is_bool=True),
}

_EXPRESSION = re.compile(
    r"(?P<not>not\s+)?(?P<name>[a-z_0-9]+)\s*\((?P<args>[^()]*)\)"
    r"(?:\s*(?P<sign><=|>=|==|!=|<|>|=)\s*(?P<value>-?\d+(?:\.\d+)?)\s*(?P<percent>%)?)?"
    r"(?:\s+over\s+(?P<over>\S+))?(?:\s+within\s+(?P<within>\S+))?"
)


@dataclass(frozen=True)
class Expression:
    """A signal with what it is asked of and compared with."""

    name: str
    args: dict[str, str]
    """Parameter → a text, or ``$name``."""
    is_negated: bool
    compare: str
    """``< 0.01``; empty for a signal that is a yes or no itself."""
    over: str
    within: str

    @property
    def signal(self) -> Signal:
        return SIGNALS[self.name]


def expression(text: str) -> Expression:
    """Read one. Raises ValueError(what is wrong, what to do)."""
    found = _EXPRESSION.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no signal", "Write it like `error_rate($service) < 1% over 10m within 15m`.")
    name = found["name"]
    if name not in SIGNALS:
        raise ValueError(f"there is no signal {name!r}", nearest(name, SIGNALS))
    signal = SIGNALS[name]
    given = [word.strip().strip("'\"") for word in found["args"].split(",") if word.strip()]
    known = (*signal.params, *signal.optional)
    if not len(signal.params) <= len(given) <= len(known):
        takes = ", ".join((*signal.params, *(f"[{each}]" for each in signal.optional)))
        raise ValueError(f"{name} takes ({takes}), not {len(given)} values", f"Write {name}({takes}).")
    for word in ("over", "within"):
        if found[word] and not is_duration(found[word]):
            raise ValueError(f"{word} {found[word]} is no duration", "Write it like 90s, 15m or 2h.")
    if found["sign"] and signal.is_bool:
        raise ValueError(f"{name} is a yes or no and compared with nothing", f"Write {name}(…) or not {name}(…).")
    if found["not"] and not signal.is_bool:
        raise ValueError(f"{name} is no yes or no", "Compare it with a number.")
    value = float(found["value"] or 0) / (100 if found["percent"] else 1)
    return Expression(
        name=name,
        args=dict(zip(known, given, strict=False)),
        is_negated=bool(found["not"]),
        compare=f"{found['sign']} {value:g}" if found["sign"] else "",
        over=found["over"] or DEFAULT_OVER,
        within=found["within"] or "",
    )
