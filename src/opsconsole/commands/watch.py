"""``opsconsole watch``: a console, or one page, on logs that nobody prepared."""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from opsconsole import page, wire
from opsconsole.client import Client
from opsconsole.commands.console import open_console
from opsconsole.commands.reading import (
    attach,
    attach_request,
    client_of,
    exit_code,
    passing_client,
    read_to_end,
    summary,
)
from opsconsole.commands.words import Verbs, add_json, add_reading, narrate, print_json, verb
from opsconsole.home import watch_home

LINGER_S = 600.0
"""The daemon of a watch ends this long after its last console."""
_FIRST_RECORDS_WITHIN_S = 1.5
_EXAMPLES = """
opsconsole watch serving.jsonl                    follow one log
opsconsole watch '/var/log/gateway/*.jsonl'       follow all of them, and those that come
opsconsole watch trace.csv.gz --once              one page about all that is there
opsconsole watch trace.csv --once --json          the same, for a script
opsconsole watch odd.jsonl --column ts=when:ms    a field whose name says no unit
"""


def add(verbs: Verbs, shared: argparse.ArgumentParser) -> None:
    parser = verb(verbs, shared, "watch", "look at serving logs without any configuration", _EXAMPLES)
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a file, a directory or a quoted pattern")
    parser.add_argument("--once", action="store_true", help="read all there is, print one page, and end")
    add_json(parser)
    add_reading(parser)
    parser.add_argument(
        "--window", choices=tuple(wire.WINDOWS), help="how far back to look (default: what fits the data)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    if arguments.once or arguments.json or not sys.stdout.isatty():
        return _once(arguments)
    home = arguments.home if arguments.is_home_named else watch_home(arguments.paths)
    request = attach_request(arguments, follow=True)
    with client_of(home, linger_s=LINGER_S) as client:
        attached = attach(client, request)
        window = arguments.window or _fitting_window(client, attached)
    return open_console(home, window=window)


def _once(arguments: argparse.Namespace) -> int:
    request = attach_request(arguments, follow=False)
    with passing_client() as client:
        attached = attach(client, request)
        rows = read_to_end(client, attached.source_ids)
        view = client.status(arguments.window or "all")
        if arguments.json:
            print_json(view)
        else:
            sys.stdout.write(page.status_page(view))
        failed = [row for row in rows if row.state == "failed"]
        if failed:
            narrate(summary(tuple(failed)))
        return exit_code(request, attached, rows)


def _fitting_window(client: Client, attached: wire.Attached) -> str:
    """The last hour of what is arriving; all of what is not. A file untouched for an hour need not be read to know."""
    since = datetime.now(UTC) - timedelta(hours=1)
    deadline = time.monotonic() + _FIRST_RECORDS_WITHIN_S
    while True:
        rows = [row for row in client.sources().sources if row.source_id in attached.source_ids]
        newest = max((row.last_at for row in rows if row.last_at), default=None)
        is_settled = all(row.state != "reading" or _written_at(row.path) < since.timestamp() for row in rows)
        if is_settled or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    return wire.DEFAULT_WINDOW if newest is not None and newest > since else "all"


def _written_at(path: str) -> float:
    try:
        return Path(path).stat().st_mtime
    except FileNotFoundError:  # renamed meanwhile: the daemon still reads it
        return time.time()
