"""Scenarios as files: YAML that is understood entirely or refused at its line.

Always true here: a scenario that was read can be played; whoever wants all of its mistakes asks ``linting.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from opsconsole.config.load import nearest, read_as
from opsconsole.drills.scenario import Scenario
from opsconsole.errors import ConfigError, UsageError

LIBRARY = Path(__file__).parent / "library"


@dataclass(frozen=True)
class ScenarioFile:
    """A scenario and the text that it was read from."""

    path: Path
    text: str
    scenario: Scenario


def parse(text: str, path: Path) -> Scenario:
    """Raises ConfigError that names the file, the line and the field."""
    scenario = read_as(text.encode(), path, Scenario)
    if scenario is None:
        raise ConfigError(f"{path} is empty", "docs/drills.md shows how a scenario is written.")
    return scenario


def read(path: Path) -> ScenarioFile:
    """Raises ConfigError."""
    text = text_of(path)
    return ScenarioFile(path, text, parse(text, path))


def text_of(path: Path) -> str:
    """Raises ConfigError."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", "Name a file that can be read.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start} is no UTF-8", "Write the file as UTF-8 text.") from error


def files(own: Path) -> dict[str, Path]:
    """Id → file: the package's library, and a home's own, which go before it."""
    found = {path.stem: path for directory in (LIBRARY, own) for path in sorted(directory.glob("*.yaml"))}
    return dict(sorted(found.items()))


def find(name: str, own: Path) -> ScenarioFile:
    """A scenario by its id, or by the path of its file. Raises UsageError and ConfigError."""
    known = files(own)
    if name in known:
        return read(known[name])
    if name.endswith((".yaml", ".yml")):
        return read(Path(name))
    raise UsageError(f"there is no drill {name!r}", nearest(name, known))


def lines_of_keys(text: str) -> dict[str, int]:
    """Field (``faults[2].until``) → the line that it stands on."""
    node = yaml.SafeLoader(text).get_single_node()
    return dict(_lines(node, "")) if node is not None else {}


def _lines(node: yaml.Node, field: str) -> list[tuple[str, int]]:
    found = [(field, node.start_mark.line + 1)]
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = f"{field}.{key.value}" if field else str(key.value)
            found += [(name, key.start_mark.line + 1), *_lines(value, name)[1:]]
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            found += _lines(value, f"{field}[{index}]")
    return found
