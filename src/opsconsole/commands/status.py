"""``opsconsole status`` and ``opsconsole sources``: what the console shows, as a page or as JSON."""

from __future__ import annotations

import argparse
import sys

from opsconsole import page
from opsconsole.client import Client
from opsconsole.commands.reading import client_of
from opsconsole.commands.words import Verbs, add_json, add_window, print_json, verb
from opsconsole.home import Home

_EXAMPLES = """
opsconsole status                          the last hour
opsconsole status --window 24h --json      for a script
"""


def add(verbs: Verbs, shared: argparse.ArgumentParser) -> None:
    parser = verb(verbs, shared, "status", "print the fleet as one page", _EXAMPLES)
    add_window(parser, "1h")
    add_json(parser)
    parser.set_defaults(run=run)
    parser = verb(
        verbs, shared, "sources", "list what is read, how far, and what was rejected", "opsconsole sources --json"
    )
    add_json(parser)
    parser.set_defaults(run=run_sources)


def run(arguments: argparse.Namespace) -> int:
    return show(arguments.home, window=arguments.window, as_json=arguments.json)


def show(home: Home, *, window: str, as_json: bool) -> int:
    """Print the status page of a home."""
    with client_of(home) as client:
        return show_from(client, window=window, as_json=as_json)


def show_from(client: Client, *, window: str, as_json: bool) -> int:
    view = client.status(window)
    if as_json:
        print_json(view)
    else:
        sys.stdout.write(page.status_page(view))
    return 0


def run_sources(arguments: argparse.Namespace) -> int:
    with client_of(arguments.home) as client:
        view = client.sources()
    if arguments.json:
        print_json(view)
    else:
        sys.stdout.write(page.sources_page(view.sources))
    return 0
