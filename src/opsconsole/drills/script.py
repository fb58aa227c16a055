"""Scripts: what people do in a headless drill, each line at its moment and by its person, as a file that is read.

Always true here: a script that was read can be played; one that cannot is refused at its line, before anything happens.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import yaml

from opsconsole.config.load import read_as
from opsconsole.config.section import Section
from opsconsole.drills.keys import KeysError, size_of, words_of
from opsconsole.drills.moments import is_moment, moment_s
from opsconsole.drills.reading import lines_of_keys, text_of
from opsconsole.drills.scenario import Line
from opsconsole.errors import ConfigError

Wrong = tuple[str, str, str]
"""A field, what is wrong with it, and a remedy."""


class ScriptLine(Line, frozen=True, kw_only=True):
    """Who says what to the command line, or presses which keys, and when."""

    run: str = ""
    keys: str = ""
    """Instead of ``run``: what they press on their console."""
    size: str = ""
    """Of their console, in their first line of keys."""


class Script(Section, frozen=True, kw_only=True):
    """What people do in a headless drill."""

    lines: tuple[ScriptLine, ...] = ()


def read_script(path: Path) -> tuple[ScriptLine, ...]:
    """The lines of a script, as they are written. Raises ConfigError that names the file and the line."""
    text = text_of(path)
    script = read_as(text.encode(), path, Script)
    if script is None:
        return ()
    places = lines_of_keys(text)
    resized = _resized(script.lines)
    for number, line in enumerate(script.lines):
        for field, message, remedy in (*_wrong_in(line), *resized.get(number, ())):
            place = places.get(f"lines[{number}].{field}", places[f"lines[{number}]"])
            raise ConfigError(f"{path}:{place}: lines[{number}].{field}: {message}", remedy)
        if f"lines[{number}].by" not in places:
            place = places[f"lines[{number}]"]
            raise ConfigError(f"{path}:{place}: lines[{number}]: nobody says it", "Add `by: …`, a person's name.")
    return script.lines


def _wrong_in(line: ScriptLine) -> Iterator[Wrong]:
    """What keeps a line of a script from being played."""
    if not line.keys:
        yield from wrong_in(line)
        return
    yield from _wrong_moment(line)
    if line.run:
        yield "keys", "stands beside a command", "Keep `run` or `keys`, and write two lines for both."
    for field, read in (("keys", words_of), ("size", size_of)):
        try:
            read(getattr(line, field))
        except KeysError as error:
            yield field, str(error), error.remedy


def _resized(lines: Sequence[ScriptLine]) -> dict[int, tuple[Wrong, ...]]:
    """Number of a line → what is wrong with its size: a console has one, from its first line of keys on."""
    wrong: dict[int, tuple[Wrong, ...]] = {}
    known: dict[str, int] = {}
    keys = [number for number, line in enumerate(lines) if line.keys and is_moment(line.at)]
    for number in sorted(keys, key=lambda number: moment_s(lines[number].at)):
        by = lines[number].by
        if lines[number].size and by in known:
            remedy = f"Write it into lines[{known[by]}], where {by} presses keys first."
            wrong[number] = (("size", f"comes when the console of {by} is open", remedy),)
        known.setdefault(by, number)
    return wrong | {
        number: (("size", "means nothing for a command", "Leave it out."),)
        for number, line in enumerate(lines)
        if line.size and not line.keys
    }


def _wrong_moment(line: Line) -> Iterator[Wrong]:
    if not is_moment(line.at):
        yield "at", f"{line.at!r} is no moment", "Write it like +90s; before the start like -2m."


def wrong_in(line: Line) -> Iterator[Wrong]:
    """What keeps a command from being said."""
    yield from _wrong_moment(line)
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
    fields = ("at", "by", "run", "keys", "size")
    told = [{name: getattr(line, name, "") for name in fields} for line in lines]
    made = {"lines": [{name: value for name, value in each.items() if value} for each in told]}
    return yaml.safe_dump(made, sort_keys=False, allow_unicode=True, width=10_000)
