"""Requests before anybody has answered them: when they come, from whom, and how lucky each is.

Always true here: what is drawn depends on the seed, the service and the second, never on what serves or what is wrong,
so that several worlds can answer the very same requests; a second's draws do not depend on those of another second.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from opsconsole.drills.cast import Service
from opsconsole.drills.shapes import KEYS, REGIONS, SHAPES, USERS, Category
from opsconsole.drills.troubles import Extra, Fault

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DAY_S = 86_400.0
_DAILY, _PEAK_AT = 0.2, 15 / 24
"""A day's load moves by so much around its mean, and peaks at 15:00 UTC."""
_BURST_S = 90.0
_REGION_NAMES, _KEY_NAMES = list(REGIONS), list(KEYS)
_REGION_CUTS = np.cumsum([share for share, _ in REGIONS.values()])
_KEY_CUTS = np.cumsum(list(KEYS.values())) / sum(KEYS.values())
OWN, ADDED = 0, 1
"""Streams of draws: those of users, and those that a world adds to them."""


@dataclass(frozen=True)
class Draws:
    """So many requests, one array a trait; those in ``(0, 1)`` are luck, 1 being the worst."""

    at_s: Floats
    """Seconds since the epoch, ascending."""
    ids: Ints
    version: Floats
    route: Floats
    region: Ints
    key: Ints
    user: Ints
    queue: Floats
    work: Floats
    prompt: Floats
    output: Floats
    """Standard normal."""
    straggle: Floats
    cached: Floats
    fails: Floats
    failed_how: Floats
    hit: Floats
    """Whether a fault hits it: one column a fault."""
    drifted: Floats
    worthless: Floats
    lost: Floats
    features: Floats
    """One column a feature."""
    row: Floats
    """Of a pool."""
    rate_cost: float = 1.0
    """Times what such a request costs otherwise."""

    @property
    def n(self) -> int:
        return len(self.at_s)

    def between(self, begin_s: float, end_s: float) -> Draws:
        """Those that begin in a part of the span."""
        first, stop = np.searchsorted(self.at_s, [begin_s, end_s]).tolist()
        parts: dict[str, Any] = {name: values[..., first:stop] for name, values in self._arrays()}
        return replace(self, **parts)

    def _arrays(self) -> Iterator[tuple[str, NDArray[Any]]]:
        for each in fields(self):
            values = getattr(self, each.name)
            if isinstance(values, np.ndarray):
                yield each.name, values


def load(at_s: float) -> float:
    """Of the day at this moment, 1 on average."""
    return 1.0 + _DAILY * math.sin(2 * math.pi * (at_s / DAY_S - _PEAK_AT + 0.25))


def bunched(seed: int, service: int, at_s: float, how: float) -> float:
    """How much more or less comes in this minute and a half: log-normal, 1 on average."""
    if not how:
        return 1.0
    rng = np.random.default_rng((seed, service, 2, int(at_s // _BURST_S)))
    sigma = how * math.log(2)
    return float(rng.lognormal(-sigma * sigma / 2, sigma))


def arrivals(
    seed: int,
    number: int,
    service: Service,
    begin_s: float,
    length_s: float,
    faults: int,
    moments_s: Floats | None = None,
) -> Draws:
    """The requests of users that begin in this span; ``moments_s`` says when, where that is not drawn."""
    rng = np.random.default_rng((seed, number, OWN, int(begin_s)))
    if moments_s is not None:
        return replace(_drawn(rng, service, begin_s, length_s, len(moments_s), faults), at_s=moments_s)
    rate = service.rate * load(begin_s) * bunched(seed, number, begin_s, service.bursts)
    return _drawn(rng, service, begin_s, length_s, int(rng.poisson(rate * length_s)), faults)


def additional(
    seed: int, number: int, service: Service, begin_s: float, length_s: float, faults: int, mean: float, which: int
) -> Draws:
    """Requests that a world adds: as many as are expected there on average."""
    rng = np.random.default_rng((seed, number, ADDED + which, int(begin_s)))
    return _drawn(rng, service, begin_s, length_s, int(rng.poisson(mean)), faults)


def of_client(draws: Draws, extra: Extra, keys: Sequence[str]) -> Draws:
    """The same requests, all of one client; ``keys`` are the names of all API keys there are."""
    n = draws.n
    changes: dict[str, Any] = {"key": np.full(n, keys.index(extra.key)), "rate_cost": extra.cost}
    if extra.region:
        changes["region"] = np.full(n, _REGION_NAMES.index(extra.region))
    if extra.user:
        changes["user"] = np.full(n, USERS + keys.index(extra.key))
    return replace(draws, **changes)


def keys_of(faults: Iterable[Fault]) -> tuple[str, ...]:
    """Every API key that requests can come with."""
    added = {fault.effect.extra.key for fault in faults if fault.effect.extra is not None}
    return (*_KEY_NAMES, *sorted(added - set(_KEY_NAMES)))


def _drawn(rng: Generator, service: Service, begin_s: float, length_s: float, n: int, faults: int) -> Draws:
    shape = SHAPES[service.shape]
    normal = rng.standard_normal((4, n))
    luck = rng.random((11, n))
    return Draws(
        at_s=np.sort(begin_s + luck[0] * length_s),
        ids=rng.integers(0, 2**63, n),
        version=luck[1],
        route=luck[2],
        region=np.searchsorted(_REGION_CUTS, luck[3], side="right").clip(max=len(_REGION_NAMES) - 1),
        key=np.searchsorted(_KEY_CUTS, luck[4], side="right").clip(max=len(_KEY_NAMES) - 1),
        user=(USERS * rng.random(n) ** 3).astype(np.int64),
        queue=normal[0],
        work=normal[1],
        prompt=normal[2],
        output=normal[3],
        straggle=luck[5],
        cached=luck[6],
        fails=luck[7],
        failed_how=luck[8],
        drifted=luck[9],
        worthless=luck[10],
        lost=rng.random(n),
        hit=rng.random((faults, n)),
        features=rng.random((len(shape.features), n)),
        row=rng.random(n),  # the last that is drawn: what was drawn before is as it was without pools
    )


def categories(feature: Category, luck: Floats, is_drifted: NDArray[np.bool_]) -> NDArray[Any]:
    """A word for each request."""
    usual = _chosen(feature.usual, luck)
    return np.where(is_drifted, _chosen(feature.drifted, luck), usual) if is_drifted.any() else usual


def _chosen(weights: Any, luck: Floats) -> NDArray[Any]:
    names = np.array(list(weights), dtype=object)
    cuts = np.cumsum(list(weights.values())) / sum(weights.values())
    return np.asarray(names[np.searchsorted(cuts, luck, side="right").clip(max=len(names) - 1)])
