"""Which files are dependency locks, and whether they settle what is installed.

Always true here: a file of plain requirements is a lock only with a hash for every one of them; one that has none may
still be registered, with the caveat that says so.
"""

from __future__ import annotations

import re

from opsconsole.provenance import NO_HASHES

_BY_OWN_NAME = re.compile(
    r"uv\.lock|poetry\.lock|pdm\.lock|Pipfile\.lock|pylock(\..+)?\.toml|package-lock\.json|(.*[-.])?conda-lock\.ya?ml"
)
"""Formats that hold hashes by their nature."""
_REQUIREMENTS = re.compile(r"(.*[-_.])?requirements.*\.(txt|lock)|.*[-_.]requirements\.(txt|lock)")
_LOOSE = re.compile(r"(environment|conda)\.ya?ml")
"""Formats that hold none."""

_COMMENT = re.compile(r"(^|\s)#.*$")


def is_lock(name: str) -> bool:
    """Would a file of this name hold dependencies with their versions?"""
    return any(pattern.fullmatch(name) for pattern in (_BY_OWN_NAME, _REQUIREMENTS, _LOOSE))


def caveat_of(name: str, content: bytes) -> str:
    """What a lock leaves open: empty where it fixes every package by a hash."""
    if _BY_OWN_NAME.fullmatch(name):
        return ""
    if _LOOSE.fullmatch(name):
        return NO_HASHES
    return "" if _has_hashes(content.decode("utf-8", "replace")) else NO_HASHES


def _has_hashes(text: str) -> bool:
    """Has every requirement a hash? Lines that end in a backslash go on."""
    joined = re.sub(r"\\\r?\n", " ", text)
    lines = [_COMMENT.sub("", line).strip() for line in joined.splitlines()]
    requirements = [line for line in lines if line and not line.startswith("-")]
    names_others = any(re.match(r"(-r|--requirement|-e|--editable)\b", line) for line in lines)
    return not names_others and all("--hash=" in line for line in requirements)
