"""What the name of an environment tells: is it production?"""

from __future__ import annotations

from typing import Literal

EnvironmentKind = Literal["prod", "staging", "dev", "other"]

_KINDS: tuple[tuple[EnvironmentKind, tuple[str, ...]], ...] = (
    ("staging", ("stag", "stg", "pre", "uat", "qa", "test", "canary")),
    ("dev", ("dev", "local", "demo", "sandbox", "sample", "play")),
    ("prod", ("prod", "prd", "live")),
)
"""How the words of a name begin, the less dangerous kinds first: `pre-prod` is not production."""


def environment_kind(name: str) -> EnvironmentKind:
    """What a name tells of the environment: ``eu-prod-2`` is production; ``other`` where it tells nothing."""
    words = "".join(character if character.isalpha() else " " for character in name.lower()).split()
    for kind, beginnings in _KINDS:
        if any(word.startswith(beginnings) for word in words):
            return kind
    return "other"
