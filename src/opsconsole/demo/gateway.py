"""The running fleet: it turns time into requests, and logs each one when it ends.

Always true here: time comes in as an argument and is cut into ticks that are counted from the start; the requests of
a tick depend on the seed, the service, the tick and the weights in force, so two runs that are told the same say the
same.
"""

from __future__ import annotations

import heapq
import logging
import math
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np

from opsconsole.demo import traffic
from opsconsole.demo.fleet import FLEET, Service
from opsconsole.demo.logs import LIMIT_BYTES, RotatingLog, last_logged_s
from opsconsole.demo.routing import RoutingFile

TICK_S = 0.1
CLOCK_JUMP_S = 60.0
"""A longer silence (the machine slept, its clock was set) is skipped instead of filled."""
CLOCK_SET_BACK_S = 2.0

_HISTORY, _LIVE = 0, 1

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Era:
    """A span of the past with one set of weights."""

    begin_s: float
    end_s: float
    weights: dict[str, float]


def eras(service: Service, weights: dict[str, float], begin_s: float, end_s: float) -> list[Era]:
    """The past of a service: a version has its weight from its appearance on, and none before.

    Before any weighted version appeared, the service's first version answers everything.
    """
    appeared = {
        version.name: -math.inf if version.appeared_s_ago is None else end_s - version.appeared_s_ago
        for version in service.versions
    }
    cuts = sorted({begin_s, end_s, *(moment for moment in appeared.values() if begin_s < moment < end_s)})
    spans: list[Era] = []
    for begin, end in pairwise(cuts):
        known = {name: weight if appeared[name] <= begin else 0.0 for name, weight in weights.items()}
        if sum(known.values()) == 0:
            known[service.versions[0].name] = 1.0
        spans.append(Era(begin, end, known))
    return spans


class Fleet:
    """Every service of the demo, logging into ``DIR/logs``. Owns the log files."""

    def __init__(
        self, directory: Path, *, seed: int, start: datetime, rate: float = 1.0, limit_bytes: int = LIMIT_BYTES
    ) -> None:
        """Open the logs and the routing file; raises ConfigError when the latter is missing or wrong."""
        self._routing = RoutingFile(directory / "routing.yaml")
        self._seed = seed
        self._rate = rate
        self._start_s = start.timestamp()
        self._tick = 0
        folder = directory / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        paths = {service.name: folder / f"{service.name}.jsonl" for service in FLEET}
        self._resumed_s = max((s for s in map(last_logged_s, paths.values()) if s is not None), default=None)
        self._logs = {name: RotatingLog(path, limit_bytes) for name, path in paths.items()}
        self._pending: dict[str, list[tuple[int, bytes]]] = {service.name: [] for service in FLEET}

    def write_history(self, seconds: float) -> None:
        """Log the traffic of the seconds before the start, up to it.

        Logs of an earlier run are continued where they end: all of its versions were there by then.
        """
        begin_s = self._start_s - seconds
        if self._resumed_s is not None:
            begin_s = max(begin_s, self._resumed_s)
        if begin_s >= self._start_s:
            return
        for index, service in enumerate(FLEET):
            weights = self._routing.weights[service.name]
            past = eras(service, weights, begin_s, self._start_s)
            if self._resumed_s is not None:
                past = [Era(begin_s, self._start_s, weights)]
            for number, era in enumerate(past):
                self._serve(index, era, (_HISTORY, number))
        self._log_until(self._start_s)

    def step(self, now: datetime) -> None:
        """Obey the routing file as it is, serve the ticks that have passed since, log the requests that ended."""
        if self._routing.refresh():
            _logger.info("routing changed: %s", self._routing.weights)
        now_s = now.timestamp()
        reached = math.floor((now_s - self._start_s) / TICK_S)
        behind_s = (reached - self._tick) * TICK_S
        if behind_s > CLOCK_JUMP_S or behind_s < -CLOCK_SET_BACK_S:
            _logger.warning("the clock jumped by %.0f s; serving goes on from now", behind_s)
            self._tick = reached
        for tick in range(self._tick, reached):
            begin_s = self._start_s + tick * TICK_S
            for index, service in enumerate(FLEET):
                era = Era(begin_s, begin_s + TICK_S, self._routing.weights[service.name])
                self._serve(index, era, (_LIVE, tick & 0xFFFF_FFFF))
        self._tick = max(self._tick, reached)
        self._log_until(now_s)

    def until_next_tick_s(self, now: datetime) -> float:
        """Seconds until there is something to do."""
        return max(0.0, min(TICK_S, self._start_s + (self._tick + 1) * TICK_S - now.timestamp()))

    def close(self) -> None:
        """Close the logs; requests in flight are lost, as a gateway's are when it stops."""
        for log in self._logs.values():
            log.close()

    def _serve(self, index: int, era: Era, block: tuple[int, int]) -> None:
        service = FLEET[index]
        rng = np.random.default_rng((self._seed, index, *block))
        at_s = traffic.arrivals(era.begin_s, era.end_s, service.requests_per_s * self._rate, rng)
        pending = self._pending[service.name]
        pending.extend((line.due_ms, line.text) for line in traffic.lines(service, era.weights, at_s, rng))
        heapq.heapify(pending)

    def _log_until(self, now_s: float) -> None:
        now_ms = math.floor(now_s * 1000)
        for name, pending in self._pending.items():
            ended: list[bytes] = []
            while pending and pending[0][0] <= now_ms:
                ended.append(heapq.heappop(pending)[1])
            if ended:
                self._logs[name].append(ended)
