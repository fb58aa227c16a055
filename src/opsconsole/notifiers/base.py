"""What a notifier is: one call behind which every way to tell people looks alike.

Always true here: ``send`` returns only when the other side has taken the notice, and raises an ``OutsideError``
otherwise; it blocks, has a deadline, and is called from a worker thread; one that was called twice with the same
message tells the other side, wherever there is a place for it, that it is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from opsconsole.clock import Clock
from opsconsole.outside.failures import (
    AuthFailed,
    Busy,
    Conflict,
    Indeterminate,
    OutsideError,
    Rejected,
    Unreachable,
    Unsupported,
)
from opsconsole.outside.options import Options
from opsconsole.wire import Notice, NoticeKind

__all__ = [
    "FINAL",
    "AuthFailed",
    "Busy",
    "Conflict",
    "Indeterminate",
    "Kind",
    "Message",
    "Notifier",
    "Options",
    "OutsideError",
    "Refreshing",
    "Rejected",
    "Site",
    "Unreachable",
    "Unsupported",
]

FINAL: tuple[type[OutsideError], ...] = (Rejected, Unsupported, Conflict)
"""The notice itself was refused: the same one will be refused again, and is given up at once."""


@dataclass(frozen=True)
class Message:
    """A notice as one notifier gets it."""

    notice: Notice
    id: str
    """The same at every attempt."""
    opened: Notice | None = None
    """What this notifier was told last under the same key, while that is not over."""


class Notifier(Protocol):
    """One way to tell people."""

    @property
    def where(self) -> str:
        """Kind and place in a few words, without secrets: ``slack hooks.slack.com``."""
        ...

    def send(self, message: Message) -> str:
        """Tell; what the other side answered, in one line. Raises OutsideError."""
        ...

    def close(self) -> None: ...


@runtime_checkable
class Refreshing(Notifier, Protocol):
    """A notifier whose other side takes silence for the end: what is open has to be told again and again."""

    @property
    def refresh_every_s(self) -> float: ...

    def refresh(self, opened: tuple[Notice, ...]) -> None:
        """All of this is still so. Raises OutsideError."""
        ...


def _nobody(words: str, has_bell: bool) -> int:
    return 0


@dataclass(frozen=True)
class Site:
    """Where a notifier is made: what it may use of its surroundings."""

    directory: Path
    """The home: relative paths are relative to it."""
    clock: Clock
    environ: Mapping[str, str] = field(repr=False)
    """Where secrets may come from."""
    environment: str = ""
    """``prod``: stands in every message."""
    ring: Callable[[str, bool], int] = _nobody
    """(Safe words, has bell) → how many attached consoles will show them."""


@dataclass(frozen=True)
class Kind:
    """A kind of notifier, as the configuration names it; third parties add theirs by the entry point group
    ``opsconsole.notifiers``."""

    name: str
    about: str
    """One sentence for docs/notifiers.md."""
    options: type[Options]
    make: Callable[[Any, Site], Notifier]
    """(options of that type, site) → the notifier; raises ConfigError."""
    tested_against: str
    """``the real thing: …`` or ``vendor schema: …``."""
    needs_open: frozenset[NoticeKind] = frozenset()
    """Kinds of notices that say something there only about a key that is open there."""
    hazards: tuple[str, ...] = ()
    """What a person must know of it: one sentence each."""
    example: str = ""
    """What stands under ``notifiers: NAME:``, as YAML."""
