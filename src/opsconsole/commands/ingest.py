"""``opsconsole ingest``: take logs into the home's store, once, to their end."""

from __future__ import annotations

import argparse
import time

from opsconsole.commands.reading import attach, attach_request, client_of, exit_code, read_to_end, summary
from opsconsole.commands.words import Verbs, add_reading, narrate, verb
from opsconsole.page import counted

_EXAMPLES = """
opsconsole ingest /var/log/gateway/2026-11-*.jsonl.gz     backfill; a file that was read before is not read again
opsconsole ingest trace.csv --service images
"""


def add(verbs: Verbs, shared: argparse.ArgumentParser) -> None:
    parser = verb(verbs, shared, "ingest", "read logs into the store once, with a progress bar", _EXAMPLES)
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a file, a directory or a pattern")
    add_reading(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    began = time.monotonic()
    request = attach_request(arguments, follow=False)
    with client_of(arguments.home) as client:
        attached = attach(client, request)
        rows = read_to_end(client, attached.source_ids)
    narrate(summary(rows))
    narrate(f"{counted(len(rows), 'source')} in {time.monotonic() - began:.1f} s")
    return exit_code(request, attached, rows)
