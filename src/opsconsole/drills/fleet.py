"""The simulated fleet: it turns the drill's time into requests, has three worlds answer them, and logs the actual one.

Always true here: the three worlds answer the very same requests of users; what they differ in is what serves, what is
wrong, and the requests that follow from that. Time comes in as an argument, in spans that follow one another.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from opsconsole.drills import draws as drawing
from opsconsole.drills import pools
from opsconsole.drills.cast import Service
from opsconsole.drills.loglines import lines
from opsconsole.drills.scenario import Scenario
from opsconsole.drills.weather import Active, Weather, forecast
from opsconsole.drills.worlds import Answers, answered, slo_of
from opsconsole.ingest.mapping import Mapping as LogMapping

Name = Literal["actual", "twin", "worst"]
"""``twin``: without faults; ``worst``: with all of them, and nobody does anything."""
Shares = Mapping[str, Mapping[str, float]]
SPAN_S = 10.0
"""Users' requests are drawn for so long at once, however often they are answered: so they are the same for everyone."""
_RETRIES = 1
"""The stream of requests that come again; those of the faults follow it."""


@dataclass(frozen=True)
class Served:
    """What users of one service got in one span, in one world."""

    requests: int = 0
    bad: int = 0
    """Failed, too slow or worthless; or nobody will ever know, because its record is lost."""
    errors: int = 0
    usd: float = 0.0
    """With what came on top of users' requests."""

    def __add__(self, other: Served) -> Served:
        return Served(
            self.requests + other.requests, self.bad + other.bad, self.errors + other.errors, self.usd + other.usd
        )


@dataclass
class World:
    """What is wrong in it, and how much failed just before."""

    name: Name
    weather: Weather
    failed: dict[str, int] = field(default_factory=dict)


