"""``opsconsole audit``: is the journal as it was written, what does it say, and a piece of it for somebody else.

Always true here: the files are read, whether or not a daemon runs, and none is started; the journal is not written to.
This is the one part of the command line that reads a file of the daemon's itself, and it loads what reads it only then:
docs/decisions/0008-signed-checkpoints.md says why.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import sys
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from opsconsole.commands.query import harmless
from opsconsole.commands.words import Verbs, add_json, moment, narrate, print_json, verb
from opsconsole.console.text import safe
from opsconsole.errors import UsageError
from opsconsole.home import Home
from opsconsole.page import aligned

if TYPE_CHECKING:
    from opsconsole.journal.examine import Examined
    from opsconsole.journal.exports import Statement
    from opsconsole.journal.keys import Keyring, Signer
    from opsconsole.journal.walk import Event, Place

_EXAMPLES = """
opsconsole audit verify
opsconsole audit show --since 2026-11-20 --kind release
opsconsole audit export --since 2026-11-01 --until 2026-12-01 --out november.jsonl
"""
_VERIFY_EXAMPLES = """
opsconsole audit verify                                        the chain, and every signature under it
opsconsole audit verify --public-key kept/journal.pub          with a key that was kept elsewhere
opsconsole audit verify --checkpoints kept/journal.checkpoints   and with the checkpoints of yesterday
opsconsole audit verify --export november.jsonl --public-key kept/journal.pub
"""
_SHOW_EXAMPLES = """
opsconsole audit show                                   the newest fifty events
opsconsole audit show -n 500 --actor ann --service chat
opsconsole audit show --since 2026-11-20 --kind release --json
"""
_EXPORT_EXAMPLES = """
opsconsole audit export --out journal.jsonl
opsconsole audit export --since 2026-11-01 --until 2026-12-01 --format csv --out november.csv
opsconsole audit export --since 2026-11-20 > day.jsonl 2> day.jsonl.sig
"""
_DATA_LIMIT = 600
_SIGNATURE = ".sig"
"""What follows an export's name in the name of the file with the statement about it."""


def add(verbs: Verbs, shared: argparse.ArgumentParser) -> None:
    parser = verb(verbs, shared, "audit", "check, show or export the journal of what was done", _EXAMPLES)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    checking = verb(
        actions, shared, "verify", "check that nothing in the journal was changed, removed or added", _VERIFY_EXAMPLES
    )
    checking.add_argument(
        "--public-key", type=Path, metavar="FILE", help="the key to check with (default: the home's own journal.pub)"
    )
    checking.add_argument(
        "--checkpoints", type=Path, metavar="FILE", help="checkpoints to check with (default: the home's own)"
    )
    checking.add_argument("--export", type=Path, metavar="FILE", help="check this exported file instead of the journal")
    add_json(checking)
    checking.set_defaults(run=run_verify)
    showing = verb(actions, shared, "show", "show the newest events", _SHOW_EXAMPLES)
    _add_range(showing)
    showing.add_argument("--actor", default="", metavar="NAME", help="what this person or automation did")
    showing.add_argument("--kind", default="", metavar="KIND", help="release.applied, or all of release")
    showing.add_argument("--service", default="", metavar="NAME", help="what names this service")
    showing.add_argument("-n", type=_count, default=50, dest="n", metavar="N", help="events at the most (default: 50)")
    add_json(showing)
    showing.set_defaults(run=run_show)
    exporting = verb(
        actions, shared, "export", "write events of a time range, and a signed statement about them", _EXPORT_EXAMPLES
    )
    _add_range(exporting)
    exporting.add_argument(
        "--format",
        choices=("jsonl", "csv"),
        default="jsonl",
        help="the journal's own lines, or a table (default: jsonl)",
    )
    exporting.add_argument(
        "--out", type=Path, metavar="FILE", help="write here, and the statement to FILE.sig; else to stdout and stderr"
    )
    exporting.set_defaults(run=run_export)


