"""Lengths of time as people write them (``90s``, ``15m``, ``1h30m``, ``90d``), and as they are said to people.

Always true here: what is said is never negative and never more exact than its reader needs: two units, or one.
"""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise

_WHOLE = re.compile(r"(?:\d+(?:\.\d+)?[smhd])+")
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_SIZES = (("d", "d", 86_400), ("h", "h", 3_600), ("m", "min", 60), ("s", "s", 1))
"""(in a cell, in a sentence, seconds), the largest first."""
_ROUNDED = ((60, 1, "s"), (7_200, 60, "min"), (172_800, 3_600, "h"))
"""(below so many seconds, said in units of so many, called so); beyond in days."""


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
    """In a cell: ``45s``, ``3m``, ``1m 20s``, ``2h 5m``, ``12d``: the two largest units that there are any of."""
    left = _seconds(length)
    words = []
    for short, _, size in _SIZES:
        number, left = divmod(left, size)
        if number:
            words.append(f"{number}{short}")
    return " ".join(words[:2]) or "0s"


def in_words(length: timedelta) -> str:
    """In a sentence: ``42 s``, ``7 min 5 s``, ``3 h 0 min``, ``2 d 4 h``: the largest unit and the one below it."""
    seconds = _seconds(length)
    for (_, word, size), (_, smaller, part) in pairwise(_SIZES):
        if seconds >= size:
            return f"{seconds // size} {word} {seconds % size // part} {smaller}"
    return f"{seconds} s"


def exact(seconds: int) -> str:
    """The largest unit of which it is a whole number: ``3 d``, ``2 h``, ``90 min``; empty for none at all."""
    return next((f"{seconds // size} {word}" for _, word, size in _SIZES if seconds and seconds % size == 0), "")


def rounded(length: timedelta) -> str:
    """About so long, in one unit: ``45 s``, ``90 min``, ``5 h``, ``3 d``."""
    seconds = max(length.total_seconds(), 0.0)
    for limit, size, word in _ROUNDED:
        if seconds < limit:
            return f"{seconds / size:.0f} {word}"
    return f"{seconds / 86_400:.0f} d"


def _seconds(length: timedelta) -> int:
    return max(int(length.total_seconds()), 0)