class Fleet:
    """Every service of a scenario."""

    def __init__(self, scenario: Scenario, seed: int, start_s: float) -> None:
        """``start_s`` is the drill's start, in seconds since the epoch.

        Raises ConfigError for a pool that is not there, or another one.
        """
        self._services = scenario.services
        self._seed, self._start_s = seed, start_s
        self._pools = {
            name: pools.load(name, service.pool)
            for name, service in scenario.services.items()
            if service.pool is not None
        }
        self._keys = drawing.keys_of(scenario.faults)
        self.mappings: Mapping[str, LogMapping] = {}
        """Its logs are read like anybody's: how, is guessed."""
        self.actual = World("actual", forecast(scenario.faults))
        self._twin = World("twin", forecast(scenario.faults, only_decoys=True))
        self._worst = World("worst", forecast(scenario.faults))
        self._untouched: Shares | None = None
        self._pending: dict[str, list[tuple[float, int, bytes]]] = {}
        """Log → lines whose requests have not ended yet."""
        self._drawn: dict[str, tuple[float, drawing.Draws]] = {}
        self._number = 0

    def begin(self, shares: Shares) -> None:
        """From now on the other two worlds keep these shares, whatever people do."""
        self._untouched = shares

    def past(self, begin_s: float, length_s: float, shares: Shares) -> None:
        """A part of the history: nothing is wrong, and nobody counts it."""
        for number, (name, service) in enumerate(self._services.items()):
            faults = len(self.actual.weather.faults)
            users = self._arriving(number, name, service, begin_s, length_s, faults)
            answers = answered(service, users, shares[name], (), self._keys, self._pools.get(name))
            self._log(name, service, users, answers)

    def serve(self, begin_s: float, length_s: float, shares: Shares) -> dict[Name, dict[str, Served]]:
        """So many seconds: their requests are answered, and logged once they have ended; by world and service.

        They lie within one span of ``SPAN_S``.
        """
        worlds = (self.actual, self._twin, self._worst) if self._untouched is not None else (self.actual,)
        served: dict[Name, dict[str, Served]] = {world.name: {} for world in worlds}
        for number, (name, service) in enumerate(self._services.items()):
            users = self._users(number, name, service, begin_s).between(begin_s, begin_s + length_s)
            for world in worlds:
                ours = shares if world is self.actual or self._untouched is None else self._untouched
                served[world.name][name] = self._served(
                    world, number, name, service, users, begin_s, length_s, ours[name]
                )
        return served

    def _users(self, number: int, name: str, service: Service, at_s: float) -> drawing.Draws:
        """Everybody's requests of the span that this moment lies in."""
        span_s = at_s - at_s % SPAN_S
        known = self._drawn.get(name)
        if known is None or known[0] != span_s:
            faults = len(self.actual.weather.faults)
            known = span_s, self._arriving(number, name, service, span_s, SPAN_S, faults)
            self._drawn[name] = known
        return known[1]

    def _arriving(
        self, number: int, name: str, service: Service, begin_s: float, length_s: float, faults: int
    ) -> drawing.Draws:
        pool = self._pools.get(name)
        moments_s = pool.moments(begin_s - self._start_s, length_s) if pool is not None else None
        if moments_s is not None:
            moments_s = moments_s + self._start_s
        return drawing.arrivals(self._seed, number, service, begin_s, length_s, faults, moments_s)

    def _served(
        self,
        world: World,
        number: int,
        name: str,
        service: Service,
        users: drawing.Draws,
        begin_s: float,
        length_s: float,
        shares: Mapping[str, float],
    ) -> Served:
        active = [each for each in world.weather.active(begin_s - self._start_s) if each.fault.service in ("", name)]
        total = Served()
        for draws in (users, *self._added(world, number, service, name, active, begin_s, length_s)):
            answers = answered(service, draws, shares, active, self._keys, self._pools.get(name))
            if world is self.actual:
                self._log(name, service, draws, answers)
            part = _counted(service, answers)
            total = total + (part if draws is users else Served(usd=part.usd, errors=0))
            if draws is users:
                world.failed[name] = part.errors
        return total

    def _added(
        self,
        world: World,
        number: int,
        service: Service,
        name: str,
        active: Sequence[Active],
        begin_s: float,
        length_s: float,
    ) -> Iterable[drawing.Draws]:
        faults = len(world.weather.faults)
        again = sum(each.fault.effect.retries * each.level for each in active) * world.failed.get(name, 0)
        if again:
            yield drawing.additional(self._seed, number, service, begin_s, length_s, faults, again, _RETRIES)
        for each in active:
            extra = each.fault.effect.extra
            if extra is not None:
                mean, stream = extra.rate * length_s * each.level, _RETRIES + 2 + each.column
                more = drawing.additional(self._seed, number, service, begin_s, length_s, faults, mean, stream)
                yield drawing.of_client(more, extra, self._keys)

    def _log(self, name: str, service: Service, draws: drawing.Draws, answers: Answers) -> None:
        pending = self._pending.setdefault(service.log, [])
        due_s, made = lines(name, service, draws, answers, self._keys, self._pools.get(name))
        for at_s, line in zip(due_s.tolist(), made, strict=True):
            self._number += 1
            pending.append((at_s, self._number, line))
        heapq.heapify(pending)

    def logged(self, until_s: float) -> dict[str, list[bytes]]:
        """The lines of requests that have ended by then, by log, in the order of their ends."""
        found: dict[str, list[bytes]] = {}
        for name, pending in self._pending.items():
            ended = []
            while pending and pending[0][0] <= until_s:
                ended.append(heapq.heappop(pending)[2])
            if ended:
                found[name] = ended
        return found


def _counted(service: Service, answers: Answers) -> Served:
    bad = answers.is_bad(slo_of(service)) | ~answers.is_logged
    return Served(
        requests=len(bad), bad=int(bad.sum()), errors=int((answers.error > 0).sum()), usd=float(np.sum(answers.usd))
    )
