"""The shell commands that fetch one part and check that it is what it was.

Always true here: a word that came from a manifest stands in a command only as one quoted word, behind ``--`` or ``=``
or a scheme, so that it is neither obeyed by the shell nor taken for an option; where files land is made of plain
letters; a place that no rule knows gives no command rather than a guess.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass

from opsconsole import wire
from opsconsole.provenance.pins import DIRTY, Source, pin_of, source_of

CODE = "code"
"""Where the code is checked out."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,99}")
_REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+-]{0,199}")
_REPOSITORY = re.compile(r"(?:(?:https?|ssh|git|file)://|[A-Za-z0-9_.-]+@[A-Za-z0-9.-]+:|/|[A-Za-z0-9_.])[^\x00-\x20]*")
"""Where git may clone from; ``ext::`` and its like run commands and are not among them."""
_TRANSPORT_HELPER = re.compile(r"[A-Za-z0-9]+::")
_IMAGE = re.compile(r"[a-z0-9][A-Za-z0-9._:/-]*(?:@sha256:[0-9a-f]{64})?")
_HF = re.compile(r"hf://(?P<id>(?:(?:datasets|spaces)/)?[\w.-]+/[\w.-]+)")


@dataclass(frozen=True)
class Fetch:
    """How a part is fetched."""

    commands: tuple[str, ...]
    """Shell lines, in order."""
    lands: str
    """The file or directory that is there afterwards, relative to where the commands are run; empty for an image."""


def fetch(part: wire.Part, directory: str, checked_out: Source | None) -> Fetch | None:
    """How a part comes into a directory; None where no rule knows. ``checked_out`` is the code that is there."""
    if part.kind == "image":
        return _image(part)
    source = source_of(part)
    if source is not None:
        return _SOURCES[source.tool](part, source, directory, checked_out)
    for prefix, rule in _PLACES.items():
        if part.uri.startswith(prefix):
            return rule(part, f"{directory}/{_file_name(part)}")
    return None


def checks(part: wire.Part, lands: str) -> tuple[str, ...]:
    """Shell lines that fail unless what landed is what the digest says; none where the digest cannot be checked so."""
    pin = pin_of(part)
    check = _CHECKS.get(pin.scheme)
    return (check(pin.value, lands),) if check and lands and not pin.value.endswith(".dir") else ()


def clone(source: Source, directory: str, *, is_whole: bool) -> tuple[str, ...] | None:
    """Shell lines that check out a repository at its revision, or the one path of it; None where there are none."""
    revision = source.revision.removesuffix(DIRTY)
    if not _is_repository(source.repository) or not _REVISION.fullmatch(revision):
        return None
    if is_whole:
        return (
            _line("git", "clone", "--", source.repository, directory),
            _line("git", "-C", directory, "checkout", "--detach", revision, "--"),
        )
    return (
        _line("git", "clone", "--no-checkout", "--", source.repository, directory),
        _line("git", "--literal-pathspecs", "-C", directory, "checkout", revision, "--", source.path),
    )


def is_at(revision: str, directory: str) -> str:
    """A shell line that fails unless exactly this commit is checked out."""
    return f'test "$(git -C {shlex.quote(directory)} rev-parse HEAD)" = {shlex.quote(revision)}'


def plain_name(text: str, otherwise: str) -> str:
    """The text, where it is a name that nothing takes for more than a name."""
    return text if _PLAIN_NAME.fullmatch(text) else otherwise


def inside(directory: str, path: str) -> str:
    """A path under a directory: one that begins with a dash is not taken for an option."""
    return f"{directory}/{path}"


def _line(*words: str) -> str:
    return shlex.join(words)


def _is_repository(text: str) -> bool:
    return bool(_REPOSITORY.fullmatch(text)) and not _TRANSPORT_HELPER.match(text)


def _file_name(part: wire.Part) -> str:
    """The last word of where it is, or of what it is called, or its kind."""
    last = re.split(r"[/\\]", part.uri.partition("?")[0].rstrip("/"))[-1]
    return plain_name(last, plain_name(part.name, part.kind))


def _is_tree(part: wire.Part) -> bool:
    pin = pin_of(part)
    return pin.scheme == "sha256tree" or pin.value.endswith(".dir")


# From a repository --------------------------------------------------------------------------------------------------


def _from_git(part: wire.Part, source: Source, directory: str, checked_out: Source | None) -> Fetch | None:
    if not source.path:
        commands = clone(source, directory, is_whole=True)
        return Fetch(commands, directory) if commands else None
    if checked_out is not None and (source.repository, source.revision) == (
        checked_out.repository,
        checked_out.revision,
    ):
        return Fetch((), inside(CODE, source.path))
    commands = clone(source, directory, is_whole=False)
    return Fetch(commands, inside(directory, source.path)) if commands else None


