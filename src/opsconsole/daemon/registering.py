"""Registering versions: what is taken in, what is refused, and that the journal says so.

Always true here: a manifest is checked before it is written, because it is shown on terminals and put into commands
for as long as the journal lasts; what was registered is never contradicted unless somebody says that it is to be
replaced; who tries that stands in the journal; no URL with a password or a token in it gets into the journal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from opsconsole import wire
from opsconsole.daemon.engine import Engine
from opsconsole.errors import ReleaseRefused, UsageError
from opsconsole.journal.refused import Refused
from opsconsole.provenance import compare, short_digest
from opsconsole.releases.manifests import ADDED, fold
from opsconsole.releases.orders import troubles_of_text

REFUSED = "version.refused"
MOST_PARTS, MOST_COMMANDS = 64, 32
_LIMITS: dict[str, int] = {"name": 200, "uri": 2_000, "digest": 200, "caveat": 500, "a command": 4_000, "note": 2_000}
"""Characters, of each word of a manifest."""
_DIGEST = re.compile(r"[a-z0-9-]+:[A-Za-z0-9._-]+|[0-9a-f]{40}|[0-9a-f]{64}")
_SECRET = re.compile(
    r"://[^/@\s]*:[^/@\s]+@|https?://[^/@\s]+@|[?&](?:X-Amz-Signature|X-Goog-Signature|sig|token|access_token)=", re.I
)
"""A password or a token in a URL, or the signature that lends one for a while."""


class Registering:
    """The registered versions of one home."""

    def __init__(self, engine: Engine) -> None:
        """Raises JournalError when the journal registers a version that is not understood."""
        self._engine = engine
        self._registrations = fold(engine.journal.events())
        self._refused = Refused(self._note, engine.clock)
        engine.every_so_often(self._refused.catch_up)
        engine.on_stop(lambda: self._refused.catch_up(is_last=True))

    def manifests(self, service: str = "") -> wire.ManifestsReply:
        """What is registered of a service, or of every one."""
        return self._registrations.of_service(service)

    def newest(self, service: str, version: str) -> wire.Manifest | None:
        """What is registered of a version; None when nothing is."""
        return self._registrations.newest(service, version)

    def add(self, request: wire.VersionRequest, added_by: str = "") -> wire.Registered:
        """Register a version.

        Raises UsageError for a manifest that is none, and ReleaseRefused when it contradicts the registered one.
        """
        manifest = msgspec.structs.replace(request.manifest, added_at=None, added_by="")
        for trouble in _troubles(manifest):
            raise UsageError(f"the version is not registered: {trouble}", "See `opsconsole version add --help`.")
        actor = added_by or self._engine.actor
        try:
            return self._engine.submit(
                lambda: self._add(manifest, actor, is_replacement=request.is_replacement)
            ).result()
        except ReleaseRefused as error:
            named = {"service": manifest.service, "version": manifest.version}
            self._refused.tell(actor, REFUSED, tuple(named.values()), **named, why=error.message)
            raise

    def _note(self, actor: str, kind: str, **data: Any) -> None:
        self._engine.journal.append(actor, kind, data)
        self._engine.changed()

    def _add(self, manifest: wire.Manifest, actor: str, *, is_replacement: bool) -> wire.Registered:
        before = self._registrations.newest(manifest.service, manifest.version)
        if before is not None and msgspec.structs.replace(before, added_at=None, added_by="") == manifest:
            return wire.Registered(manifest=before, is_new=False)
        if before is not None and not is_replacement:
            _refuse_contradiction(before, manifest)
        event = self._engine.journal.append(
            actor,
            ADDED,
            {"manifest": msgspec.to_builtins(manifest), "is_replacement": is_replacement and before is not None},
        )
        self._registrations = self._registrations.after(event)
        self._engine.changed()
        return wire.Registered(
            manifest=self._registrations.history(manifest.service, manifest.version)[-1], is_new=True, replaced=before
        )


def _refuse_contradiction(before: wire.Manifest, manifest: wire.Manifest) -> None:
    """More may be said of a version that is registered, and nothing else of what was said."""
    contradicted = [
        each
        for each in compare(before, manifest).parts
        if each.word in ("changed", "only left") or (each.word == "unclear" and each.left != each.right)
    ]
    if contradicted:
        told = "; ".join(_told(each.kind, each.left, each.right) for each in contradicted)
        raise ReleaseRefused(
            f"{manifest.service} {manifest.version} is registered already, by {before.added_by}, and differs: {told}",
            "Give the new one a version of its own, or correct this one with --replace.",
        )


def _told(kind: str, left: wire.Part | None, right: wire.Part | None) -> str:
    return f"{kind} {_named(left)} → {_named(right)}"


def _named(part: wire.Part | None) -> str:
    return "nothing" if part is None else short_digest(part.digest) or part.uri


def _troubles(manifest: wire.Manifest) -> Iterator[str]:
    """What is wrong with a manifest, in words."""
    for what, name in (("service", manifest.service), ("version", manifest.version)):
        if not name:
            yield f"the {what} has no name"
        yield from troubles_of_text(what, name, _LIMITS["name"])
    yield from troubles_of_text("the note", manifest.note, _LIMITS["note"])
    yield from troubles_of_text("the origin", manifest.origin, _LIMITS["name"])
    if not 1 <= len(manifest.parts) <= MOST_PARTS:
        yield f"a version has 1 to {MOST_PARTS} parts, not {len(manifest.parts)}"
    if len(set(manifest.parts)) < len(manifest.parts):
        yield "a part of it is named twice"
    for part in manifest.parts:
        yield from _of_part(part)


def _of_part(part: wire.Part) -> Iterator[str]:
    texts = {"name": part.name, "uri": part.uri, "digest": part.digest, "caveat": part.caveat}
    for field, text in texts.items():
        yield from troubles_of_text(f"the {field} of its {part.kind}", text, _LIMITS[field])
    if not part.uri:
        yield f"its {part.kind} has no URI"
    if _SECRET.search(part.uri) or any(map(_SECRET.search, part.obtain)):
        yield f"its {part.kind} names a password or a token, which would stand in the journal for good"
    if part.digest and not _DIGEST.fullmatch(part.digest):
        yield f"{part.digest!r} of its {part.kind} is no digest: write it as sha256:…"
    if len(part.obtain) > MOST_COMMANDS:
        yield f"its {part.kind} has more than {MOST_COMMANDS} commands"
    for command in part.obtain:
        yield from troubles_of_text(f"a command of its {part.kind}", command, _LIMITS["a command"])
