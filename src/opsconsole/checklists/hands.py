"""What a run is done with: the hands are the daemon's in earnest, and others in a drill and in tests.

Always true here: a run touches the world through these calls alone; each belongs to one person (or to nobody, when the
daemon looks by itself).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from opsconsole import wire
from opsconsole.clock import Clock


class Hands(Protocol):
    clock: Clock
    actor: str
    """As the journal names whoever acts."""
    party: wire.Party
    configured: Collection[str]
    """Services that the configuration names, whether a record of them ever came or not."""

    def ask(self, sql: str, parameters: Mapping[str, wire.QueryValue], limit: int) -> wire.QueryReply:
        """Read-only SQL over the store, with bound parameters; more of them than the statement names is no mistake.

        Raises QueryError.
        """
        ...

    def read(self, signal: str, args: Mapping[str, str]) -> wire.QueryValue:
        """A signal that SQL cannot answer; None where it has no value."""
        ...

    def plan(self, order: wire.OrderRequest) -> wire.Plan:
        """What would be done. Raises UsageError and ReleaseError."""
        ...

    def act(self, request: wire.ApplyRequest) -> wire.Outcome:
        """Execute a plan: once at the most, whatever happens here."""
        ...

    def outcome(self, service: str, op_id: str) -> wire.Outcome | None:
        """What is known of a plan that was handed to ``act``; None: nothing was ever sent."""
        ...

    def tell(self, notice: wire.Notice, to: tuple[str, ...]) -> str:
        """Hand a message over for delivery; in words, to whom."""
        ...

    def is_another(self, party: wire.Party) -> bool:
        """Is whoever acts surely another person than this one?"""
        ...
