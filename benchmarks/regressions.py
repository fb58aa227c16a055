"""Regressions that are known because they were put in: a day's traffic with one slice made worse, on a fixed seed.

The background is what real traffic is like and ranking has to get over: slices of very unequal size, latency with a
heavy tail, failures and costs that differ by route and model, a model that is tied to the version, many users; and from
one hour to the next a version that takes over more of the traffic, and values that all wander by a few per cent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import duckdb
import numpy as np
from numpy.typing import NDArray

SEED = 20_261_124
START = datetime(2026, 2, 3, 12, 0, tzinfo=UTC)
LENGTH = timedelta(hours=1)
"""Of the range and of its baseline."""
BEFORE, AFTER = (START, START + LENGTH), (START + LENGTH, START + 2 * LENGTH)
USERS = 2_000
LEAST_PART, MOST_PART = 0.05, 0.60
TAKEN_OVER = 0.1
"""Of the largest version's requests, by the next one."""
WANDERS = 0.015
"""Standard deviation of how far each value's latency, cost and failures are off after, as a logarithm."""

Metric = Literal["latency", "errors", "cost"]
DIMENSIONS = ("version", "region", "route", "model", "user_key")
VALUES: dict[str, tuple[str, ...]] = {
    "version": ("v40", "v41", "v42"),
    "region": ("eu-west", "us-east", "us-west", "ap-south", "sa-east"),
    "route": ("/chat", "/search", "/embed", "/summarise", "/tools", "/batch"),
    "model": ("large", "small", "tiny", "large-2"),
    "user_key": tuple(f"u{i:04d}" for i in range(USERS)),
}


@dataclass(frozen=True)
class Regression:
    """What was made worse, where, and by how much."""

    metric: Metric
    where: tuple[tuple[str, str], ...]
    size: float
    """Times as slow or dear; for errors, points of the slice's requests that fail besides."""
    part: float
    """Of the traffic after."""


@dataclass(frozen=True)
class Traffic:
    """Requests before and after, as parallel arrays; dimensions are places in VALUES."""

    codes: dict[str, NDArray[np.int64]]
    is_after: NDArray[np.bool_]
    latency_ms: NDArray[np.float64]
    cost_usd: NDArray[np.float64]
    luck: NDArray[np.float64]
    """Uniform: a request fails where this is below its chance to."""
    chance: NDArray[np.float64]

    def members(self, where: tuple[tuple[str, str], ...]) -> NDArray[np.bool_]:
        chosen = np.ones(len(self.is_after), dtype=bool)
        for name, value in where:
            chosen &= self.codes[name] == VALUES[name].index(value)
        return chosen


def traffic(n: int) -> Traffic:
    """``n`` requests, half of them before."""
    random = np.random.default_rng(SEED)

    def drawn(*weights: float) -> NDArray[np.int64]:
        shares = np.array(weights) / sum(weights)
        return random.choice(len(weights), n, p=shares)

    is_after = random.random(n) < 0.5
    version = drawn(0.12, 0.63, 0.25)
    version[is_after & (version == 1) & (random.random(n) < TAKEN_OVER)] = 2
    region = drawn(0.42, 0.30, 0.14, 0.09, 0.05)
    route = drawn(0.45, 0.22, 0.13, 0.10, 0.06, 0.04)
    model = np.where(version == 2, np.where(random.random(n) < 0.8, 3, 1), drawn(0.5, 0.35, 0.15, 0.0))
    user = np.minimum((random.pareto(0.9, n) * 2).astype(np.int64), USERS - 1)
    centre = np.log(400) + np.array([0.5, -0.4, -1.0, 0.8, 0.2, 1.1])[route] + np.array([0.4, 0.0, -0.5, 0.3])[model]
    latency = np.exp(centre + 0.1 * region + 0.55 * random.standard_normal(n))
    latency *= np.where(random.random(n) < 0.01, 6.0, 1.0)
    price = np.array([0.010, 0.002, 0.0005, 0.008])[model]
    cost = price * np.exp(0.7 * random.standard_normal(n)) * np.array([1.0, 0.5, 0.2, 2.0, 1.5, 3.0])[route]
    chance = np.array([0.006, 0.004, 0.002, 0.012, 0.03, 0.01])[route] * np.array([1.0, 0.8, 1.2, 1.5, 1.0])[region]
    codes = {"version": version, "region": region, "route": route, "model": model, "user_key": user}
    for name in ("version", "region", "route", "model"):
        wandered = np.where(is_after, random.normal(0.0, WANDERS, len(VALUES[name]))[codes[name]], 0.0)
        latency, cost, chance = latency * np.exp(wandered), cost * np.exp(wandered), chance * np.exp(wandered)
    return Traffic(codes, is_after, latency, cost, random.random(n), chance)


