"""What reaches out of the console: the clipboard, files, who else is here.

Always true here: whatever it does, it says in one line what came of it; a person's mistake is a sentence, never a
traceback.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace

from opsconsole import wire
from opsconsole.clock import Clock
from opsconsole.console import clipboard, exports
from opsconsole.console.frame import Frame, Refusal, State
from opsconsole.console.grammar.verbs import marked, under_cursor
from opsconsole.console.memory import user_name
from opsconsole.console.views.catalog import BY_NAME
from opsconsole.errors import UsageError

CONSOLE = secrets.token_hex(8)
"""This console's name among those that are attached."""


def copy(text: str, state: State, write: Callable[[str], None], environ: Mapping[str, str]) -> State:
    """Copied, or open as a page to select from."""
    if not text:
        return replace(state, notice=Refusal("nothing under the cursor to copy"))
    done = clipboard.copy(text, write, environ)
    if done.path == "page":
        return replace(state, mode="text", choice=0, page=tuple(done.text.split("\n")), notice=done.words)
    return replace(state, notice=done.words)


def value_of(state: State, frame: Frame) -> str:
    """What ``y`` copies: the marked names, else what the crosshair reads, else the name under the cursor."""
    listing = BY_NAME[state.view].listing(frame)
    main = listing.main if listing is not None else ""
    if chosen := marked(state, frame):
        return exports.names_of(chosen, main)
    if read := exports.read_out(frame):
        return read
    item = under_cursor(state, frame)
    return exports.names_of([item], main) if item is not None else ""


def suggestion(state: State, clock: Clock) -> State:
    """The command line with a file name to begin from."""
    suffix = ".csv" if BY_NAME[state.view].has_list else ".txt"
    return replace(state, mode="command", draft=f"write {exports.suggested_name(state, clock.now(), suffix)}", choice=0)


def write_file(name: str, state: State, frame: Frame, text: Callable[[], str], picture: Callable[[], str]) -> State:
    """Rows as CSV or JSON, the screen as text or SVG; what was written and where, or why not.

    Raises UsageError in words.
    """
    if not name.strip("! "):
        raise UsageError("write needs a file name", "write requests.csv, or .json .txt .svg.")
    suffix = exports.suffix_of(name)
    if suffix in (".csv", ".json"):
        from opsconsole.console.grammar.verbs import items_of

        items = marked(state, frame) or items_of(state, frame)
        if not items:
            raise UsageError("there are no rows here to write", "Write .txt or .svg: the screen itself.")
        path = exports.write(name, exports.as_csv(items) if suffix == ".csv" else exports.as_json(items))
        return replace(state, notice=f"{len(items):,} rows written to {path}")
    path = exports.write(name, text() + "\n" if suffix == ".txt" else picture())
    return replace(state, notice=f"the screen written to {path}")


def presence(state: State, environ: Mapping[str, str], armed: str = "", on: str = "") -> wire.Presence:
    """What this console says of itself; while something is armed ``on`` a service it is there, whatever it looks at."""
    return wire.Presence(
        console=CONSOLE, user=user_name(), origin=_origin(environ), view=state.view,
        service=on or state.service or state.place.choice("key"),
        as_of=state.as_of, armed=armed,
    )  # fmt: skip


def _origin(environ: Mapping[str, str]) -> str:
    """The address that SSH came from, else the terminal."""
    if client := (environ.get("SSH_CONNECTION") or environ.get("SSH_CLIENT") or "").split(" ")[0]:
        return client
    try:
        return os.ttyname(0)
    except OSError:
        return "no terminal"


def others(present: wire.Present) -> tuple[wire.Presence, ...]:
    """Everybody but this console."""
    return tuple(each for each in present.consoles if each.console != CONSOLE)


def who(frame: Frame, state: State) -> tuple[str, ...]:
    """The others, as lines."""
    if not frame.present:
        return ("nobody else is attached",)
    lines = [f"{'user':<16}  {'from':<24}  {'looks at':<32}  since"]
    for each in frame.present:
        at = f"{each.view} {each.service}".strip()
        if each.as_of is not None:
            at += f" as of {each.as_of:%m-%d %H:%M}"
        since = f"{each.since:%m-%d %H:%M}" if each.since else ""
        armed = f"  ARMED: {each.armed}" if each.armed else ""
        lines.append(f"{each.user:<16}  {each.origin:<24}  {at:<32}  {since}{armed}")
    return tuple(lines)
