"""What each action makes of the state: pure functions, one an action, in one table.

Always true here: a verb changes nothing but the state it returns; those that reach outside (leaving, repainting) are
not here but with the app that owns those things.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from opsconsole import wire
from opsconsole.console.frame import Frame, State
from opsconsole.console.listing import Item, cursor
from opsconsole.console.panels.spec import PANELS
from opsconsole.console.place import Place
from opsconsole.console.views.catalog import BY_NAME

PAGE_ROWS = 10

Verb: TypeAlias = Callable[[State, str, Frame], State]
"""(state, the key that was pressed, what is on the screen) → the next state."""


def _items(state: State, frame: Frame) -> tuple[Item, ...]:
    """What is listed on the screen."""
    return frame.shown(BY_NAME[state.view].listing(frame))


def _enter(state: State, key: str, frame: Frame) -> State:
    items = _items(state, frame)
    if not items:
        return state
    opens = items[cursor(items, state.place.cursor)].opens
    if opens is None:
        return state
    here = state.at(cursor=items[cursor(items, state.place.cursor)].key).place
    return replace(state, place=opens, back=(*state.back, here))


def _back(state: State, key: str, frame: Frame) -> State:
    """One step: from the list of keys, from one panel to all, from a view to where it was opened."""
    if state.mode == "help":
        return replace(state, mode="browse")
    if state.view == "service" and state.panel:
        return state.at(panel=0, cursor="")
    *before, last = state.back or (Place(cursor=state.service),)
    return replace(state, place=last, back=tuple(before))


def _moved(distance: Callable[[int], int]) -> Verb:
    """Move the cursor of the list on the screen by a distance that may depend on the list's length."""

    def verb(state: State, key: str, frame: Frame) -> State:
        items = _items(state, frame)
        if not items:
            return state
        to = max(0, min(len(items) - 1, cursor(items, state.place.cursor) + distance(len(items))))
        return state.at(cursor=items[to].key)

    return verb


def _panel(state: State, key: str, frame: Frame) -> State:
    return state.at(panel=0 if state.panel == int(key) else int(key), cursor="", filter="")


def _next_panel(state: State, key: str, frame: Frame) -> State:
    return state.at(panel=state.panel % len(PANELS) + 1, cursor="", filter="")


def _open_window(state: State, key: str, frame: Frame) -> State:
    return replace(state, mode="window", choice=list(wire.WINDOWS).index(state.window))


def _take_window(choice: int, state: State) -> State:
    return replace(state, mode="browse", window=list(wire.WINDOWS)[choice])


def _shifted(by: int) -> Verb:
    return lambda state, key, frame: replace(state, choice=(state.choice + by) % len(wire.WINDOWS))


def _open_sources(state: State, key: str, frame: Frame) -> State:
    return replace(state, place=Place("sources"), back=(*state.back, state.place))


def _cancel(state: State, key: str, frame: Frame) -> State:
    return replace(state, mode="browse", draft="")


VERBS: dict[str, Verb] = {
    "enter": _enter,
    "back": _back,
    "clear": lambda state, key, frame: state.at(filter="", is_faults_only=False),
    "filter": lambda state, key, frame: replace(state, mode="filter", draft=state.place.filter),
    "faults": lambda state, key, frame: state.at(is_faults_only=not state.is_faults_only),
    "window": _open_window,
    "overview": lambda state, key, frame: state.at(panel=0, cursor="", filter=""),
    "panel": _panel,
    "next_panel": _next_panel,
    "sources": _open_sources,
    "down": _moved(lambda n: 1),
    "up": _moved(lambda n: -1),
    "first": _moved(lambda n: -n),
    "last": _moved(lambda n: n),
    "page_down": _moved(lambda n: PAGE_ROWS),
    "page_up": _moved(lambda n: -PAGE_ROWS),
    "help": lambda state, key, frame: replace(state, mode="help"),
    "close_help": lambda state, key, frame: replace(state, mode="browse"),
    "keep_filter": lambda state, key, frame: replace(state.at(filter=state.draft), mode="browse", draft=""),
    "cancel": _cancel,
    "rub_out": lambda state, key, frame: replace(state, draft=state.draft[:-1]),
    "choose_window": lambda state, key, frame: _take_window(int(key) - 1, state),
    "wider": _shifted(1),
    "narrower": _shifted(-1),
    "take_window": lambda state, key, frame: _take_window(state.choice, state),
    "close_window": _cancel,
}