def regressions(on: Traffic, n: int) -> Iterator[Regression]:
    """``n`` of them: the metrics in turn, one dimension and two in turn, each in 5 to 60 % of the traffic."""
    random = np.random.default_rng(SEED + 1)
    metrics: tuple[Metric, ...] = ("latency", "errors", "cost")
    made = 0
    while made < n:
        metric = metrics[made % 3]
        names = random.choice(DIMENSIONS, 1 + made % 2, replace=False, p=(0.24, 0.24, 0.24, 0.2, 0.08))
        where = tuple((name, _drawn_value(on, name, random)) for name in sorted(names, key=DIMENSIONS.index))
        part = float(on.members(where)[on.is_after].mean())
        if not LEAST_PART <= part <= MOST_PART:
            continue
        size = random.uniform(0.02, 0.30) if metric == "errors" else random.uniform(1.3, 3.0)
        made += 1
        yield Regression(metric, where, float(size), part)


def _drawn_value(on: Traffic, name: str, random: np.random.Generator) -> str:
    return VALUES[name][int(on.codes[name][random.integers(len(on.is_after))])]


def load(connection: duckdb.DuckDBPyConnection, on: Traffic) -> None:
    """The traffic as a table ``background``: the columns of ``requests`` that matter."""
    n = len(on.is_after)
    offset_s = np.random.default_rng(SEED + 2).random(n) * LENGTH.total_seconds()
    seconds = np.sort(offset_s[~on.is_after]), np.sort(offset_s[on.is_after]) + LENGTH.total_seconds()
    at = np.empty(n)
    at[~on.is_after], at[on.is_after] = seconds
    columns: dict[str, Any] = {name: codes.astype(np.int32) for name, codes in on.codes.items()}
    columns |= {
        "moment": at,
        "latency_ms": on.latency_ms,
        "cost_usd": on.cost_usd,
        "luck": on.luck,
        "chance": on.chance,
    }
    lists = ", ".join(f"$${_listed(name)}$$::VARCHAR[] AS {name}s" for name in DIMENSIONS)
    named = ", ".join(f"{name}s[c.{name} + 1] AS {name}" for name in DIMENSIONS)
    connection.register("columns_of_traffic", columns)
    start = f"TIMESTAMP '{START:%Y-%m-%d %H:%M:%S}'"
    connection.execute(
        f"CREATE TABLE background AS SELECT {start} + to_microseconds((moment * 1e6)::BIGINT) AS ts, "
        f"'chat' AS service, {named}, latency_ms, cost_usd, luck, chance, "
        f"moment >= {LENGTH.total_seconds()} AS is_after "
        f"FROM columns_of_traffic AS c, (SELECT {lists}) ORDER BY moment"
    )
    connection.unregister("columns_of_traffic")


def _listed(name: str) -> str:
    return "[" + ", ".join(VALUES[name]) + "]"


def inject(connection: duckdb.DuckDBPyConnection, regression: Regression) -> None:
    """``requests`` anew: the background, with one slice made worse after."""
    here = "is_after AND " + " AND ".join(f"{name} = '{value}'" for name, value in regression.where)
    worse = {metric: regression.size if metric == regression.metric else 1.0 for metric in ("latency", "cost")}
    points = regression.size if regression.metric == "errors" else 0.0
    failed = f"luck < chance + CASE WHEN {here} THEN {points} ELSE 0 END"
    connection.execute("DELETE FROM requests")
    connection.execute(
        "INSERT INTO requests BY NAME SELECT ts, service, version, region, route, model, user_key, "
        f"(CASE WHEN {failed} THEN 503 ELSE 200 END)::SMALLINT AS status, "
        f"CASE WHEN {failed} THEN (['timeout', 'overloaded', 'bad_gateway'])[1 + epoch_us(ts) % 3] END AS error_type, "
        f"latency_ms * CASE WHEN {here} THEN {worse['latency']} ELSE 1 END AS latency_ms, "
        f"cost_usd * CASE WHEN {here} THEN {worse['cost']} ELSE 1 END AS cost_usd FROM background"
    )
