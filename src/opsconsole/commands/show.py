"""``opsconsole show``: any view of the console, as text or as JSON; ``Y`` in the console copies such a command."""

from __future__ import annotations

import argparse
import shutil
import sys
from datetime import datetime

from opsconsole import wire
from opsconsole.commands.reading import client_of
from opsconsole.commands.words import Verbs, add_json, add_window, moment, print_json, verb
from opsconsole.console.place import Place
from opsconsole.errors import UsageError

_EXAMPLES = """
opsconsole show fleet                                          which services are well
opsconsole show requests chat --filter 'status>=500' --json    for a script
opsconsole show requests chat --choose order=slowest           the slowest of the last hour
opsconsole show explain chat --choose metric=errors            what changed?
opsconsole show cost --window 24h                              where the money goes, over all services
opsconsole show service chat --as-of 2026-11-23T06:00          as it was at six
"""
_VIEWS = tuple(kind for kind in wire.ANSWERS if kind != "status")
_PIPE_COLUMNS = 160
_LEAST_COLUMNS = 80


def add(verbs: Verbs, shared: argparse.ArgumentParser) -> None:
    parser = verb(verbs, shared, "show", "print one view of the console", _EXAMPLES)
    parser.add_argument("view", choices=_VIEWS, metavar="VIEW", help=f"one of {', '.join(_VIEWS)}")
    parser.add_argument(
        "service", nargs="?", default="", metavar="SERVICE", help="the service; cost, requests and timeline do without"
    )
    add_window(parser, wire.DEFAULT_WINDOW)
    parser.add_argument("--as-of", metavar="TIME", help="look at this moment instead of now (ISO 8601, UTC)")
    parser.add_argument("--filter", default="", metavar="WORDS", help="only rows that these words leave: docs/keys.md")
    parser.add_argument(
        "--choose",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="what the view lets one choose (order=slowest, metric=errors, baseline=v41); may be repeated",
    )
    parser.add_argument("--panel", type=int, default=0, metavar="N", help="this panel alone (default: 0, all)")
    parser.add_argument("--rows", type=int, default=50, metavar="N", help="height of the page, in lines (default: 50)")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from opsconsole.console.asking import asked  # draws: only who prints a view loads it
    from opsconsole.console.printed import page

    as_of = moment(arguments.as_of) if arguments.as_of else None
    place = _checked(_place(arguments))
    with client_of(arguments.home) as client:
        answer = client.view(place.view, asked(place, arguments.window, as_of))
    if arguments.json:
        print_json(answer)
        return 0
    columns = max(_LEAST_COLUMNS, shutil.get_terminal_size((_PIPE_COLUMNS, 0)).columns)
    sys.stdout.write(page(place, answer, arguments.window, _moment_of(answer), columns, max(3, arguments.rows)))
    return 0


def _place(arguments: argparse.Namespace) -> Place:
    choices = [each.partition("=") for each in arguments.choose]
    for name, equals, _ in choices:
        if not name or not equals:
            raise UsageError(f"--choose {name!r} is no choice", "Write it as NAME=VALUE, for example order=slowest.")
    place = Place(arguments.view, arguments.service, arguments.panel, filter=arguments.filter)
    return place.choosing(**{name: value for name, _, value in choices})


def _checked(place: Place) -> Place:
    """Raises UsageError where the view needs a service and the place has none, or the other way round."""
    from opsconsole.console.views.catalog import BY_NAME

    scope = BY_NAME[place.view].scope
    if scope == "service" and not place.service:
        raise UsageError(f"{place.view} is of one service", f"Name it: opsconsole show {place.view} SERVICE.")
    if scope == "fleet" and place.service:
        raise UsageError(f"{place.view} is of all services", f"Leave {place.service!r} out.")
    return place


def _moment_of(answer: wire.Answer) -> datetime | None:
    return answer.as_of if isinstance(answer, wire.View) else None
