"""What each action makes of the state: pure functions, one an action, in one table.

Always true here: a verb changes nothing but the state it returns; those that reach outside (leaving, copying, writing)
are not here but with the app that owns those things. A place that is left is remembered, and its marks are not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from opsconsole import wire
from opsconsole.console.frame import Frame, Refusal, State
from opsconsole.console.grammar import moments
from opsconsole.console.grammar.actions import Action, Verb
from opsconsole.console.listing import Item, cursor
from opsconsole.console.place import Place, ViewName
from opsconsole.console.states import FAULTS
from opsconsole.console.views import explain, pages, versions
from opsconsole.console.views.catalog import BY_NAME

PAGE_ROWS = 10
MOST_REMEMBERED = 50


def items_of(state: State, frame: Frame) -> tuple[Item, ...]:
    """What is listed on the screen."""
    return frame.shown(BY_NAME[state.view].listing(frame))


def under_cursor(state: State, frame: Frame) -> Item | None:
    items = items_of(state, frame)
    return items[cursor(items, state.place.cursor)] if items else None


ACTED_ON: frozenset[ViewName] = frozenset({"fleet", "alerts", "incidents", "checklists"})
"""Views whose rows something is done about; in the others the first row is the newest, and the cursor stays with it."""


def stayed(state: State, before: Frame, after: Frame) -> State:
    """With the cursor on the item that it was on before an answer came, though nobody ever moved it."""
    if state.view not in ACTED_ON:
        return state
    item, now = under_cursor(state, before), under_cursor(state, after)
    if item is None or now is None or now.key == item.key:
        return state
    is_there = any(each.key == item.key for each in items_of(state, after))
    return state.at(cursor=item.key) if is_there else state


# Going somewhere --------------------------------------------------------------------------------------------------


def went(state: State, place: Place, frame: Frame) -> State:
    """At another place; the one that is left can be gone back to, its cursor where it stood."""
    item = under_cursor(state, frame)
    here = replace(state.place, cursor=item.key) if item is not None else state.place
    if replace(place, cursor="") == replace(here, cursor="") and not place.cursor:
        return replace(state, mode="browse")
    back = (*state.back, here)[-MOST_REMEMBERED:]
    return _arrived(replace(state, back=back, forward=()), place)


def _arrived(state: State, place: Place) -> State:
    return replace(state, place=place, mode="browse", marks=frozenset(), held=(), draft="", choice=0)


def _enter(state: State, key: str, frame: Frame, action: Action) -> State:
    item = under_cursor(state, frame)
    if item is not None and item.page:
        return replace(state, mode="text", choice=0, page=item.page)
    if item is None or item.opens is None:
        return replace(state, notice=Refusal("nothing more to open here")) if item is not None else state
    if item.opens.view == state.view and item.opens.service == state.service:
        return _arrived(state, item.opens)  # a choice within the view, no other place
    return went(state, item.opens, frame)


def service_here(state: State, frame: Frame) -> str:
    """The service that a key is about: the place's own, else the one under the fleet's cursor."""
    if state.service:
        return state.service
    item = under_cursor(state, frame)
    return str(item.values.get("service") or "") if item is not None else ""


def _metric_here(state: State, frame: Frame) -> str:
    """The number that what is under the cursor is about, where it is about one."""
    item = under_cursor(state, frame)
    return str(item.values.get("metric") or "") if item is not None and "metric" in item.values else ""


def _open(state: State, key: str, frame: Frame, action: Action) -> State:
    view: ViewName = action.value  # type: ignore[assignment]  # the table names views of the catalog only
    spec = BY_NAME[view]
    service = "" if spec.scope == "fleet" else state.service
    if spec.scope == "service":
        service = service_here(state, frame)
        if not service:
            return replace(state, notice=Refusal(f"{spec.title} is of one service: choose one first"))
    place = Place(view, service)
    if view == "explain":
        place = place.choosing(**explain.range_of(frame), metric=_metric_here(state, frame))
    return went(state, place, frame)


def _back(state: State, key: str, frame: Frame, action: Action) -> State:
    """One step: Esc takes back what was put over the view first; then one panel to all; then where one came from."""
    if key == action.keys[0]:
        undone = _undone(state)
        if undone is not state:
            return undone
    if BY_NAME[state.view].panels and state.panel and state.view != "cost":
        return state.at(panel=0, cursor="", filter="")
    *before, last = state.back or (Place(cursor=state.service),)
    return _arrived(replace(state, back=tuple(before), forward=(*state.forward, state.place)), last)


def _undone(state: State) -> State:
    if state.marks:
        return replace(state, marks=frozenset(), held=())
    if state.crosshair is not None:
        return replace(state, crosshair=None)
    if state.place.filter or state.is_faults_only:
        return state.at(filter="", is_faults_only=False)
    return state


def _history_back(state: State, key: str, frame: Frame, action: Action) -> State:
    if not state.back:
        return replace(state, notice=Refusal("this is where you began"))
    *before, last = state.back
    return _arrived(replace(state, back=tuple(before), forward=(*state.forward, state.place)), last)


def _history_on(state: State, key: str, frame: Frame, action: Action) -> State:
    if not state.forward:
        return replace(state, notice=Refusal("there is nothing further on"))
    *others, newest = state.forward
    return _arrived(replace(state, forward=tuple(others), back=(*state.back, state.place)), newest)


def _last_place(state: State, key: str, frame: Frame, action: Action) -> State:
    """The place before, and with the same key back again."""
    if not state.back:
        return (
            _history_on(state, key, frame, action)
            if state.forward
            else replace(state, notice=Refusal("nowhere else yet"))
        )
    *before, last = state.back
    return _arrived(replace(state, back=(*before, state.place)), last)


# In a list --------------------------------------------------------------------------------------------------------


def _moved(distance: Callable[[int], int]) -> Verb:
    """Move the cursor of the list on the screen by a distance that may depend on the list's length."""

    def verb(state: State, key: str, frame: Frame, action: Action) -> State:
        items = items_of(state, frame)
        if not items:
            return state
        to = max(0, min(len(items) - 1, cursor(items, state.place.cursor) + distance(len(items))))
        return replace(state, place=BY_NAME[state.view].grow(replace(state.place, cursor=items[to].key), frame))

    return verb


