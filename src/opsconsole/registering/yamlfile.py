"""A version written down in YAML.

Always true here: the file is understood entirely, or refused with file, line and the nearest key; a part without a
scheme is a file beside this one, and is hashed.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from opsconsole import wire
from opsconsole.config.load import read_as
from opsconsole.config.section import Section
from opsconsole.errors import ConfigError
from opsconsole.registering.combining import Contribution
from opsconsole.registering.hashing import Told, nobody
from opsconsole.registering.references import completed


class PartEntry(Section, frozen=True):
    """One entry of ``parts``."""

    kind: wire.PartKind
    uri: str
    """A path relative to the file, or a URI with its scheme."""
    digest: str = ""
    """``sha256:…``; of a file that is here it is counted, and held against this."""
    name: str = ""
    obtain: tuple[str, ...] = ()
    """Commands that fetch or rebuild it, each an exact shell line."""
    caveat: str = ""
    """What the digest does not settle."""


class VersionFile(Section, frozen=True):
    """The whole file."""

    service: str = ""
    version: str = ""
    note: str = ""
    parts: tuple[PartEntry, ...] = ()


def read(path: Path, told: Told = nobody) -> Contribution:
    """What a file says of a version.

    Raises ConfigError that names the line, and the errors of the parts that it names.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", "Name a file that can be read.") from error
    said = read_as(content, path, VersionFile)
    if said is None or not said.parts:
        raise ConfigError(f"{path}: it names no parts", "Write `parts:` and below it `- kind: model`, `  uri: …`.")
    directory = path.absolute().parent
    return Contribution(
        origin=path.name,
        service=said.service,
        version=said.version,
        note=said.note,
        parts=tuple(completed(_part(entry), directory, told) for entry in said.parts),
    )


def _part(entry: PartEntry) -> wire.Part:
    return wire.Part(**msgspec.structs.asdict(entry))
