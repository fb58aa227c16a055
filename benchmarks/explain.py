""" "What changed?" against regressions that are known: how often the true slice is named first, and how long it takes.

Always true here: a slice counts as true where it holds the very same requests as the one that was made worse, by
whatever name. The peer ranks each single value by its part of the difference, which is what one does by hand; its time
is that of the same reading of the store.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.ground import Row
from benchmarks.regressions import AFTER, BEFORE, Regression, Traffic, inject, load, regressions, traffic
from opsconsole import wire
from opsconsole.daemon.views.explain import LEAST_CHANGE
from opsconsole.signals.cells import Cells, cells_of
from opsconsole.signals.explain import Explanation, explain
from opsconsole.store import cube
from opsconsole.store.database import Database

REQUESTS, QUICK_REQUESTS = 1_000_000, 100_000
REGRESSIONS = 40
LEAST_FOUND = 0.9
MOST_S = 1.0


def rows(is_quick: bool) -> list[Row]:
    n = QUICK_REQUESTS if is_quick else REQUESTS
    hits, naive_hits, times, missed = measured(n, REGRESSIONS)
    found, by_hand = hits / REGRESSIONS, naive_hits / REGRESSIONS
    slowest = max(times)
    return [
        Row(
            f"what changed: not named first, of {REGRESSIONS} regressions in {n:,} requests",
            "%",
            100 * (1 - found),
            100 * (1 - by_hand),
            "ours",
            100 * (1 - LEAST_FOUND),
            "beside ranking single values by their part of the difference" + (f"; missed: {missed}" if missed else ""),
        ),
        Row(
            f"what changed: slowest of {REGRESSIONS}, {n:,} requests",
            "s",
            slowest,
            None,
            "ours",
            MOST_S,
            f"median {float(np.median(times)):.2f} s",
        ),
    ]


def measured(n: int, count: int) -> tuple[int, int, list[float], str]:
    """(found first, found first by hand, seconds of each, those that were missed in words)."""
    on = traffic(n)
    hits, naive_hits, times, missed = 0, 0, [], []
    with tempfile.TemporaryDirectory(prefix="opsconsole-") as directory:
        database = Database(Path(directory) / "store.duckdb", Path(directory) / "spool")
        try:
            load(database.writer, on)
            for regression in regressions(on, count):
                inject(database.writer, regression)
                explained, cells, seconds = _explained(database, regression.metric)
                times.append(seconds)
                first = explained.found[0].where if explained.found else ()
                hits += _is_true(on, regression, first)
                naive_hits += _is_true(on, regression, _by_hand(cells))
                if not _is_true(on, regression, first):
                    missed.append(f"{regression.metric} {_words(regression.where)} as {_words(first)}")
        finally:
            database.close()
    return hits, naive_hits, times, "; ".join(missed)


def _explained(database: Database, metric: wire.ExplainMetric) -> tuple[Explanation, Cells, float]:
    connection = database.reader()
    try:
        began = time.perf_counter()
        columns = cube.cut(connection, "chat", metric, BEFORE, AFTER)
        dimensions = [name for name in wire.EXPLAIN_DIMENSIONS if name in columns]
        cells = cells_of(columns, dimensions, (3600.0, 3600.0), is_rate=True)
        explained = explain(cells, least_change=LEAST_CHANGE[metric])
        return explained, cells, time.perf_counter() - began
    finally:
        connection.close()


def _is_true(on: Traffic, regression: Regression, named: tuple[tuple[str, str], ...]) -> bool:
    if any(name not in on.codes for name, _ in named) or not named:
        return False
    return bool((on.members(named) == on.members(regression.where)).all())


def _by_hand(cells: Cells) -> tuple[tuple[str, str], ...]:
    """The single value with the largest part of the difference of sums."""
    best: tuple[float, tuple[tuple[str, str], ...]] = (float("-inf"), ())
    for name, values in cells.names.items():
        if len(values) > 1:
            gained = np.bincount(cells.codes[name], cells.after.value - cells.before.value, len(values))
            i = int(np.argmax(gained))
            best = max(best, (float(gained[i]), ((name, values[i]),)))
    return best[1]


def _words(where: tuple[tuple[str, str], ...]) -> str:
    return " ".join(f"{name}={value}" for name, value in where) or "nothing"
