"""How long a view takes to compute, on many requests and on a tenth of them.

Always true here: a computation is ``Desk.compute``, from an open store to the JSON that goes over the wire, and each is
of a new revision, so nothing but drift is remembered. The daemon remembers drift for 15 s and a console is sent a view
at most twice a second, so one of 30 computations has to find drift anew: here the first and every 30th of the fifty.
Growth from few requests to many is judged by CPU time, which a busy machine stretches less. "cold" is the p95 of
computations that all find drift anew. The first of all warms the file's blocks up and is not counted.

    python -m benchmarks.views REQUESTS
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC
from statistics import median

from benchmarks.ground import Row, interleaved, middle, p95, side
from benchmarks.view_store import DAYS, END, SERVICES, store_of
from opsconsole.clock import ManualClock
from opsconsole.config.load import load
from opsconsole.daemon.desk import Desk
from opsconsole.daemon.engine import Engine
from opsconsole.daemon.views.reading import Asked

REQUESTS, QUICK_REQUESTS = (1_000_000, 10_000_000), (100_000, 1_000_000)
COMPUTATIONS, COLD_COMPUTATIONS = 50, 12
FORGET_EVERY = 30
TURNS = 3
MOST_MS = {"fleet": 50.0, "service": 100.0}
MOST_GROWTH = 1.5
WINDOWS = ("1h", "24h", "7d")


def rows(is_quick: bool) -> list[Row]:
    few, many = QUICK_REQUESTS if is_quick else REQUESTS
    for requests in (few, many):
        store_of(requests)
    runs = interleaved({f"{n:,} requests": side("views", str(n)) for n in (few, many)}, TURNS)
    small, large = runs.values()
    found: list[Row] = []
    for kind, most in MOST_MS.items():
        for window in WINDOWS:
            key, is_limited = f"{kind} {window}", window == "1h"
            ours = middle(large, key)
            note = (
                f"median {middle(large, f'{key} median'):.0f} ms, CPU {middle(large, f'{key} CPU'):.0f} ms, "
                f"cold p95 {middle(large, f'{key} cold'):.0f} ms"
            )
            what = f"{kind} view, {window}: p95 of {COMPUTATIONS} on {many:,} requests over {DAYS} days"
            found.append(Row(what, "ms", ours, middle(small, key), "ours" if is_limited else None, most, note))
            what = f"{kind} view, {window}: median CPU, beside {few:,} requests"
            cpu, cpu_of_few = middle(large, f"{key} CPU"), middle(small, f"{key} CPU")
            found.append(Row(what, "ms", cpu, cpu_of_few, "ratio" if is_limited else None, MOST_GROWTH))
    return found


def measured(requests: int) -> dict[str, float]:
    """Milliseconds by view and window."""
    home = store_of(requests)
    engine = Engine(home, load(home.config), ManualClock(END.replace(tzinfo=UTC)), "bench")
    desk = Desk(engine)
    found: dict[str, float] = {}
    for window in WINDOWS:
        for kind in MOST_MS:
            asked = Asked(kind, window, SERVICES[0] if kind == "service" else "")
            _compute(desk, asked, forget=True)
            times = [_compute(desk, asked, forget=i % FORGET_EVERY == 0) for i in range(COMPUTATIONS)]
            cold = [_compute(desk, asked, forget=True) for _ in range(COLD_COMPUTATIONS)]
            found[f"{kind} {window}"] = p95([wall_ms for wall_ms, _ in times])
            found[f"{kind} {window} median"] = median(wall_ms for wall_ms, _ in times)
            found[f"{kind} {window} CPU"] = median(cpu_ms for _, cpu_ms in times)
            found[f"{kind} {window} cold"] = p95([wall_ms for wall_ms, _ in cold])
    engine.stop()
    return found


def _compute(desk: Desk, asked: Asked, *, forget: bool) -> tuple[float, float]:
    """(wall, CPU) milliseconds of one computation."""
    desk.engine.revision += 1
    if forget:
        desk.drift.forget()
    began, cpu_began = time.perf_counter(), time.process_time()
    desk.compute(asked)
    return (time.perf_counter() - began) * 1000, (time.process_time() - cpu_began) * 1000


if __name__ == "__main__":
    print(json.dumps(measured(int(sys.argv[1]))))
