"""Which events somebody asks for: by time, by who, by what, by service.

Always true here: an event is of a service when its data names it, however deep; a time range that is exported is a
whole piece of the chain, so that it can be checked by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from opsconsole.journal.walk import Event, Place, month_files, walk, written


class Choice(NamedTuple):
    """What an event has to be; what is empty is not asked for."""

    since: datetime | None = None
    until: datetime | None = None
    actor: str = ""
    """Of whom; ``ops`` finds ``ops (ann, SHA256:…)`` as well, and so does ``ann``."""
    kind: str = ""
    """``release.applied``, or all of ``release``."""
    service: str = ""

    def takes(self, event: Event) -> bool:
        return (
            (self.since is None or event.at >= written(self.since))
            and (self.until is None or event.at < written(self.until))
            and (not self.actor or self.actor in _names(event.actor))
            and (not self.kind or event.kind == self.kind or event.kind.startswith(f"{self.kind}."))
            and (not self.service or self.service in services_of(event.data))
        )


def chosen(directory: Path, choice: Choice) -> Iterator[Event]:
    """The events of a journal's directory that are asked for, oldest first."""
    files = month_files(directory, written(choice.since) if choice.since else "")
    return (place.event for place in walk(files) if choice.takes(place.event))


def piece(directory: Path, since: datetime | None, until: datetime | None) -> Iterator[Place]:
    """From the first event of a time range to its last, and everything between: even what a clock that was set back
    has given an earlier time."""
    held: list[Place] = []
    files = month_files(directory, written(since) if since else "")
    has_begun = False
    for place in walk(files):
        has_begun = has_begun or since is None or place.event.at >= written(since)
        if not has_begun:
            continue
        held.append(place)
        if until is None or place.event.at < written(until):
            yield from held
            held.clear()


def services_of(data: Any) -> set[str]:
    """Every service that an event's data names."""
    if isinstance(data, dict):
        own = {data["service"]} if isinstance(data.get("service"), str) else set()
        return own.union(*(services_of(value) for value in data.values()))
    if isinstance(data, list):
        return set[str]().union(*(services_of(value) for value in data))
    return set()


def _names(actor: str) -> Iterable[str]:
    """An actor's words: as they are, the account before its brackets, and each name within them."""
    account, _, inside = actor.partition(" (")
    return {actor, account, *(word.strip() for word in inside.rstrip(")").split(","))}
