"""Versions as text: lists, manifests, differences, and the script that makes one again.

Always true here: whatever is quoted from a manifest is safe to print, and stands on a line that its own text cannot
end; what is printed of a reproduction is a shell script, all but its commands being comments.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from opsconsole import wire
from opsconsole.console.text import is_safe, safe, width
from opsconsole.provenance import Difference, Gap, PartDifference, Reproduction, reproduce, short_digest

_LONGEST = 10_000
"""Characters of a line that has to be exact."""
_MISSING = "–"


class Listed(wire.Struct, frozen=True, kw_only=True):
    """One row of the list."""

    manifest: wire.Manifest
    is_reproducible: bool
    first_served_at: datetime | None
    """Of its first record; None when the traffic does not know it."""


class Shown(wire.Struct, frozen=True, kw_only=True):
    """One version, with what was registered under its name before."""

    manifest: wire.Manifest
    earlier: tuple[wire.Manifest, ...]


def listing(rows: Sequence[Listed]) -> str:
    """One line a version."""
    cells = [("SERVICE", "VERSION", "REPRODUCIBLE", "SERVES SINCE", "REGISTERED", "BY", "MODEL")]
    for row in rows:
        manifest = row.manifest
        models = ", ".join(part.name or part.uri for part in manifest.parts if part.kind == "model")
        verdict = "yes" if row.is_reproducible else "NO"
        first, added = _moment(row.first_served_at), _moment(manifest.added_at)
        cells.append(
            (manifest.service, manifest.version, verdict, first, added, manifest.added_by, models or _MISSING)
        )  # fmt: skip
    return _table(cells)


def shown(manifest: wire.Manifest, earlier: Sequence[wire.Manifest]) -> str:
    """All that is registered of one version."""
    lines = [f"{safe(manifest.service)} {safe(manifest.version)}", *(f"  {line}" for line in _about(manifest)), ""]
    for part in manifest.parts:
        lines += [_part(part), f"    {safe(part.uri, _LONGEST)}"]
        lines += [f"    {safe(part.digest, _LONGEST)}"] if part.digest else []
        lines += [f"    {safe(part.caveat)}"] if part.caveat else []
        lines += [f"    $ {safe(command, _LONGEST)}" for command in part.obtain]
    reproduction = reproduce(manifest)
    lines += [
        "",
        "It can be made again exactly." if reproduction.is_reproducible else "It cannot be made again exactly:",
    ]
    lines += [f"  {gap(each)}" for each in reproduction.gaps]
    if earlier:
        lines += ["", "Registered before, and replaced:"]
        lines += [f"  {_moment(each.added_at)} by {safe(each.added_by)} from {safe(each.origin)}" for each in earlier]
    return "\n".join(lines) + "\n"


def parts(manifest: wire.Manifest) -> list[str]:
    """One line a part."""
    return [f"  {_part(part)}" for part in manifest.parts]


def difference(found: Difference) -> str:
    """Two versions side by side."""
    cells = [("PART", "", _name(found.left), _name(found.right))]
    cells += [(each.kind, each.word, *_sides(each)) for each in found.parts]
    same, all_ = len(found.of("same")), len(found.parts)
    lines = [_table(cells).rstrip("\n"), "", f"{same} of {all_} parts are the same"]
    lines += [f"{each.kind} is unclear: {each.why}" for each in found.of("unclear")]
    return "\n".join(lines) + "\n"


def script(reproduction: Reproduction) -> str:
    """A shell script: what the version is, how it is made again, and what is missing."""
    manifest = reproduction.manifest
    verdict = "all parts are fixed" if reproduction.is_reproducible else "this does NOT make the same version again"
    told = [f"{safe(manifest.service)} {safe(manifest.version)}: {verdict}", *_about(manifest), "", "It is made of:"]
    for part in manifest.parts:
        told += [f"  {_part(part)}", f"    {safe(part.uri, _LONGEST)} {safe(part.digest, _LONGEST)}".rstrip()]
    if reproduction.gaps:
        told += ["", "What is missing:", *(f"  {gap(each)}" for each in reproduction.gaps)]
    lines = ["#!/usr/bin/env bash", *(f"# {line}".rstrip() for line in told), "", "set -euo pipefail"]
    for step in reproduction.steps:
        lines += ["", f"# {safe(step.told)}"]
        if step.by == "registered":
            lines.append("# Whoever registered the version wrote these commands: read them before you run them.")
        lines += _commands(step.commands)
    return "\n".join(lines) + "\n"


def _commands(commands: Sequence[str]) -> Iterator[str]:
    for command in commands:
        if is_safe(command):
            yield command
        else:
            yield f"# not as it is, for it holds characters that a terminal might obey: {safe(command, _LONGEST)}"
            yield "echo 'one command could not be printed: take it from --json' >&2; exit 1"


def gap(found: Gap) -> str:
    """What is missing, and how to mend it, in one line."""
    sign = "✖" if found.is_blocking else "·"
    name = f" {safe(found.name)}" if found.name else ""
    return f"{sign} {found.kind}{name} {safe(found.what)}. {safe(found.remedy)}"


def _about(manifest: wire.Manifest) -> list[str]:
    lines = [f"registered {_moment(manifest.added_at)} by {safe(manifest.added_by)}, from {safe(manifest.origin)}"]
    return [*lines, *([safe(manifest.note)] if manifest.note else [])]


def _part(part: wire.Part) -> str:
    return f"{part.kind:<10} {safe(part.name or part.uri)}  {safe(short_digest(part.digest)) or _MISSING}"


def _sides(found: PartDifference) -> tuple[str, str]:
    return _side(found.left), _side(found.right)


def _side(part: wire.Part | None) -> str:
    if part is None:
        return _MISSING
    return f"{part.name or part.uri} {short_digest(part.digest)}".rstrip()


def _name(manifest: wire.Manifest) -> str:
    return f"{manifest.service} {manifest.version}"


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else _MISSING


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    """Cells under each other, two blanks between them."""
    shown_ = [[safe(cell) for cell in row] for row in rows]
    widths = [max(map(width, column)) for column in zip(*shown_, strict=True)]
    lines = (
        "  ".join(cell + " " * (size - width(cell)) for cell, size in zip(row, widths, strict=True)) for row in shown_
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)
