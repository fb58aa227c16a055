"""``opsconsole map``: how a log would be read, as YAML to review and pin."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from opsconsole import wire
from opsconsole.commands.reading import passing_client
from opsconsole.commands.words import Verbs, verb

_NOT_ASCII = re.compile(r"[^\n\x20-\x7e]")
_EXAMPLES = """
opsconsole map serving.jsonl                      what is guessed, and what is left out and why
opsconsole map serving.jsonl > gateway.yaml       … to review, correct and pin:
opsconsole watch serving.jsonl --mapping gateway.yaml
"""


def add(verbs: Verbs, shared: argparse.ArgumentParser) -> None:
    parser = verb(verbs, shared, "map", "print how a log's fields would be read, as YAML to review and pin", _EXAMPLES)
    parser.add_argument("path", metavar="PATH", help="a log; of a directory or pattern the first file")
    parser.add_argument("--column", action="append", default=[], metavar="COLUMN=FIELD[:UNIT]", help="as for watch")
    parser.add_argument("--service", default="", metavar="NAME", help="service of records that name none")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    request = wire.MapRequest(
        path=str(Path(arguments.path).expanduser().absolute()),
        overrides=tuple(arguments.column),
        service=arguments.service,
    )
    with passing_client() as client:
        text = client.guessed_mapping(request).mapping_yaml
    sys.stdout.write(_NOT_ASCII.sub(_escaped, text))
    return 0


def _escaped(found: re.Match[str]) -> str:
    """What a terminal might obey, and YAML leaves as it is within double quotes, as an escape that YAML reads back."""
    character = found[0]
    return character if character.isprintable() else f"\\U{ord(character):08x}"
