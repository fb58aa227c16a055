"""The settings of who is told, and by what."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from opsconsole.config.section import Section


class NotifierSetting(Section, frozen=True):
    """One way to tell people. Its name is what alerts, escalations and status updates call it."""

    kind: str
    """What it speaks to: see [notifiers](notifiers.md)."""
    options: dict[str, Any] = {}
    """What that kind needs to know. Secrets are named here (`{env: NAME}` or `{file: PATH}`) and never written."""
    severities: tuple[Literal["page", "ticket", "info"], ...] = ()
    """That it gets where it is not named for something itself, as by a ladder's step; all where none is named."""
    services: tuple[str, ...] = ()
    """That it gets where it is not named for something itself; all, and what is about no single service, where none is
    named."""
    give_up_hours: Annotated[float, Meta(gt=0, le=168)] = 24.0
    """What could not be delivered for so long is given up, and `opsconsole doctor` says so."""
