"""Who is in a drill beside its scenario: what stops it, and who may see what of it.

Always true here: structs of a YAML file, closed to keys that they do not know; as they come, players see what they
would in earnest, and a page of the live daemon makes the drill stand still.
"""

from __future__ import annotations

from typing import Literal

from opsconsole.config.section import Section

Part = Literal["guide", "faults", "injects.future", "expectations", "hints"]
"""Of a drill, beside what its consoles show: something that can be kept from players."""
KEPT: tuple[Part, ...] = ("guide", "faults", "injects.future", "expectations")


class Stop(Section, frozen=True, kw_only=True):
    """Something that stops a drill: one of `real_incident`, `manual` and `when`. What is not listed is as it comes."""

    real_incident: bool | None = None
    """A page of the live daemon: the drill stands still; `false`: it goes on."""
    manual: Literal["facilitator", "players"] | None = None
    """Who may pause and end it; as it comes the facilitator, or, where there is none, whoever plays."""
    when: str = ""
    """As soon as this condition holds, once: the drill ends."""
    does: Literal["pause", "end"] | None = None
    """What a page or a condition does instead; a script does not pause, since nobody could resume it."""


class PlayerView(Section, frozen=True, kw_only=True):
    """What players do not see."""

    hide: tuple[Part, ...] = KEPT
    """What is not hidden, `drill plan` and the view `drill` show them: the rehearsal of a beginner may show
    `expectations`. Hidden `hints` cannot be asked for."""


class ObserverView(Section, frozen=True, kw_only=True, rename={"as_": "as"}):
    """What somebody sees who looks on (`drill run --observer NAME`) and may do nothing."""

    as_: Literal["player", "facilitator"] = "player"
    """As whom."""


class Views(Section, frozen=True, kw_only=True):
    """Who sees what; a facilitator sees everything."""

    player: PlayerView = PlayerView()
    """Who plays."""
    observer: ObserverView = ObserverView()
    """Who looks on."""


def stop_of(stops: tuple[Stop, ...], key: Literal["real_incident", "manual"]) -> Stop | None:
    """The one that says something of this, if any does."""
    return next((each for each in stops if getattr(each, key) is not None), None)
