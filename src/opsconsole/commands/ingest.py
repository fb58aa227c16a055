"""``opsconsole ingest``: take logs into the home's store, once, to their end."""

from __future__ import annotations

import argparse
import time

from opsconsole.commands.reading import attach, attach_request, client_of, read_to_end, summary
from opsconsole.commands.words import Verbs, add_reading, narrate, verb

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
    with client_of(arguments.home) as client:
        attached = attach(client, attach_request(arguments, follow=False))
        rows = read_to_end(client, attached.source_ids)
    narrate(summary(rows))
    narrate(f"{len(rows)} sources in {time.monotonic() - began:.1f} s")
    return 4 if any(row.state == "failed" for row in rows) else 0
