"""What a view says about itself that has no window: it is of now, and has no axis."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from opsconsole import wire
from opsconsole.daemon.engine import Engine


def frame_of(engine: Engine, began: float) -> dict[str, Any]:
    """The fields of ``wire.View``; ``began`` is when it was asked for, by ``perf_counter``."""
    now = engine.clock.now()
    return {
        "revision": engine.revision,
        "environment": engine.settings.environment,
        "now": now,
        "end": now,
        "is_live": True,
        "window": wire.DEFAULT_WINDOW,
        "axis": wire.Axis(start=now, step_s=60, buckets=0),
        "query_ms": round((perf_counter() - began) * 1000, 1),
    }
