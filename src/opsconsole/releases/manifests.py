"""What is registered, as a fold over the journal.

Always true here: the newest registration of a version is the one that counts, and none is ever lost; who registered and
when is what the journal says, whatever the request said.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from opsconsole import wire
from opsconsole.errors import JournalError
from opsconsole.journal.chain import Event

ADDED = "version.added"

Key = tuple[str, str]
"""(service, version)."""


@dataclass(frozen=True)
class Registrations:
    """Every registration of every version, oldest first."""

    by_key: dict[Key, tuple[wire.Manifest, ...]] = field(default_factory=dict)

    def newest(self, service: str, version: str) -> wire.Manifest | None:
        """What is registered of a version now; None when nothing is."""
        return self.history(service, version)[-1] if (service, version) in self.by_key else None

    def history(self, service: str, version: str) -> tuple[wire.Manifest, ...]:
        return self.by_key.get((service, version), ())

    def of_service(self, service: str = "") -> wire.ManifestsReply:
        """What is registered of a service, or of every one; versions in the order in which they were first named."""
        histories = [history for (name, _), history in self.by_key.items() if service in ("", name)]
        return wire.ManifestsReply(
            manifests=tuple(history[-1] for history in histories),
            superseded=tuple(manifest for history in histories for manifest in history[:-1]),
        )

    def after(self, event: Event) -> Registrations:
        """With one more event; most events are of other matters.

        Raises JournalError when it is of this matter and not understood.
        """
        if event.kind != ADDED:
            return self
        return Registrations(_added(dict(self.by_key), event))


def fold(events: Iterable[Event]) -> Registrations:
    """What a journal says is registered."""
    by_key: dict[Key, tuple[wire.Manifest, ...]] = {}
    for event in events:
        if event.kind == ADDED:
            _added(by_key, event)
    return Registrations(by_key)


def _added(by_key: dict[Key, tuple[wire.Manifest, ...]], event: Event) -> dict[Key, tuple[wire.Manifest, ...]]:
    """The same dictionary, with what the event registers."""
    manifest = _manifest(event)
    key = (manifest.service, manifest.version)
    by_key[key] = (*by_key.get(key, ()), manifest)
    return by_key


def _manifest(event: Event) -> wire.Manifest:
    try:
        manifest = msgspec.convert(event.data["manifest"], wire.Manifest)
    except (KeyError, msgspec.ValidationError) as error:
        raise JournalError(
            f"event {event.seq} of the journal registers a version and is not understood ({error})",
            "Was it written by a newer opsconsole? Use that one.",
        ) from error
    return msgspec.structs.replace(manifest, added_at=datetime.fromisoformat(event.at), added_by=event.actor)
