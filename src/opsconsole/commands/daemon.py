"""``opsconsole daemon``: run, start, stop and look at the process that owns a home."""

from __future__ import annotations

import argparse
import os
import sys

from opsconsole.client import Client
from opsconsole.commands.words import Verbs, add_json, print_json, verb
from opsconsole.console.numbers import size
from opsconsole.daemon_process import ask_to_stop, await_stop, ensure_daemon

_EXAMPLES = """
opsconsole daemon run --home /var/lib/opsconsole      in the foreground, for systemd
opsconsole daemon start                               in the background
opsconsole daemon status --json
opsconsole daemon stop
"""


def add(verbs: Verbs, shared: argparse.ArgumentParser) -> None:
    parser = verb(verbs, shared, "daemon", "run, start, stop or look at the daemon", _EXAMPLES)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for name, summary, run in (
        ("run", "run the daemon in the foreground", run_here),
        ("start", "start the daemon in the background", run_start),
        ("status", "say whether it runs, and how it is", run_status),
        ("stop", "stop it; what it has begun to read it reads on when it starts again", run_stop),
    ):
        action = verb(actions, shared, name, summary, f"opsconsole daemon {name}")
        if name == "status":
            add_json(action)
        action.set_defaults(run=run)


def run_here(arguments: argparse.Namespace) -> int:
    command = [sys.executable, "-m", "opsconsole.daemon", "--home", str(arguments.home.directory)]
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter and our own words


def run_start(arguments: argparse.Namespace) -> int:
    ensure_daemon(arguments.home)
    sys.stdout.write(f"the daemon answers on {arguments.home.socket}\n")
    return 0


def run_status(arguments: argparse.Namespace) -> int:
    client = Client(arguments.home)
    try:
        health = client.health()
    finally:
        client.close()
    if arguments.json:
        print_json(health)
        return 0
    sys.stdout.write(
        f"running    pid {health.pid}, version {health.version}, since {health.started_at:%Y-%m-%d %H:%M:%S} UTC\n"
        f"home       {health.home}\n"
        f"store      {size(health.store_bytes)}, {health.requests:,} records from {health.sources} sources\n"
        f"journal    {health.journal_events:,} events\n"
        f"consoles   {health.consoles} waiting for news\n"
        f"cost       {health.cpu_s:.1f} CPU s, {size(health.rss_bytes)} at its largest\n"
    )
    return 0


def run_stop(arguments: argparse.Namespace) -> int:
    was_running = ask_to_stop(arguments.home)
    await_stop(arguments.home)
    sys.stdout.write("stopped\n" if was_running else f"no daemon runs on {arguments.home.directory}\n")
    return 0
