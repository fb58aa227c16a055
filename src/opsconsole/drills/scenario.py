"""A scenario as it is written: what serves, what goes wrong, what people are told, and what is expected of them.

Always true here: a struct of a YAML file, closed to keys it does not know; a moment is text with a sign (``+90s``, from
the drill's start), a length is text without one (``5m``); a condition is text in the language of ``conditions.py``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from opsconsole.config.section import Section

Share = Annotated[float, Meta(ge=0, le=1)]
Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]

Mode = Literal["solo", "team", "tabletop"]
ShapeName = Literal["chat", "search", "score"]
ErrorClass = Literal["timeout", "upstream_error", "rate_limit", "overloaded", "auth", "invalid_features"]
Via = Literal["page", "alert", "chat", "mail", "facilitator"]
NEVER = "never"
MANUAL = "manual"


class Objective(Section, frozen=True, kw_only=True):
    """What is to be learnt."""

    id: str
    title: str


class Clock(Section, frozen=True, kw_only=True):
    """The drill's time."""

    start: datetime
    """What the clock says when the drill begins."""
    length: str = "15m"
    """It ends after this long, if it was not ended before."""
    lead: str = "2m"
    """How long it goes on before its start: what is to have happened shortly before, happens then."""
    history: str = "70m"
    """How far back its records reach."""
    speed: Positive = 1.0
    """Of an attended drill: how many of its seconds pass in one."""
    look: str = "10s"
    """How often alerts are looked at."""


class VersionTraits(Section, frozen=True, kw_only=True):
    """How a version differs from the others of its service, when nothing is wrong."""

    model: str = ""
    """What its records call it; the shape's own where none is named."""
    provider: str = ""
    """Who serves it; the service's where none is named."""
    latency: Positive = 1.0
    """Times the shape's."""
    output: Positive = 1.0
    cost: NotNegative = 1.0
    errors: NotNegative = 1.0


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


class Service(Section, frozen=True, kw_only=True):
    """What users call."""

    rate: NotNegative = 4.0
    """Requests a second, on average over a day."""
    shape: ShapeName = "chat"
    """What its requests look like."""
    provider: str = "harbor"
    versions: dict[str, VersionTraits]
    routing: dict[str, float]
    """Weights at the beginning of its history."""
    slo_ms: Positive | None = None
    """A slower answer is a bad one; the shape's own where none is named."""
    availability: Annotated[float, Meta(gt=0, lt=1)] = 0.99
    budget_usd_per_month: Positive | None = None
    target: Target = Target()
    risk: Literal["low", "medium", "high"] = "medium"
    gate: Literal["analysis", "person", "time"] = "person"
    """What lets a rollout go on."""
    log: str = "fleet"
    """Name of the log that its requests are in; one of its own where a source is to go quiet or wrong by itself."""
    baseline: str = ""
    """The version that its drift is measured against."""
    bursts: NotNegative = 0.0
    """How bunched its arrivals are: 0 is a Poisson process, 1 doubles and halves the rate within minutes."""


class Extra(Section, frozen=True, kw_only=True):
    """Requests that come on top: of one client, as a noisy neighbour or a stolen key sends them."""

    rate: Positive
    """A second."""
    key: str = "batch-nightly"
    """Name of the API key."""
    region: str = ""
    user: str = ""
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
    disk_free: Share | None = None
    """So much of the console's own disk is left."""


class Fault(Section, frozen=True, kw_only=True):
    """Something that goes wrong; hidden from players."""

    id: str
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
    provider: str = ""
    region: str = ""
    key: str = ""
    effect: Effect
    decoy: bool = False
    """It looks like something and is nothing: it does no harm that is counted."""


class Reaction(Section, frozen=True, kw_only=True):
    """How the world answers something that somebody did, beside what their routing does by itself."""

    when: str
    """A condition on one event."""
    after: str = "0s"
    clears: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    """Faults."""
    says: str = ""
    """Told to the players when it happens."""
    by: str = "automation"
    """Who says it."""


class Inject(Section, frozen=True, kw_only=True):
    """Something that people are told (a row of a master scenario events list)."""

    id: str
    at: str = ""
    """A moment, or ``manual``."""
    when: str = ""
    """Or as soon as this holds: a contingency, for people who are late."""
    via: Via = "chat"
    sender: str = "support"
    to: str = ""
    text: str
    service: str = ""
    expect: str = ""
    """The expectation that answers it."""
    cost: NotNegative = 0.0
    """Points that are lost where it is needed."""


class Expectation(Section, frozen=True, kw_only=True):
    """What should be done, and by when."""

    id: str
    title: str
    objective: str = ""
    match: str = ""
    """A condition on one event; empty where a person judges."""
    after: str = ""
    """Counts only once this expectation is met, and ``within`` is from then on; else from the drill's start."""
    within: str = ""
    """Later it earns half; without one any time will do."""
    points: NotNegative = 10.0
    judged: bool = False
    """The facilitator says how well it was done, from 0 to 1."""


class Harm(Section, frozen=True, kw_only=True):
    """What users and the budget suffered, against what they would have without anybody's doing."""

    points: NotNegative = 20.0
    usd_per_bad: NotNegative = 0.01
    """What a bad answer counts beside money spent."""


class Cadence(Section, frozen=True, kw_only=True):
    """How often people have to be told something, once they have been told first."""

    every: str = "10m"
    points: NotNegative = 5.0
    objective: str = ""


class Forbidden(Section, frozen=True, kw_only=True):
    """What must not be done."""

    id: str
    title: str
    match: str
    before: str = ""
    """Only as long as this expectation is not met."""
    points: Annotated[float, Meta(le=0)]


class Hint(Section, frozen=True, kw_only=True):
    """Help that can be asked for."""

    after: str
    text: str
    cost: NotNegative = 5.0


class SteadyState(Section, frozen=True, kw_only=True):
    """What has to hold before the drill starts, and is looked at again at its end."""

    sql: str
    """One number."""
    low: float | None = None
    high: float | None = None


class Line(Section, frozen=True, kw_only=True):
    """One line of a script: who says what to the command line, and when."""

    at: str
    run: str
    """Without ``opsconsole``."""
    by: str = "release-bot"


class Debrief(Section, frozen=True, kw_only=True):
    """What is talked about afterwards."""

    questions: tuple[str, ...] = ()


class Scenario(Section, frozen=True, kw_only=True):
    """A drill as it is written."""

    apiVersion: Literal["opsconsole/v1"]  # noqa: N815 - as it is written in the file
    kind: Literal["Drill"]
    id: str
    version: int = 1
    title: str
    difficulty: Annotated[int, Meta(ge=1, le=5)] = 2
    mode: Mode = "solo"
    checklists: tuple[str, ...] = ()
    """What is rehearsed by it."""
    brief: str = ""
    """What players are told before it begins."""
    guide: str = ""
    """What the facilitator is told."""
    objectives: tuple[Objective, ...] = ()
    clock: Clock
    seed: int = 42
    services: dict[str, Service] = {}
    prelude: tuple[Line, ...] = ()
    """What was done shortly before, at negative moments: releases above all."""
    faults: tuple[Fault, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    injects: tuple[Inject, ...] = ()
    cause: str = ""
    """A condition on one event: somebody has named what is wrong."""
    expectations: tuple[Expectation, ...] = ()
    harm: Harm = Harm()
    cadence: Cadence | None = None
    forbidden: tuple[Forbidden, ...] = ()
    steady_state: tuple[SteadyState, ...] = ()
    hints: tuple[Hint, ...] = ()
    debrief: Debrief = Debrief()
