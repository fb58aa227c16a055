"""What crosses the socket about targets: what each can do, how it is now, what it is sent and what it answers.

Always true here: a share is a part of the traffic between 0 and 1, and the shares of a routing add up to 1.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from opsconsole.wire.base import Struct

Scope = Literal["serving", "metadata"]
"""Does an acknowledgement change what users get, or only what a registry says?"""

Guarding = Literal["cas", "busy lock", "none"]
"""How the system itself keeps two writers apart: compare-and-swap, one update at a time, or not at all."""


class Caps(Struct, frozen=True, kw_only=True):
    """What a target can do."""

    split: bool
    """Several versions at once, by weight."""
    headers: bool = False
    """Requests with a header go to a version of their own."""
    shadow: bool = False
    """A copy of the traffic goes to a version whose answers nobody gets."""
    dry_run: bool = False
    scope: Scope = "serving"
    guarding: Guarding = "none"
    weight_unit: Literal["percent", "relative", "whole"] = "percent"
    """``whole``: all or nothing."""
    tested_against: str
    """``the real thing: …`` or ``vendor schema: …``: shown wherever the target is."""


class Routing(Struct, frozen=True, kw_only=True):
    """Which version answers what."""

    shares: dict[str, float]
    """Version → share of the traffic, 0 to 1; adds up to 1. Versions without traffic may be left out."""
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    """``Header: value`` → the version that answers such requests whatever the shares."""
    shadow: dict[str, float] = msgspec.field(default_factory=dict)
    """Version → share of the traffic that is copied to it."""


TargetPhase = Literal["steady", "changing", "rolling back", "failed", "mixed", "unknown"]


class TargetState(Struct, frozen=True, kw_only=True):
    """What a target says, read at one moment."""

    routing: Routing
    phase: TargetPhase = "steady"
    token: str = ""
    """What a compare-and-swap compares: an etag, a resource version, a hash of the content; empty where none is."""
    detail: dict[str, str] = msgspec.field(default_factory=dict)
    """What else a person should see: revision names, the file's time, who changed it last."""
    observed_at: datetime


class TargetRequest(Struct, frozen=True, kw_only=True):
    """One thing that will be sent, exactly as it will be; secrets are masked."""

    method: str
    """``PATCH``, ``replace``, ``run``, ``push``."""
    where: str
    """A URL, a path, the words of a command."""
    body: str = ""


class Receipt(Struct, frozen=True, kw_only=True):
    """That a target took a change: not yet that it has an effect."""

    op_id: str
    answer: str
    """The target's own words, in one line."""
