"""GTO's tags and its list of artifacts: how a Git repository names versions of models.

``NAME@vX.Y.Z`` registers a version and ``NAME@vX.Y.Z!`` takes it back. Always true here: tags are read and never made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

_VERSION = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9:_/=-]*)@(?P<version>v?\d+\.\d+\.\d+[A-Za-z0-9.+-]*)")


class Named(NamedTuple):
    """A version that a tag registers."""

    tag: str
    name: str
    version: str


def versions(tags: Iterable[str]) -> list[Named]:
    """The versions that tags register and none takes back."""
    known = set(tags)
    return [
        Named(tag, found["name"], found["version"])
        for tag in sorted(known)
        if (found := _VERSION.fullmatch(tag)) and f"{tag}!" not in known
    ]
