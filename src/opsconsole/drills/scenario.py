"""A scenario as it is written: what serves, what goes wrong, what people are told, and what is expected of them.

Always true here: a struct of a YAML file, closed to keys it does not know; a moment is text with a sign (``+90s``, from
the drill's start), a length is text without one (``5m``); a condition is text in the language of ``conditions.py``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from opsconsole.config.section import Section
from opsconsole.drills.cast import Replay, Service
from opsconsole.drills.company import Stop, Views
from opsconsole.drills.goals import Cadence, Expectation, Forbidden, Harm, Hint, Objective, SteadyState
from opsconsole.drills.limits import NotNegative, Positive
from opsconsole.drills.troubles import Fault, Reaction

Mode = Literal["solo", "team", "tabletop"]
Via = Literal["page", "alert", "chat", "mail", "facilitator"]
MANUAL = "manual"


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


class Line(Section, frozen=True, kw_only=True):
    """One line of a script: who says what to the command line, and when."""

    at: str
    """The moment."""
    run: str
    """Without ``opsconsole``."""
    by: str = "release-bot"
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


class Debrief(Section, frozen=True, kw_only=True):
    """What is talked about afterwards."""

    questions: tuple[str, ...] = ()
    """One a line."""


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
    stop_conditions: tuple[Stop, ...] = ()
    """What stops it, beside its time."""
    views: Views = Views()
    """Who sees what of it."""
    hints: tuple[Hint, ...] = ()
    """Help that can be asked for."""
    debrief: Debrief = Debrief()
    """What is talked about afterwards."""
