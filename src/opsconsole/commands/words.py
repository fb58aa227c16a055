"""What several verbs say alike: how a verb is added, how an answer is printed, how a moment is read."""

from __future__ import annotations

import argparse
import json
import re
import sys
from datetime import UTC, datetime
from typing import TypeAlias

import msgspec

from opsconsole import wire
from opsconsole.console.text import safe
from opsconsole.errors import UsageError

_NOT_ASCII = re.compile(r"[^\n\x20-\x7e]")
_LINE_LIMIT = 2_000
"""Characters of one line of narration."""

Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def verb(
    verbs: Verbs, shared: argparse.ArgumentParser, name: str, summary: str, examples: str
) -> argparse.ArgumentParser:
    """A verb with the options that all have, and examples under its help."""
    return verbs.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog="examples:\n" + "".join(f"  {line}\n" for line in examples.strip().splitlines()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared],
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, for scripts")


def add_window(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument(
        "--window", choices=tuple(wire.WINDOWS), default=default, help=f"how far back to look (default: {default})"
    )


def add_reading(parser: argparse.ArgumentParser) -> None:
    """How a log's fields are read."""
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="COLUMN=FIELD[:UNIT]",
        help="name the field, and its unit, of a canonical column (ts=when:ms, latency_ms=took:s); may be repeated",
    )
    parser.add_argument(
        "--mapping", metavar="FILE", help="a mapping as printed by `opsconsole map`, instead of a guess"
    )
    parser.add_argument("--service", default="", metavar="NAME", help="service of records that name none")


def print_json(answer: object) -> None:
    """Structs as indented JSON, on stdout; what a terminal might obey is written as an escape, so nothing is lost."""
    text = msgspec.json.format(msgspec.json.encode(answer), indent=2).decode()
    sys.stdout.flush()
    sys.stdout.buffer.write(_NOT_ASCII.sub(_escaped, text).encode() + b"\n")
    sys.stdout.flush()


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    return character if character.isprintable() else json.dumps(character)[1:-1]


def narrate(text: str) -> None:
    """Lines to the person, on stderr; they may quote data."""
    sys.stderr.write("".join(f"{safe(line, _LINE_LIMIT)}\n" for line in text.split("\n")))
    sys.stderr.flush()


def moment(text: str) -> datetime:
    """An ISO 8601 moment; without a zone it is UTC."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no moment", "Write it like 2026-11-23T06:00 (UTC).") from error
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
