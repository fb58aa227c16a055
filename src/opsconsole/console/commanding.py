"""The command line and the list of keys: what was typed or chosen there is done.

Always true here: both run what a key would run, by the same door; a command that is refused stays in the line, with the
reason beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from opsconsole import wire
from opsconsole.console import hands
from opsconsole.console.frame import Frame, Refusal, State
from opsconsole.console.grammar import command
from opsconsole.console.grammar.actions import Action
from opsconsole.console.grammar.contexts import COMMAND_LIMIT
from opsconsole.console.grammar.keymap import Keymap
from opsconsole.console.views import help  # noqa: A004
from opsconsole.errors import UsageError

MOST_COMMANDS = 50


@dataclass(frozen=True)
class Host:
    """What commands need of the console."""

    state: Callable[[], State]
    frame: Callable[[], Frame]
    become: Callable[[State], None]
    run: Callable[[Action, str], None]
    """Do what this key does."""
    order: Callable[[wire.OrderRequest], None]
    words: Mapping[str, Callable[[str], None]]
    """What commands beyond the keymap do, by their effect."""
    text: Callable[[], str]
    picture: Callable[[], str]
    """The screen, as text and as SVG."""


class Commands:
    """The effects of the actions that belong to the command line and to the list of keys."""

    def __init__(self, host: Host, keymap: Keymap) -> None:
        self._host = host
        self._keymap = keymap
        self.effects: Mapping[str, Callable[[], None]] = {
            "run_command": self._run,
            "complete": self._complete,
            "earlier": partial(self._recall, 1),
            "later": partial(self._recall, -1),
            "run_listed": self._run_listed,
            "help_down": partial(self._move_listed, 1),
            "help_up": partial(self._move_listed, -1),
        }
        """By the action's id."""

    def _run(self) -> None:
        state = self._host.state()
        text = state.draft.strip()
        commands = (*state.commands, text)[-MOST_COMMANDS:] if text else state.commands
        try:
            outcome = command.run(text, replace(state, commands=commands), self._host.frame())
            self._host.become(outcome.state)
            if outcome.order is not None:
                self._host.order(outcome.order)
            elif outcome.effect:
                self._do(outcome.effect, outcome.argument)
        except UsageError as error:
            self._host.become(replace(self._host.state(), mode="command", draft=text, notice=Refusal(error.told)))

    def _do(self, effect: str, argument: str) -> None:
        """What a command asks of the console. Raises UsageError in words."""
        host, state, frame = self._host, self._host.state(), self._host.frame()
        if effect == "write_file":
            host.become(hands.write_file(argument, state, frame, host.text, host.picture))
        elif effect == "who":
            host.become(replace(state, mode="text", choice=0, page=hands.who(frame, state)))
        elif effect == "keys":
            host.become(replace(state, mode="keys", page=()))
        elif effect in host.words:
            host.words[effect](argument)
        else:
            action = next(each for each in self._keymap.actions if each.id == effect)
            host.run(action, action.keys[0])

    def _complete(self) -> None:
        state = self._host.state()
        found = command.completions(state.draft, state, self._host.frame())
        self._host.become(replace(state, draft=command.completed(state.draft, found)[:COMMAND_LIMIT]))

    def _recall(self, by: int) -> None:
        """A command from before, further back or on."""
        state = self._host.state()
        choice = max(0, min(len(state.commands), state.choice + by))
        self._host.become(replace(state, choice=choice, draft=state.commands[-choice] if choice else ""))

    def _move_listed(self, by: int) -> None:
        """Move the cursor of the list of keys."""
        choice = help.moved(self._host.frame(), self._keymap, by)
        self._host.become(replace(self._host.state(), choice=choice))

    def _run_listed(self) -> None:
        """Run the action on which the cursor of the list of keys stands."""
        chosen = help.chosen(self._host.frame(), self._keymap)
        state = replace(self._host.state(), mode="browse", draft="", choice=0)
        self._host.become(replace(state, notice=Refusal(chosen.reason)) if chosen and chosen.reason else state)
        if chosen is not None and not chosen.reason:
            self._host.run(chosen.action, chosen.action.keys[0])
