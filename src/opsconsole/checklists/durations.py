"""Durations as checklists write them: ``90s``, ``15m``, ``1h30m``, ``90d``."""

from __future__ import annotations

import re
from datetime import timedelta

_WHOLE = re.compile(r"(?:\d+(?:\.\d+)?[smhd])+")
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def is_duration(text: str) -> bool:
    return _WHOLE.fullmatch(text.strip()) is not None


def duration(text: str) -> timedelta:
    """What such a text means; nothing at all for an empty one. Raises ValueError."""
    if not text.strip():
        return timedelta(0)
    if not is_duration(text):
        raise ValueError(f"{text!r} is no duration")
    return sum((timedelta(**{_UNITS[unit]: float(number)}) for number, unit in _PART.findall(text)), timedelta(0))


def spelled(length: timedelta) -> str:
    """``45s``, ``3m``, ``1m 20s``, ``2h 5m``, ``12d``: the two largest units, never negative."""
    left = max(int(length.total_seconds()), 0)
    words = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        number, left = divmod(left, size)
        if number:
            words.append(f"{number}{unit}")
    return " ".join(words[:2]) or "0s"
