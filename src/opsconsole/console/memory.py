"""What a person left as it was: the window, and in each view of each service its panel, choices and filter.

Always true here: the file is the person's own and nobody else's (mode 0600), is replaced in one step, and never holds
more than ``MOST_SERVICES`` services; one that cannot be read is set aside and said, and nothing is lost but comfort.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import msgspec

from opsconsole import wire
from opsconsole.console.place import Place

MOST_SERVICES = 200
MOST_CHARACTERS = 300
_PASSING = frozenset({"key", "start", "stop", "until", "limit"})
"""Choices that name something of one day: not worth remembering."""


class _Left(msgspec.Struct, frozen=True, kw_only=True):
    """A view as it was left."""

    panel: int = 0
    filter: str = ""
    choices: dict[str, str] = {}


class _Remembered(msgspec.Struct, kw_only=True):
    """Everything that is in the file."""

    window: str = wire.DEFAULT_WINDOW
    places: dict[str, dict[str, _Left]] = {}
    """Service (empty: of no single one) → view → how it was left; the service used last stands last."""


def user_name() -> str:
    """Of the Unix user who runs this process."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


class Memory:
    """One person's; ``path`` None remembers nothing beyond this run."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._held = _Remembered()
        self._written = b""
        self.trouble = ""
        """Why what was remembered could not be read or kept; for the status line."""
        if path is not None and path.exists():
            self._read(path)

    def _read(self, path: Path) -> None:
        try:
            self._held = msgspec.json.decode(path.read_bytes(), type=_Remembered)
        except (OSError, msgspec.DecodeError) as error:
            aside = path.with_suffix(".broken")
            try:
                path.replace(aside)
                self.trouble = f"what was remembered cannot be read; it is now {aside}"
            except OSError:
                self.trouble = f"what was remembered cannot be read: {error}"

    @property
    def window(self) -> str:
        return self._held.window if self._held.window in wire.WINDOWS else wire.DEFAULT_WINDOW

    def as_left(self, place: Place) -> Place:
        """The place with what was left there; what it chooses itself counts for more."""
        left = self._held.places.get(place.service, {}).get(place.view)
        if left is None:
            return place
        choices = {**left.choices, **dict(place.choices)}
        is_open = bool(place.filter or place.choices or place.panel)
        return replace(
            place,
            panel=place.panel or left.panel,
            filter=place.filter if is_open else left.filter,
            choices=tuple(sorted(choices.items())),
        )

    def note(self, place: Place, window: str) -> None:
        """This is how it stands now; the page of one thing is not worth coming back to."""
        if place.choice("key"):
            return
        self._held.window = window
        choices = {name: value for name, value in place.choices if name not in _PASSING}
        left = _Left(panel=place.panel, filter=place.filter[:MOST_CHARACTERS], choices=choices)
        views = self._held.places.pop(place.service, {})
        views[place.view] = left
        self._held.places[place.service] = views
        for service in list(_beyond(self._held.places)):
            del self._held.places[service]

    def keep(self) -> None:
        """Write it, if it is another than was written last."""
        if self._path is None:
            return
        content = msgspec.json.encode(self._held)
        if content == self._written:
            return
        passing = self._path.with_suffix(f".{os.getpid()}")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            passing.replace(self._path)
            self._written = content
        except OSError as error:
            self.trouble = f"views are not remembered: {error.strerror}"


def _beyond(places: dict[str, dict[str, _Left]]) -> Iterable[str]:
    """The services that were used longest ago, as far as there are too many."""
    return list(places)[: max(0, len(places) - MOST_SERVICES)]
