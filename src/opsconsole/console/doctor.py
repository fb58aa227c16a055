"""The doctor of keys: what a key is to the console.

Always true here: every key is shown and none does anything, but Esc twice closes.
"""

from __future__ import annotations

from dataclasses import replace

from textual.events import Key

from opsconsole.console.frame import State
from opsconsole.console.grammar.actions import RESERVED

MOST_KEYS = 40
"""Keys that are shown."""


def shown(event: Key, state: State) -> State:
    """With this key as the newest."""
    told = _told(event)
    if event.key == "escape" and state.page[-1:] == (told,):
        return replace(state, mode="browse", page=())
    return replace(state, page=(*state.page, told)[-MOST_KEYS:])


def _told(event: Key) -> str:
    """A key as it arrived, and who takes it on the way."""
    character = repr(event.character) if event.character else "no character"
    taken = " · taken by terminal, tmux or screen: never bound" if event.key in RESERVED else ""
    aliases = f" · also {', '.join(event.aliases[1:])}" if len(event.aliases) > 1 and not taken else ""
    return f"{event.key:<14} {character:<12}{aliases}{taken}"
