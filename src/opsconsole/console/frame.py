"""One moment of the console: everything that painters may look at.

Always true here: a frame is frozen and complete; two equal frames paint equal screens (the tops of axes excepted, which
remember on purpose).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar

from opsconsole import wire
from opsconsole.console.confirming import Confirming
from opsconsole.console.forms import Form
from opsconsole.console.glyphs import GLYPHS, GlyphSet
from opsconsole.console.listing import Item, Listing, Listings
from opsconsole.console.place import Place, ViewName
from opsconsole.console.proceeding import Proceeding
from opsconsole.console.widgets.plot import Scales
from opsconsole.environment import EnvironmentKind

Mode = Literal[
    "browse", "filter", "window", "help", "command", "jump", "keys", "text", "plan", "outcome", "arm", "form"
]
"""What is open above the view: ``text`` is a page of plain text, ``keys`` the doctor of keys, ``plan`` an act before it
is done, ``outcome`` what becomes of it, ``arm`` the prompt for the environment's name, ``form`` what a deed asks
for."""

T = TypeVar("T")


class Refusal(str):
    """A notice that says why nothing was done."""

    __slots__ = ()


@dataclass(frozen=True)
class State:
    """Where the person is and what they chose; nothing here came from the daemon but names."""

    place: Place = field(default_factory=Place)
    mode: Mode = "browse"
    window: str = wire.DEFAULT_WINDOW
    choice: int = 0
    """Where the cursor of what is open stands: the window picker, the list of keys, a completion."""
    draft: str = ""
    """The filter or the command as it is being typed."""
    is_offered: bool = False
    """It is what a field for a number began with, and the first character that is typed takes its place."""
    as_of: datetime | None = None
    """The moment at which the console's clock stands still; None: it is now."""
    crosshair: datetime | None = None
    """The beginning of the bucket that every chart reads out."""
    marks: frozenset[str] = frozenset()
    """Keys of the items that were marked in this place."""
    held: tuple[str, ...] = ()
    """While something is marked or planned: the keys of the rows in the order that they keep."""
    commands: tuple[str, ...] = ()
    """Commands that were run, the newest last."""
    back: tuple[Place, ...] = ()
    forward: tuple[Place, ...] = ()
    """Where the person was before, the newest last, and where they went back from."""
    notice: str = ""
    """What the last key did or why it did nothing, in the status line until the next key."""
    page: tuple[str, ...] = ()
    """Lines of the plain text that is open."""
    form: Form | None = None
    """What is being filled in."""

    @property
    def view(self) -> ViewName:
        return self.place.view

    @property
    def service(self) -> str:
        return self.place.service

    @property
    def panel(self) -> int:
        return self.place.panel

    @property
    def filter(self) -> str:
        """The filter that counts now: the one being typed, where one is."""
        return self.draft if self.mode == "filter" else self.place.filter

    @property
    def is_faults_only(self) -> bool:
        return self.place.is_faults_only

    def at(self, **fields: Any) -> State:
        """The same, with other fields of its place."""
        return replace(self, place=replace(self.place, **fields))


LinkWord = Literal["connecting", "ok", "lost", "refused", "foreign"]
"""``foreign``: the daemon speaks another version of the wire."""


@dataclass(frozen=True)
class Link:
    """How it stands with the daemon."""

    word: LinkWord = "connecting"
    message: str = ""
    version: str = ""
    remedy: str = ""
    """What to do about the message."""


@dataclass(frozen=True)
class Frame:
    """What is on the screen now."""

    state: State
    link: Link
    environment: str
    environment_kinds: Mapping[str, EnvironmentKind] = field(default_factory=dict)
    """Environment name → its kind, where the configuration says it."""
    answers: Mapping[ViewName, wire.Answer] = field(default_factory=dict)
    """The last answer of each view, for the place that the state names or an earlier one."""
    since_s: float = 0.0
    """Seconds since the view on the screen was received."""
    present: tuple[wire.Presence, ...] = ()
    """The other consoles."""
    permission: wire.Permission | None = None
    """What this console may do; None: not known, which the daemon judges when it is asked."""
    releases: Mapping[str, wire.ReleaseBrief] | None = None
    """Service → how its releases stand, of those that have a target; None: not known."""
    on_call: wire.OnCall | None = None
    """How much is open; None: not known."""
    armed_s: float | None = None
    """Seconds for which this console may still act; None where it need not be armed, or is not."""
    proceeding: Proceeding | None = None
    """The act that is on its way."""
    done: Mapping[str, wire.Plan] = field(default_factory=dict)
    """Service → what was last sent from this console."""
    arming: Confirming | None = None
    """The prompt for the environment's name."""
    now_s: float = 0.0
    """The moment, by the clock of the prompts."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Action → its first key as a person reads it: whatever names a key takes it from here."""
    room: tuple[int, int] = (80, 22)
    """Columns and rows of a page, between the first line and the last."""
    terminal_words: str = ""
    """How the terminal keeps up, where it does not: ``link 9 kB/s · eased``."""
    is_numbers_only: bool = False
    """The link is so slow that charts stand still."""
    glyphs: GlyphSet = GLYPHS["braille"]
    scales: Scales = field(default_factory=Scales)
    listings: Listings = field(default_factory=Listings)

    def answer(self, kind: type[T]) -> T | None:
        """The answer on the screen, if it is of this kind and of the service that the place names."""
        answer = self.answers.get(self.state.view)
        if not isinstance(answer, kind):
            return None
        return answer if getattr(answer, "service", self.state.service) == self.state.service else None

    @property
    def fleet(self) -> wire.FleetView | None:
        """The fleet, whichever view is open."""
        fleet = self.answers.get("fleet")
        return fleet if isinstance(fleet, wire.FleetView) else None

    @property
    def service(self) -> wire.ServiceView | None:
        return self.answer(wire.ServiceView)

    @property
    def sources(self) -> wire.SourcesView | None:
        return self.answer(wire.SourcesView)

    @property
    def release(self) -> wire.ReleaseView | None:
        return self.answer(wire.ReleaseView)

    @property
    def view(self) -> wire.View | None:
        """The view on the screen, where it has a window."""
        return self.answer(wire.View)

    def key(self, action: str) -> str:
        """The key that a text names for an action: as it is configured."""
        return self.keys[action]

    @property
    def shows_all(self) -> str:
        """``Esc shows all``: behind what a filter hides."""
        return f"{self.key('clear' if self.state.view == 'fleet' else 'back')} shows all"

    @property
    def nothing_matches(self) -> str:
        return f"nothing matches; {self.shows_all}"

    def shown(self, listing: Listing | None) -> tuple[Item, ...]:
        """What the filters leave of a listing."""
        if listing is None:
            return ()
        items = listing.shown(self.state.filter, is_faults_only=self.state.is_faults_only)
        if not self.state.held:
            return items
        places = {key: i for i, key in enumerate(self.state.held)}
        return tuple(sorted(items, key=lambda item: places.get(item.key, len(places))))

    def age_s(self, at: datetime | None) -> float | None:
        """How old a moment of the view on the screen is by now: by the daemon's clock, plus the wait since."""
        view = self.view
        if at is None or view is None:
            return None
        if view.as_of is not None:
            return max(0.0, (view.as_of - at) / timedelta(seconds=1))
        return (view.now - at) / timedelta(seconds=1) + self.since_s