_down = _moved(lambda n: 1)


def _mark(state: State, key: str, frame: Frame, action: Action) -> State:
    item = under_cursor(state, frame)
    if item is None:
        return state
    return _down(_marking(state, state.marks ^ {item.key}, frame), key, frame, action)


def _mark_all(state: State, key: str, frame: Frame, action: Action) -> State:
    every = frozenset(item.key for item in items_of(state, frame))
    return _marking(state, frozenset() if every <= state.marks else state.marks | every, frame)


def _marking(state: State, marks: frozenset[str], frame: Frame) -> State:
    """While something is marked the rows keep their order, so that none slides under a hand."""
    held = (state.held or tuple(item.key for item in items_of(state, frame))) if marks else ()
    return replace(state, marks=marks, held=held)


def marked(state: State, frame: Frame) -> tuple[Item, ...]:
    """What is marked and can be seen: what a filter hides is never acted on."""
    return tuple(item for item in items_of(state, frame) if item.key in state.marks)


def _jump(state: State, key: str, frame: Frame, action: Action) -> State:
    return replace(state, mode="jump") if items_of(state, frame) else state


# Panels and choices -----------------------------------------------------------------------------------------------


def _panel(state: State, key: str, frame: Frame, action: Action) -> State:
    n = int(key)
    if n > len(BY_NAME[state.view].panels):
        return replace(state, notice=Refusal(f"there is no panel {n} here"))
    if state.view == "cost":
        return state.at(panel=n, cursor="", filter="")
    return state.at(panel=0 if state.panel == n else n, cursor="", filter="")


def _zoom(state: State, key: str, frame: Frame, action: Action) -> State:
    return state.at(panel=0 if state.panel else 1, cursor="", filter="")


def _panel_beside(by: int) -> Verb:
    def verb(state: State, key: str, frame: Frame, action: Action) -> State:
        n = len(BY_NAME[state.view].panels)
        return state.at(
            panel=(state.panel - 1 + by) % n + 1 if state.panel else (1 if by > 0 else n), cursor="", filter=""
        )

    return verb


def _choose(state: State, key: str, frame: Frame, action: Action) -> State:
    choice = next(each for each in BY_NAME[state.view].choices if each.name == action.value)
    now = state.place.choice(choice.name, choice.values[0])
    following = (
        choice.values[(choice.values.index(now) + 1) % len(choice.values)] if now in choice.values else choice.values[0]
    )
    return replace(
        state,
        place=replace(state.place.choosing(**{choice.name: following}), cursor=""),
        notice=f"{choice.name}: {following}",
    )


def _baseline(state: State, key: str, frame: Frame, action: Action) -> State:
    item = under_cursor(state, frame)
    view = frame.answer(wire.VersionsView)
    if item is None or view is None or not item.key:
        return state
    place = state.place.choosing(baseline=view.baseline, candidate=view.candidate)
    return replace(state, place=versions.with_baseline(place, item.key))


