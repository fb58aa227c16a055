"""What serves in a scenario: services, their versions, the target that changes them, and what was recorded once.

Always true here: structs of a YAML file, closed to keys that they do not know; nothing here is wrong with anything.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from opsconsole.config.section import Section
from opsconsole.drills.limits import NotNegative, Positive

ShapeName = Literal["chat", "search", "score"]


class VersionTraits(Section, frozen=True, kw_only=True):
    """How a version differs from the others of its service, when nothing is wrong."""

    model: str = ""
    """What its records call it; the shape's own where none is named."""
    provider: str = ""
    """Who serves it; the service's where none is named."""
    latency: Positive = 1.0
    """Times the shape's."""
    output: Positive = 1.0
    """Times as many tokens of output."""
    cost: NotNegative = 1.0
    """Times the price."""
    errors: NotNegative = 1.0
    """Times as many of the errors that there always are."""


class Target(Section, frozen=True, kw_only=True):
    """How the simulated target of a service behaves."""

    lag: str = "10s"
    """From its yes to the first request that is answered otherwise."""
    fail_first: int = 0
    """So many changes are refused before one is taken."""
    lose_first: int = 0
    """So many changes are taken and not answered."""
    lie_first: int = 0
    """So many changes are said to be done, and are not."""
    conflict_at: str = ""
    """Somebody else changes it at this moment, …"""
    conflict_to: dict[str, float] = {}
    """… to these weights."""


class Pool(Section, frozen=True, kw_only=True):
    """A recording that its requests are drawn from, by version, instead of from its shape."""

    file: Path
    """Beside the scenario; `opsconsole drill record` makes one."""
    sha256: str
    """Of the file: no other one is drawn from."""
    service: str = ""
    """The service's name in the recording; the same where none is named."""
    arrivals: Literal["drawn", "recorded"] = "drawn"
    """`recorded`: they come when they came then, over and over again, and `rate` and `bursts` say nothing."""


class Service(Section, frozen=True, kw_only=True):
    """What users call."""

    rate: NotNegative = 4.0
    """Requests a second, on average over a day."""
    shape: ShapeName = "chat"
    """What its requests look like; with a pool, what its usual SLO and the prices of its tokens are."""
    pool: Pool | None = None
    """What its requests are drawn from, where somebody recorded some."""
    provider: str = "harbor"
    """Who serves its models; services may share one."""
    versions: dict[str, VersionTraits]
    """Version → how it differs from the others."""
    routing: dict[str, float]
    """Weights at the beginning of its history."""
    slo_ms: Positive | None = None
    """A slower answer is a bad one; the shape's own where none is named."""
    availability: Annotated[float, Meta(gt=0, lt=1)] = 0.99
    """Its SLO: the share of requests that do not fail."""
    budget_usd_per_month: Positive | None = None
    """What it may cost in a month."""
    target: Target = Target()
    """How its target behaves."""
    risk: Literal["low", "medium", "high"] = "medium"
    """How much has to be typed, as in the configuration."""
    gate: Literal["analysis", "person", "time"] = "person"
    """What lets a rollout go on."""
    log: str = "fleet"
    """Name of the log that its requests are in; one of its own where a source is to go quiet or wrong by itself."""
    baseline: str = ""
    """The version that its drift is measured against."""
    bursts: NotNegative = 0.0
    """How bunched its arrivals are: 0 is a Poisson process, 1 doubles and halves the rate within minutes."""


class Replay(Section, frozen=True, kw_only=True):
    """A recording that is played instead of a simulated fleet; `opsconsole drill record` makes one."""

    file: Path
    """Beside the scenario."""
    sha256: str
    """Of the file: no other one is played."""
    impact: str = "+0s"
    """The moment at which users began to suffer."""
