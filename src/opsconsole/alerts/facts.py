"""What is known of one service (or provider) at one moment, as readings of its signals.

Always true here: a signal is either read, or it is said why it cannot be; a signal of which neither is said was not
looked at this time. No reading is not a good reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from opsconsole import wire

PROVIDER, OWN = "provider ", "opsconsole"
"""How the subject of a provider begins, and the subject of what concerns the console itself."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One number of one signal, with what it rests on."""

    value: float
    n: int
    told: str
    """In words with numbers."""
    detail: str = ""
    """Of what: a version, a feature, a key."""
    p_value: float | None = None
    threshold: float | None = None
    """Where the rule's own cannot hold as it is (a burn rate that could never be reached)."""
    version: str = ""
    """Of a version that is held against another: what is found of it is one cause, whatever the signal."""
    name: str = ""
    """What is a cause of its own, whatever the rule's is: another system's alert, an incident that is over."""
    severity: wire.AlertSeverity | None = None
    """Of another system's alert."""
    start: datetime | None = None
    stop: datetime | None = None
    """The range to look at."""
    url: str = ""
    params: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """What a checklist is told of it, beside the service."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """One subject at one moment."""

    subject: str
    """A service; ``provider NAME``; or ``opsconsole``."""
    services: tuple[str, ...]
    """Whose users it concerns."""
    at: datetime
    readings: Mapping[str, tuple[Reading, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Signal → what was read of it; empty where it was looked at and there is nothing to judge."""
    unknown: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Signal → why it cannot be said."""
