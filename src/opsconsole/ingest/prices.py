"""What a request cost where its log does not say: dated price tables in LiteLLM's JSON format, read as they are.

Always true here: a request is priced by the table that was valid when it was served; a model that no table knows has no
price, which is not a price of zero, and neither has a request with tokens of a class that its entry has no price for;
the whole request moves to the higher rate once its prompt is longer than a tier's threshold, as providers bill it.
Token classes are disjoint (records.py), so the sum counts each token once. Formula: litellm 1.109,
``generic_cost_per_token``.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import duckdb
import orjson

from opsconsole.errors import ConfigError
from opsconsole.store.database import rows
from opsconsole.store.rollups import UNBILLED_FAILURE

_CLASSES: dict[str, tuple[str, ...]] = {
    "input_tokens": ("input_cost_per_token",),
    "output_tokens": ("output_cost_per_token",),
    "cached_tokens": ("cache_read_input_token_cost", "input_cost_per_token"),
    "cache_write_tokens": ("cache_creation_input_token_cost", "input_cost_per_token"),
    "reasoning_tokens": ("output_cost_per_reasoning_token", "output_cost_per_token"),
    "cache_write_1h_tokens": (
        "cache_creation_input_token_cost_above_1hr",
        "cache_creation_input_token_cost",
        "input_cost_per_token",
    ),
}
"""Token class → price keys in order of preference."""
_SERVICE_TIERS: dict[str, str] = {
    "flex": "_flex",
    "priority": "_priority",
    "batch": "_batches",
    "batches": "_batches",
    "balanced": "_balanced",
    "ultrafast": "_ultrafast",
}
"""What a provider billed a request as → how its price keys end; every other word is the usual price."""
_HOUR_LONG = "cache_write_1h_tokens"
"""Part of cache_write_tokens, and dearer."""
_TIER = re.compile(r"^(?:input|output)_cost_per_token_above_(\d+)k_tokens$")
_NO_LIMIT = 1 << 62


@dataclass(frozen=True)
class Rate:
    """USD per token of each class, for prompts of more than ``above`` and at most ``up_to`` tokens."""

    above: int
    up_to: int
    usd: dict[str, float | None]
    """None: tokens of this class have no price."""


Tiers = dict[str, tuple[Rate, ...]]
"""How the price keys of a service tier end → its rates; the usual ones under ``""``."""


@dataclass(frozen=True)
class PriceTable:
    """One file's prices and the days they are valid (``until`` exclusive)."""

    valid_from: date
    until: date | None
    models: dict[str, Tiers]


def read_prices(file: Path, valid_from: date, until: date | None = None) -> PriceTable:
    """Read a price file in LiteLLM's format.

    Raises ConfigError when the file is missing or is not such a file.
    """
    try:
        document = orjson.loads(file.read_bytes())
    except FileNotFoundError as error:
        raise ConfigError(f"price file {file} does not exist", "Correct `prices:` in opsconsole.yaml.") from error
    except orjson.JSONDecodeError as error:
        raise ConfigError(f"price file {file} is not JSON: {error}", "It must be in LiteLLM's format.") from error
    if not isinstance(document, dict):
        raise ConfigError(f"price file {file} holds no object of models", "It must be in LiteLLM's format.")
    models = {
        name.lower(): tiers for name, entry in document.items() if isinstance(entry, dict) and (tiers := _tiers(entry))
    }
    return PriceTable(valid_from, until, models)


def _tiers(entry: dict[str, Any]) -> Tiers:
    """Rates of one model, by service tier; empty when it is not priced by the token."""
    if not (usual := _rates(entry, "")):
        return {}
    own = {end for end in _SERVICE_TIERS.values() if any(key.endswith(end) for key in entry)}
    return {"": usual, **{end: _rates(entry, end) for end in sorted(own)}}


def _rates(entry: dict[str, Any], service: str) -> tuple[Rate, ...]:
    """Rates by length of the prompt; empty when the model is not priced by the token."""
    if isinstance(tiers := entry.get("tiered_pricing"), list):
        return tuple(
            Rate(int(tier["range"][0]) or -1, int(tier["range"][1]), usd)
            for tier in tiers
            if isinstance(tier, dict) and "range" in tier and (usd := _usd({**entry, **tier}, ("",)))
        )
    if not (base := _usd(entry, (service, ""))) or _is_priced_otherwise(entry, base):
        return ()
    thresholds = sorted({int(found[1]) for key in entry if (found := _TIER.match(key))})
    edges = [0, *(1000 * k for k in thresholds), _NO_LIMIT]
    rates = [Rate(-1, edges[1], base)]
    for i, k in enumerate(thresholds):
        above = f"_above_{k}k_tokens"
        rates.append(Rate(edges[i + 1], edges[i + 2], _usd(entry, (above + service, above, service, ""))))
    return tuple(rates)