def _from_dvc(part: wire.Part, source: Source, directory: str, checked_out: Source | None) -> Fetch | None:
    revision = source.revision.removesuffix(DIRTY)
    if not source.path or not _is_repository(source.repository) or not _REVISION.fullmatch(revision):
        return None
    last = source.path.rstrip("/").rpartition("/")[2]
    lands = f"{directory}/{plain_name(last, plain_name(part.name, part.kind))}"
    words = ("dvc", "get", f"--rev={revision}", f"--out={lands}", "--", source.repository, source.path)
    return Fetch((_line("mkdir", "-p", directory), _line(*words)), lands)


def _from_hub(part: wire.Part, source: Source, directory: str, checked_out: Source | None) -> Fetch | None:
    named = _HF.fullmatch(source.repository)
    if named is None or not _REVISION.fullmatch(source.revision):
        return None
    repository, revision = named["id"], f"--revision={source.revision}"
    kind: tuple[str, ...] = ()
    for folder, word in (("datasets/", "dataset"), ("spaces/", "space")):
        if repository.startswith(folder):
            repository, kind = repository.removeprefix(folder), (f"--repo-type={word}",)
    files = (f"--include={source.path}",) if source.path else ()
    commands = (_line("hf", "download", repository, *kind, revision, *files, f"--local-dir={directory}"),)
    return Fetch(commands, inside(directory, source.path) if source.path else directory)


_SOURCES: dict[str, Callable[[wire.Part, Source, str, Source | None], Fetch | None]] = {
    "git": _from_git,
    "dvc": _from_dvc,
    "hf": _from_hub,
}

# From a place ---------------------------------------------------------------------------------------------------------


def _download(part: wire.Part, lands: str) -> Fetch:
    words = (
        "curl",
        "--fail",
        "--silent",
        "--show-error",
        "--location",
        "--globoff",
        "--create-dirs",
        "--output",
        lands,
    )
    return Fetch((_line(*words, part.uri),), lands)


def _copy(part: wire.Part, lands: str) -> Fetch:
    path = part.uri.removeprefix("file://")
    directory = lands.rpartition("/")[0]
    return Fetch((_line("mkdir", "-p", directory), _line("cp", "-RL", "--", path, lands)), lands)


def _from_s3(part: wire.Part, lands: str) -> Fetch:
    return Fetch((_line("aws", "s3", "cp", *(["--recursive"] if _is_tree(part) else []), part.uri, lands),), lands)


def _from_gs(part: wire.Part, lands: str) -> Fetch:
    directory = lands.rpartition("/")[0]
    words = ("gcloud", "storage", "cp", *(["--recursive"] if _is_tree(part) else []), part.uri, lands)
    return Fetch((_line("mkdir", "-p", directory), _line(*words)), lands)


def _from_mlflow(part: wire.Part, lands: str) -> Fetch:
    """A registered model lands as the directory itself, a file of it under its own name."""
    directory = lands.rpartition("/")[0]
    is_file = part.uri.startswith("models:/") and part.uri.count("/") > _SLASHES_OF_A_MODEL
    words = ("mlflow", "artifacts", "download", f"--artifact-uri={part.uri}", f"--dst-path={directory}")
    return Fetch((_line(*words),), lands if is_file else directory)


_SLASHES_OF_A_MODEL = 2
"""``models:/NAME/VERSION``; what comes after is a file of it."""

_PLACES: dict[str, Callable[[wire.Part, str], Fetch]] = {
    "https://": _download,
    "http://": _download,
    "file:///": _copy,
    "/": _copy,
    "s3://": _from_s3,
    "gs://": _from_gs,
    "models:/": _from_mlflow,
    "runs:/": _from_mlflow,
    "mlflow-artifacts:/": _from_mlflow,
}


def _image(part: wire.Part) -> Fetch | None:
    name = part.uri.removeprefix("docker://")
    if "@" not in name and part.digest.startswith("sha256:"):
        name = f"{_without_tag(name)}@{part.digest}"
    return Fetch((_line("docker", "pull", name),), "") if _IMAGE.fullmatch(name) else None


def _without_tag(name: str) -> str:
    before, colon, tag = name.rpartition(":")
    return before if colon and "/" not in tag else name


# Checks ---------------------------------------------------------------------------------------------------------------


def _sum(program: str) -> Callable[[str, str], str]:
    def check(value: str, lands: str) -> str:
        return f"{_line('printf', '%s  %s' + chr(92) + 'n', value, lands)} | {program} --check -"

    return check


def _tree(value: str, lands: str) -> str:
    """Of the sums of all files, in the order of their names: ``registering/hashing.py`` counts alike."""
    listing = "find -L . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum"
    return f'test "$(cd {shlex.quote(lands)} && {listing} | sha256sum)" = {shlex.quote(f"{value}  -")}'


_CHECKS: dict[str, Callable[[str, str], str]] = {
    "sha256": _sum("sha256sum"),
    "sha512": _sum("sha512sum"),
    "sha1": _sum("sha1sum"),
    "md5": _sum("md5sum"),
    "sha256tree": _tree,
}
"""Scheme of a digest → the shell line that checks it."""
