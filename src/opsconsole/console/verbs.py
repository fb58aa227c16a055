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
from opsconsole.console.panels.spec import BY_DIGIT, PANELS
from opsconsole.console.views import fleet

PAGE_ROWS = 10

Verb: TypeAlias = Callable[[State, str, Frame], State]
"""(state, the key that was pressed, what is on the screen) → the next state."""


def _enter(state: State, key: str, frame: Frame) -> State:
    rows = fleet.rows_shown(frame.fleet, state)
    if not rows:
        return state
    return replace(state, view="service", service=rows[fleet.cursor(rows, state)].service, panel=0, row=0)


def _back(state: State, key: str, frame: Frame) -> State:
    """One step: from the list of keys, from one panel to all, from a view to where it was opened."""
    if state.mode == "help":
        return replace(state, mode="browse")
    if state.view == "service" and state.panel:
        return replace(state, panel=0)
    return replace(state, view=state.came_from if state.view == "sources" else "fleet", came_from="fleet")


def _moved(distance: Callable[[int], int]) -> Verb:
    """Move the cursor of the list on the screen by a distance that may depend on the list's length."""

    def verb(state: State, key: str, frame: Frame) -> State:
        if state.context == "list":
            n = BY_DIGIT[state.panel].length(frame) if frame.service else 0
            return replace(state, row=max(0, min(n - 1, state.row + distance(n))))
        if state.view == "sources":
            n = len(frame.sources.sources) if frame.sources else 0
            return replace(state, source=max(0, min(n - 1, state.source + distance(n))))
        rows = fleet.rows_shown(frame.fleet, state)
        if not rows:
            return state
        to = max(0, min(len(rows) - 1, fleet.cursor(rows, state) + distance(len(rows))))
        return replace(state, service=rows[to].service)

    return verb


def _panel(state: State, key: str, frame: Frame) -> State:
    return replace(state, panel=0 if state.panel == int(key) else int(key), row=0)


def _next_panel(state: State, key: str, frame: Frame) -> State:
    return replace(state, panel=state.panel % len(PANELS) + 1, row=0)


def _open_window(state: State, key: str, frame: Frame) -> State:
    return replace(state, mode="window", window_choice=list(wire.WINDOWS).index(state.window))


def _take_window(choice: int, state: State) -> State:
    return replace(state, mode="browse", window=list(wire.WINDOWS)[choice])


def _shifted(by: int) -> Verb:
    return lambda state, key, frame: replace(state, window_choice=(state.window_choice + by) % len(wire.WINDOWS))


def _open_sources(state: State, key: str, frame: Frame) -> State:
    return replace(state, view="sources", came_from=state.view)


def _cancel(state: State, key: str, frame: Frame) -> State:
    return replace(state, mode="browse", draft="")


VERBS: dict[str, Verb] = {
    "enter": _enter,
    "back": _back,
    "clear": lambda state, key, frame: replace(state, filter="", is_faults_only=False),
    "filter": lambda state, key, frame: replace(state, mode="filter", draft=state.filter),
    "faults": lambda state, key, frame: replace(state, is_faults_only=not state.is_faults_only),
    "window": _open_window,
    "overview": lambda state, key, frame: replace(state, panel=0),
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
    "keep_filter": lambda state, key, frame: replace(state, mode="browse", filter=state.draft, draft=""),
    "cancel": _cancel,
    "rub_out": lambda state, key, frame: replace(state, draft=state.draft[:-1]),
    "choose_window": lambda state, key, frame: _take_window(int(key) - 1, state),
    "wider": _shifted(1),
    "narrower": _shifted(-1),
    "take_window": lambda state, key, frame: _take_window(state.window_choice, state),
    "close_window": _cancel,
}
