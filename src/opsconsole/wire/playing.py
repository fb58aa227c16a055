"""A drill while it is played: what everybody in it may know, and what only its facilitator sees and does.

Always true here: what players are not to know is in a ``DrillPlan`` and nowhere else; moments are seconds since the
drill's start.
"""

from __future__ import annotations

from typing import Literal

from opsconsole.wire.base import Struct, View
from opsconsole.wire.drills import DrillScore
from opsconsole.wire.presence import Presence

# What everybody may know ------------------------------------------------------------------------------------------


class DrillMessage(Struct, frozen=True, kw_only=True):
    """Something that people were told."""

    t: float
    sender: str
    via: str
    text: str


class DrillHint(Struct, frozen=True, kw_only=True):
    text: str
    cost: float


class DrillNow(Struct, frozen=True, kw_only=True):
    """What everybody in a drill may know."""

    t: float
    """Seconds since its start; negative before."""
    length_s: float
    speed: float
    is_paused: bool
    is_over: bool
    brief: str
    messages: tuple[DrillMessage, ...]
    hints: int
    """So many may be asked for now."""
    facilitators: tuple[str, ...]
    run: str
    """Its name, for when it is over."""
    observers: tuple[str, ...] = ()
    """Who look on and do nothing."""
    players_stop: bool = False
    """Players may pause and end it: they are alone, or the scenario lets them."""
    hint_cost: float | None = None
    """Points that the next one costs; None where none may be asked for now."""
    hinted: tuple[DrillHint, ...] = ()
    """Those that were taken, by whomever."""


# What the facilitator sees ----------------------------------------------------------------------------------------

FaultWord = Literal["to come", "there", "over"]


class DrillInject(Struct, frozen=True, kw_only=True):
    """Something that is to come, or was told."""

    id: str
    when: str
    """Its moment, ``manual``, or the condition of a contingency."""
    via: str
    sender: str
    text: str
    is_told: bool
    told_t: float | None = None
    cost: float = 0.0
    """Points that are lost where it was needed."""
    is_contingency: bool = False
    """It is told where people are late."""


class DrillFault(Struct, frozen=True, kw_only=True):
    id: str
    about: str
    at: str
    until: str
    is_decoy: bool
    level: float
    """0: it is not there; 1: it has grown."""
    word: FaultWord = "to come"
    since_t: float | None = None
    """Of what the word says."""


class DrillReaction(Struct, frozen=True, kw_only=True):
    """How the world answers what somebody does."""

    when: str
    starts: tuple[str, ...]
    clears: tuple[str, ...]
    """Faults."""
    by: str
    says: str
    is_set_off: bool


class DrillExpected(Struct, frozen=True, kw_only=True):
    """How an expectation is met, beside what its score says."""

    id: str
    match: str
    """Empty where a person judges."""
    after: str
    """The expectation that has to be met before it."""
    within: str
    is_judged: bool
    quality: float | None = None
    """How well it was done, from 0 to 1, as far as somebody judged it."""


class DrillPlan(Struct, frozen=True, kw_only=True):
    """What the facilitator sees: what is coming, what is met, who is here. What is hidden from others is empty."""

    now: DrillNow
    scenario: str
    title: str
    guide: str
    faults: tuple[DrillFault, ...]
    injects: tuple[DrillInject, ...]
    score: DrillScore | None
    """As it stands; None where it is hidden."""
    consoles: tuple[str, ...]
    """Who looks at what."""
    reactions: tuple[DrillReaction, ...] = ()
    expected: tuple[DrillExpected, ...] = ()
    """In the order of the score's."""
    notes: tuple[str, ...] = ()
    """The facilitator's own."""
    hidden: frozenset[str] = frozenset()
    """Parts that whoever asks does not see."""


class DrillView(View, frozen=True, kw_only=True):
    """A drill on a console: for players what everybody may know, for its facilitator the rest as well."""

    drill: DrillNow | None = None
    """None: this home is no drill's."""
    plan: DrillPlan | None = None
    """None for players, as long as it goes on."""
    is_facilitator: bool = False
    """Whoever asks leads it."""
    is_observer: bool = False
    """Whoever asks looks on."""
    here: tuple[Presence, ...] = ()
    """Everyone who is attached."""


# What is asked of it ----------------------------------------------------------------------------------------------

DrillWord = Literal["pause", "resume", "speed", "inject", "say", "note", "judge", "end"]


class DrillCommand(Struct, frozen=True, kw_only=True):
    """Something that the facilitator, or in a solo drill the player, wants done."""

    word: DrillWord
    text: str = ""
    """Of inject its id; of judge the expectation; of say and note the words."""
    number: float = 0.0
    """Of speed; of judge how well it was done, from 0 to 1."""


class HintRequest(Struct, frozen=True, kw_only=True):
    """Ask for help; it costs points."""
