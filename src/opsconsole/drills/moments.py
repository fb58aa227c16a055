"""Moments and lengths as scenarios write them: ``+90s`` is a moment, ``5m`` a length."""

from __future__ import annotations

from opsconsole.durations import duration, is_duration


def is_moment(text: str) -> bool:
    return text[:1] in ("+", "-") and is_duration(text[1:])


def moment_s(text: str) -> float:
    """Seconds since the drill's start. Raises ValueError."""
    if not is_moment(text):
        raise ValueError(f"{text!r} is no moment")
    seconds = duration(text[1:]).total_seconds()
    return -seconds if text[0] == "-" else seconds


def length_s(text: str) -> float:
    """Seconds; 0 for an empty text. Raises ValueError."""
    return duration(text).total_seconds()


def spelled(seconds: float) -> str:
    """``+2:05``, ``-0:30``."""
    sign, whole = ("-" if seconds < 0 else "+"), abs(round(seconds))
    return f"{sign}{whole // 60}:{whole % 60:02d}"