# Faults -----------------------------------------------------------------------------------------------------------


def _breach(by: int) -> Verb:
    """The next breach in time, or the one before; in the fleet the next faulty service."""

    def verb(state: State, key: str, frame: Frame, action: Action) -> State:
        if state.view == "fleet":
            return _next_fault(state, frame, by)
        view = frame.answer(wire.ServiceView)
        if view is None:
            return replace(state, notice=Refusal("breaches are shown in the view of a service"))
        if not view.breaches:
            return replace(state, notice=Refusal("no breach in this window"))
        at = state.crosshair
        starts = sorted({breach.start for breach in view.breaches})
        if by > 0:
            to = next((start for start in starts if at is None or start > at), starts[0])
        else:
            to = next((start for start in reversed(starts) if at is None or start < at), starts[-1])
        told = "; ".join(breach.what for breach in view.breaches if breach.start == to)
        return replace(state, crosshair=max(to, view.axis.start), notice=f"{to:%H:%M} {told}")

    return verb


def _next_fault(state: State, frame: Frame, by: int) -> State:
    items = items_of(state, frame)
    n = len(items)
    at = cursor(items, state.place.cursor)
    for step in range(1, n + 1):
        item = items[(at + by * step) % n]
        if item.values.get("state") in FAULTS:
            return state.at(cursor=item.key)
    return replace(state, notice=Refusal("no service warns or fails"))


# What is open above a view ----------------------------------------------------------------------------------------


def _closed(state: State, key: str, frame: Frame, action: Action) -> State:
    return replace(state, mode="browse", draft="", choice=0, page=())


def _keep_filter(state: State, key: str, frame: Frame, action: Action) -> State:
    return replace(state.at(filter=state.draft.strip(), cursor=""), mode="browse", draft="")


def _rub_out(state: State, key: str, frame: Frame, action: Action) -> State:
    if state.mode == "command" and not state.draft:
        return replace(state, mode="browse")
    return replace(state, draft=state.draft[:-1], is_offered=False, choice=0)


def _scrolled(by: int) -> Verb:
    return lambda state, key, frame, action: replace(state, choice=pages.scrolled(frame, by))


VERBS: dict[str, Verb] = {
    **moments.VERBS,
    "enter": _enter,
    "back": _back,
    "clear": lambda state, key, frame, action: _undone(state),
    "filter": lambda state, key, frame, action: replace(state, mode="filter", draft=state.place.filter),
    "faults": lambda state, key, frame, action: state.at(is_faults_only=not state.is_faults_only),
    "baseline": _baseline,
    "next_breach": _breach(1),
    "last_breach": _breach(-1),
    "overview": lambda state, key, frame, action: state.at(panel=0, cursor="", filter=""),
    "panel": _panel,
    "zoom": _zoom,
    "next_panel": _panel_beside(1),
    "last_panel": _panel_beside(-1),
    "last_place": _last_place,
    "history_back": _history_back,
    "history_on": _history_on,
    "down": _down,
    "up": _moved(lambda n: -1),
    "first": _moved(lambda n: -n),
    "last": _moved(lambda n: n),
    "page_down": _moved(lambda n: PAGE_ROWS),
    "page_up": _moved(lambda n: -PAGE_ROWS),
    "jump": _jump,
    "mark": _mark,
    "mark_all": _mark_all,
    "help": lambda state, key, frame, action: replace(state, mode="help", draft="", choice=0),
    "command": lambda state, key, frame, action: replace(state, mode="command", draft="", choice=0),
    "keep_filter": _keep_filter,
    "scroll_down": _scrolled(1),
    "scroll_up": _scrolled(-1),
    "scroll_page_down": _scrolled(PAGE_ROWS),
    "scroll_page_up": _scrolled(-PAGE_ROWS),
    **dict.fromkeys(
        ("cancel_filter", "cancel_command", "cancel_help", "cancel_jump", "cancel_window", "close_text"), _closed
    ),
    "form_edit": lambda state, key, frame, action: replace(state, is_offered=False),
    **dict.fromkeys(("rub_out_filter", "rub_out_command", "rub_out_help", "rub_out_form"), _rub_out),
}


def verb_of(action: Action) -> Verb:
    """What the action does to the state; raises KeyError for one that the app does itself."""
    if action.id.startswith("open_"):
        return _open
    return _choose if action.id.startswith("choose_") and action.id != "choose_window" else VERBS[action.id]
