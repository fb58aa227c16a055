"""``opsconsole baseline``: pin what drift is measured against, or show it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from opsconsole import wire
from opsconsole.commands.reading import client_of
from opsconsole.commands.words import Verbs, add_json, moment, print_json, verb
from opsconsole.console.text import safe
from opsconsole.errors import UsageError

_EXAMPLES = """
opsconsole baseline set chat-assist --version v41
opsconsole baseline set chat-assist --from 2026-11-01 --to 2026-11-08
opsconsole baseline set fraud-score --file train.csv.gz
opsconsole baseline show chat-assist
"""


def add(verbs: Verbs, shared: argparse.ArgumentParser) -> None:
    parser = verb(verbs, shared, "baseline", "pin what drift is measured against", _EXAMPLES)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    setting = verb(actions, shared, "set", "pin a service's baseline from a version, a time range or a file", _EXAMPLES)
    setting.add_argument("service", metavar="SERVICE")
    setting.add_argument("--version", default="", metavar="V", help="every record of this version")
    setting.add_argument("--from", dest="start", metavar="T", help="records from this moment on (ISO 8601, UTC)")
    setting.add_argument("--to", dest="end", metavar="T", help="… up to this one")
    setting.add_argument("--file", default="", metavar="F", help="the records of a file, for example a training set")
    add_json(setting)
    setting.set_defaults(run=run_set)
    showing = verb(actions, shared, "show", "show a service's baseline and its drift", _EXAMPLES)
    showing.add_argument("service", metavar="SERVICE")
    add_json(showing)
    showing.set_defaults(run=run_show)


def run_set(arguments: argparse.Namespace) -> int:
    if bool(arguments.start) != bool(arguments.end):
        raise UsageError("a time range needs both --from and --to")
    request = wire.BaselineRequest(
        service=arguments.service,
        version=arguments.version,
        start=moment(arguments.start) if arguments.start else None,
        end=moment(arguments.end) if arguments.end else None,
        file=str(Path(arguments.file).expanduser().absolute()) if arguments.file else "",
    )
    with client_of(arguments.home) as client:
        reply = client.set_baseline(request)
    if arguments.json:
        print_json(reply)
    else:
        counted = ", ".join(f"{safe(name)} ({n:,})" for name, n in reply.features.items())
        sys.stdout.write(
            f"{safe(arguments.service)}: drift is measured against {safe(reply.baseline.label)}\n{counted}\n"
        )
    return 0


def run_show(arguments: argparse.Namespace) -> int:
    with client_of(arguments.home) as client:
        view = client.status("1h")
    for service in view.services:
        if service.service == arguments.service:
            if arguments.json:
                print_json(service.drift)
            else:
                baseline = service.drift.baseline
                by = (
                    f", set by {safe(baseline.set_by)} at {baseline.set_at:%Y-%m-%d %H:%M} UTC"
                    if baseline.set_at
                    else ""
                )
                sys.stdout.write(f"{safe(service.service)}: {safe(baseline.label)}{by}\n")
            return 0
    known = ", ".join(safe(service.service) for service in view.services) or "none yet"
    raise UsageError(f"there is no service {arguments.service!r}", f"Known services: {known}.")
