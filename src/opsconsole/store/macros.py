"""Names for what people ask the store most: table macros over ``requests``, for checklists and ``opsconsole query``.

Always true here: the macros are temporary and a connection's own, so that the store's file holds none of them; what is
"now" is the clock's moment and not the machine's, so that a question means the same in a drill; a rate is of the
requests whose outcome is known, and NULL where none is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb

from opsconsole.store.database import naive


@dataclass(frozen=True)
class Macro:
    """One macro: what it is called with, what it answers, and how."""

    params: tuple[str, ...]
    about: str
    sql: str


_KNOWN = "count(*) FILTER (status >= 200)"
_THEIRS = (
    "coalesce(status IN (429, 502, 503, 504, 529) OR (status >= 400 AND "
    "regexp_matches(coalesce(error_type, ''), 'rate.?limit|overload|upstream|time.?out|provider', 'i')), false)"
)
_TOKENS = (
    "coalesce(input_tokens, 0) + coalesce(output_tokens, 0) + coalesce(cached_tokens, 0) "
    "+ coalesce(cache_write_tokens, 0) + coalesce(reasoning_tokens, 0)"
)
_MEASURES = f"""
count(*) AS n, count(*) FILTER (status >= 400) AS errors,
count(*) FILTER (status >= 400) / nullif({_KNOWN}, 0)::DOUBLE AS error_rate,
count(*) FILTER (status = 429) / nullif({_KNOWN}, 0)::DOUBLE AS limited_rate,
count(*) FILTER ({_THEIRS}) / nullif({_KNOWN}, 0)::DOUBLE AS provider_error_rate,
count(*) FILTER (status >= 500 AND NOT {_THEIRS}) / nullif({_KNOWN}, 0)::DOUBLE AS own_error_rate,
quantile_disc(latency_ms, 0.5) AS p50_ms, quantile_disc(latency_ms, 0.95) AS p95_ms,
quantile_disc(latency_ms, 0.99) AS p99_ms, quantile_disc(ttft_ms, 0.95) AS ttft_p95_ms,
sum(cost_usd) AS usd, avg(cost_usd) AS usd_per_request,
avg(CASE WHEN input_tokens IS NOT NULL OR output_tokens IS NOT NULL THEN {_TOKENS} END) AS tokens_per_request,
count(*) FILTER (finish_reason = 'length') / nullif(count(finish_reason), 0)::DOUBLE AS truncated_rate,
avg(confidence) AS confidence, min(ts) AS first_at, max(ts) AS last_at
"""
_PER_HOUR = "usd / (epoch(span::INTERVAL) / 3600) AS usd_per_hour"

MACROS: Mapping[str, Macro] = {
    "recent": Macro(
        ("service", "span"),
        "the requests of a service ('' for every one) in the last span, as in `requests`",
        "SELECT * FROM requests WHERE ts > at_now() - span::INTERVAL AND ts <= at_now() "
        "AND (of_service = '' OR service = of_service)",
    ),
    "earlier": Macro(
        ("service", "span", "ago"),
        "the requests of a span that ended so long ago: what `recent` is compared with",
        "SELECT * FROM requests WHERE ts > at_now() - ago::INTERVAL - span::INTERVAL AND ts <= at_now() - "
        "ago::INTERVAL AND (of_service = '' OR service = of_service)",
    ),
    "measured": Macro(
        ("service", "version", "span"),
        "one row about a service, or one version of it ('' for all): n, errors, error_rate, limited_rate, "
        "provider_error_rate, own_error_rate, p50_ms, p95_ms, p99_ms, ttft_p95_ms, usd, usd_per_request, usd_per_hour, "
        "tokens_per_request, truncated_rate, confidence, first_at, last_at",
        f"SELECT *, {_PER_HOUR} FROM (SELECT {_MEASURES} FROM recent(of_service, span) "
        "WHERE of_version = '' OR version = of_version)",
    ),
    "measured_before": Macro(
        ("service", "span", "ago"),
        "the same row about the span that ended so long ago",
        f"SELECT *, {_PER_HOUR} FROM (SELECT {_MEASURES} FROM earlier(of_service, span, ago))",
    ),
    "other_versions": Macro(
        ("service", "version", "span"),
        "the same row about all versions but one",
        f"SELECT *, {_PER_HOUR} FROM (SELECT {_MEASURES} FROM recent(of_service, span) "
        "WHERE version IS DISTINCT FROM of_version)",
    ),
    "versions": Macro(
        ("service", "span"),
        "the same columns for each version, the most requests first",
        f"SELECT version, {_MEASURES} FROM recent(of_service, span) GROUP BY version ORDER BY n DESC",
    ),
    "regressed_versions": Macro(
        ("service", "span"),
        "versions with at least 20 requests whose p95 is more than 1.2 times that of the others at the same time",
        "SELECT version, n, p95_ms, rest_p95_ms FROM (SELECT v.version, v.n, v.p95_ms, "
        "(SELECT quantile_disc(r.latency_ms, 0.95) FROM recent(of_service, span) AS r "
        "WHERE r.version IS DISTINCT FROM v.version) AS rest_p95_ms FROM versions(of_service, span) AS v) "
        "WHERE n >= 20 AND p95_ms > 1.2 * rest_p95_ms",
    ),
    "newest_version": Macro(
        ("service",),
        "the version whose first request is the latest",
        "SELECT version FROM requests WHERE service = of_service AND version <> '' "
        "GROUP BY version ORDER BY min(ts) DESC, version DESC LIMIT 1",
    ),
    "failures": Macro(
        ("service", "span"),
        "what failed: status, error_type, is_theirs (is it the provider's?), n, the most first",
        f"SELECT status, error_type, {_THEIRS} AS is_theirs, count(*) AS n FROM recent(of_service, span) "
        "WHERE status >= 400 GROUP BY ALL ORDER BY n DESC",
    ),
    "slices": Macro(
        ("service", "span"),
        "version × model × region × route: n, error_rate, p95_ms, usd_per_request, the most requests first",
        f"SELECT version, model, region, route, {_MEASURES} FROM recent(of_service, span) GROUP BY ALL ORDER BY n DESC",
    ),
    "minutes": Macro(
        ("service", "span"),
        "the same columns for each minute, oldest first",
        f"SELECT date_trunc('minute', ts) AS minute, {_MEASURES} FROM recent(of_service, span) "
        "GROUP BY minute ORDER BY minute",
    ),
    "api_keys": Macro(
        ("service", "span"),
        "who calls: api_key_id, requests, share, errors, usd, first_at, is_new (not seen in the day before)",
        "SELECT k.api_key_id, k.requests, k.requests / sum(k.requests) OVER ()::DOUBLE AS share, k.errors, k.usd, "
        "k.first_at, p.api_key_id IS NULL AS is_new FROM (SELECT api_key_id, count(*) AS requests, "
        "count(*) FILTER (status >= 400) AS errors, sum(cost_usd) AS usd, min(ts) AS first_at "
        "FROM recent(of_service, span) WHERE api_key_id IS NOT NULL GROUP BY api_key_id) AS k "
        "LEFT JOIN (SELECT DISTINCT api_key_id FROM earlier(of_service, '1d', span)) AS p USING (api_key_id) "
        "ORDER BY k.requests DESC, k.api_key_id",
    ),
    "users": Macro(
        ("service", "span"),
        "who asks, as keyed digests: user_key, requests, share, errors, tokens, usd, the most requests first",
        "SELECT user_key, count(*) AS requests, count(*) / sum(count(*)) OVER ()::DOUBLE AS share, "
        f"count(*) FILTER (status >= 400) AS errors, sum({_TOKENS}) AS tokens, sum(cost_usd) AS usd "
        "FROM recent(of_service, span) WHERE user_key IS NOT NULL GROUP BY user_key ORDER BY requests DESC, user_key",
    ),
    "newest": Macro(
        ("service",),
        "last_at, silence_s (seconds since then), n: of everything that the store has of a service",
        "SELECT max(ts) AS last_at, epoch(at_now() - max(ts)) AS silence_s, count(*) AS n FROM requests "
        "WHERE (of_service = '' OR service = of_service) AND ts <= at_now()",
    ),
    "intake": Macro(
        (),
        "what was read: n lines, accepted, rejected, rejected_share, last_at",
        "SELECT sum(accepted) + sum(rejected) AS n, sum(accepted) AS accepted, sum(rejected) AS rejected, "
        "sum(rejected) / nullif(sum(accepted) + sum(rejected), 0)::DOUBLE AS rejected_share, max(last_at) AS last_at "
        "FROM progress",
    ),
    "feeds": Macro(
        (),
        "each source: path, accepted, rejected, last_at, silence_s, the longest silent first",
        "SELECT s.path, sum(p.accepted) AS accepted, sum(p.rejected) AS rejected, max(p.last_at) AS last_at, "
        "epoch(at_now() - max(p.last_at)) AS silence_s FROM sources AS s LEFT JOIN progress AS p USING (source_id) "
        "GROUP BY s.path ORDER BY last_at",
    ),
    "services": Macro(
        (),
        "the names of the services that there are",
        "SELECT DISTINCT service FROM deployments ORDER BY service",
    ),
}
"""Name → macro, each made of those above it. ``at_now()`` is the moment that is asked at."""

_OF = ("service", "version")
"""Parameters that are called as columns are: within a macro they are ``of_service`` and ``of_version``."""


def define(connection: duckdb.DuckDBPyConnection, now: datetime, sql: str) -> None:
    """Make the macros that a statement asks for known to this connection, as of this moment."""
    moment = naive(now).isoformat(sep=" ")
    connection.execute(f"CREATE OR REPLACE TEMP MACRO at_now() AS TIMESTAMP '{moment}'")
    wanted = _named_in(sql)
    for name, macro in MACROS.items():
        if name in wanted:
            params = ", ".join(f"of_{each}" if each in _OF else each for each in macro.params)
            connection.execute(f"CREATE OR REPLACE TEMP MACRO {name}({params}) AS TABLE {macro.sql}")


def _named_in(sql: str) -> set[str]:
    """The macros that a statement names, and those that they are made of."""
    named = {name for name in MACROS if re.search(rf"\b{name}\s*\(", sql, re.IGNORECASE)}
    return named.union(*(_named_in(MACROS[name].sql) for name in named))
