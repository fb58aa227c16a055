"""Several sources of one version become one manifest.

Always true here: sources are taken in the order of the command line, and what comes later takes the place of all that
came before of the same kind; parts of one kind from one source stand beside each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from opsconsole import wire
from opsconsole.errors import UsageError
from opsconsole.provenance import KINDS

FLAGS = "flags"
"""Origin of what options said; all options of one kind are one source."""


@dataclass(frozen=True)
class Contribution:
    """What one source says of a version."""

    origin: str
    parts: tuple[wire.Part, ...] = ()
    service: str = ""
    version: str = ""
    note: str = ""
    left_out: tuple[str, ...] = ()
    """What was seen and not taken, and why: said to whoever registers."""


def combine(contributions: Iterable[Contribution], service: str, version: str, note: str) -> wire.Manifest:
    """The manifest of all sources together; the names that are given go before those that sources say.

    Raises UsageError when no source says of which service or version it is, or none names a part.
    """
    by_kind: dict[str, tuple[str, tuple[wire.Part, ...]]] = {}
    origins: list[str] = []
    said = ("", "", "")
    for each in contributions:
        said = each.service or said[0], each.version or said[1], each.note or said[2]
        for kind in KINDS:
            parts = tuple(part for part in each.parts if part.kind == kind)
            if parts:
                origin, before = by_kind.get(kind, ("", ()))
                is_one_more = origin == each.origin == FLAGS
                by_kind[kind] = (each.origin, (*before, *parts) if is_one_more else parts)
        if each.origin not in origins:
            origins.append(each.origin)
    service, version, note = service or said[0], version or said[1], note or said[2]
    if not service or not version:
        raise UsageError("a service and a version are needed", "Write: opsconsole version add SERVICE VERSION …")
    if not by_kind:
        raise UsageError(
            f"nothing is said of {service} {version}",
            "Name its parts (--model, --data, …), or a source: --from-yaml, --from-git, --from-mlflow.",
        )
    used = {origin for origin, _ in by_kind.values()}
    return wire.Manifest(
        service=service,
        version=version,
        parts=tuple(part for kind in KINDS if kind in by_kind for part in by_kind[kind][1]),
        note=note,
        origin=", ".join(origin for origin in origins if origin in used),
    )
