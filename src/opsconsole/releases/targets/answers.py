"""What commands and HTTP interfaces say about a routing, as JSON.

Always true here: an answer is understood entirely or refused with what is wrong with it; weights in any unit become
shares by their sum.
"""

from __future__ import annotations

from typing import Any

import msgspec

from opsconsole.releases.targets.base import Rejected
from opsconsole.releases.targets.shares import shares_of
from opsconsole.wire import Routing, TargetPhase


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a `read` command prints."""

    shares: dict[str, float]
    """Version → its weight, in any unit: what counts is its part of their sum."""
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    """`Header: value` → the version that answers such requests."""
    shadow: dict[str, float] = msgspec.field(default_factory=dict)
    """Version → share, 0 to 1, of the traffic that is copied to it."""
    phase: TargetPhase = "steady"
    """`changing` and `rolling back` make the target busy."""
    token: str = ""
    """What is another whenever the state is another, if there is such a thing."""
    detail: dict[str, str] = msgspec.field(default_factory=dict)
    """What else a person should see."""

    def routing(self, asked: str) -> Routing:
        """Raises Rejected when the weights are none."""
        return routing_of(self.shares, self.headers, self.shadow, asked)


def decoded(output: bytes, asked: str) -> Answer:
    """The answer in this output; ``asked`` is for messages. Raises Rejected."""
    try:
        return msgspec.json.decode(output, type=Answer)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Rejected(f"{asked}: not the JSON that was expected: {error}", "docs/targets.md says what is.") from error


def routing_of(shares: Any, headers: Any, shadow: Any, asked: str) -> Routing:
    """A routing from foreign values. Raises Rejected."""
    try:
        weights = msgspec.convert(shares, dict[str, float])
        return Routing(
            shares=shares_of(weights),
            headers=msgspec.convert(headers, dict[str, str]),
            shadow=msgspec.convert(shadow, dict[str, float]),
        )
    except (msgspec.ValidationError, ValueError) as error:
        raise Rejected(f"{asked}: {error}", "docs/targets.md says what is expected.") from error
