"""``opsconsole demo``: a seeded fleet to try the console on.

The fleet is a process of its own that writes logs; the demo's daemon follows them like any others.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from opsconsole import wire
from opsconsole.client import Client
from opsconsole.commands import status
from opsconsole.commands.console import open_console
from opsconsole.commands.ending import unwinding_when_told_to_end
from opsconsole.commands.words import Verbs, narrate, verb
from opsconsole.daemon_process import ask_to_stop, await_stop, ensure_daemon
from opsconsole.demo.launch import fleet_pid, start_fleet, stop_fleet, write_sample
from opsconsole.demo.stage import prepare
from opsconsole.demo.versions import registered_by
from opsconsole.errors import OpsConsoleError
from opsconsole.home import Home, default_home
from opsconsole.registering import yamlfile
from opsconsole.registering.combining import combine

_READY_WITHIN_S = 30.0
_EXAMPLES = """
opsconsole demo                        start the fleet and open the console on it
opsconsole demo | cat                  one page about it
opsconsole demo --write sample_data    small logs, prices and configuration to look at
"""


def add(verbs: Verbs, shared: argparse.ArgumentParser) -> None:
    parser = verb(verbs, shared, "demo", "start a demo fleet and open the console on it", _EXAMPLES)
    parser.add_argument("--write", metavar="DIR", type=Path, help="write small sample data there and end")
    parser.add_argument("--seed", type=int, default=7, help="of everything random in it (default: 7)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    if arguments.write:
        write_sample(arguments.write, seed=arguments.seed)
        narrate(f"wrote {arguments.write}")
        return 0
    home = arguments.home if arguments.is_home_named else Home(default_home().directory / "demo")
    home.create()
    was_running = fleet_pid(home.directory) is not None
    with unwinding_when_told_to_end():
        try:
            prepare(home.directory)
            narrate("starting the demo fleet: three services, three hours of history …")
            start_fleet(home.directory, seed=arguments.seed)
            ensure_daemon(home)
            _register(home)
            is_page = not sys.stdout.isatty()
            _wait_until_read(home, with_baselines=is_page)
            return status.show(home, window="1h", as_json=False) if is_page else open_console(home)
        finally:
            if not was_running:
                _stop(home)


def _register(home: Home) -> None:
    """The demo's versions, through the same door as anybody's; files that somebody changed are said to be refused."""
    client = Client(home)
    try:
        for file in registered_by(home.directory):
            try:
                manifest = combine([yamlfile.read(file)], "", "", "")
                client.add_version(wire.VersionRequest(manifest=manifest))
            except OpsConsoleError as error:
                narrate(f"{file} is not registered: {error}")
    finally:
        client.close()


def _wait_until_read(home: Home, *, with_baselines: bool) -> None:
    """Until the history is in the store, and for a page that is printed once the configured baselines are pinned."""
    client = Client(home)
    deadline = time.monotonic() + _READY_WITHIN_S
    try:
        while time.monotonic() < deadline:
            sources = client.sources().sources
            is_read = bool(sources) and all(source.state == "following" for source in sources)
            if is_read and (not with_baselines or _are_pinned(client.status("1h").services)):
                return
            time.sleep(0.1)
        narrate("the history is still being read: the panels will fill")
    finally:
        client.close()


def _are_pinned(services: tuple[wire.StatusService, ...]) -> bool:
    return bool(services) and all(service.drift.baseline.kind == "version" for service in services)


def _stop(home: Home) -> None:
    """What this command started ends with it: both are told first, for a lost terminal leaves little time."""
    ask_to_stop(home)
    stop_fleet(home.directory)
    await_stop(home)
