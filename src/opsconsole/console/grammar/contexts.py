"""Where keys are read: every view, with or without a list on the screen, and everything that opens above a view.

Always true here: a context is a name and its traits; an action asks for traits, so a new view has all keys that fit it
without being named anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from opsconsole.console.frame import Mode, State
from opsconsole.console.views.catalog import BY_NAME, VIEWS, ViewSpec

MODES: tuple[Mode, ...] = tuple(mode for mode in get_args(Mode) if mode != "browse")
TOO_SMALL = "small"
TYPED = frozenset({"filter", "command", "help", "form"})
"""Contexts in which characters are text."""
COMMAND_LIMIT = 400
LIMITS: dict[str, int] = {"filter": 200, "form": 2_000}
"""Characters of what is typed, where they are not those of a command."""


@dataclass(frozen=True)
class Context:
    """A place where keys are read."""

    name: str
    traits: frozenset[str]
    """``view``, ``view:NAME``, ``list``, ``timed``, ``panels``, ``acts``, ``of:WHAT``, ``choice:NAME``; ``mode:NAME``;
    ``small``."""


def _of_view(spec: ViewSpec, *, has_list: bool) -> Context:
    traits = {"view", f"view:{spec.name}", *(f"choice:{choice.name}" for choice in spec.choices)}
    traits |= {"list"} if has_list else set()
    traits |= {"timed"} if spec.is_timed else set()
    traits |= {"panels"} if spec.panels else set()
    traits |= {"acts"} if spec.acts else set()
    traits |= {f"of:{spec.deals_with}"} if spec.deals_with else set()
    return Context(_name(spec, has_list=has_list), frozenset(traits))


def _name(spec: ViewSpec, *, has_list: bool) -> str:
    return f"{spec.name} list" if has_list and spec.list_panels else spec.name


def _variants(spec: ViewSpec) -> list[Context]:
    """A view that lists in some of its panels only has two contexts."""
    if spec.list_panels:
        return [_of_view(spec, has_list=False), _of_view(spec, has_list=True)]
    return [_of_view(spec, has_list=spec.has_list)]


CONTEXTS: dict[str, Context] = {
    context.name: context
    for context in (
        *(context for spec in VIEWS for context in _variants(spec)),
        *(Context(mode, frozenset({f"mode:{mode}"})) for mode in MODES),
        Context(TOO_SMALL, frozenset({"small"})),
    )
}


def view_context(state: State) -> Context:
    """The view, whatever is open above it."""
    spec = BY_NAME[state.view]
    has_list = state.panel in spec.list_panels if spec.list_panels else spec.has_list
    return CONTEXTS[_name(spec, has_list=has_list)]


def context_of(state: State) -> Context:
    """Where keys are read now."""
    return view_context(state) if state.mode == "browse" else CONTEXTS[state.mode]
