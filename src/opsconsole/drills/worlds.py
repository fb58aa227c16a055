"""How a world answers: requests, who serves them and what is wrong in, what each of them got out.

Always true here: a function of its arguments; a request that no fault hits is answered alike in every world in which
the same version serves it; a fault that is growing hits as many requests as when it has grown, and each of them less.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsconsole.drills.cast import Service, VersionTraits
from opsconsole.drills.draws import Draws, Floats, Ints
from opsconsole.drills.pools import Pool
from opsconsole.drills.shapes import FAILURES, REGIONS, SHAPES, STRAGGLERS, Shape
from opsconsole.drills.troubles import ErrorClass
from opsconsole.drills.weather import Active

Flags = NDArray[np.bool_]

ERRORS: tuple[ErrorClass, ...] = tuple(FAILURES)
RECORDED = 1 + len(ERRORS)
"""The error of a request that fails as its row of the pool failed."""
_STATUS = np.array([200, *(each.status for each in FAILURES.values()), 500])
_REGION_NAMES = np.array(list(REGIONS), dtype=object)
_SLOWNESS = np.array([times for _, times in REGIONS.values()])
_LIMIT_MS = 29_999.0
_STALLED_SIGMA = 2.0
"""How much slower than its median a request is that a straggler's luck has hit, in powers of e."""


@dataclass(frozen=True)
class Answers:
    """What became of so many requests, one array a trait."""

    version: Ints
    """Index into the service's versions."""
    error: Ints
    """0: none; else 1 + index into ``ERRORS``, or ``RECORDED``."""
    status: Ints
    latency_ms: Floats
    ttft_ms: Floats
    queue_ms: Floats
    prompt_tokens: Ints
    cached_tokens: Ints
    output_tokens: Ints
    usd: Floats
    is_worthless: Flags
    is_drifted: Flags
    is_logged: Flags
    skew_s: Floats
    row: Ints
    """Of the pool; 0 without one."""

    def is_bad(self, slo_ms: float) -> Flags:
        """Failed, too slow, or worthless: what a user is hurt by."""
        return np.asarray((self.error > 0) | (self.latency_ms > slo_ms) | self.is_worthless)


def slo_of(service: Service) -> float:
    return service.slo_ms or SHAPES[service.shape].slo_ms


@dataclass(frozen=True)
class Made:
    """What so many requests take and cost under these faults, before any fails for one of them."""

    queue_ms: Floats
    ttft_ms: Floats
    latency_ms: Floats
    prompt: Ints
    cached: Ints
    output: Ints
    usd: Floats


def answered(
    service: Service,
    draws: Draws,
    shares: Mapping[str, float],
    active: Sequence[Active],
    keys: Sequence[str],
    pool: Pool | None = None,
) -> Answers:
    """Every request of a span, answered by versions of these shares under these faults."""
    shape, names = SHAPES[service.shape], list(service.versions)
    traits = list(service.versions.values())
    version = _version(draws.version, [shares.get(name, 0.0) for name in names])
    row = pool.picked(names, traits, version, draws.row) if pool is not None else np.zeros(draws.n, dtype=np.int64)
    regions = _REGION_NAMES[draws.region] if pool is None else pool.words["region"][row]
    hits = [(each, _hit(each, service, draws, version, names, keys, regions)) for each in active]

    is_drifted = _any(hits, draws.n, lambda each: draws.drifted < each.fault.effect.drift * each.level)
    if pool is None:
        made = _of_shape(shape, draws, traits, version, hits)
        error = _errors(draws, hits, shape.errors, _traits(traits, version, "errors"))
        status = np.asarray(_STATUS[error])
    else:
        made = _of_pool(pool, row, shape, traits, version, hits)
        error = _errors(draws, hits, {}, np.ones(draws.n))
        error = np.where((error == 0) & (pool.status[row] >= 400), RECORDED, error)
        status = np.where(error == RECORDED, pool.status[row], _STATUS[error])
    total, ttft, queue = _failed(error, draws, made.latency_ms, made.ttft_ms, made.queue_ms)
    usd = made.usd * _traits(traits, version, "cost") * draws.rate_cost
    usd *= _times(hits, draws.n, lambda effect: effect.cost)
    usd[error > 0] = 0.0
    return Answers(
        version=version,
        error=error,
        status=status,
        latency_ms=np.round(total, 1),
        ttft_ms=np.round(ttft, 1),
        queue_ms=np.round(queue, 1),
        prompt_tokens=made.prompt,
        cached_tokens=made.cached,
        output_tokens=made.output,
        usd=np.round(usd, 8),
        is_worthless=_any(hits, draws.n, lambda each: draws.worthless < each.fault.effect.degenerate * each.level),
        is_drifted=is_drifted,
        is_logged=~_any(hits, draws.n, lambda each: draws.lost < each.fault.effect.lose * each.level),
        skew_s=_skew(hits, draws.n),
        row=row,
    )


