"""What the person can do, as data: every key of the console has its one home here.

Always true here: a key means one thing in a context (``bind`` refuses a clash); no key is a control code that
terminals, flow control, tmux or screen take for themselves; no function keys, no Alt, no mouse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from opsconsole.console.frame import State

Context = Literal["fleet", "service", "list", "sources", "filter", "window", "help", "small"]
"""Where keys are read: a view, a panel of the service that is a list, what is open above them, a screen too small."""

LISTS: frozenset[Context] = frozenset({"fleet", "list", "sources"})
SERVICE: frozenset[Context] = frozenset({"service", "list"})
VIEWS: frozenset[Context] = LISTS | SERVICE
EVERYWHERE: frozenset[Context] = VIEWS | {"filter", "window", "help", "small"}

LIST_PANELS = frozenset({3, 5})
"""Digits of the service's panels that are lists: alone on the screen they have a cursor."""

RESERVED = frozenset({"ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m", "ctrl+s", "ctrl+q", "ctrl+a", "ctrl+b"})
"""Aliases of Backspace, Tab and Enter; flow control; the prefixes of screen and tmux."""


@dataclass(frozen=True)
class Action:
    """Something a key does."""

    id: str
    """The console's method is ``do_`` and this."""
    keys: tuple[str, ...]
    """Printable characters as themselves, others by Textual's name."""
    label: str
    """In the status line; empty where it would only take room."""
    help: str
    contexts: frozenset[Context]


def _in(*contexts: Context) -> frozenset[Context]:
    return frozenset(contexts)


ACTIONS: tuple[Action, ...] = (
    Action("enter", ("enter",), "open", "open the service under the cursor", _in("fleet")),
    Action("back", ("escape", "backspace", "q"), "back", "back to where you were", SERVICE | _in("sources", "help")),
    Action("help", ("?",), "help", "the keys that work here", VIEWS),
    Action("quit", ("q",), "quit", "leave; the daemon goes on", _in("fleet")),
    Action("window", ("t",), "window", "choose the time window", SERVICE | _in("fleet")),
    Action("filter", ("/",), "filter", "only names that hold a text; !text: that do not", _in("fleet")),
    Action("faults", ("!",), "faults", "faults only: services that warn or fail", _in("fleet")),
    Action("overview", ("0",), "all", "all panels", SERVICE),
    Action("panel", ("1", "2", "3", "4", "5"), "panel", "this panel alone; again: all", SERVICE),
    Action("sources", ("s",), "sources", "where the records come from, what was rejected", SERVICE | _in("fleet")),
    Action("next_panel", ("tab",), "", "the next panel alone", SERVICE),
    Action("clear", ("escape", "backspace"), "", "clear the filter, show every service again", _in("fleet")),
    Action("down", ("j", "down"), "", "next, previous", LISTS),
    Action("up", ("k", "up"), "", "next, previous", LISTS),
    Action("first", ("g", "home"), "", "first, last", LISTS),
    Action("last", ("G", "end"), "", "first, last", LISTS),
    Action("page_down", ("ctrl+d", "pagedown", " "), "", "ten further, ten back", LISTS),
    Action("page_up", ("ctrl+u", "pageup"), "", "ten further, ten back", LISTS),
    Action("repaint", ("ctrl+l",), "", "draw the whole screen again", VIEWS),
    Action("leave", ("ctrl+c",), "", "leave from anywhere; the daemon goes on", EVERYWHERE),
    Action("give_up", ("q", "escape"), "", "leave a terminal that is too small", _in("small")),
    Action("close_help", ("?", "enter", " "), "", "close this list", _in("help")),
    Action("keep_filter", ("enter",), "keep", "keep the filter", _in("filter")),
    Action("cancel", ("escape",), "cancel", "leave it as it was", _in("filter", "window")),
    Action("rub_out", ("backspace",), "", "delete the last character", _in("filter")),
    Action("choose_window", ("1", "2", "3", "4", "5", "6"), "", "take this window", _in("window")),
    Action("wider", ("right", "down", "l", "j", "t"), "", "the next wider window", _in("window")),
    Action("narrower", ("left", "up", "h", "k"), "", "the next narrower window", _in("window")),
    Action("take_window", ("enter",), "take", "take the marked window", _in("window")),
    Action("close_window", ("q", "backspace"), "", "leave the window as it was", _in("window")),
)

KEY_NAMES: dict[str, str] = {
    "enter": "Enter", "escape": "Esc", "backspace": "Bksp", "tab": "Tab", "down": "↓", "up": "↑", "left": "←",
    "right": "→", "home": "Home", "end": "End", "pagedown": "PgDn", "pageup": "PgUp", " ": "Space",
}  # fmt: skip


def view_context(state: State) -> Context:
    """The view, whatever is open above it."""
    if state.view == "service":
        return "list" if state.panel in LIST_PANELS else "service"
    return "sources" if state.view == "sources" else "fleet"


def context_of(state: State) -> Context:
    """Where keys are read."""
    if state.mode in ("filter", "window", "help"):
        return state.mode
    return view_context(state)


def bind(actions: Sequence[Action] = ACTIONS) -> dict[tuple[Context, str], Action]:
    """(context, key) → action. Raises ValueError naming both actions when a key would mean two things."""
    bound: dict[tuple[Context, str], Action] = {}
    for action in actions:
        for context in action.contexts:
            for key in action.keys:
                if key in RESERVED:
                    raise ValueError(f"{key} of {action.id!r} is not the console's to bind")
                other = bound.setdefault((context, key), action)
                if other is not action:
                    raise ValueError(f"{key!r} in {context} is both {other.id!r} and {action.id!r}")
    return bound


def written(action: Action) -> str:
    """The action's keys as a person reads them: ``j ↓``, ``1…5``."""
    keys = action.keys
    if len(keys) > 2 and all(key.isdigit() for key in keys):
        return f"{keys[0]}…{keys[-1]}"
    return " ".join(KEY_NAMES.get(key, key.replace("ctrl+", "^")) for key in keys)


def hints(context: Context) -> list[tuple[str, str]]:
    """(first key, label) of what the status line names, in the table's order."""
    named = [action for action in ACTIONS if context in action.contexts and action.label]
    return [(written(action).split(" ")[0], action.label) for action in named]


def listed(context: Context) -> list[tuple[str, str]]:
    """(keys, what they do) of everything that works in a context; actions with one explanation share a line."""
    named = [(written(action), action.help) for action in ACTIONS if context in action.contexts]
    lines = groupby(named, key=lambda each: each[1])
    return [("  ".join(keys for keys, _ in group), told) for told, group in lines]
