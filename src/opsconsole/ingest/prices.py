"""What a request cost where its log does not say: dated price tables in LiteLLM's JSON format, read as they are.

Always true here: a request is priced by the table that was valid when it was served; a model that no table knows has no
price, which is not a price of zero; the whole request moves to the higher rate once its prompt is longer than a tier's
threshold, as providers bill it. Token classes are disjoint (records.py), so the sum counts each token once. Formula:
litellm 1.109, ``generic_cost_per_token``.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
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
}
"""Token class → price keys in order of preference."""
_TIER = re.compile(r"^(?:input|output)_cost_per_token_above_(\d+)k_tokens$")
_NO_LIMIT = 1 << 62


@dataclass(frozen=True)
class Rate:
    """USD per token of each class, for prompts of more than ``above`` and at most ``up_to`` tokens."""

    above: int
    up_to: int
    usd: dict[str, float]


@dataclass(frozen=True)
class PriceTable:
    """One file's prices and the days they are valid (``until`` exclusive)."""

    valid_from: date
    until: date | None
    models: dict[str, tuple[Rate, ...]]


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
        name.lower(): rates for name, entry in document.items() if isinstance(entry, dict) and (rates := _rates(entry))
    }
    return PriceTable(valid_from, until, models)


def _rates(entry: dict[str, Any]) -> tuple[Rate, ...]:
    """The tiers of one model; empty when it is not priced by the token."""
    if isinstance(tiers := entry.get("tiered_pricing"), list):
        return tuple(
            Rate(int(tier["range"][0]) or -1, int(tier["range"][1]), usd)
            for tier in tiers
            if isinstance(tier, dict) and "range" in tier and (usd := _usd(tier, ""))
        )
    if not (base := _usd(entry, "")):
        return ()
    thresholds = sorted({int(found[1]) for key in entry if (found := _TIER.match(key))})
    edges = [0, *(1000 * k for k in thresholds), _NO_LIMIT]
    rates = [Rate(-1, edges[1], base)]
    for i, k in enumerate(thresholds):
        rates.append(Rate(edges[i + 1], edges[i + 2], _usd(entry, f"_above_{k}k_tokens") or base))
    return tuple(rates)


def _usd(entry: dict[str, Any], suffix: str) -> dict[str, float]:
    """Rates of one tier, a class without a rate of its own taking that of the class it is part of."""

    def price(keys: Iterable[str]) -> float | None:
        for key in keys:
            for name in (key + suffix, key) if suffix else (key,):
                if isinstance(value := entry.get(name), int | float):
                    return float(value)
        return None

    found = {name: price(keys) for name, keys in _CLASSES.items()}
    if found["input_tokens"] is None:
        return {}
    return {name: value or 0.0 for name, value in found.items()}


class PriceBook:
    """Prices batches; remembers which models it has looked up."""

    def __init__(self, tables: Iterable[PriceTable]) -> None:
        self._tables = tuple(sorted(tables, key=lambda table: table.valid_from))

    def __bool__(self) -> bool:
        return bool(self._tables)

    def rates_into(self, connection: duckdb.DuckDBPyConnection, table: str) -> None:
        """Make the temporary table ``rates`` for every (provider, model) of ``table``."""
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE rates (provider VARCHAR, model VARCHAR, valid_from TIMESTAMP, "
            "valid_to TIMESTAMP, above BIGINT, up_to BIGINT, "
            + ", ".join(f"{name}_usd DOUBLE" for name in _CLASSES)
            + ")"
        )
        wanted = rows(connection, f"SELECT DISTINCT coalesce(provider, ''), model FROM {table} WHERE model IS NOT NULL")
        found = [
            [provider, model, start, end, rate.above, rate.up_to, *(rate.usd[name] for name in _CLASSES)]
            for provider, model in wanted
            for start, end, rate in self._lookup(provider, model)
        ]
        if found:
            connection.executemany(f"INSERT INTO rates VALUES ({', '.join('?' * (6 + len(_CLASSES)))})", found)

    def _lookup(self, provider: str, model: str) -> Iterator[tuple[datetime, datetime, Rate]]:
        """(from, to, rate) of a model, never two at once: of two tables that know it the later one counts."""
        names = (model.lower(), f"{provider}/{model}".lower())
        known = [
            (table.valid_from, table.until or date.max, rates)
            for table in self._tables
            if (rates := next((table.models[name] for name in names if name in table.models), ()))
        ]
        edges = sorted({edge for start, until, _ in known for edge in (start, until)})
        for begin, end in itertools.pairwise(edges):
            valid = [rates for start, until, rates in known if start <= begin and end <= until]
            for rate in valid[-1] if valid else ():
                yield datetime.combine(begin, time()), datetime.combine(end, time()), rate


JOIN_RATES = """
LEFT JOIN rates AS p ON p.model = b.model AND p.provider = coalesce(b.provider, '')
 AND b.ts >= p.valid_from AND b.ts < p.valid_to
 AND coalesce(b.input_tokens, 0) + coalesce(b.cached_tokens, 0) + coalesce(b.cache_write_tokens, 0) > p.above
 AND coalesce(b.input_tokens, 0) + coalesce(b.cached_tokens, 0) + coalesce(b.cache_write_tokens, 0) <= p.up_to
"""
"""Joins each record of ``b`` to the one rate that applies to it, if any."""

PRICE = (
    f"CASE WHEN coalesce(b.input_tokens, b.output_tokens) IS NOT NULL AND NOT {UNBILLED_FAILURE.format(b='b.')} THEN "
    + " + ".join(f"coalesce(b.{name}, 0) * p.{name}_usd" for name in _CLASSES)
    + " END"
)
"""USD of one record joined by JOIN_RATES; NULL where no rate applies, and for a failure that generated nothing."""
