"""Which key runs which action where: the defaults, and what the configuration makes of them.

Always true here: over all contexts, a key has one meaning; a clash is an error that names both sides and where each of
them is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import groupby

from opsconsole.console.frame import Frame, State
from opsconsole.console.grammar.actions import ACTIONS, BY_ID, RESERVED, Action, written
from opsconsole.console.grammar.contexts import CONTEXTS, Context
from opsconsole.console.grammar.orders import label, unavailable
from opsconsole.errors import ConfigError

NEVER_LEFT_OUT: tuple[str, ...] = ("rollback", "help")
"""What the status line names first where releases are acted on: how to stop it, and where all else is found."""
DEFAULT = "the console's own keys"


@dataclass(frozen=True)
class Listed:
    """One line of the list of keys."""

    action: Action
    keys: str
    told: str
    reason: str = ""
    """Why it does not work now; empty when it does."""


@dataclass(frozen=True)
class Hint:
    """A key that the status line names."""

    key: str
    label: str
    is_off: bool
    """It does not work now."""


class Keymap:
    """Every key in every context."""

    def __init__(self, actions: Sequence[Action] = ACTIONS, places: Mapping[str, str] | None = None) -> None:
        """``places``: action id → where its keys were configured.

        Raises ConfigError for a clash, naming both places.
        """
        self.actions = tuple(actions)
        self._places = places or {}
        self._bound: dict[tuple[str, str], Action] = {}
        for action in self.actions:
            for context in CONTEXTS.values():
                if action.fits(context.traits):
                    self._bind(action, context)

    def _bind(self, action: Action, context: Context) -> None:
        for key in action.keys:
            if key in RESERVED:
                raise ConfigError(
                    f"{self._place(action)}: {written((key,))} of `{action.id}` is not the console's to bind",
                    "Terminals, tmux and screen take it for themselves; choose another key.",
                )
            other = self._bound.setdefault((context.name, key), action)
            if other is not action:
                raise ConfigError(
                    f"{written((key,))} in {context.name} is both `{other.id}` ({self._place(other)}) "
                    f"and `{action.id}` ({self._place(action)})",
                    "Give one of them another key under `console: keys:`.",
                )

    def _place(self, action: Action) -> str:
        return self._places.get(action.id, DEFAULT)

    def action(self, context: Context, key: str) -> Action | None:
        """What the key does there."""
        return self._bound.get((context.name, key))

    def action_in(self, name: str, key: str) -> Action | None:
        """What the key does in the context of this name."""
        return self._bound.get((name, key))

    def keys_of(self, *names: str) -> frozenset[str]:
        """The keys of these actions."""
        return frozenset(key for each in self.actions if each.id in names for key in each.keys)

    def named(self, action: str) -> list[str]:
        """The keys of an action, as a person reads them."""
        return [written((key,)) for each in self.actions if each.id == action for key in each.keys]

    @property
    def names(self) -> dict[str, str]:
        """Action → its first key, as a person reads it."""
        return {each.id: written(each.keys[:1]) for each in self.actions if each.keys}

    def hints(self, context: Context, frame: Frame) -> list[Hint]:
        """What the status line names, the most important first."""
        named = [each for each in self.actions if each.label and each.fits(context.traits)]
        named.sort(key=lambda each: _place(each, context))
        state = frame.state
        told = ((each, label(each, state, frame)) for each in named)
        return [
            Hint(written(each.keys[:1]), words, bool(unavailable(each, state, frame))) for each, words in told if words
        ]

    def listed(self, context: Context, state: State, frame: Frame) -> list[Listed]:
        """Everything that works in a context; actions with one explanation share a line."""
        named = [each for each in self.actions if each.fits(context.traits)]
        lines = []
        for told, group in groupby(named, key=lambda each: each.help):
            actions = list(group)
            keys = "  ".join(written(each.keys) for each in actions)
            lines.append(Listed(actions[0], keys, told, unavailable(actions[0], state, frame)))
        return lines


def _place(action: Action, context: Context) -> int:
    """Where in the status line, before the table's order; what acts on what is looked at goes first."""
    if "acts" in context.traits and action.id in NEVER_LEFT_OUT:
        return NEVER_LEFT_OUT.index(action.id)
    is_first = action.is_deed or (action.is_order and "view:release" in context.traits)
    return len(NEVER_LEFT_OUT) + (0 if is_first else 1)


def remapped(keys: Mapping[str, str | Sequence[str]], where: Mapping[str, str]) -> Keymap:
    """The keymap with the configuration's keys in place of the defaults.

    ``keys``: action id → key or keys; ``where``: action id → ``file:line``. Raises ConfigError for an action that there
    is not, and for a clash.
    """
    for name in keys:
        if name not in BY_ID:
            near = get_close_matches(name, BY_ID, n=1, cutoff=0.5)
            remedy = f"Did you mean `{near[0]}`?" if near else "docs/keys.md lists the actions."
            raise ConfigError(f"{where.get(name, 'console.keys')}: there is no action `{name}`", remedy)
    chosen = {name: (given,) if isinstance(given, str) else tuple(given) for name, given in keys.items()}
    actions = [replace(each, keys=tuple(map(_key, chosen[each.id]))) if each.id in chosen else each for each in ACTIONS]
    return Keymap(actions, where)


def _key(written_key: str) -> str:
    """``space`` and ``ctrl-x`` as the console calls them."""
    return {"space": " "}.get(written_key.lower(), written_key.replace("ctrl-", "ctrl+"))
