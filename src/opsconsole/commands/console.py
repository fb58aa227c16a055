"""``opsconsole`` without a verb: open the console on the home's daemon."""

from __future__ import annotations

import argparse
import sys

from opsconsole.client import AsyncClient
from opsconsole.commands import status
from opsconsole.config.settings import ConsoleSetting
from opsconsole.daemon_process import ensure_daemon
from opsconsole.home import Home, default_home


def run(arguments: argparse.Namespace) -> int:
    """Open the console; where stdout is no terminal, print the status page instead."""
    ensure_daemon(arguments.home)
    if not sys.stdout.isatty():
        return status.show(arguments.home, window="1h", as_json=False)
    return open_console(arguments.home)


def open_console(home: Home, *, window: str = "", service: str = "", is_drill: bool = False) -> int:
    """The console on this terminal, until the person leaves it; without a window in the one that was used last. One of
    a drill says where its briefing is."""
    from opsconsole.console.grammar.keymap import remapped
    from opsconsole.console.memory import Memory, user_name
    from opsconsole.console.starting import run_console  # Textual is slow to import: only who sees it waits for it

    setting, places = _setting(home)
    keymap = remapped({name: keys.split() for name, keys in setting.keys.items()}, places)
    memory = Memory(home.console_memory(user_name()))
    key = keymap.names.get("open_drill") if is_drill else None
    return run_console(
        AsyncClient(home),
        home="" if home.directory == default_home().directory else str(home.directory),
        start_window=window or memory.window,
        start_service=service,
        setting=setting,
        keymap=keymap,
        memory=memory,
        greeting=f"{key} opens the drill: briefing, hints, how to end it" if key else "",
    )


def _setting(home: Home) -> tuple[ConsoleSetting, dict[str, str]]:
    """The console's own section of the configuration, read anew by every console, and where its keys are written.

    Raises ConfigError.
    """
    if not home.config.exists():
        return ConsoleSetting(), {}
    from opsconsole.config.load import lines_of, load  # and with it PyYAML, only where there is a file to read

    return load(home.config).console, lines_of(home.config, "console", "keys")
