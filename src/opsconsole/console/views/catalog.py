"""The views, as data: what each is called, what it is of, what it lists, what it asks the daemon for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from opsconsole import wire
from opsconsole.console.frame import Frame
from opsconsole.console.lines import Line
from opsconsole.console.listing import Listing
from opsconsole.console.panels.spec import LIST_PANELS, PANELS
from opsconsole.console.place import Place, ViewName
from opsconsole.console.views import (
    alert,
    alerts,
    checklist,
    checklists,
    cost,
    drift,
    drill,
    explain,
    fleet,
    incident,
    incidents,
    release,
    request,
    requests,
    run,
    saturation,
    service,
    sources,
    timeline,
    versions,
)


@dataclass(frozen=True)
class Choice:
    """Something that a view lets one choose, and the key that goes through its values."""

    name: str
    """As in ``Place.choices`` and as the daemon's API calls it."""
    key: str
    values: tuple[str, ...]
    """The first is the default."""
    help: str


def _no_listing(frame: Frame) -> Listing | None:
    return None


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
    listing: Callable[[Frame], Listing | None] = _no_listing
    """What the keys of lists work on; None where there is no list on the screen."""
    is_timed: bool = True
    """Has a window and a time axis: can be frozen, stepped and read with the crosshair."""
    panels: tuple[str, ...] = ()
    """Titles of the panels that a digit zooms, from 1 on."""
    choices: tuple[Choice, ...] = ()
    asks: Callable[[Place], dict[str, str]] = lambda place: {}
    """Options of the question to the daemon, beside window, service and moment."""
    grow: Callable[[Place, Frame], Place] = lambda place, frame: place
    """The place after its cursor was moved: a list that was cut asks for more rows at its end, a tail is held or let
    go."""

    list_panels: frozenset[int] = frozenset()
    """Panels that are lists, where not all of the view is one; 0 where the whole view has a list as well."""
    acts: bool = False
    """Releases are acted on from here."""
    deals_with: str = ""
    """What deeds of this view are about: ``alert``, …"""
    keyed: str = ""
    """How what its page is of is called, where it is of one thing: the choice ``key`` names it."""

    @property
    def has_list(self) -> bool:
        return self.listing is not _no_listing


VIEWS: tuple[ViewSpec, ...] = (
    ViewSpec("fleet", "fleet", "which services are well", "fleet", fleet.paint, fleet.listing, acts=True),
    ViewSpec(
        "service",
        "service",
        "how one service does",
        "service",
        service.paint,
        service.listing,
        panels=tuple(panel.title for panel in PANELS),
        list_panels=LIST_PANELS,
        acts=True,
    ),
    ViewSpec(
        "versions",
        "versions",
        "which of two is better, and how sure is that",
        "service",
        versions.paint,
        versions.listing,
        asks=versions.asks,
        acts=True,
    ),
    ViewSpec(
        "release",
        "releases",
        "the shares of versions, a rollout, what was done",
        "service",
        release.paint,
        release.listing,
        panels=release.TITLES,
        list_panels=release.LIST_PANELS,
        acts=True,
    ),
    ViewSpec("drift", "drift", "which inputs changed, and how", "service", drift.paint, drift.listing),
    ViewSpec("cost", "cost", "where the money goes", "either", cost.paint, cost.listing, panels=cost.PANELS),
    ViewSpec(
        "saturation",
        "saturation",
        "how full a service is",
        "service",
        saturation.paint,
        panels=tuple(panel.title for panel in saturation.PANELS),
    ),
    ViewSpec(
        "requests",
        "requests",
        "live, slowest, dearest, failing; any column searched",
        "either",
        requests.paint,
        requests.listing,
        choices=(Choice("order", "o", wire.REQUEST_ORDERS, "which requests come first"),),
        asks=requests.asks,
        grow=requests.grow,
    ),
    ViewSpec(
        "request",
        "request",
        "where its time went, how it stands, what was around it",
        "service",
        request.paint,
        request.listing,
        panels=request.PANELS,
        asks=request.asks,
    ),
    ViewSpec(
        "explain",
        "what changed",
        "which slices of the traffic explain a change",
        "service",
        explain.paint,
        explain.listing,
        choices=(Choice("metric", "m", wire.EXPLAIN_METRICS, "which number is explained"),),
        asks=explain.asks,
    ),
    ViewSpec(
        "timeline",
        "timeline",
        "what people, automation and the data did",
        "either",
        timeline.paint,
        timeline.listing,
    ),
    ViewSpec(
        "alerts",
        "alerts",
        "what fires, who has it, who was told",
        "either",
        alerts.paint,
        alerts.listing,
        is_timed=False,
        deals_with="alert",
    ),
    ViewSpec(
        "alert",
        "alert",
        "what it rests on, what changed, who was told",
        "fleet",
        alert.paint,
        alert.listing,
        is_timed=False,
        panels=alert.PANELS,
        asks=alert.asks,
        deals_with="alert",
        keyed="A-12",
    ),
    ViewSpec(
        "incidents",
        "incidents",
        "what is being worked on, by whom, what is due",
        "fleet",
        incidents.paint,
        incidents.listing,
        is_timed=False,
        deals_with="incident",
    ),
    ViewSpec(
        "incident",
        "incident",
        "milestones, roles, messages, notes, what happened",
        "fleet",
        incident.paint,
        incident.listing,
        is_timed=False,
        panels=incident.PANELS,
        asks=incident.asks,
        deals_with="incident",
        keyed="INC-7",
    ),
    ViewSpec(
        "checklists",
        "checklists",
        "what is under way, what there is, how fresh",
        "fleet",
        checklists.paint,
        checklists.listing,
        is_timed=False,
        panels=checklists.PANELS,
        deals_with="checklist",
    ),
    ViewSpec(
        "checklist",
        "checklist",
        "read it before it is run",
        "fleet",
        checklist.paint,
        checklist.listing,
        is_timed=False,
        panels=checklist.PANELS,
        asks=checklist.asks,
        deals_with="checklist",
        keyed="error-spike",
    ),
    ViewSpec(
        "run",
        "run",
        "the step whose turn it is, every step, what was found",
        "fleet",
        run.paint,
        run.listing,
        is_timed=False,
        panels=run.PANELS,
        asks=run.asks,
        deals_with="run",
        keyed="RUN-3",
    ),
    ViewSpec(
        "drill",
        "drill",
        "how far it is and what was said; who leads it sees all",
        "fleet",
        drill.paint,
        drill.listing,
        is_timed=False,
        panels=drill.PANELS,
        deals_with="drill",
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
