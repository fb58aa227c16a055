"""The console on this terminal, until the person leaves.

Always true here: a terminal that cannot be read is refused before anything is painted.
"""

from __future__ import annotations

import sys

from opsconsole import wire
from opsconsole.config.settings import ConsoleSetting
from opsconsole.console import keyboard
from opsconsole.console.app import OpsConsole
from opsconsole.console.feed import Client
from opsconsole.console.grammar.keymap import Keymap
from opsconsole.console.memory import Memory
from opsconsole.errors import UsageError


def run_console(
    client: Client,
    *,
    environment: str = "",
    home: str = "",
    start_window: str = wire.DEFAULT_WINDOW,
    start_service: str = "",
    setting: ConsoleSetting | None = None,
    keymap: Keymap | None = None,
    memory: Memory | None = None,
    greeting: str = "",
) -> int:
    """Run the console on this terminal until the person leaves; returns the exit code.

    Raises UsageError where there is no keyboard to read, and DaemonError when the daemon is of another version.
    """
    if sys.__stdin__ is None or sys.__stdin__.closed or not sys.__stdin__.isatty():
        raise UsageError(
            "the console reads keys, and its standard input is no terminal",
            "Start it in a terminal; `opsconsole status` prints one page instead.",
        )
    keyboard.answer_escape_soon()
    keyboard.use_colours((setting or ConsoleSetting()).colours)
    app = OpsConsole(
        client,
        environment=environment,
        home=home,
        start_window=start_window,
        start_service=start_service,
        setting=setting,
        keymap=keymap,
        memory=memory,
        greeting=greeting,
    )
    app.run(mouse=False)
    if app.mismatch is not None:
        raise app.mismatch
    return app.return_code or 0
