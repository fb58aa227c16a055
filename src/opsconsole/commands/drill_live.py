"""``opsconsole drill`` while people attend: start it, join it, and what its facilitator does.

Always true here: a drill's consoles are those of any home, on the drill's own socket; closing one stops nothing; who
may do what is the drill's to say.
"""

from __future__ import annotations

import argparse
import os
import pwd
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from opsconsole import wire
from opsconsole.client import Client
from opsconsole.commands import drill_page
from opsconsole.commands.words import Verbs, add_json, narrate, print_json, verb
from opsconsole.daemon_process import await_stop, is_running
from opsconsole.errors import DaemonError, UsageError
from opsconsole.home import Home

_READY_WITHIN_S = 120.0
_POLL_S = 0.1
_EXAMPLES = """
opsconsole drill join drill-3                 one more console, over SSH or here
opsconsole drill now drill-3                  its time, and what people were told
opsconsole drill hint drill-3                 help, for points
opsconsole drill plan drill-3                 the facilitator: what is coming
opsconsole drill inject drill-3 i2            the facilitator: tell them now
opsconsole drill speed drill-3 10             the facilitator, or alone: go faster
opsconsole drill judge drill-3 can 0.5        the facilitator: half as it should be
opsconsole drill end drill-3                  it is over: the score is written
"""
_COMMANDS: dict[str, tuple[str, str]] = {
    "pause": ("let its time stand still", ""),
    "resume": ("let its time go on", ""),
    "speed": ("go faster or slower", "number"),
    "inject": ("tell people something of the scenario now", "text"),
    "say": ("tell people something of your own", "text"),
    "note": ("write something down that players do not see", "text"),
    "judge": ("say how well something was done, from 0 to 1", "text number"),
    "end": ("end it, and score it", ""),
}
"""Word → what it does, and what it takes."""
_ABOUT = {
    ("inject", "text"): ("INJECT", "its id"),
    ("judge", "text"): ("EXPECTATION", "its id"),
    ("say", "text"): ("TEXT", "the words"),
    ("note", "text"): ("TEXT", "the words"),
    ("speed", "number"): ("X", "seconds of it in one"),
    ("judge", "number"): ("HOW", "0 to 1"),
}


def add_attending(running: argparse.ArgumentParser) -> None:
    """What an attended run takes."""
    running.add_argument(
        "--facilitator", action="append", default=[], metavar="NAME",
        help="an account that sees what is coming; may be repeated. Without one it is a solo drill",
    )  # fmt: skip
    running.add_argument(
        "--observer", action="append", default=[], metavar="NAME",
        help="an account that looks on and may do nothing; may be repeated",
    )  # fmt: skip
    running.add_argument("--group", default="", metavar="GROUP", help="a Unix group that may join")
    running.add_argument("--no-console", action="store_true", help="start it, and open no console here")
    running.add_argument(
        "--tell", action="store_true", help="with --keys: tell the live daemon that checklists were rehearsed"
    )


def refuse_who_would_only_look_on(arguments: argparse.Namespace) -> None:
    """Raises UsageError where somebody is to do something and nothing, or nobody could end the drill."""
    if both := sorted({*arguments.facilitator} & {*arguments.observer}):
        raise UsageError(f"{both[0]} is named as facilitator and as observer", "An observer does nothing: choose one.")
    if not arguments.facilitator and pwd.getpwuid(os.geteuid()).pw_name in arguments.observer:
        raise UsageError(
            "who starts this drill would only look on, and nobody could end it",
            "Name a facilitator, or leave yourself out of --observer.",
        )


def add(actions: Verbs, shared: argparse.ArgumentParser) -> None:
    def action(name: str, about: str) -> argparse.ArgumentParser:
        made = verb(actions, shared, name, about, _EXAMPLES)
        made.add_argument("name", metavar="RUN", help="as `drill run` names it, or its directory")
        return made

    joining = action("join", "open a console on a drill that runs")
    joining.set_defaults(run=run_join)
    seeing = action("now", "show a drill's time, and what people were told")
    add_json(seeing)
    seeing.set_defaults(run=run_now)
    helping = action("hint", "ask for help, for points")
    helping.set_defaults(run=run_hint)
    planning = action("plan", "show what is coming, what is met, and who is here: the facilitator's view")
    add_json(planning)
    planning.set_defaults(run=run_plan)
    for word, (about, takes) in _COMMANDS.items():
        made = action(word, about)
        for name in takes.split():
            metavar, told = _ABOUT[word, name]
            made.add_argument(name, metavar=metavar, help=told)
        made.set_defaults(run=run_command, word=word)


def home_of_run(arguments: argparse.Namespace) -> Home:
    """Raises UsageError where no such drill runs."""
    if (home := running(arguments)) is None:
        raise UsageError(f"no drill {arguments.name!r} runs", "opsconsole drill run ID starts one.")
    return home


def running(arguments: argparse.Namespace) -> Home | None:
    """The home of a drill that runs. Raises UsageError where this account may not even look."""
    for directory in (
        arguments.home.directory / "drills" / arguments.name,
        Path(arguments.name).expanduser().absolute(),
    ):
        for home in (Home(directory / "home"), Home(directory)):
            try:
                is_there = home.socket.exists()
            except PermissionError as error:
                raise UsageError(
                    f"{directory} is closed to this account",
                    "Whoever started it can name a group of yours (--group), which has to reach the home as well: "
                    "see `access.group`.",
                ) from error
            if is_there and is_running(home):
                return home
    return None


