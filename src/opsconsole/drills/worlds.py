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
from opsconsole.drills.shapes import FAILURES, REGIONS, SHAPES, STRAGGLERS, Shape
from opsconsole.drills.troubles import ErrorClass
from opsconsole.drills.weather import Active

Flags = NDArray[np.bool_]

ERRORS: tuple[ErrorClass, ...] = tuple(FAILURES)
_STATUS = np.array([200, *(each.status for each in FAILURES.values())])
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
    """0: none; else 1 + index into ``ERRORS``."""
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

    @property
    def status(self) -> Ints:
        return np.asarray(_STATUS[self.error])

    def is_bad(self, slo_ms: float) -> Flags:
        """Failed, too slow, or worthless: what a user is hurt by."""
        return np.asarray((self.error > 0) | (self.latency_ms > slo_ms) | self.is_worthless)


def slo_of(service: Service) -> float:
    return service.slo_ms or SHAPES[service.shape].slo_ms


def answered(
    service: Service, draws: Draws, shares: Mapping[str, float], active: Sequence[Active], keys: Sequence[str]
) -> Answers:
    """Every request of a span, answered by versions of these shares under these faults."""
    shape, names = SHAPES[service.shape], list(service.versions)
    traits = list(service.versions.values())
    version = _version(draws.version, [shares.get(name, 0.0) for name in names])
    hits = [(each, _hit(each, service, draws, version, names, keys)) for each in active]

    is_drifted = _any(hits, draws.n, lambda each: draws.drifted < each.fault.effect.drift * each.level)
    latency = _times(hits, draws.n, lambda effect: effect.latency)
    prompt, cached, output = _tokens(shape, draws, traits, version, hits)
    work = _lognormal(shape.work_ms, draws.work) * _traits(traits, version, "latency") * _SLOWNESS[draws.region]
    stalls = draws.straggle > 1 - STRAGGLERS
    work = np.where(stalls, work * (1 + _STALLED_SIGMA * np.exp(np.abs(draws.queue))), work) * latency
    queue = _lognormal(shape.queue_ms, draws.queue) * np.maximum(1.0, latency)
    writing = output / shape.tokens_per_s * 1000 * np.sqrt(latency) if shape.output_tokens else np.zeros(draws.n)
    ttft = np.minimum(queue + work, _LIMIT_MS)
    total = np.minimum(ttft + writing, _LIMIT_MS)

    error = _errors(shape, draws, traits, version, hits)
    total, ttft, queue = _failed(error, draws, total, ttft, queue)
    usd = _usd(shape, prompt, cached, output) * _traits(traits, version, "cost") * draws.rate_cost
    usd *= _times(hits, draws.n, lambda effect: effect.cost)
    usd[error > 0] = 0.0
    return Answers(
        version=version,
        error=error,
        latency_ms=np.round(total, 1),
        ttft_ms=np.round(ttft, 1),
        queue_ms=np.round(queue, 1),
        prompt_tokens=prompt,
        cached_tokens=cached,
        output_tokens=output,
        usd=np.round(usd, 8),
        is_worthless=_any(hits, draws.n, lambda each: draws.worthless < each.fault.effect.degenerate * each.level),
        is_drifted=is_drifted,
        is_logged=~_any(hits, draws.n, lambda each: draws.lost < each.fault.effect.lose * each.level),
        skew_s=_skew(hits, draws.n),
    )


def _version(luck: Floats, weights: Sequence[float]) -> Ints:
    cuts = np.cumsum(weights)
    if not cuts[-1]:
        return np.zeros(len(luck), dtype=np.int64)
    return np.searchsorted(cuts / cuts[-1], luck, side="right").clip(max=len(weights) - 1)


Hits = Sequence[tuple[Active, Flags]]


def _hit(
    each: Active, service: Service, draws: Draws, version: Ints, names: Sequence[str], keys: Sequence[str]
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
        hit &= draws.region == list(REGIONS).index(fault.region)
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


def _errors(shape: Shape, draws: Draws, traits: Sequence[VersionTraits], version: Ints, hits: Hits) -> Ints:
    """Each request's luck is cut into the shares of the classes: the faults' first, then what fails anyway."""
    usual = _traits(traits, version, "errors")
    error = np.zeros(draws.n, dtype=np.int64)
    below = np.zeros(draws.n)
    for each, hit in hits:
        for name, share in each.fault.effect.errors.items():
            upto = below + hit * share * each.level
            error[(error == 0) & (draws.fails >= below) & (draws.fails < upto)] = 1 + ERRORS.index(name)
            below = upto
    for name, share in shape.errors.items():
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
