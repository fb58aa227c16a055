"""Who else is attached to a daemon, what they look at, and what they have armed."""

from __future__ import annotations

from datetime import datetime

from opsconsole.wire.base import Struct
from opsconsole.wire.notices import Ring
from opsconsole.wire.releases import Permission, ReleaseBrief


class Presence(Struct, frozen=True, kw_only=True):
    """One console."""

    console: str
    """A random name that the console gave itself when it started."""
    user: str
    origin: str
    """Where it is reached from: an SSH client's address, or the terminal's name."""
    view: str
    service: str
    as_of: datetime | None = None
    """The moment it looks at; None when it looks at now."""
    armed: str = ""
    """An action it has open before the last keystroke: ``promote v42``, ``roll back``; empty for none."""
    since: datetime | None = None
    """When it attached, by the daemon's clock; None in what a console says of itself."""


class OnCall(Struct, frozen=True, kw_only=True):
    """How much is open that nothing holds back."""

    pages: int
    tickets: int
    unanswered: int
    """Pages that nobody has acknowledged."""
    incidents: int


class Present(Struct, frozen=True, kw_only=True):
    """Everyone who said so within the last seconds, the longest attached first; and what the one who asks may do."""

    consoles: tuple[Presence, ...]
    permission: Permission | None = None
    """Of the console that asks; None when the daemon does not say."""
    releases: tuple[ReleaseBrief, ...] | None = None
    """Every service that has a target; None when the daemon does not say."""
    rings: tuple[Ring, ...] = ()
    """What consoles are to do once, oldest first."""
    on_call: OnCall | None = None
    """None when the daemon does not say."""
