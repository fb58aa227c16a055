"""What pins a part: the digest of its content, a revision that cannot move, or nothing.

Always true here: a branch, a tag, an alias or ``latest`` never pins; a digest that is cut short or of a sample of the
content tells two parts apart and pins none; a digest is compared with one of its own scheme alone.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, get_args

from opsconsole import wire

KINDS: tuple[wire.PartKind, ...] = get_args(wire.PartKind)
"""Every kind of part, in the order in which they are told."""

NO_HASHES = "names packages without hashes"
"""Caveat of a lock that leaves open what is installed."""

DIRTY = "-dirty"
"""After a revision, as ``git describe`` writes it: changes that were never committed came on top of it."""

CONTENT_SCHEMES: dict[str, int] = {"sha256": 64, "sha512": 128, "sha1": 40, "md5": 32}
"""Digests of a file's bytes → how many hexadecimal digits they have."""
TREE_SCHEMES: dict[str, int] = {"sha256tree": 64, "md5-dos2unix": 32}
"""Digests that take more than one command to check: of a directory (``registering/hashing.py`` says how), and DVC's
before its version 3, of a text with its line ends made alike."""
REVISION_SCHEMES = frozenset({"git", "mlflow"})
"""Names that a system gives once: a commit, and a run or a logged model of MLflow."""
WEAK_SCHEMES = frozenset({"mlflow-dataset"})
"""Digests too short, or of too little, to stand for the content."""

REVISION = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
"""A whole commit id of git, SHA-1 or SHA-256."""
_HEX = re.compile(r"[0-9a-f]+")
_IMAGE_DIGEST = re.compile(r"@(sha256:[0-9a-f]{64})$")
_REGISTRY_VERSION = re.compile(r"models:/(?P<name>[^/@]+)/(?P<version>[0-9]+)(?:/.*)?")
_LOGGED_MODEL = re.compile(r"models:/(m-[0-9a-f]{32})(?:/.*)?")
_MLFLOW_RUN = re.compile(r"runs:/(?P<run>[0-9a-f]{32})/.+")


class Pin(NamedTuple):
    """What holds a part in place."""

    strength: Literal["content", "revision", "weak", "none"]
    scheme: str = ""
    value: str = ""

    @property
    def is_fixed(self) -> bool:
        """Would it be found again, unchanged?"""
        return self.strength in ("content", "revision")


def pin_of(part: wire.Part) -> Pin:
    """The strongest pin of a part: of its digest, else of its URI."""
    given, named = _of_digest(part.digest), _of_uri(part)
    return max(given, named, key=lambda pin: _STRENGTHS.index(pin.strength))


_STRENGTHS = ("none", "weak", "revision", "content")


def _of_digest(digest: str) -> Pin:
    if REVISION.fullmatch(digest):
        return Pin("revision", "git", digest)
    scheme, colon, value = digest.partition(":")
    if not colon or not value:
        return Pin("none")
    if scheme in CONTENT_SCHEMES or scheme in TREE_SCHEMES:
        digits = {**CONTENT_SCHEMES, **TREE_SCHEMES}[scheme]
        is_whole = len(value.removesuffix(".dir")) == digits and bool(_HEX.fullmatch(value.removesuffix(".dir")))
        return Pin("content", scheme, value) if is_whole else Pin("none")
    if scheme in REVISION_SCHEMES:
        return Pin("revision", scheme, value)
    return Pin("weak", scheme, value) if scheme in WEAK_SCHEMES else Pin("none")


def _of_uri(part: wire.Part) -> Pin:
    if found := _IMAGE_DIGEST.search(part.uri):
        return Pin("content", *found[1].split(":"))
    if found := _LOGGED_MODEL.fullmatch(part.uri):
        return Pin("revision", "mlflow", found[1])
    if _REGISTRY_VERSION.fullmatch(part.uri):
        return Pin("revision", "registry", part.uri)
    if _MLFLOW_RUN.fullmatch(part.uri):
        return Pin("revision", "mlflow", part.uri)
    source = source_of(part)
    if source is not None and REVISION.fullmatch(source.revision):
        return Pin("revision", "git", f"{source.revision}#{source.path}" if source.path else source.revision)
    return Pin("none")


class Source(NamedTuple):
    """A place in a repository."""

    tool: Literal["git", "dvc", "hf"]
    repository: str
    revision: str
    """Empty where none is named."""
    path: str
    """Of one file or directory in it; empty for all of it."""


def source_of(part: wire.Part) -> Source | None:
    """The repository that a part is taken from: ``git+REPOSITORY@REVISION#PATH``, ``dvc+…``, ``hf://…``, or of code
    ``REPOSITORY@REVISION``; None when it is of none."""
    for prefix, tool in _TOOLS.items():
        if part.uri.startswith(prefix):
            return _split(tool, part.uri if tool == "hf" else part.uri.removeprefix(prefix))
    if part.kind != "code":
        return None
    source = _split("git", part.uri)
    is_told_apart = not REVISION.fullmatch(part.digest) or source.revision.endswith(DIRTY)
    return source if is_told_apart else source._replace(revision=part.digest)


_TOOLS: dict[str, Literal["git", "dvc", "hf"]] = {"git+": "git", "dvc+": "dvc", "hf://": "hf"}
_AUTHORITY = re.compile(r"[a-z][a-z0-9+.-]*://[^/]*|[^/@:]+@[^/:]+:")
"""What may hold an ``@`` of its own: ``https://user@host``, ``git@host:``."""


def _split(tool: Literal["git", "dvc", "hf"], uri: str) -> Source:
    before, _, path = uri.partition("#")
    authority = _AUTHORITY.match(before) if tool != "hf" else None
    at = before.rfind("@", authority.end() if authority else 0)
    return Source(tool, before, "", path) if at < 0 else Source(tool, before[:at], before[at + 1 :], path)


def is_registry_version(part: wire.Part) -> bool:
    """Does nothing but a registry's version number pin it?"""
    return pin_of(part).scheme == "registry"


def short_digest(digest: str, digits: int = 12) -> str:
    """A digest as people compare it: ``sha256:1f2e3d4c5b6a``."""
    scheme, colon, value = digest.rpartition(":")
    return f"{scheme}{colon}{value[:digits]}"


def why_moving(part: wire.Part) -> str:
    """What is wrong with a part that nothing pins, in words."""
    source = source_of(part)
    if source is not None and source.revision.endswith(DIRTY):
        return f"was made from uncommitted code, on top of {source.revision.removesuffix(DIRTY)[:12]}"
    if source is not None and source.revision:
        return f"names a branch, a tag or a short revision (`{source.revision}`), which may move"
    if source is not None:
        return "names no revision"
    if part.uri.startswith("models:/"):
        return f"names an alias or a stage ({part.uri}), which moves"
    if part.kind == "image":
        tag = part.uri.rpartition("/")[2].partition(":")[2] or "latest"
        return f"names the tag `{tag}`, which moves"
    if pin_of(part).strength == "weak":
        return f"has only {part.digest}, which is too weak to stand for its content"
    return f"has a digest that is none: {part.digest}" if part.digest else "has no digest"
