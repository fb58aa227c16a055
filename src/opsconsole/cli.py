"""``opsconsole``: the words of the command line, and nothing that they do.

Always true here: a person's mistake ends in one message with a remedy and an exit code of errors.py, never in a
traceback; without a verb the console opens.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from opsconsole import __version__
from opsconsole.commands import (
    alert,
    audit,
    baseline,
    checklist,
    console,
    daemon,
    demo,
    doctor,
    drill,
    incident,
    ingest,
    mapping,
    notify,
    query,
    release,
    show,
    status,
    version,
    watch,
)
from opsconsole.commands.words import narrate
from opsconsole.errors import OpsConsoleError
from opsconsole.home import Home, default_home

_INTERRUPTED = 130
_EXAMPLES = """\
examples:
  opsconsole watch serving.jsonl          look at a log that nobody prepared
  opsconsole watch logs/ --once --json    everything about it, for a script
  opsconsole                              open the console on this home's daemon
  opsconsole status                       the fleet as one page of text
  opsconsole demo                         a fleet to try it on
"""


def parser() -> argparse.ArgumentParser:
    """The whole grammar."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--home",
        type=Path,
        default=argparse.SUPPRESS,
        metavar="DIR",
        help="the instance's directory (default: $OPSCONSOLE_HOME, else ~/.local/state/opsconsole)",
    )
    whole = argparse.ArgumentParser(
        prog="opsconsole",
        description="An operations console for AI systems in production, in a terminal.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared],
    )
    whole.add_argument("--version", action="version", version=f"opsconsole {__version__}")
    whole.set_defaults(run=console.run)
    verbs = whole.add_subparsers(title="verbs", metavar="VERB")
    for verb in (
        watch,
        mapping,
        ingest,
        status,
        show,
        query,
        baseline,
        version,
        release,
        incident,
        alert,
        checklist,
        drill,
        notify,
        audit,
        daemon,
        doctor,
        demo,
    ):
        verb.add(verbs, shared)
    return whole


def home_of(arguments: argparse.Namespace) -> Home:
    """The home that was named, or the default one."""
    named: Path | None = getattr(arguments, "home", None)
    return Home(named.expanduser().absolute()) if named else default_home()


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    arguments = parser().parse_args(words)
    arguments.is_home_named = hasattr(arguments, "home")
    arguments.home = home_of(arguments)
    _draw_what_can_be_drawn()
    try:
        exit_code = int(arguments.run(arguments))
        sys.stdout.flush()
        return exit_code
    except OpsConsoleError as error:
        narrate(f"opsconsole: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # `opsconsole query … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _draw_what_can_be_drawn() -> None:
    """A dash that the terminal's encoding lacks becomes a question mark, not a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
