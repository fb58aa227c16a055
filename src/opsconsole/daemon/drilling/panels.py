"""What players' panels showed, minute by minute: read from the drill's own store once it is over.

Always true here: the numbers are those of the views that players looked at, by the same sums and quantiles; a minute
that the drill did not live to see whole is left out.
"""

from __future__ import annotations

from contextlib import closing
from datetime import datetime

from opsconsole import wire
from opsconsole.daemon.engine import Engine
from opsconsole.daemon.measure import Measured
from opsconsole.store.queries import Questions, TimeAxis

STEP_S = 60


def shown(engine: Engine, start: datetime, end: datetime) -> tuple[wire.ShownService, ...]:
    """Every service between two moments, by version."""
    first = start.replace(second=0, microsecond=0)
    buckets = int((end - first).total_seconds() // STEP_S)
    if buckets < 1:
        return ()
    with closing(engine.reader()) as connection:
        questions = Questions(connection)
        axis = TimeAxis(first, STEP_S, buckets)
        measured = Measured(axis, questions.traffic(axis), questions.histograms(axis, up_to="latency_ms"))
        named = questions.deployments()
    found: dict[str, list[wire.ShownVersion]] = {}
    for deployment in sorted(measured.deployments, key=named.__getitem__):
        service, version = named[deployment]
        lines = measured.lines([deployment])
        found.setdefault(service, []).append(
            wire.ShownVersion(
                version=version, requests=lines.requests, errors=lines.errors, p99_ms=lines.p99_ms, usd=lines.usd
            )
        )
    shown_axis = wire.Axis(start=first, step_s=STEP_S, buckets=buckets)
    return tuple(wire.ShownService(service=name, axis=shown_axis, versions=tuple(each)) for name, each in found.items())
