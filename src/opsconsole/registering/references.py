"""A part in one word: ``[NAME=]URI[@DIGEST]``, or a file or directory that is here and is hashed.

Always true here: what is here is hashed, and a digest that was given with it is held against it; what is elsewhere has
the digest that was given, or none.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from opsconsole import wire
from opsconsole.errors import InputError, UsageError
from opsconsole.provenance.pins import CONTENT_SCHEMES, TREE_SCHEMES, source_of
from opsconsole.registering.hashing import Told, digest_of, nobody
from opsconsole.registering.locks import caveat_of

_NAME = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)=(?P<rest>.+)", re.DOTALL)
_SCHEMES = "|".join((*CONTENT_SCHEMES, *TREE_SCHEMES, "git", "mlflow"))
_DIGEST = re.compile(rf"(?P<uri>.+)@(?P<digest>(?:{_SCHEMES}):[A-Za-z0-9._-]+)", re.DOTALL)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:/|(git|dvc)\+|docker://")
"""How a place that is no path here begins."""


def part_of(kind: wire.PartKind, reference: str, told: Told = nobody) -> wire.Part:
    """The part that one word of the command line names.

    Raises UsageError when it is neither a URI nor here, and InputError when what is here cannot be hashed.
    """
    named = _NAME.fullmatch(reference)
    name, rest = (named["name"], named["rest"]) if named and not Path(reference).exists() else ("", reference)
    pinned = _DIGEST.fullmatch(rest)
    uri, digest = (pinned["uri"], pinned["digest"]) if pinned else (rest, "")
    return completed(wire.Part(kind=kind, uri=uri, digest=digest, name=name), Path(), told)


def completed(part: wire.Part, directory: Path, told: Told = nobody) -> wire.Part:
    """The part, hashed if it is a file or a directory here; paths are relative to ``directory``.

    Raises UsageError and InputError as ``part_of`` does.
    """
    if part.kind == "image":
        return msgspec.structs.replace(part, digest=part.digest or _image_digest(part.uri), uri=_image_uri(part))
    if part.kind == "code":
        source = source_of(part)
        return msgspec.structs.replace(part, digest=part.digest or _revision(source.revision if source else ""))
    if _ELSEWHERE.match(part.uri):
        return part
    path = (directory / Path(part.uri).expanduser()).absolute()
    if not path.exists():
        raise UsageError(
            f"the {part.kind} {part.uri!r} is no file here",
            "Check the path, or name a URI with its scheme: s3://…, https://…, models:/NAME/VERSION.",
        )
    counted = digest_of(path, told)
    if part.digest and part.digest != counted:
        raise InputError(
            f"{path} is not what its digest says: it has {counted}, and {part.digest} was given",
            "Fetch it again, or leave the digest out to register what is here.",
        )
    caveat = part.caveat or (caveat_of(path.name, path.read_bytes()) if part.kind == "lock" and path.is_file() else "")
    return msgspec.structs.replace(
        part, uri=str(path.resolve()), digest=counted, name=part.name or path.name, caveat=caveat
    )


def _image_digest(uri: str) -> str:
    digest = uri.rpartition("@")[2]
    return digest if re.fullmatch(r"sha256:[0-9a-f]{64}", digest) else ""


def _image_uri(part: wire.Part) -> str:
    """``name@sha256:…``: the digest stays where container tools look for it."""
    is_bare = part.digest.startswith("sha256:") and "@" not in part.uri
    return f"{part.uri}@{part.digest}" if is_bare else part.uri


def _revision(revision: str) -> str:
    return revision if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", revision) else ""
