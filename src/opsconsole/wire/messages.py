"""What crosses the socket about messages to people during an incident: the draft, what was sent, and to whom.

Always true here: a message goes out exactly as it was shown, so what is sent carries its text.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from opsconsole.wire.base import Struct

Stage = Literal["investigating", "identified", "update", "resolved"]
"""Of a message to people."""
Audience = Literal["internal", "external", "executive"]

STAGES: tuple[Stage, ...] = ("investigating", "identified", "update", "resolved")
AUDIENCES: tuple[Audience, ...] = ("internal", "external", "executive")


class IncidentUpdate(Struct, frozen=True, kw_only=True):
    """A message that was sent."""

    at: datetime
    by: str
    stage: Stage
    audience: Audience
    template: str
    """Where its template came from: ``built in``, or a path."""
    text: str
    notifiers: tuple[str, ...] = ()
    """By which it went out; none: it was written down alone."""


class DraftRequest(Struct, frozen=True, kw_only=True):
    """A message, to be shown before it is sent."""

    incident: str
    stage: Stage
    audience: Audience
    said: dict[str, str] = msgspec.field(default_factory=dict)
    """What only a person knows: ``impact``, ``cause``, ``doing``, ``changed``, ``data_loss``, ``next``."""


class Draft(Struct, frozen=True, kw_only=True):
    text: str
    """Its first line is its title."""
    template: str
    notifiers: tuple[str, ...]
    """By which it would go out."""
    warnings: tuple[str, ...] = ()


class SendRequest(Struct, frozen=True, kw_only=True):
    """Send a message, exactly as it was shown."""

    incident: str
    stage: Stage
    audience: Audience
    text: str
    template: str = ""
    said: dict[str, str] = msgspec.field(default_factory=dict)
