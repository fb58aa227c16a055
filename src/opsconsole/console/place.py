"""Where the person is: a view, what it is of, and what they chose in it.

Always true here: a place holds nothing that came from the daemon but names, so it can be gone back to, remembered from
one day to the next, and written as a command.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

ViewName: TypeAlias = Literal[
    "fleet",
    "service",
    "versions",
    "requests",
    "request",
    "drift",
    "cost",
    "saturation",
    "sources",
    "timeline",
    "explain",
    "release",
    "alerts",
    "alert",
    "incidents",
    "incident",
    "checklists",
    "checklist",
    "run",
    "drill",
]


@dataclass(frozen=True)
class Place:
    """One view with its choices."""

    view: ViewName = "fleet"
    service: str = ""
    """What the view is of; empty for the fleet, and where a view is of every service."""
    panel: int = 0
    """The panel that fills the view; 0 shows all."""
    cursor: str = ""
    """Key of the item under the cursor; one that is not there means the first."""
    filter: str = ""
    is_faults_only: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    """What this view lets one choose, by name, in the order of names: ``order``, ``metric``, ``baseline``, ``key``."""

    def choice(self, name: str, default: str = "") -> str:
        return dict(self.choices).get(name, default)

    def choosing(self, **chosen: str) -> Place:
        """The same place with other choices; an empty one is taken back."""
        kept = {name: value for name, value in {**dict(self.choices), **chosen}.items() if value}
        return replace(self, choices=tuple(sorted(kept.items())))

    def changed(self, **fields: Any) -> Place:
        return replace(self, **fields)