def _is_priced_otherwise(entry: dict[str, Any], usd: dict[str, float | None]) -> bool:
    """Are tokens free because something else is paid for: queries, images, seconds?"""
    return not any(usd.values()) and any(
        "cost" in key and isinstance(value, int | float) and value > 0 for key, value in entry.items()
    )


def _usd(entry: dict[str, Any], ends: tuple[str, ...]) -> dict[str, float | None]:
    """Rates of one tier, a class without a rate of its own taking that of the class it is part of; empty without any.

    ``ends``: how the keys of this tier end, the most particular first.
    """

    def price(keys: Iterable[str]) -> float | None:
        for key in keys:
            for end in ends:
                if isinstance(value := entry.get(key + end), int | float):
                    return float(value)
        return None

    found = {name: price(keys) for name, keys in _CLASSES.items()}
    return {} if found["input_tokens"] is None else found


class PriceBook:
    """The price lists there are, and which applies when."""

    def __init__(self, tables: Iterable[PriceTable]) -> None:
        self._tables = tuple(sorted(tables, key=lambda table: table.valid_from))

    def __bool__(self) -> bool:
        return bool(self._tables)

    def rates_into(self, connection: duckdb.DuckDBPyConnection, table: str, logged: Collection[str]) -> None:
        """Make the temporary table ``rates`` for every (provider, model, service tier) of ``table``."""
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE rates (provider VARCHAR, model VARCHAR, service_tier VARCHAR, "
            "valid_from TIMESTAMP, valid_to TIMESTAMP, above BIGINT, up_to BIGINT, "
            + ", ".join(f"{name}_usd DOUBLE" for name in _CLASSES)
            + ")"
        )
        wanted = rows(
            connection,
            f"SELECT DISTINCT coalesce(b.provider, ''), b.model, {_service_tier(logged)} FROM {table} AS b "
            "WHERE b.model IS NOT NULL",
        )
        found = [
            [provider, model, tier, start, end, rate.above, rate.up_to, *(rate.usd[name] for name in _CLASSES)]
            for provider, model, tier in wanted
            for start, end, rate in self._lookup(provider, model, _SERVICE_TIERS.get(tier, ""))
        ]
        if found:
            connection.executemany(f"INSERT INTO rates VALUES ({', '.join('?' * (7 + len(_CLASSES)))})", found)

    def _lookup(self, provider: str, model: str, service: str) -> Iterator[tuple[datetime, datetime, Rate]]:
        """(from, to, rate) of a model, never two at once: of two tables that know it the later one counts."""
        names = (model.lower(), f"{provider}/{model}".lower())
        known = [
            (table.valid_from, table.until or date.max, tiers.get(service, tiers[""]))
            for table in self._tables
            if (tiers := next((table.models[name] for name in names if name in table.models), None))
        ]
        edges = sorted({edge for start, until, _ in known for edge in (start, until)})
        for begin, end in itertools.pairwise(edges):
            valid = [rates for start, until, rates in known if start <= begin and end <= until]
            for rate in valid[-1] if valid else ():
                yield datetime.combine(begin, time()), datetime.combine(end, time()), rate


def _service_tier(logged: Collection[str]) -> str:
    """SQL: the service tier of a record of ``b``, in lower case; empty where it says none."""
    return "lower(coalesce(b.service_tier, ''))" if "service_tier" in logged else "''"


def join_rates(logged: Collection[str]) -> str:
    """SQL that joins each record of ``b`` to the one rate that applies to it, if any.

    ``logged``: columns that the source fills at all, of which those of ``records.BILLED_BY`` matter here.
    """
    prompt = "coalesce(b.input_tokens, 0) + coalesce(b.cached_tokens, 0) + coalesce(b.cache_write_tokens, 0)"
    return (
        "LEFT JOIN rates AS p ON p.model = b.model AND p.provider = coalesce(b.provider, '') "
        f"AND p.service_tier = {_service_tier(logged)} AND b.ts >= p.valid_from AND b.ts < p.valid_to "
        f"AND {prompt} > p.above AND {prompt} <= p.up_to"
    )


def price(logged: Collection[str]) -> str:
    """SQL: USD of one record joined by ``join_rates``.

    NULL where no rate applies, where a class in use has none, and for a failure that generated nothing.
    """
    counts = {name: f"coalesce(b.{name}, 0)" for name in _CLASSES if name != _HOUR_LONG}
    if _HOUR_LONG in logged:
        counts[_HOUR_LONG] = f"least(coalesce(b.{_HOUR_LONG}, 0), {counts['cache_write_tokens']})"
        counts["cache_write_tokens"] = f"({counts['cache_write_tokens']} - {counts[_HOUR_LONG]})"
    terms = (f"CASE WHEN {count} = 0 THEN 0 ELSE {count} * p.{name}_usd END" for name, count in counts.items())
    is_billed = f"coalesce(b.input_tokens, b.output_tokens) IS NOT NULL AND NOT {UNBILLED_FAILURE.format(b='b.')}"
    return f"CASE WHEN {is_billed} AND p.model IS NOT NULL THEN {' + '.join(terms)} END"
