"""A version as a repository holds it: the commit, its locks, and what DVC and GTO say.

Always true here: what was not committed is refused, or stands in the revision as ``-dirty`` and so makes the version
one that cannot be made again; a file is named by repository, revision and path, so that anybody can fetch it.
"""

from __future__ import annotations

import posixpath
from pathlib import Path

from opsconsole import wire
from opsconsole.errors import InputError
from opsconsole.registering import dvc, gto
from opsconsole.registering.combining import Contribution
from opsconsole.registering.git import Checkout, checkout
from opsconsole.registering.hashing import Told, digest_of, nobody
from opsconsole.registering.locks import caveat_of, is_lock

_MODEL_ENDINGS = (
    ".safetensors", ".gguf", ".onnx", ".pt", ".pth", ".ckpt", ".h5", ".keras", ".pkl", ".joblib", ".tflite", ".ubj",
)  # fmt: skip
"""Of files that hold a trained model and nothing else."""
_CONFIGS = ("params.yaml", "params.yml", "params.json", "params.toml")
_MOST_CHANGES_TOLD = 3


def read(
    directory: Path, service: str, version: str, *, allow_dirty: bool = False, told: Told = nobody
) -> Contribution:
    """What the repository that a directory is in says of a version.

    Raises InputError when something was not committed, or a tag names another commit for this version.
    """
    found = checkout(directory)
    if found.changed and not allow_dirty:
        raise InputError(
            f"{found.root} has changes that are not committed: {_few(found.changed)}",
            "Commit them, or register it as it is with --allow-dirty: it cannot be made again then.",
        )
    named = _named(found, service, version)
    files = _Files(found, directory, told)
    kept = dvc.tracked(found.root, found.tracked("*.dvc", "*dvc.lock", "*dvc.yaml"))
    parts = [_code(found, named), *files.locks(), *files.configs(), *_of_dvc(found, kept, named)]
    if not any(part.kind == "model" for part in parts):
        model = kept.artifacts.get(named.name, "") if named else ""
        for path in sorted({model} - {""} or kept.models):
            parts += files.named("model", path)
    return Contribution(
        origin="git, dvc" if kept.outputs else "git",
        version=named.version if named else "",
        note=f"registered by the tag {named.tag}" if named else "",
        parts=tuple(parts),
        left_out=_left_out(kept),
    )


def _few(paths: tuple[str, ...]) -> str:
    more = f" and {len(paths) - _MOST_CHANGES_TOLD} more" if len(paths) > _MOST_CHANGES_TOLD else ""
    return ", ".join(paths[:_MOST_CHANGES_TOLD]) + more


def _named(found: Checkout, service: str, version: str) -> gto.Named | None:
    """The tag of GTO that names this commit: for the version if one is given, else the only one there is.

    Raises InputError when the version is registered, and is another commit.
    """
    here = gto.versions(found.tags)
    if not version:
        own = [each for each in here if each.name == service] or here
        return own[0] if len(own) == 1 else None
    fitting = [each for each in here if each.version == version]
    own = [each for each in fitting if each.name == service] or fitting
    elsewhere = f"{service}@{version}"
    commit = found.commit_of(elsewhere) if not own else ""
    if commit not in ("", found.commit):
        raise InputError(
            f"{elsewhere} is commit {commit[:12]}, and {found.commit[:12]} is checked out",
            f"Check it out first: git checkout {elsewhere}",
        )
    return own[0] if len(own) == 1 else None


def _code(found: Checkout, named: gto.Named | None) -> wire.Part:
    return wire.Part(
        kind="code",
        uri=f"{found.remote}@{found.revision}",
        digest="" if found.changed else found.commit,
        name=named.tag if named else next(iter(found.tags), ""),
        caveat=found.caveat,
    )


class _Files:
    """Files that git itself tracks, in one directory of a checkout."""

    def __init__(self, found: Checkout, directory: Path, told: Told) -> None:
        self._found, self._told = found, told
        below = directory.resolve().relative_to(found.root.resolve()).as_posix()
        base = "" if below == "." else below
        self._here = [path for path in found.tracked() if posixpath.dirname(path) == base]

    def locks(self) -> list[wire.Part]:
        """Locks, those that settle every package first; the others only where there is none."""
        found = [self._part("lock", path) for path in self._here if is_lock(posixpath.basename(path))]
        return [part for part in found if not part.caveat] or found

    def configs(self) -> list[wire.Part]:
        return [self._part("config", path) for path in self._here if posixpath.basename(path) in _CONFIGS]

    def named(self, kind: wire.PartKind, path: str) -> list[wire.Part]:
        """The part at a path, if git tracks it."""
        return [self._part(kind, path)] if self._found.tracked(f":(literal){path}") == [path] else []

    def _part(self, kind: wire.PartKind, path: str) -> wire.Part:
        file = self._found.root / path
        return wire.Part(
            kind=kind,
            uri=f"git+{self._found.remote}@{self._found.revision}#{path}",
            digest=digest_of(file, self._told),
            name=posixpath.basename(path),
            caveat=caveat_of(file.name, file.read_bytes()) if kind == "lock" else "",
        )


def _of_dvc(found: Checkout, kept: dvc.Tracked, named: gto.Named | None) -> list[wire.Part]:
    model = kept.artifacts.get(named.name, "") if named else ""
    return [
        wire.Part(
            kind=_kind(output, kept, model),
            uri=f"dvc+{found.remote}@{found.revision}#{output.path}",
            digest=output.digest,
            name=posixpath.basename(output.path),
        )
        for output in kept.outputs
        if output.path not in kept.between
    ]


def _kind(output: dvc.Output, kept: dvc.Tracked, model: str) -> wire.PartKind:
    if output.path == model or output.path in kept.models:
        return "model"
    if output.path in kept.measures:
        return "evaluation"
    return "model" if output.path.endswith(_MODEL_ENDINGS) else "data"


def _left_out(kept: dvc.Tracked) -> tuple[str, ...]:
    return tuple(f"{path}: made by one stage of the pipeline for another" for path in sorted(kept.between))
