"""Taking something out of the console: the command that prints a view, a value, rows as CSV or JSON.

Always true here: rows are those on the screen, filtered as there, or the marked ones; a cell that a spreadsheet would
run as a formula is written as text; a file that is there is not overwritten unless that was said.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from opsconsole import wire
from opsconsole.console.frame import Frame, State
from opsconsole.console.listing import Item
from opsconsole.console.panels import charts
from opsconsole.errors import UsageError
from opsconsole.search import Value

SUFFIXES = (".csv", ".json", ".txt", ".svg")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def command_of(state: State, home: str = "") -> str:
    """The command that prints what is on the screen; ``home`` is named where it is not the default one."""
    place = state.place
    words = ["opsconsole", "show", place.view, *([place.service] if place.service else [])]
    words += ["--window", state.window]
    if state.as_of is not None:
        words += ["--as-of", state.as_of.isoformat(timespec="seconds")]
    if place.panel:
        words += ["--panel", str(place.panel)]
    if place.filter:
        words += ["--filter", place.filter]
    for name, value in place.choices:
        words += ["--choose", f"{name}={value}"]
    if home:
        words += ["--home", home]
    return shlex.join(words)


def names_of(items: Sequence[Item], main: str) -> str:
    """The names of items, one a line."""
    return "\n".join(str(item.values.get(main) or item.key) for item in items)


def read_out(frame: Frame) -> str:
    """What the crosshair reads in the view of a service; empty where it reads nothing."""
    view, bucket = frame.view, charts.bucket_of(frame)
    if not isinstance(view, wire.ServiceView) or bucket is None or frame.state.crosshair is None:
        return ""
    lines = view.lines
    named: tuple[tuple[str, float | None], ...] = (
        ("p50_ms", charts.at(lines.p50_ms, bucket)),
        ("p99_ms", charts.at(lines.p99_ms, bucket)),
        ("requests", charts.at(lines.requests, bucket)),
        ("errors", charts.at(lines.errors, bucket)),
        ("usd", charts.at(lines.usd, bucket)),
    )
    told = " ".join(f"{name}={value:g}" for name, value in named if value is not None)
    return f"{frame.state.crosshair.isoformat()} {view.service} {told}"


def as_csv(items: Sequence[Item]) -> str:
    """A header and a row an item."""
    out = io.StringIO()
    columns = list(items[0].values) if items else []
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(item.values.get(column)) for column in columns] for item in items)
    return out.getvalue()


def _cell(value: Value) -> str | int | float | bool:
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def as_json(items: Sequence[Item]) -> str:
    """A list of objects."""
    return json.dumps([dict(item.values) for item in items], indent=1, ensure_ascii=True) + "\n"


def suggested_name(state: State, now: datetime, suffix: str) -> str:
    """``requests-chat-20260131T1203.csv``."""
    parts = [state.view, *([_plain(state.service)] if state.service else []), f"{now:%Y%m%dT%H%M}"]
    return "-".join(parts) + suffix


def _plain(name: str) -> str:
    return "".join(character if character.isalnum() or character in "._-" else "_" for character in name)[:60]


def path_of(text: str) -> Path:
    """With ``~`` and ``~ann`` as the directories that they stand for. Raises UsageError where there is no such one."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise UsageError(f"{text} is nobody's directory", "Name another place.") from error


def write(path_text: str, content: str) -> str:
    """Write a file; its absolute path. A name that ends in ``!`` may be overwritten.

    Raises UsageError when it is there already, or cannot be written.
    """
    is_forced = path_text.endswith("!")
    path = path_of(path_text.rstrip("!").strip())
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if is_forced else os.O_EXCL)
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileExistsError as error:
        raise UsageError(f"{path} is there already", "write! NAME overwrites it.") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", "Name another place.") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    return str(path.absolute())


def suffix_of(path_text: str) -> str:
    """Which kind of file is meant. Raises UsageError for a kind that is none."""
    suffix = Path(path_text.rstrip("!").strip()).suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(f"{path_text!r} says no kind of file", f"End it in {', '.join(SUFFIXES)}.")
    return suffix
