"""Answers in motion: what a live daemon would say half a second later, and the same in every run.

Always true here: names, states and the order of things stay; counts grow a little and measured values tremble as those
of a window of an hour do; in a series only the last bucket moves, until ``has_rolled`` shifts every series by one.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any, TypeVar
from zlib import crc32

import msgspec

T = TypeVar("T", bound=msgspec.Struct)

TICK_S = 0.5
SERIES_LENGTH = 20
"""A longer tuple of numbers is a series in time."""

TREMBLE, BREATH = 0.002, 0.0005
"""How far a measured value, and a count, strays from where it was: quantiles and rates of an hour hardly move."""

_CLOCKS = frozenset({"now", "end", "last_at"})
_FIXED = frozenset({"step_s", "buckets", "revision", "line", "offset", "min_values", "columns"})


def moved(struct: T, tick: int, *, has_rolled: bool = False, path: str = "") -> T:
    """The struct as it would be ``tick`` half seconds later."""
    changed = {
        name: _value(getattr(struct, name), name, f"{path}.{name}", tick, has_rolled=has_rolled)
        for name in struct.__struct_fields__
        if name not in _FIXED
    }
    return msgspec.structs.replace(struct, **changed)


def _value(value: Any, name: str, path: str, tick: int, *, has_rolled: bool) -> Any:
    if isinstance(value, msgspec.Struct):
        return moved(value, tick, has_rolled=has_rolled, path=path)
    if isinstance(value, tuple):
        if len(value) >= SERIES_LENGTH and all(item is None or isinstance(item, int | float) for item in value):
            return _series(value, path, tick, has_rolled=has_rolled)
        return tuple(_value(item, name, f"{path}.{i}", tick, has_rolled=has_rolled) for i, item in enumerate(value))
    if isinstance(value, dict):
        return {k: _value(item, name, f"{path}.{k}", tick, has_rolled=has_rolled) for k, item in value.items()}
    if isinstance(value, bool) or value is None:
        return value
    if name in _CLOCKS and hasattr(value, "isoformat"):
        return value + timedelta(seconds=TICK_S * tick)
    if isinstance(value, int):
        return value if value < 50 else round(value * (1 + BREATH * _wave(path, tick)))
    if isinstance(value, float):
        return value * (1 + TREMBLE * _wave(path, tick))
    return value


def _series(values: tuple[Any, ...], path: str, tick: int, *, has_rolled: bool) -> tuple[Any, ...]:
    *before, last = (*values[1:], values[-1]) if has_rolled else values
    if last is None:
        return (*before, last)
    now = last * (1 + 0.05 * _wave(path, tick))
    return (*before, round(now) if isinstance(last, int) else now)


def _wave(path: str, tick: int) -> float:
    """Between -1 and 1, another course for every value."""
    phase = crc32(path.encode()) % 628 / 100
    return math.sin(phase + tick * (0.3 + phase / 10)) - math.sin(phase)
