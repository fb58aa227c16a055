"""What goes wrong in a scenario, and how the world answers what people do about it.

Always true here: structs of a YAML file, closed to keys that they do not know; what an effect does not name
stays as it is.
"""

from __future__ import annotations

from typing import Literal

from opsconsole.config.section import Section
from opsconsole.drills.limits import NotNegative, Positive, Share

ErrorClass = Literal["timeout", "upstream_error", "rate_limit", "overloaded", "auth", "invalid_features"]
NEVER = "never"


class Extra(Section, frozen=True, kw_only=True):
    """Requests that come on top: of one client, as a noisy neighbour or a stolen key sends them."""

    rate: Positive
    """A second."""
    key: str = "batch-nightly"
    """Name of the API key."""
    region: str = ""
    """The region that they come from; any where none is named."""
    user: str = ""
    """They are all of one user where this is not empty."""
    cost: Positive = 1.0
    """Times what another request costs: long prompts."""


class Effect(Section, frozen=True, kw_only=True):
    """What a fault does to a request that it hits; whatever is left out stays as it is."""

    share: Share = 1.0
    """Of the requests that are meant: so many are hit."""
    latency: Positive = 1.0
    """Times as long."""
    errors: dict[ErrorClass, Share] = {}
    """Class → share of those that are hit."""
    cost: NotNegative = 1.0
    """Times the price."""
    output: Positive = 1.0
    """Times as many tokens."""
    cache: Share = 1.0
    """So much of what was cached still is."""
    drift: Share = 0.0
    """So many come from other people with other wishes."""
    degenerate: Share = 0.0
    """So many answers are worthless, without an error."""
    lose: Share = 0.0
    """So many records never arrive."""
    skew_s: float = 0.0
    """So many seconds the clock of what logs them is ahead."""
    retries: NotNegative = 0.0
    """So many more requests come for each that failed just before."""
    extra: Extra | None = None
    """Requests that come on top."""
    disk_free: Share | None = None
    """So much of the console's own disk is left."""


class Fault(Section, frozen=True, kw_only=True):
    """Something that goes wrong; hidden from players."""

    id: str
    """Reactions name it."""
    about: str = ""
    """For the facilitator and the report."""
    at: str
    """A moment, or ``never`` for one that a reaction starts."""
    ramp: str = "0s"
    """It grows for so long."""
    until: str = ""
    """A moment, or a condition on what people do; without any it stays."""
    service: str = ""
    """Which requests are meant: each that is named narrows them."""
    version: str = ""
    """Only requests that this version answers."""
    provider: str = ""
    """Only requests to this provider."""
    region: str = ""
    """Only requests of this region."""
    key: str = ""
    """Only requests with this API key."""
    effect: Effect
    """What it does."""
    decoy: bool = False
    """It looks like something and is nothing: it does no harm that is counted."""


class Reaction(Section, frozen=True, kw_only=True):
    """How the world answers something that somebody did, beside what their routing does by itself."""

    when: str
    """A condition on one event."""
    after: str = "0s"
    """How long it takes."""
    clears: tuple[str, ...] = ()
    """Faults that it ends, …"""
    starts: tuple[str, ...] = ()
    """Faults."""
    says: str = ""
    """Told to the players when it happens."""
    by: str = "automation"
    """Who says it."""
