"""The settings of how incidents are told to people."""

from __future__ import annotations

from pathlib import Path

from opsconsole.config.section import Section


class IncidentSetting(Section, frozen=True):
    """Who gets the messages of an incident, and what they look like."""

    internal: tuple[str, ...] = ()
    """Names of the notifiers that messages to colleagues go out by."""
    external: tuple[str, ...] = ()
    """Names of the notifiers that messages to users go out by."""
    executive: tuple[str, ...] = ()
    """Names of the notifiers that messages to executives go out by."""
    templates: Path | None = None
    """Directory with templates of one's own, each named like `internal-update.txt`; `templates/` beside this file where
    nothing is said."""
