"""One moment of the console: everything that painters may look at.

Always true here: a frame is frozen and complete; two equal frames paint equal screens (the tops of axes excepted, which
remember on purpose).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from opsconsole import wire
from opsconsole.console.actions import LIST_PANELS, Context, ViewName
from opsconsole.console.glyphs import GLYPHS, GlyphSet
from opsconsole.console.widgets.plot import Scales

Mode = Literal["browse", "filter", "window", "help"]


@dataclass(frozen=True)
class State:
    """Where the person is and what they chose; nothing here came from the daemon but names."""

    view: ViewName = "fleet"
    mode: Mode = "browse"
    window: str = wire.DEFAULT_WINDOW
    window_choice: int = 0
    """Where the cursor of the window picker stands."""
    service: str = ""
    """The service whose view is open, or on which the fleet's cursor stands; by name, so no row slides under it."""
    source: int = 0
    """The source on which the cursor stands."""
    filter: str = ""
    draft: str = ""
    """The filter as it is being typed."""
    is_faults_only: bool = False
    panel: int = 0
    """The panel that fills the view; 0 shows all."""
    row: int = 0
    """The row of that panel on which the cursor stands, where it is a list."""
    came_from: ViewName = "fleet"
    """The view from which the sources were opened."""

    @property
    def context(self) -> Context:
        """Where keys are read."""
        return self.beneath if self.mode == "browse" else self.mode

    @property
    def beneath(self) -> Context:
        """The view, whatever is open above it."""
        return "list" if self.view == "service" and self.panel in LIST_PANELS else self.view


LinkWord = Literal["connecting", "ok", "lost", "refused", "foreign"]
"""``foreign``: the daemon speaks another version of the wire."""


@dataclass(frozen=True)
class Link:
    """How it stands with the daemon."""

    word: LinkWord = "connecting"
    message: str = ""
    version: str = ""


@dataclass(frozen=True)
class Frame:
    """What is on the screen now."""

    state: State
    link: Link
    environment: str
    fleet: wire.FleetView | None = None
    service: wire.ServiceView | None = None
    sources: wire.SourcesView | None = None
    since_s: float = 0.0
    """Seconds since the view on the screen was received."""
    glyphs: GlyphSet = GLYPHS["braille"]
    scales: Scales = field(default_factory=Scales)

    @property
    def view(self) -> wire.View | None:
        """The view on the screen, where it has a window."""
        return {"fleet": self.fleet, "service": self.service, "sources": None}[self.state.view]

    def age_s(self, at: datetime | None) -> float | None:
        """How old a moment of the view on the screen is by now: by the daemon's clock, plus the wait since."""
        if at is None or self.view is None:
            return None
        return (self.view.now - at) / timedelta(seconds=1) + self.since_s
