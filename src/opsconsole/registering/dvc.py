"""What DVC tracks, from the files that it commits: ``*.dvc``, ``dvc.lock``, ``dvc.yaml``.

Always true here: nothing but these files is read, neither the cache nor the remote; digests are DVC's own. Before its
version 3, DVC made a text's line ends alike before it took the MD5, which no tool of a shell does: such a digest is
called ``md5-dos2unix``, as DVC calls it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from opsconsole.errors import InputError


@dataclass(frozen=True)
class Output:
    """A file or a directory that DVC keeps."""

    path: str
    """Relative to the root of the repository."""
    digest: str
    """``md5:…``, with ``.dir`` behind it for a directory; empty where DVC has none."""
    stage: str
    """Of the pipeline; empty for what was added by hand."""


@dataclass(frozen=True)
class Tracked:
    """All that DVC says of a repository."""

    outputs: tuple[Output, ...]
    models: frozenset[str]
    """Paths that the list of artifacts calls models."""
    measures: frozenset[str]
    """Paths of metrics and plots."""
    between: frozenset[str]
    """Paths that one stage makes and another takes."""
    artifacts: dict[str, str]
    """Name of an artifact → its path."""


def tracked(root: Path, paths: list[str]) -> Tracked:
    """What these files of DVC say; paths are relative to the root.

    Raises InputError that names the file and the line when one is not understood.
    """
    outputs: list[Output] = []
    taken: set[str] = set()
    pipelines: dict[str, Any] = {}
    for path in paths:
        if posixpath.basename(path) == "dvc.yaml":
            pipelines[posixpath.dirname(path)] = _read(root / path)
    for path in paths:
        directory = posixpath.dirname(path)
        if posixpath.basename(path) == "dvc.lock":
            stages = _table(_table(pipelines.get(directory)).get("stages"))
            for name, stage in _table(_read(root / path).get("stages")).items():
                base = _joined(directory, _word(_table(stages.get(name.partition("@")[0])).get("wdir")))
                outputs += _outputs(stage, base, name)
                taken |= {_joined(base, _word(each.get("path"))) for each in _entries(_table(stage).get("deps"))}
        elif path.endswith(".dvc"):
            content = _read(root / path)
            outputs += _outputs(content, _joined(directory, _word(content.get("wdir"))), "")
    models, measures, artifacts = _named(pipelines)
    made = {output.path for output in outputs if output.stage}
    return Tracked(tuple(outputs), models, measures, frozenset(made & taken), artifacts)


def _outputs(stage: Any, base: str, name: str) -> Iterator[Output]:
    for entry in _entries(_table(stage).get("outs")):
        digest = _word(entry.get("md5"))
        scheme = "md5" if entry.get("hash") == "md5" else "md5-dos2unix"
        yield Output(_joined(base, _word(entry.get("path"))), f"{scheme}:{digest}" if digest else "", name)


def _named(pipelines: dict[str, Any]) -> tuple[frozenset[str], frozenset[str], dict[str, str]]:
    """(Paths of models, paths of metrics and plots, name of an artifact → path)."""
    models, measures, artifacts = set(), set(), {}
    for directory, pipeline in pipelines.items():
        for name, artifact in _table(pipeline.get("artifacts")).items():
            path = _joined(directory, _word(_table(artifact).get("path")))
            artifacts[name] = path
            if _table(artifact).get("type") == "model":
                models.add(path)
        for stage in _table(pipeline.get("stages")).values():
            base = _joined(directory, _word(_table(stage).get("wdir")))
            for key in ("metrics", "plots"):
                measures |= {_joined(base, path) for path in _paths(_table(stage).get(key))}
        measures |= {_joined(directory, path) for path in _paths(pipeline.get("metrics"))}
    return frozenset(models), frozenset(measures), artifacts


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_bytes())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise InputError(f"{where}: {error.problem or error.context}", "Mend the YAML at this line.") from error
    except (yaml.YAMLError, OSError) as error:
        raise InputError(f"{path} cannot be read: {error}", "Check it with `dvc status`.") from error
    return _table(content)


def _table(value: Any) -> dict[str, Any]:
    """A table; empty for anything else, for DVC allows more forms than matter here."""
    return {str(key): each for key, each in value.items()} if isinstance(value, dict) else {}


def _entries(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _paths(value: Any) -> list[str]:
    """``[a, {b: …}]`` names a and b."""
    if not isinstance(value, list):
        return []
    return [str(next(iter(each), "")) if isinstance(each, dict) else str(each) for each in value]


def _word(value: Any) -> str:
    return "" if value is None else str(value)


def _joined(directory: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(directory, path)) if path or directory else ""
