"""``opsconsole doctor``: is everything as it should be, here and in the daemon?"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import shutil
import stat
import sys
from collections.abc import Iterable

from opsconsole import __version__, wire
from opsconsole.client import Client
from opsconsole.commands.words import Verbs, add_json, print_json, verb
from opsconsole.console.text import safe
from opsconsole.daemon_process import is_running
from opsconsole.home import Home
from opsconsole.page import aligned

_LEAST_FREE_BYTES = 1 << 30
_NOT_RUNNING = "not running: store, journal and sources are looked at when it does (opsconsole daemon start)"
_EXAMPLES = """
opsconsole doctor
opsconsole doctor --json        exit code 1 if something is wrong
"""


def add(verbs: Verbs, shared: argparse.ArgumentParser) -> None:
    parser = verb(verbs, shared, "doctor", "check this terminal, the home and the daemon", _EXAMPLES)
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    checks = [*_here(), *_home(arguments.home), *_daemon(arguments.home)]
    if arguments.json:
        print_json(checks)
    else:
        rows = [(_SIGNS[check.is_ok], check.name, safe(check.found)) for check in checks]
        sys.stdout.write(aligned(rows))
        for check in checks:
            if not check.is_ok:
                sys.stdout.write(f"{check.name}: {check.remedy}\n")
    return 0 if all(check.is_ok for check in checks) else 1


_SIGNS = {True: "ok   ", False: "WRONG"}


def _here() -> Iterable[wire.Check]:
    yield wire.Check(name="python", found=platform.python_version(), is_ok=True)
    if not sys.stdout.isatty():
        yield wire.Check(name="terminal", found="stdout is no terminal: pages instead of the console", is_ok=True)
        return
    columns, lines = shutil.get_terminal_size()
    yield wire.Check(
        name="terminal",
        found=f"{os.environ.get('TERM', 'TERM is not set')}, {columns}x{lines}",
        is_ok=columns >= 80 and lines >= 24 and bool(os.environ.get("TERM")),
        remedy="The console needs 80x24 and a TERM.",
    )
    encoding = sys.stdout.encoding or "unknown"
    yield wire.Check(
        name="encoding",
        found=encoding,
        is_ok=encoding.lower().replace("-", "") == "utf8",
        remedy="Set LANG=C.UTF-8; until then the console draws with ASCII.",
    )
    yield _link()


def _link() -> wire.Check:
    """Can the console drop frames for a slow link, or would Textual queue them?"""
    from opsconsole.console.outlet import can_replace_writer  # Textual is slow to import

    version = importlib.metadata.version("textual")
    is_governed = can_replace_writer()
    return wire.Check(
        name="slow links",
        found="frames are dropped, not queued" if is_governed else f"Textual {version} queues frames",
        is_ok=is_governed,
        remedy="Install the Textual that requirements.lock names; until then a slow link may block the console.",
    )


def _home(home: Home) -> Iterable[wire.Check]:
    if not home.directory.exists():
        yield wire.Check(name="home", found=f"{home.directory} (not made yet)", is_ok=True)
        return
    mode = stat.S_IMODE(home.directory.stat().st_mode)
    yield wire.Check(
        name="home",
        found=f"{home.directory}, mode {mode:04o}",
        is_ok=mode in (0o700, 0o710),
        remedy=f"chmod 700 {home.directory}",
    )
    free = shutil.disk_usage(home.directory).free
    yield wire.Check(
        name="disk",
        found=f"{free / 1e9:.1f} GB free",
        is_ok=free >= _LEAST_FREE_BYTES,
        remedy="Free some space, or shorten `retention:` in opsconsole.yaml.",
    )


def _daemon(home: Home) -> Iterable[wire.Check]:
    if not is_running(home):
        yield wire.Check(name="daemon", found=_NOT_RUNNING, is_ok=True)
        return
    mode = stat.S_IMODE(home.socket.stat().st_mode)
    is_shared = stat.S_IMODE(home.directory.stat().st_mode) == 0o710
    expected = 0o660 if is_shared else 0o600
    yield wire.Check(
        name="socket",
        found=f"mode {mode:04o}",
        is_ok=mode == expected,
        remedy=f"chmod {expected:o} {home.socket}",
    )
    client = Client(home)
    try:
        health = client.health()
        yield wire.Check(
            name="daemon",
            found=f"pid {health.pid}, version {health.version}",
            is_ok=health.version == __version__,
            remedy=f"This command is {__version__}: `opsconsole daemon stop` lets the next one start anew.",
        )
        yield from client.diagnosis().checks
    finally:
        client.close()