def papers(home: Home) -> wire.DrillPapers:
    """The report of a drill that is over and whose process still answers: its files may be somebody else's."""
    client = Client(home)
    try:
        return client.drill_report()
    finally:
        client.close()


def attend(arguments: argparse.Namespace, served: wire.DrillServed) -> int:
    """Start the drill's process, and open a console on it."""
    home = Home(Path(served.home))
    _start(arguments, home, served.scenario)
    narrate(f"{served.run} runs: opsconsole drill join {home.directory.parent}")
    if arguments.no_console or not sys.stdout.isatty():
        return 0
    from opsconsole.commands.console import open_console  # and with it Textual

    code = open_console(home, is_drill=True)
    if _is_over(home):
        narrate(f"it is over: opsconsole drill report {served.run}")
    else:
        narrate(f"{served.run} goes on: opsconsole drill join {served.run}, or drill end {served.run}")
    return code


def _is_over(home: Home) -> bool:
    """Was it ended? Its process is gone then, or about to go."""
    client = Client(home)
    try:
        return client.drill().is_over
    except DaemonError:
        return True
    finally:
        client.close()


def speed_of(arguments: argparse.Namespace) -> float:
    """Raises UsageError."""
    try:
        speed = float(arguments.speed)
    except ValueError:
        speed = 0.0
    if not speed > 0:
        raise UsageError(f"{arguments.speed!r} is no speed", "A number above 0, or max with --keys.")
    return speed


def whole(arguments: argparse.Namespace, name: str) -> list[str]:
    """An option that is a whole number, as the drill's own process takes it. Raises UsageError."""
    text: str | None = getattr(arguments, name)
    if text is None:
        return []
    if not text.isdecimal():
        raise UsageError(f"{text!r} is no {name}", "A whole number, 0 or more.")
    return [f"--{name}", text]


def _start(arguments: argparse.Namespace, home: Home, scenario: str) -> None:
    run = home.directory.parent
    command = [sys.executable, "-m", "opsconsole.daemon.drilling", "--home", str(arguments.home.directory), "serve"]
    command += [str(run), "--group", arguments.group]
    if arguments.speed:
        command += ["--speed", str(speed_of(arguments))]
    command += [word for name in arguments.facilitator for word in ("--facilitator", name)]
    command += [word for name in arguments.observer for word in ("--observer", name)]
    command += whole(arguments, "seed")
    log = run / "drill.log"
    log.touch(mode=0o600)
    with log.open("ab") as told:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own words
            command, stdin=subprocess.PIPE, stdout=told, stderr=told, start_new_session=True
        )
    if process.stdin is not None:  # and not by its arguments: `ps` shows them to players, and ids name causes
        process.stdin.write(scenario.encode())
        process.stdin.close()
    narrate("writing the history …")
    deadline = time.monotonic() + _READY_WITHIN_S
    while not is_running(home):
        if process.poll() is not None or time.monotonic() > deadline:
            words = log.read_text(errors="replace").strip().splitlines()
            raise DaemonError(words[-1] if words else "the drill ended without a word", f"The whole log: {log}")
        time.sleep(_POLL_S)


def tell(home: Home, run: str, score: wire.DrillScore) -> None:
    """The live daemon writes down that these checklists were rehearsed, where one runs."""
    if not is_running(home):
        narrate("no live daemon runs: nobody was told that the checklists were rehearsed")
        return
    client = Client(home)
    try:
        client.drill_scored(run, score)
    finally:
        client.close()


def run_join(arguments: argparse.Namespace) -> int:
    from opsconsole.commands.console import open_console

    home = home_of_run(arguments)
    if not sys.stdout.isatty():
        raise UsageError("a console needs a terminal", f"opsconsole drill now {arguments.name}")
    return open_console(home, is_drill=True)


def _client(arguments: argparse.Namespace) -> Client:
    return Client(home_of_run(arguments))


def run_now(arguments: argparse.Namespace) -> int:
    with closing(_client(arguments)) as client:
        now = client.drill()
    if arguments.json:
        print_json(now)
    else:
        sys.stdout.write(drill_page.now_page(now))
    return 0


def run_hint(arguments: argparse.Namespace) -> int:
    with closing(_client(arguments)) as client:
        hint = client.drill_hint()
    sys.stdout.write(f"{hint.text} (-{hint.cost:g})\n")
    return 0


def run_plan(arguments: argparse.Namespace) -> int:
    with closing(_client(arguments)) as client:
        plan = client.drill_plan()
    if arguments.json:
        print_json(plan)
    else:
        sys.stdout.write(drill_page.plan_page(plan))
    return 0


def _number(arguments: argparse.Namespace) -> float:
    """What a command takes beside words; 0 where it takes none. Raises UsageError."""
    text = getattr(arguments, "number", "0")
    try:
        return float(text)
    except ValueError as error:
        metavar, about = _ABOUT[arguments.word, "number"]
        raise UsageError(f"{text!r} is no number", f"{metavar}: {about}.") from error


def run_command(arguments: argparse.Namespace) -> int:
    text, number = getattr(arguments, "text", ""), _number(arguments)
    home = home_of_run(arguments)
    with closing(Client(home)) as client:
        now = client.drill_command(wire.DrillCommand(word=arguments.word, text=text, number=number))
    sys.stdout.write(drill_page.now_page(now))
    if now.is_over:
        if home.owner_uid in (os.geteuid(), None):  # whom it belongs to sees it end; for others it stays open
            await_stop(home)
        narrate(f"opsconsole drill report {now.run}")
    return 0
