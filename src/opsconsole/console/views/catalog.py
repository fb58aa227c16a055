"""The views, as data: what each is called, what it is of, what it lists, what it asks the daemon for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from opsconsole.console.frame import Frame
from opsconsole.console.lines import Line
from opsconsole.console.listing import Listing
from opsconsole.console.panels.spec import PANELS
from opsconsole.console.place import Place, ViewName
from opsconsole.console.views import fleet, service, sources


@dataclass(frozen=True)
class Choice:
    """Something that a view lets one choose, and the key that goes through its values."""

    name: str
    """As in ``Place.choices`` and as the daemon's API calls it."""
    key: str
    values: tuple[str, ...]
    """The first is the default."""
    help: str


@dataclass(frozen=True)
class ViewSpec:
    """One view."""

    name: ViewName
    title: str
    about: str
    """In the list of views: what question it answers."""
    scope: Literal["fleet", "service", "either"]
    """What it is of: always everything, always one service, or one as well as all."""
    paint: Callable[[Frame, int, int], list[Line]]
    listing: Callable[[Frame], Listing | None] = lambda frame: None
    """What the keys of lists work on; None where there is no list on the screen."""
    is_timed: bool = True
    """Has a window and a time axis: can be frozen, stepped and read with the crosshair."""
    panels: tuple[str, ...] = ()
    """Titles of the panels that a digit zooms, from 1 on."""
    choices: tuple[Choice, ...] = ()
    asks: Callable[[Place], dict[str, str]] = lambda place: {}
    """Options of the question to the daemon, beside window, service and moment."""


VIEWS: tuple[ViewSpec, ...] = (
    ViewSpec("fleet", "fleet", "which services are well", "fleet", fleet.paint, fleet.listing),
    ViewSpec(
        "service",
        "service",
        "how one service does",
        "service",
        service.paint,
        service.listing,
        panels=tuple(panel.title for panel in PANELS),
    ),
    ViewSpec(
        "sources",
        "sources",
        "where records come from, what was rejected",
        "fleet",
        sources.paint,
        sources.listing,
        is_timed=False,
    ),
)

BY_NAME: dict[str, ViewSpec] = {spec.name: spec for spec in VIEWS}
