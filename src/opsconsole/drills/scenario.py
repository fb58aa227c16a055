"""A scenario as it is written: what serves, what goes wrong, what people are told, and what is expected of them.

Always true here: a struct of a YAML file, closed to keys it does not know; a moment is text with a sign (``+90s``, from
the drill's start), a length is text without one (``5m``); a condition is text in the language of ``conditions.py``.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
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
    """Expectations name it."""
    title: str
    """In one line."""


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


class Service(Section, frozen=True, kw_only=True):
    """What users call."""

    rate: NotNegative = 4.0
    """Requests a second, on average over a day."""
    shape: ShapeName = "chat"
    """What its requests look like."""
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


class Inject(Section, frozen=True, kw_only=True):
    """Something that people are told (a row of a master scenario events list)."""

    id: str
    """The facilitator names it."""
    at: str = ""
    """A moment, or ``manual``."""
    when: str = ""
    """Or as soon as this holds: a contingency, for people who are late."""
    via: Via = "chat"
    """How it comes; `alert` is another system's alert, which fires here."""
    sender: str = "support"
    """Who says it."""
    to: str = ""
    """Whom it is for."""
    text: str
    """What is said."""
    service: str = ""
    """The service that it is about."""
    expect: str = ""
    """The expectation that answers it."""
    cost: NotNegative = 0.0
    """Points that are lost where it is needed."""


class Expectation(Section, frozen=True, kw_only=True):
    """What should be done, and by when."""

    id: str
    """Others name it."""
    title: str
    """What should be done, in one line."""
    objective: str = ""
    """The objective that it belongs to."""
    match: str = ""
    """A condition on one event; empty where a person judges."""
    after: str = ""
    """Counts only once this expectation is met, and ``within`` is from then on; else from the drill's start."""
    within: str = ""
    """Later it earns half; without one any time will do."""
    points: NotNegative = 10.0
    """What it earns."""
    judged: bool = False
    """The facilitator says how well it was done, from 0 to 1."""


class Harm(Section, frozen=True, kw_only=True):
    """What users and the budget suffered, against what they would have without anybody's doing."""

    points: NotNegative = 20.0
    """Earned in proportion to the harm that was kept from users; lost where it was made worse."""
    usd_per_bad: NotNegative = 0.01
    """What a bad answer counts beside money spent."""


class Cadence(Section, frozen=True, kw_only=True):
    """How often people have to be told something, once they have been told first."""

    every: str = "10m"
    """The longest silence."""
    points: NotNegative = 5.0
    """Earned in proportion to how often it was kept."""
    objective: str = ""
    """The objective that it belongs to."""


class Forbidden(Section, frozen=True, kw_only=True):
    """What must not be done."""

    id: str
    """Its name in the report."""
    title: str
    """What must not be done, in one line."""
    match: str
    """A condition on one event."""
    before: str = ""
    """Only as long as this expectation is not met."""
    points: Annotated[float, Meta(le=0)]
    """What it costs, once."""


class Hint(Section, frozen=True, kw_only=True):
    """Help that can be asked for."""

    after: str
    """The moment from which it may be asked for."""
    text: str
    """What is told."""
    cost: NotNegative = 5.0
    """Points that it costs."""


class SteadyState(Section, frozen=True, kw_only=True):
    """What has to hold before the drill starts, and is looked at again at its end."""

    sql: str
    """One number."""
    low: float | None = None
    """It must not be below this, …"""
    high: float | None = None
    """… nor above this."""


class Line(Section, frozen=True, kw_only=True):
    """One line of a script: who says what to the command line, and when."""

    at: str
    """The moment."""
    run: str
    """Without ``opsconsole``."""
    by: str = "release-bot"
    """Who says it."""


class Debrief(Section, frozen=True, kw_only=True):
    """What is talked about afterwards."""

    questions: tuple[str, ...] = ()
    """One a line."""


class Replay(Section, frozen=True, kw_only=True):
    """A recording that is played instead of a simulated fleet; `opsconsole drill record` makes one."""

    file: Path
    """Beside the scenario."""
    sha256: str
    """Of the file: no other one is played."""
    impact: str = "+0s"
    """The moment at which users began to suffer."""


class Scenario(Section, frozen=True, kw_only=True):
    """A drill as it is written."""

    apiVersion: Literal["opsconsole/v1"]  # noqa: N815 - as it is written in the file
    """`opsconsole/v1`."""
    kind: Literal["Drill"]
    """`Drill`."""
    id: str
    """As the file is called."""
    version: int = 1
    """Scores are compared within one version."""
    title: str
    """In one line; `drill list` prints it, the drill itself shows it once it is over."""
    difficulty: Annotated[int, Meta(ge=1, le=5)] = 2
    """1: a first shift; 5: hard."""
    mode: Mode = "solo"
    """`tabletop`: nothing serves, a facilitator tells people what happens."""
    checklists: tuple[str, ...] = ()
    """What is rehearsed by it."""
    brief: str = ""
    """What players are told before it begins."""
    guide: str = ""
    """What the facilitator is told."""
    objectives: tuple[Objective, ...] = ()
    """What is to be learnt."""
    clock: Clock
    """Its time."""
    seed: int = 42
    """Of everything random in it."""
    services: dict[str, Service] = {}
    """Service → what it is."""
    replay: Replay | None = None
    """A recording of what happened once."""
    prelude: tuple[Line, ...] = ()
    """What was done shortly before, at negative moments: releases above all."""
    faults: tuple[Fault, ...] = ()
    """What goes wrong."""
    reactions: tuple[Reaction, ...] = ()
    """How the world answers, beside what routing does by itself."""
    injects: tuple[Inject, ...] = ()
    """What people are told."""
    cause: str = ""
    """A condition on one event: somebody has named what is wrong."""
    expectations: tuple[Expectation, ...] = ()
    """What should be done."""
    harm: Harm = Harm()
    """What users suffer."""
    cadence: Cadence | None = None
    """How often people have to be told something."""
    forbidden: tuple[Forbidden, ...] = ()
    """What must not be done."""
    steady_state: tuple[SteadyState, ...] = ()
    """What has to hold before and after."""
    hints: tuple[Hint, ...] = ()
    """Help that can be asked for."""
    debrief: Debrief = Debrief()
    """What is talked about afterwards."""
