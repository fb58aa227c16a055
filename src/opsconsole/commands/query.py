"""``opsconsole query``: read-only SQL on the store, through the daemon."""

from __future__ import annotations

import argparse
import csv
import sys

from opsconsole import wire
from opsconsole.commands.reading import client_of
from opsconsole.commands.words import Verbs, add_json, narrate, print_json, verb
from opsconsole.console.text import safe
from opsconsole.page import aligned

_EXAMPLES = """
opsconsole query "SHOW TABLES"
opsconsole query "SELECT model, count(*) FROM requests GROUP BY model"
opsconsole query "SELECT * FROM requests WHERE status >= 500 LIMIT 20" --json
"""
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_CELL_LIMIT = 32_767
"""Characters that a spreadsheet takes in a cell."""


def add(verbs: Verbs, shared: argparse.ArgumentParser) -> None:
    parser = verb(verbs, shared, "query", "ask the store with SQL, read-only", _EXAMPLES)
    parser.add_argument("sql", metavar="SQL")
    parser.add_argument(
        "--limit", type=_row_count, default=10_000, metavar="ROWS", help="rows at the most (default: 10000)"
    )
    add_json(parser)
    parser.add_argument(
        "--csv", action="store_true", help="print CSV that is safe to open in a spreadsheet; --json has text as it is"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    with client_of(arguments.home) as client:
        reply = client.query(wire.QueryRequest(sql=arguments.sql, limit=arguments.limit))
    if arguments.json:
        print_json(reply)
    elif arguments.csv:
        out = csv.writer(sys.stdout, lineterminator="\n")
        out.writerow(harmless(name) for name in reply.columns)
        out.writerows([harmless(value) for value in row] for row in reply.rows)
    else:
        table = [[safe(name) for name in reply.columns], *([_shown(value) for value in row] for row in reply.rows)]
        sys.stdout.write(aligned(table))
    if reply.truncated:
        narrate(f"only the first {arguments.limit:,} rows: raise --limit for more")
    return 0


def _shown(value: object) -> str:
    return "–" if value is None else safe(str(value))


def harmless(value: object) -> object:
    """A cell that no spreadsheet takes for a formula and no terminal obeys."""
    if not isinstance(value, str):
        return value
    return safe(f"'{value}" if value.startswith(_FORMULA_STARTS) else value, _CELL_LIMIT)


def _row_count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of rows")
    return int(text)