def _of_shape(shape: Shape, draws: Draws, traits: Sequence[VersionTraits], version: Ints, hits: Hits) -> Made:
    """Drawn from the formulas of a kind of service."""
    latency = _times(hits, draws.n, lambda effect: effect.latency)
    prompt, cached, output = _tokens(shape, draws, traits, version, hits)
    work = _lognormal(shape.work_ms, draws.work) * _traits(traits, version, "latency") * _SLOWNESS[draws.region]
    stalls = draws.straggle > 1 - STRAGGLERS
    work = np.where(stalls, work * (1 + _STALLED_SIGMA * np.exp(np.abs(draws.queue))), work) * latency
    queue = _lognormal(shape.queue_ms, draws.queue) * np.maximum(1.0, latency)
    writing = output / shape.tokens_per_s * 1000 * np.sqrt(latency) if shape.output_tokens else np.zeros(draws.n)
    ttft = np.minimum(queue + work, _LIMIT_MS)
    total = np.minimum(ttft + writing, _LIMIT_MS)
    return Made(queue, ttft, total, prompt, cached, output, _usd(shape, prompt, cached, output))


def _of_pool(pool: Pool, row: Ints, shape: Shape, traits: Sequence[VersionTraits], version: Ints, hits: Hits) -> Made:
    """As a row has it, changed by what its version differs in and by faults as a drawn one is; a row that failed is
    as it was. What a row does not say is 0."""
    n = len(row)
    is_well = pool.status[row] < 400
    said = {name: np.nan_to_num(values[row]) for name, values in pool.numbers.items()}
    latency = np.where(is_well, _traits(traits, version, "latency"), 1.0)
    latency = latency * np.where(is_well, _times(hits, n, lambda effect: effect.latency), 1.0)
    more = _traits(traits, version, "output") * _times(hits, n, lambda effect: effect.output)

    first = np.where(np.isnan(pool.numbers["ttft_ms"][row]), said["latency_ms"], said["ttft_ms"])
    queue = said["queue_ms"] * np.maximum(1.0, latency)
    ttft = queue + np.maximum(first - said["queue_ms"], 0.0) * latency
    writing = np.maximum(said["latency_ms"] - first, 0.0) * np.sqrt(latency) * np.where(is_well, more, 1.0)
    total = np.minimum(ttft + writing, np.maximum(_LIMIT_MS, said["latency_ms"]))

    prompt, before = said["prompt"].astype(np.int64), said["cached"].astype(np.int64)
    known = np.ones(n)
    for each, hit in hits:
        if each.fault.effect.cache < 1:
            known[hit] *= 1 - (1 - each.fault.effect.cache) * each.level
    cached = (before * known).astype(np.int64)
    output = (said["output"] * more).astype(np.int64)
    usual = _usd(shape, prompt, before, said["output"].astype(np.int64))
    dearer = np.divide(_usd(shape, prompt, cached, output), usual, out=np.ones(n), where=usual > 0)
    return Made(queue, np.minimum(ttft, total), total, prompt, cached, output, said["cost_usd"] * dearer)


def _version(luck: Floats, weights: Sequence[float]) -> Ints:
    cuts = np.cumsum(weights)
    if not cuts[-1]:
        return np.zeros(len(luck), dtype=np.int64)
    return np.searchsorted(cuts / cuts[-1], luck, side="right").clip(max=len(weights) - 1)


Hits = Sequence[tuple[Active, Flags]]


