"""``opsconsole drill``: rehearse on a console of its own, and be scored.

Always true here: what is slow or knows the scenario runs in a process of its own; a drill that nobody attends prints
its score and nothing else on stdout.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import TypeVar

import msgspec

from opsconsole import errors, wire
from opsconsole.commands import drill_live, drill_page
from opsconsole.commands.reading import client_of
from opsconsole.commands.words import Verbs, add_json, narrate, print_json, verb
from opsconsole.console.numbers import since_start
from opsconsole.errors import ConfigError, OpsConsoleError, UsageError
from opsconsole.home import default_home

T = TypeVar("T")
_EXAMPLES = """
opsconsole drill list                                what there is to rehearse
opsconsole drill lint my-drill.yaml                  every mistake, with its line
opsconsole drill run first-shift                     on this terminal, at 1x
opsconsole drill run --any --difficulty 3            one of them, and nobody knows which
opsconsole drill run leaked-key --facilitator eve    a team; eve sees what comes
opsconsole drill join drill-3                        one more player's console
opsconsole drill run first-shift --keys script.yaml --speed max    nobody attends
opsconsole drill score first-shift-3                 compute its score again
opsconsole drill report first-shift-3                what to talk about afterwards
opsconsole drill history first-shift                 how it went each time
opsconsole drill replay first-shift-3                does it go as it went?
opsconsole drill record INC-7                        a drill of what happened
opsconsole drill export drill-3 --out drill-3.tgz    for somebody else
"""
_CLASSES = {kind.exit_code: kind for kind in errors.BY_NAME.values()}


def add(verbs: Verbs, shared: argparse.ArgumentParser) -> None:
    parser = verb(verbs, shared, "drill", "rehearse incidents on a console of their own, and be scored", _EXAMPLES)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = verb(actions, shared, "list", "list the scenarios: the library's, and this home's own", _EXAMPLES)
    listing.set_defaults(run=run_list)
    linting = verb(actions, shared, "lint", "name every mistake of a scenario, with its line and a remedy", _EXAMPLES)
    linting.add_argument("paths", nargs="*", metavar="FILE", help="scenarios; all that there are without any")
    linting.set_defaults(run=run_lint)
    running = verb(actions, shared, "run", "play a scenario", _EXAMPLES)
    running.add_argument("id", nargs="?", default="", metavar="ID", help="a scenario's id, or its file")
    running.add_argument("--any", action="store_true", help="one of them, and nobody is told which until it is over")
    running.add_argument("--difficulty", metavar="N", help="with --any: one of this difficulty, 1 to 5")
    scripted = """a script of timed keys and commands, as {at: +4m, by: ann, keys: 'b "ca"'}: nobody attends"""
    running.add_argument("--keys", metavar="FILE", type=Path, help=scripted)
    about = "of everything random in it, and with --any of which one it is (default: the scenario's)"
    running.add_argument("--seed", metavar="N", help=about)
    about = "seconds of it in one (default: the scenario's); with --keys also max, the default there"
    running.add_argument("--speed", default="", metavar="X", help=about)
    drill_live.add_attending(running)
    running.set_defaults(run=run_run)
    drill_live.add(actions, shared)
    scoring = verb(actions, shared, "score", "compute a run's score again, from its scenario and event log", _EXAMPLES)
    scoring.add_argument("name", metavar="RUN", help="as `drill run` names it, or its directory")
    scoring.set_defaults(run=run_score)
    replaying = verb(actions, shared, "replay", "play a headless run once more, and compare the event logs", _EXAMPLES)
    replaying.add_argument("name", metavar="RUN", help="as `drill run` names it, or its directory")
    replaying.set_defaults(run=run_replay)
    recording = verb(actions, shared, "record", "make a scenario of an incident, with its traffic", _EXAMPLES)
    recording.add_argument("incident", metavar="INCIDENT", help="its name: INC-7, or 7")
    recording.add_argument(
        "--service", action="append", default=[], metavar="NAME",
        help="record its traffic, too, beside that of the incident's services; may be repeated",
    )  # fmt: skip
    recording.set_defaults(run=run_record)
    exporting = verb(
        actions, shared, "export", "pack a run into one file: scenario, event log, score, report", _EXAMPLES
    )
    exporting.add_argument("name", metavar="RUN", help="as `drill run` names it, or its directory")
    exporting.add_argument("--out", metavar="FILE", type=Path, required=True, help="a new .tgz")
    exporting.set_defaults(run=run_export)
    reporting = verb(actions, shared, "report", "write a run's after-action report", _EXAMPLES)
    reporting.add_argument("name", metavar="RUN", help="as `drill run` names it, or its directory")
    reporting.add_argument("--out", metavar="DIR", type=Path, help="write RUN.md and RUN.html there")
    reporting.set_defaults(run=run_report)
    remembering = verb(actions, shared, "history", "list the runs and how they went, raw values", _EXAMPLES)
    remembering.add_argument("id", nargs="?", default="", metavar="ID", help="a scenario's id; all without one")
    remembering.set_defaults(run=run_history)
    for each in (listing, linting, running, scoring, reporting, remembering, replaying, recording, exporting):
        add_json(each)


def asked(arguments: argparse.Namespace, kind: type[T], *words: str) -> T:
    """The answer of the drill's own process. Raises its error, as the same class."""
    command = [sys.executable, "-m", "opsconsole.daemon.drilling", "--home", str(arguments.home.directory), *words]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S603 - our own words
    if done.returncode:
        message, _, remedy = done.stderr.decode(errors="replace").strip().partition("\n")
        raise _CLASSES.get(done.returncode, OpsConsoleError)(message, remedy)
    return msgspec.json.decode(done.stdout, type=kind)


