"""``opsconsole`` without a verb: open the console on the home's daemon."""

from __future__ import annotations

import argparse
import sys

from opsconsole.client import AsyncClient, ensure_daemon
from opsconsole.commands import status
from opsconsole.home import Home


def run(arguments: argparse.Namespace) -> int:
    """Open the console; where stdout is no terminal, print the status page instead."""
    ensure_daemon(arguments.home)
    if not sys.stdout.isatty():
        return status.show(arguments.home, window="1h", as_json=False)
    return open_console(arguments.home)


def open_console(home: Home, *, window: str = "1h", service: str = "") -> int:
    """The console on this terminal, until the person leaves it."""
    from opsconsole.console.app import run_console  # Textual is slow to import: only who sees it waits for it

    return run_console(AsyncClient(home), start_window=window, start_service=service)
