"""Scenarios and scripts as files: YAML that is understood entirely or refused at its line.

Always true here: a scenario that was read can be played; whoever wants all of its mistakes asks ``linting.py``.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from opsconsole.config.load import nearest, read_as
from opsconsole.config.section import Section
from opsconsole.drills.moments import is_moment
from opsconsole.drills.scenario import Line, Scenario
from opsconsole.errors import ConfigError, UsageError

LIBRARY = Path(__file__).parent / "library"


@dataclass(frozen=True)
class ScenarioFile:
    """A scenario and the text that it was read from."""

    path: Path
    text: str
    scenario: Scenario


class Script(Section, frozen=True, kw_only=True):
    """What people do in a headless drill."""

    lines: tuple[Line, ...] = ()


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


def read_script(path: Path) -> tuple[Line, ...]:
    """The lines of a script, as they are written. Raises ConfigError that names the file and the line."""
    text = text_of(path)
    script = read_as(text.encode(), path, Script)
    if script is None:
        return ()
    places = lines_of_keys(text)
    for number, line in enumerate(script.lines):
        for field, message, remedy in wrong_in(line):
            place = places.get(f"lines[{number}].{field}", 1)
            raise ConfigError(f"{path}:{place}: lines[{number}].{field}: {message}", remedy)
        if f"lines[{number}].by" not in places:
            place = places[f"lines[{number}]"]
            raise ConfigError(f"{path}:{place}: lines[{number}]: nobody says it", "Add `by: …`, a person's name.")
    return script.lines


def wrong_in(line: Line) -> Iterator[tuple[str, str, str]]:
    """What keeps a line from being played: its field, what is wrong, and a remedy."""
    if not is_moment(line.at):
        yield "at", f"{line.at!r} is no moment", "Write it like +90s; before the start like -2m."
    try:
        words = shlex.split(line.run)
    except ValueError as error:
        yield "run", f"{line.run!r} is no command: {error}", "Close what is quoted, as in a shell."
        return
    if not words:
        yield "run", "says nothing", "Write a command of opsconsole, without `opsconsole`."
    names = [word.partition("=")[0] for word in words]
    if any("--home".startswith(name) and len(name) >= len("--ho") for name in names):
        yield "run", "names a home", "Leave `--home` out: a line is said to the drill's own home."


def script_text(lines: Iterable[Line]) -> str:
    """A script's file; ``read_script`` reads the same lines."""
    made = {"lines": [{"at": line.at, "by": line.by, "run": line.run} for line in lines]}
    return yaml.safe_dump(made, sort_keys=False, allow_unicode=True, width=10_000)


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