def run_list(arguments: argparse.Namespace) -> int:
    reply = asked(arguments, wire.DrillsReply, "list")
    if arguments.json:
        print_json(reply)
    else:
        sys.stdout.write(drill_page.list_page(reply))
    return 0


def run_lint(arguments: argparse.Namespace) -> int:
    reply = asked(arguments, wire.DrillLintReply, "lint", *arguments.paths)
    if arguments.json:
        print_json(reply)
    else:
        sys.stdout.write(drill_page.lint_page(reply))
    return ConfigError.exit_code if any(problem.is_error for problem in reply.problems) else 0


def run_run(arguments: argparse.Namespace) -> int:
    """Raises UsageError for a speed that is none, and for what does not go together."""
    _refuse_what_means_nothing(arguments)
    if arguments.keys is None:
        served = asked(arguments, wire.DrillServed, "new", *_which(arguments))
        return drill_live.attend(arguments, served)
    words = ["play", arguments.id, "--keys", str(arguments.keys)]
    if arguments.speed not in ("", "max"):
        words += ["--speed", str(drill_live.speed_of(arguments))]
    words += drill_live.whole(arguments, "seed")
    done = asked(arguments, wire.DrillDone, *words)
    for spoken in done.spoken:
        narrate(f"{since_start(float(spoken['t']))} {spoken['by']}: {spoken['run']}: {spoken['told']}")
    if arguments.json:
        print_json(done.score)
    else:
        sys.stdout.write(drill_page.score_page(done.score))
    narrate(f"kept in {done.directory}")
    if arguments.tell:
        drill_live.tell(arguments.home, Path(done.directory).name, done.score)
    return 0


def _which(arguments: argparse.Namespace) -> list[str]:
    """A scenario, or what any one is picked by. Raises UsageError."""
    if arguments.id:
        return [arguments.id]
    words = [*drill_live.whole(arguments, "difficulty"), *drill_live.whole(arguments, "seed")]
    return [*words, *(["--led"] if arguments.facilitator else [])]


def _refuse_what_means_nothing(arguments: argparse.Namespace) -> None:
    """Raises UsageError."""
    if bool(arguments.id) == arguments.any:
        told = "one drill is named, and any is asked for" if arguments.any else "which drill?"
        raise UsageError(told, "Name one (opsconsole drill list), or --any for one that nobody knows.")
    if arguments.difficulty is not None and not arguments.any:
        raise UsageError("--difficulty means nothing where a drill is named", "It goes with --any.")
    for name in ("seed", "difficulty"):
        drill_live.whole(arguments, name)
    if arguments.keys is None:
        given = [f"--{name}" for name in ("json", "tell") if getattr(arguments, name)]
        given += ["--speed max"] if arguments.speed == "max" else []
        if given:
            raise UsageError(f"{given[0]} means nothing where people attend", "It goes with a script: --keys FILE.")
        drill_live.refuse_who_would_only_look_on(arguments)
        return
    given = [f"--{name}" for name in ("facilitator", "observer", "group") if getattr(arguments, name)]
    given += [f"--{name.replace('_', '-')}" for name in ("no_console", "any") if getattr(arguments, name)]
    if given:
        raise UsageError(f"{given[0]} means nothing where a script plays", "Leave it out, or --keys.")


def run_score(arguments: argparse.Namespace) -> int:
    score = asked(arguments, wire.DrillScore, "score", arguments.name)
    if arguments.json:
        print_json(score)
    else:
        sys.stdout.write(drill_page.score_page(score))
    return 0


def run_replay(arguments: argparse.Namespace) -> int:
    """Exit code 1 where it does not go as it went."""
    replayed = asked(arguments, wire.DrillReplayed, "replay", arguments.name)
    if arguments.json:
        print_json(replayed)
    else:
        sys.stdout.write(drill_page.replay_page(replayed))
    return 0 if replayed.differs_at is None else 1


def run_record(arguments: argparse.Namespace) -> int:
    with client_of(arguments.home) as client:
        number = arguments.incident
        name = f"INC-{number}" if number.isdecimal() else number
        recorded = client.record(wire.RecordRequest(incident=name, services=tuple(arguments.service)))
    if arguments.json:
        print_json(recorded)
    else:
        is_here = arguments.home.directory == default_home().directory  # elsewhere nobody finds it by its id
        named = recorded.id if is_here else recorded.path
        sys.stdout.write(f"{recorded.path}: {recorded.records:,} records; opsconsole drill run {named}\n")
    return 0


def run_export(arguments: argparse.Namespace) -> int:
    reply = asked(arguments, wire.DrillExported, "export", arguments.name, str(arguments.out.absolute()))
    if arguments.json:
        print_json(reply)
    else:
        sys.stdout.write(f"{reply.path}  {reply.sha256}\n")
    return 0


def run_report(arguments: argparse.Namespace) -> int:
    home = drill_live.running(arguments)
    papers = drill_live.papers(home) if home else asked(arguments, wire.DrillPapers, "report", arguments.name)
    if arguments.json:
        print_json(papers.report)
    elif arguments.out is None:
        sys.stdout.write(papers.markdown)
    else:
        try:
            arguments.out.mkdir(parents=True, exist_ok=True)
            for ending, text in (("md", papers.markdown), ("html", papers.html)):
                path = arguments.out / f"{papers.name}.{ending}"
                path.write_text(text, encoding="utf-8")
                narrate(f"wrote {path}")
        except OSError as error:
            raise UsageError(f"{arguments.out}: {error.strerror}", "Name a directory to write to.") from error
    return 0


def run_history(arguments: argparse.Namespace) -> int:
    history = asked(arguments, wire.DrillHistory, "history", arguments.id)
    if arguments.json:
        print_json(history)
    else:
        sys.stdout.write(drill_page.history_page(history))
    return 0
