"""What crosses the socket about versions: what each is made of, and what was registered.

Always true here: a part without a digest says so with an empty one, and never with a guess.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from opsconsole.wire.base import Struct

PartKind = Literal["model", "data", "config", "lock", "code", "image", "evaluation", "card"]


class Part(Struct, frozen=True, kw_only=True):
    """One of the things that a version is made of."""

    kind: PartKind
    uri: str
    """Where it is: a path, a URL, ``repository@revision``, ``registry/name@sha256:…``."""
    digest: str = ""
    """``sha256:…`` of the content, a git revision, or empty where none was given."""
    name: str = ""
    """What people call it: ``harbor-chat-2.1``, ``train-2026-11``."""
    obtain: tuple[str, ...] = ()
    """Commands that fetch or rebuild it, each an exact shell line."""
    caveat: str = ""
    """What its digest does not settle, in words: ``names packages without hashes``; empty when it settles all."""


class Manifest(Struct, frozen=True, kw_only=True):
    """A version: model, data, configuration and dependency lock together, and what else is known of it."""

    service: str
    version: str
    parts: tuple[Part, ...]
    note: str = ""
    origin: str = ""
    """Where it was registered from: ``flags``, a file, ``git``, ``dvc``, ``mlflow``."""
    added_at: datetime | None = None
    added_by: str = ""


class VersionRequest(Struct, frozen=True, kw_only=True):
    """Register what a version is made of."""

    manifest: Manifest
    """Its ``added_at`` and ``added_by`` are not looked at: the journal says them."""
    is_replacement: bool = False
    """It may contradict what was registered before."""


class Registered(Struct, frozen=True, kw_only=True):
    """What is registered now."""

    manifest: Manifest
    is_new: bool
    """False when exactly this was registered already, and nothing was written."""
    replaced: Manifest | None = None
    """What was registered before, if something was."""


class ManifestsReply(Struct, frozen=True, kw_only=True):
    """What is registered, the newest registration of each version, oldest version first."""

    manifests: tuple[Manifest, ...]
    superseded: tuple[Manifest, ...] = ()
    """Every registration that a later one of the same version took the place of, oldest first."""