def _hit(
    each: Active,
    service: Service,
    draws: Draws,
    version: Ints,
    names: Sequence[str],
    keys: Sequence[str],
    regions: NDArray[Any],
) -> Flags:
    """Which requests are meant by a fault, and unlucky enough."""
    fault = each.fault
    hit = draws.hit[each.column] < fault.effect.share
    if fault.version:
        hit &= version == names.index(fault.version) if fault.version in names else False
    if fault.provider:
        providers = [traits.provider or service.provider for traits in service.versions.values()]
        hit &= np.array([provider == fault.provider for provider in providers])[version]
    if fault.region:
        hit &= np.asarray(regions == fault.region, dtype=bool)
    if fault.key:
        hit &= draws.key == keys.index(fault.key)
    return np.asarray(hit)


def _any(hits: Hits, n: int, test: Any) -> Flags:
    found = np.zeros(n, dtype=bool)
    for each, hit in hits:
        found |= hit & test(each)
    return found


def _times(hits: Hits, n: int, factor: Any) -> Floats:
    """The product of what faults do, each as far as it has grown."""
    product = np.ones(n)
    for each, hit in hits:
        times = factor(each.fault.effect)
        if times != 1:
            product[hit] *= 1 + (times - 1) * each.level
    return product


def _traits(traits: Sequence[VersionTraits], version: Ints, name: str) -> Floats:
    return np.asarray(np.array([getattr(each, name) for each in traits], dtype=np.float64)[version])


def _lognormal(spread: tuple[float, float], luck: Floats) -> Floats:
    median, sigma = spread
    return np.asarray(median * np.exp(sigma * luck))


def _tokens(
    shape: Shape, draws: Draws, traits: Sequence[VersionTraits], version: Ints, hits: Hits
) -> tuple[Ints, Ints, Ints]:
    none = np.zeros(draws.n, dtype=np.int64)
    if shape.prompt_tokens is None:
        return none, none, none
    prompt = _lognormal(shape.prompt_tokens, draws.prompt).astype(np.int64)
    known = np.full(draws.n, shape.cached) * draws.cached * 2
    for each, hit in hits:
        if each.fault.effect.cache < 1:
            known[hit] *= 1 - (1 - each.fault.effect.cache) * each.level
    output = none
    if shape.output_tokens is not None:
        times = _traits(traits, version, "output") * _times(hits, draws.n, lambda effect: effect.output)
        output = np.maximum(1, _lognormal(shape.output_tokens, draws.output) * times).astype(np.int64)
    return prompt, (prompt * np.minimum(known, 1.0)).astype(np.int64), output


def _usd(shape: Shape, prompt: Ints, cached: Ints, output: Ints) -> Floats:
    return np.asarray((prompt - cached) * shape.usd_in + cached * shape.usd_cached + output * shape.usd_out)


def _errors(draws: Draws, hits: Hits, anyway: Mapping[ErrorClass, float], usual: Floats) -> Ints:
    """Each request's luck is cut into the shares of the classes: the faults' first, then what fails anyway."""
    error = np.zeros(draws.n, dtype=np.int64)
    below = np.zeros(draws.n)
    for each, hit in hits:
        for name, share in each.fault.effect.errors.items():
            upto = below + hit * share * each.level
            error[(error == 0) & (draws.fails >= below) & (draws.fails < upto)] = 1 + ERRORS.index(name)
            below = upto
    for name, share in anyway.items():
        upto = below + usual * share
        error[(error == 0) & (draws.fails >= below) & (draws.fails < upto)] = 1 + ERRORS.index(name)
        below = upto
    return error


def _failed(error: Ints, draws: Draws, total: Floats, ttft: Floats, queue: Floats) -> tuple[Floats, Floats, Floats]:
    for index, name in enumerate(ERRORS):
        mine = error == 1 + index
        if mine.any():
            failing = FAILURES[name]
            total[mine] = failing.median_ms * np.exp(failing.sigma * draws.work[mine])
    return total, np.minimum(ttft, total), np.minimum(queue, total)


def _skew(hits: Hits, n: int) -> Floats:
    skew = np.zeros(n)
    for each, hit in hits:
        skew[hit] += each.fault.effect.skew_s * each.level
    return skew
