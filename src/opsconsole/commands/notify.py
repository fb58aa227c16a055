"""``opsconsole notify``: who can be told, whether the way there works, and who was told what."""

from __future__ import annotations

import argparse
import sys

from opsconsole import wire
from opsconsole.commands.reading import client_of
from opsconsole.commands.words import Verbs, add_json, narrate, print_json, verb
from opsconsole.console.text import safe
from opsconsole.errors import NotDelivered
from opsconsole.page import aligned

_EXAMPLES = """
opsconsole notify list                          who can be told, and how that goes
opsconsole notify test on-call                  tell somebody now; exit code 18 if that fails
opsconsole notify deliveries                    who was told what, when, by what
"""
_LIST_EXAMPLES = """
opsconsole notify list
opsconsole notify list --json
"""
_TEST_EXAMPLES = """
opsconsole notify test on-call                  one attempt; exit code 18 if that fails
opsconsole notify test on-call --json
"""
_DELIVERIES_EXAMPLES = """
opsconsole notify deliveries
opsconsole notify deliveries --notifier on-call
opsconsole notify deliveries --key INC-7 --json
"""
_WORDS_LIMIT = 60


def add(verbs: Verbs, shared: argparse.ArgumentParser) -> None:
    parser = verb(verbs, shared, "notify", "see who is told, and try the way there", _EXAMPLES)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = verb(actions, shared, "list", "list the notifiers, and how each does", _LIST_EXAMPLES)
    listing.set_defaults(run=run_list)
    testing = verb(actions, shared, "test", "send a test by one notifier, and say what became of it", _TEST_EXAMPLES)
    testing.add_argument("name", metavar="NAME", help="as under `notifiers:` in opsconsole.yaml")
    testing.set_defaults(run=run_test)
    told = verb(actions, shared, "deliveries", "list who was told what, when, by what", _DELIVERIES_EXAMPLES)
    told.add_argument("--notifier", default="", metavar="NAME", help="of this one alone")
    told.add_argument("--key", default="", metavar="KEY", help="about this alone: an alert's or an incident's key")
    told.set_defaults(run=run_deliveries)
    for each in (listing, testing, told):
        add_json(each)


def run_list(arguments: argparse.Namespace) -> int:
    with client_of(arguments.home) as client:
        rows = client.notifiers().notifiers
    if arguments.json:
        print_json(rows)
    elif rows:
        heading = ("name", "tells", "gets", "waiting", "sent", "given up", "last sent", "trouble")
        sys.stdout.write(aligned([heading, *map(_row, rows)]))
    else:
        narrate("nobody is told: name somebody under `notifiers:` in opsconsole.yaml; see docs/notifiers.md")
    return 0


def _row(row: wire.NotifierRow) -> tuple[str, ...]:
    gets = f"{','.join(row.severities) or 'all'}{' of ' + ','.join(row.services) if row.services else ''}"
    return (
        safe(row.name),
        safe(row.where, _WORDS_LIMIT),
        safe(gets, _WORDS_LIMIT),
        f"{row.waiting:,}",
        f"{row.sent:,}",
        f"{row.given_up:,}",
        f"{row.last_sent_at:%m-%d %H:%M:%S}" if row.last_sent_at else "–",
        safe(row.trouble) or "–",
    )


def run_test(arguments: argparse.Namespace) -> int:
    """Raises NotDelivered when the other side did not take it."""
    with client_of(arguments.home) as client:
        delivery = client.test_notifier(arguments.name)
    if arguments.json:
        print_json(delivery)
    if delivery.word != "sent":
        raise NotDelivered(
            f"{arguments.name} could not be told: {delivery.told}", "docs/notifiers.md says what each kind needs."
        )
    if not arguments.json:
        sys.stdout.write(f"{safe(arguments.name)} was told: {safe(delivery.told)}\n")
    return 0


def run_deliveries(arguments: argparse.Namespace) -> int:
    with client_of(arguments.home) as client:
        reply = client.deliveries(arguments.notifier, arguments.key)
    if arguments.json:
        print_json(reply)
    elif reply.deliveries:
        heading = ("queued", "notifier", "word", "tries", "last", "next", "kind", "what", "told")
        sys.stdout.write(aligned([heading, *map(_delivery, reply.deliveries)]))
        if reply.forgotten:
            narrate(f"{reply.forgotten:,} older ones are in the journal: `opsconsole audit show --kind notice`")
    else:
        narrate("nobody was told anything yet")
    return 0


def _delivery(each: wire.Delivery) -> tuple[str, ...]:
    return (
        f"{each.queued_at:%m-%d %H:%M:%S}",
        safe(each.notifier),
        each.word,
        f"{each.attempts:,}",
        f"{each.last_at:%H:%M:%S}" if each.last_at else "–",
        f"{each.next_at:%H:%M:%S}" if each.next_at else "–",
        each.kind,
        safe(each.title, _WORDS_LIMIT),
        safe(each.told, _WORDS_LIMIT) or "–",
    )
