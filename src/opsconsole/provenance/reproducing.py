"""How a version is made again: the commands, in order, and what is missing for it to be the same.

Always true here: a version is reproducible only when its model, data, configuration and lock are each there and fixed
by a digest or an immutable revision, and when nothing else that it names is left open; every gap says how to close it;
commands that somebody registered are told apart from those that are derived here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from opsconsole import wire
from opsconsole.provenance.fetching import CODE, Fetch, checks, clone, fetch, is_at, plain_name
from opsconsole.provenance.installing import install, is_installable
from opsconsole.provenance.pins import (
    DIRTY,
    KINDS,
    REVISION,
    Source,
    is_registry_version,
    pin_of,
    source_of,
    why_moving,
)

REQUIRED: dict[str, str] = {
    "model": "Register it: --model URI@sha256:…, or --from-mlflow.",
    "data": "Register what it was trained on: --data URI@sha256:…, or --from-git where DVC tracks it.",
    "config": "Register its configuration: --config FILE.",
    "lock": "Register what was installed: --lock FILE (`uv lock`, or `pip-compile --generate-hashes`, makes one).",
}
"""What a version cannot be made again without → how to name it."""

_OPEN_MATTERS = frozenset({*REQUIRED, "code", "image"})
"""Kinds of which nothing may be left open: an evaluation or a card may, for the version is the same without."""

_ORDER = ("code", "lock", "data", "model", "config", "image", "evaluation", "card")
"""What is fetched first: the code holds other parts."""

_REMEDIES: dict[str, str] = {
    "code": "Register the commit: --code REPOSITORY@COMMIT, or --from-git in a clean checkout.",
    "image": "Register its digest: --image NAME@sha256:… (`docker inspect --format '{{index .RepoDigests 0}}' NAME`).",
}
_OTHER_REMEDY = "Register it with its digest: URI@sha256:…, or as a local file, which is then hashed."


class Step(wire.Struct, frozen=True, kw_only=True):
    """One part, fetched and checked."""

    kind: str
    told: str
    """What it does, in words."""
    commands: tuple[str, ...]
    """Exact shell lines, in order."""
    by: Literal["derived", "registered"] = "derived"
    """``registered``: they were written by whoever registered the version, and are to be read before they are run."""


class Gap(wire.Struct, frozen=True, kw_only=True):
    """Something that is missing, or left open."""

    kind: str
    name: str
    what: str
    remedy: str
    is_blocking: bool
    """Without it the version cannot be made again as it was."""


class Reproduction(wire.Struct, frozen=True, kw_only=True):
    """All that it takes to make a version again."""

    manifest: wire.Manifest
    is_reproducible: bool
    steps: tuple[Step, ...]
    gaps: tuple[Gap, ...]


def is_reproducible(manifest: wire.Manifest) -> bool:
    """Can it be made again exactly as it was?"""
    return reproduce(manifest).is_reproducible


def reproduce(manifest: wire.Manifest) -> Reproduction:
    """The commands that make a version again, and the gaps in what is known of it."""
    steps, gaps = [_begin(manifest)], list(_absent(manifest))
    checked_out = _checked_out(manifest)
    for kind in _ORDER:
        parts = [part for part in manifest.parts if part.kind == kind]
        for number, part in enumerate(parts, 1):
            directory = kind if len(parts) == 1 else f"{kind}-{number}"
            step, found = _of_part(part, directory, checked_out)
            steps += [step] if step else []
            gaps += found
    gaps.sort(key=lambda gap: (not gap.is_blocking, KINDS.index(gap.kind)))
    return Reproduction(
        manifest=manifest,
        is_reproducible=not any(gap.is_blocking for gap in gaps),
        steps=tuple(steps),
        gaps=tuple(gaps),
    )


def _begin(manifest: wire.Manifest) -> Step:
    directory = plain_name(f"{manifest.service}-{manifest.version}", "version")
    return Step(kind="", told="a place of its own", commands=(f"mkdir {directory}", f"cd {directory}"))


def _absent(manifest: wire.Manifest) -> Iterator[Gap]:
    kinds = {part.kind for part in manifest.parts}
    for kind, remedy in REQUIRED.items():
        if kind not in kinds:
            yield Gap(kind=kind, name="", what="is not registered", remedy=remedy, is_blocking=True)
    if "code" not in kinds:
        yield Gap(
            kind="code", name="", what="is not registered", remedy=_REMEDIES["code"], is_blocking=False
        )  # fmt: skip


def _checked_out(manifest: wire.Manifest) -> Source | None:
    """The code, where exactly one repository is named and can be cloned: other parts may lie in it."""
    sources = [source_of(part) for part in manifest.parts if part.kind == "code" and not part.obtain]
    source = sources[0] if len(sources) == 1 else None
    return source if source is not None and clone(source, CODE, is_whole=True) else None


def _of_part(part: wire.Part, directory: str, checked_out: Source | None) -> tuple[Step | None, list[Gap]]:
    gaps = list(_gaps_of(part))
    if part.obtain:
        return Step(kind=part.kind, told=_told(part), commands=part.obtain, by="registered"), gaps
    commands = commands_of(part, directory, checked_out)
    if commands is None:
        remedy = "Register the commands that fetch it: `obtain:` in a file for --from-yaml."
        what = f"is in a place that no command is known for ({part.uri})"
        return None, [*gaps, _gap(part, what, remedy, is_blocking=part.kind in _OPEN_MATTERS)]
    if part.kind == "lock" and not is_installable(part.uri):
        what = "is a lock that no command is known to install"
        gaps.append(_gap(part, what, "Install it as its own documentation says.", is_blocking=False))
    return Step(kind=part.kind, told=_told(part), commands=commands), gaps


def commands_of(part: wire.Part, directory: str, checked_out: Source | None = None) -> tuple[str, ...] | None:
    """Shell lines that bring a part into a directory, check it, and install it if it is a lock; None where none are
    known. ``checked_out`` is the code that is there already."""
    found = fetch(part, directory, checked_out)
    return None if found is None else (*found.commands, *_after(part, found))


def _after(part: wire.Part, found: Fetch) -> tuple[str, ...]:
    """Checks, and for a lock its installation."""
    source = source_of(part)
    if part.kind == "code" and source is not None:
        revision = source.revision.removesuffix(DIRTY)
        return (is_at(revision, found.lands),) if REVISION.fullmatch(revision) else ()
    installed = install(part, found.lands) if part.kind == "lock" else ()
    return (*checks(part, found.lands), *installed)


def _told(part: wire.Part) -> str:
    return f"{part.kind} {part.name or part.uri}"


def _gap(part: wire.Part, what: str, remedy: str, *, is_blocking: bool) -> Gap:
    return Gap(kind=part.kind, name=part.name or part.uri, what=what, remedy=remedy, is_blocking=is_blocking)


def _gaps_of(part: wire.Part) -> Iterator[Gap]:
    matters = part.kind in _OPEN_MATTERS
    if not pin_of(part).is_fixed:
        yield _gap(part, why_moving(part), _REMEDIES.get(part.kind, _OTHER_REMEDY), is_blocking=matters)
    if part.caveat:
        yield _gap(part, part.caveat, _CAVEAT_REMEDIES.get(part.kind, _OTHER_REMEDY), is_blocking=matters)
    if is_registry_version(part):
        remedy = "Register the digest of its files beside it to have them checked."
        yield _gap(part, "is fixed by its version in the registry alone", remedy, is_blocking=False)
    if part.uri.startswith(("/", "file:")) and not part.obtain:
        remedy = "Put it where others can fetch it, and register that place."
        yield _gap(part, "is on the machine that it was registered from", remedy, is_blocking=False)


_CAVEAT_REMEDIES: dict[str, str] = {
    "lock": "Lock with hashes: `uv lock`, `pip-compile --generate-hashes`, `conda-lock`.",
    "code": "Commit and push, then register again.",
}