def _add_range(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", type=str, metavar="T", help="from this moment on (ISO 8601, UTC)")
    parser.add_argument("--until", type=str, metavar="T", help="before this moment")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of events")
    return int(text)


def _range(arguments: argparse.Namespace) -> tuple[datetime | None, datetime | None]:
    since = moment(arguments.since) if arguments.since else None
    return since, moment(arguments.until) if arguments.until else None


def _journal(home: Home) -> Path:
    """The journal's directory; raises UsageError where it is not there, or another account's."""
    if not home.journal.is_dir():
        raise UsageError(f"{home.journal} is no journal", "Name the home that it is in with --home.")
    if not os.access(home.journal, os.R_OK | os.X_OK):
        raise UsageError(
            f"{home.journal} is for the home's owner alone", "Ask them for an export: `opsconsole audit export`."
        )
    return home.journal


# Verifying ------------------------------------------------------------------------------------------------------------


def run_verify(arguments: argparse.Namespace) -> int:
    from opsconsole.journal.examine import examine
    from opsconsole.journal.exports import check_export

    home: Home = arguments.home
    if arguments.export:
        keys = _keys(home, arguments.public_key)
        if keys is None:
            raise UsageError("an export is checked with the journal's public key", "Name it with --public-key.")
        file: Path = arguments.export
        statement = check_export(file, file.with_name(file.name + _SIGNATURE), keys)
        return _print(arguments, statement, _export_told(file, statement))
    directory, keys = _journal(home), _keys(home, arguments.public_key)
    found = examine(directory, arguments.checkpoints or home.checkpoints, keys)
    return _print(arguments, found, _journal_told(found, keys))


def _keys(home: Home, named: Path | None) -> Keyring | None:
    """The keys that are trusted; None where none was ever made."""
    from opsconsole.journal.keys import Keyring

    if named is None and not home.checkpoints.exists() and not home.journal_public_key.exists():
        return None
    return Keyring.read(named or home.journal_public_key)


def _print(arguments: argparse.Namespace, found: msgspec.Struct, told: str) -> int:
    if arguments.json:
        print_json(found)
    else:
        sys.stdout.write(told)
    return 0


def _journal_told(found: Examined, keys: Keyring | None) -> str:
    unsigned = found.events - found.signed_events
    lines = [
        f"events       {found.events:,}, each following the one before it",
        f"first        {_time(found.first_at)}",
        f"last         {_time(found.last_at)}",
        f"head         {found.head}",
    ]
    if keys is None:
        lines.append("checkpoints  none: only the chain was checked, which whoever rewrites all of it can make anew")
    else:
        lines += [
            f"checkpoints  {found.checkpoints:,} good, the newest at {_time(found.signed_at)}",
            f"signed       {found.signed_events:,} events; {unsigned:,} since then have the chain alone",
            *(f"key          {fingerprint}" for fingerprint in found.fingerprints),
        ]
    return "".join(f"{line}\n" for line in lines)


def _export_told(file: Path, statement: Statement) -> str:
    return (
        f"file         {safe(str(file))}\n"
        f"events       {statement.events:,}, {statement.first_seq} to {statement.last_seq}\n"
        f"made         {_time(statement.made_at)}, when the journal had {statement.head_seq:,}\n"
        f"head         {statement.head_hash}\n"
        f"key          {statement.key}\n"
    )


def _time(at: str) -> str:
    return f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M:%S} UTC" if at else "–"


# Showing --------------------------------------------------------------------------------------------------------------


def run_show(arguments: argparse.Namespace) -> int:
    from opsconsole.journal.choose import Choice, chosen

    since, until = _range(arguments)
    choice = Choice(since, until, arguments.actor, arguments.kind, arguments.service)
    n_chosen = 0
    newest: deque[Event] = deque(maxlen=arguments.n)
    for event in chosen(_journal(arguments.home), choice):
        n_chosen += 1
        newest.append(event)
    if arguments.json:
        print_json(list(newest))
    else:
        sys.stdout.write(aligned([_cells(event) for event in newest]))
    if n_chosen > len(newest):
        narrate(f"only the newest {len(newest):,} of {n_chosen:,}: raise -n for more")
    return 0


def _cells(event: Event) -> tuple[str, str, str, str]:
    data = " ".join(f"{name}={_word(value)}" for name, value in event.data.items())
    at = f"{datetime.fromisoformat(event.at):%Y-%m-%d %H:%M:%S}"
    return at, safe(event.actor), safe(event.kind), safe(data, _DATA_LIMIT)


def _word(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


# Exporting ------------------------------------------------------------------------------------------------------------


def run_export(arguments: argparse.Namespace) -> int:
    from opsconsole.journal.choose import piece
    from opsconsole.journal.exports import statement_about

    if arguments.out is None and sys.stdout.isatty():
        raise UsageError("an export is for a file", "Name it with --out; `opsconsole audit show` is for reading.")
    home: Home = arguments.home
    since, until = _range(arguments)
    directory = _journal(home)
    places = list(piece(directory, since, until))
    content = _as_csv(places) if arguments.format == "csv" else b"".join(place.line + b"\n" for place in places)
    statement = statement_about(content, arguments.format, places, directory, _signer(home), datetime.now(UTC))
    if not statement.key:
        narrate(f"{home.journal_key} is not here: the statement about the export is not signed")
    signed = msgspec.json.encode(statement) + b"\n"
    if arguments.out is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stderr.write(signed.decode())
        return 0
    out: Path = arguments.out
    try:
        out.write_bytes(content)
        out.with_name(out.name + _SIGNATURE).write_bytes(signed)
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}", "Name another file with --out.") from error
    narrate(f"{len(places):,} events in {out}; {out.name}{_SIGNATURE} vouches for it")
    return 0


def _signer(home: Home) -> Signer | None:
    """The home's own key, where it is at hand: a copy of a journal has none, and gets none."""
    from opsconsole.journal.keys import Signer

    return Signer(home.journal_key, home.journal_public_key) if home.journal_key.exists() else None


def _as_csv(places: Iterable[Place]) -> bytes:
    """A table that is safe to open in a spreadsheet."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(("seq", "at", "actor", "kind", "data", "previous"))
    for place in places:
        event = place.event
        words = (event.at, event.actor, event.kind, msgspec.json.encode(event.data).decode(), event.previous)
        out.writerow((event.seq, *map(harmless, words)))
    return text.getvalue().encode()
