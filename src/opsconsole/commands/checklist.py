"""``opsconsole checklist``: procedures with machine-checked steps, from the command line; exit codes are API.

0 done, or somebody's turn · 17 a checklist has errors, its rule said no, or the step it is at has failed.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from opsconsole import wire
from opsconsole.client import Client
from opsconsole.commands import checklist_page
from opsconsole.commands.checklist_run import POLL_S, Terminal, look, work
from opsconsole.commands.reading import client_of
from opsconsole.commands.words import Verbs, add_json, narrate, print_json, verb
from opsconsole.errors import ChecklistError, InputError, UsageError

LINGER_S = 60.0
"""A daemon that was started to look files over alone ends so long afterwards."""
ENDINGS = (".md", ".yaml", ".yml")
VERBS: tuple[wire.StepVerb, ...] = (
    "look", "tick", "fail", "retry", "skip", "decide", "plan", "act", "send", "approve", "deny", "note", "join",
    "abort",
)  # fmt: skip

_EXAMPLES = """
opsconsole checklist list                                     what there is, how fresh, and the runs of late
opsconsole checklist show error-spike                         read it; it reads as well in any pager
opsconsole checklist run error-spike --param service=chat-assist --incident INC-7
opsconsole checklist resume RUN-3                             go on where it was, from this terminal
opsconsole checklist step RUN-3 tick 'the flag is off'        one thing, for a script
opsconsole checklist lint checklists/                         before it is merged
opsconsole checklist new cache-stampede                       begin one of your own
"""
_STEP_EXAMPLES = """
opsconsole checklist step RUN-3                               how it stands, and what can be done
opsconsole checklist step RUN-3 look --wait 120 --json        wait until it is somebody's turn
opsconsole checklist step RUN-3 tick 'dashboards agree'
opsconsole checklist step RUN-3 fail 'still rising'
opsconsole checklist step RUN-3 skip 'no canary under way'
opsconsole checklist step RUN-3 decide r
opsconsole checklist step RUN-3 plan                          exactly what the action would do
opsconsole checklist step RUN-3 act --yes-i-mean chat-assist
opsconsole checklist step RUN-3 approve --typed v42
opsconsole checklist step RUN-3 join commander                take a role
opsconsole checklist step RUN-3 abort 'wrong service'         then undo what ran: plan, act
opsconsole checklist step RUN-3 skip 'it may stay' --undoing RUN-3:rollback:1      or leave it as it is
"""


def add(verbs: Verbs, shared: argparse.ArgumentParser) -> None:
    parser = verb(verbs, shared, "checklist", "work procedures whose steps are checked by machine", _EXAMPLES)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    linting = verb(actions, shared, "lint", "name every mistake of a checklist, with its line and a remedy", _EXAMPLES)
    linting.add_argument("paths", nargs="*", metavar="PATH", help="files and directories; all checklists without any")
    linting.set_defaults(run=run_lint)
    listing = verb(actions, shared, "list", "list the checklists and the runs of late", _EXAMPLES)
    listing.add_argument("service", nargs="?", default="", metavar="SERVICE", help="say which ones it asks for now")
    listing.set_defaults(run=run_list)
    showing = verb(actions, shared, "show", "print a checklist", _EXAMPLES)
    showing.add_argument("id", metavar="ID")
    showing.add_argument("--form", choices=("markdown", "yaml"), default="", help="written anew, in this form")
    showing.set_defaults(run=run_show)
    making = verb(actions, shared, "new", "begin a checklist of your own", _EXAMPLES)
    making.add_argument("name", metavar="NAME", help="its id: small letters, digits and hyphens")
    making.add_argument("--stdout", action="store_true", help="print it instead of writing checklists/NAME.md")
    making.set_defaults(run=run_new)
    running = verb(actions, shared, "run", "run a checklist, step by step", _EXAMPLES)
    running.add_argument("id", metavar="ID")
    running.add_argument("--param", action="append", default=[], metavar="NAME=VALUE", help="may be repeated")
    running.add_argument("--incident", default="", metavar="INC", help="the incident that it belongs to")
    running.set_defaults(run=run_run)
    resuming = verb(actions, shared, "resume", "go on with a run, from this terminal", _EXAMPLES)
    resuming.add_argument("name", metavar="RUN")
    resuming.set_defaults(run=run_resume)
    for each in (running, resuming):
        each.add_argument("--no-input", action="store_true", help="ask nothing: say how it stands, and end")
        _add_arm(each)
    stepping = verb(actions, shared, "step", "do one thing about a run's step", _STEP_EXAMPLES)
    stepping.add_argument("name", metavar="RUN")
    stepping.add_argument("verb", nargs="?", choices=VERBS, default="look", metavar="VERB", help=", ".join(VERBS))
    stepping.add_argument("text", nargs="?", default="", metavar="TEXT", help="a reason, a note, an option, a role")
    stepping.add_argument("--step", default="", metavar="STEP", help="only if it is this step's turn")
    stepping.add_argument(
        "--undoing", default="", metavar="OPERATION", help="of skip, once a run is aborting: what is left as it is"
    )
    stepping.add_argument("--typed", default="", metavar="WORD", help="of approve: what it asks to be typed")
    stepping.add_argument("--yes-i-mean", default="", metavar="SERVICE", help="of act: confirm by the service's name")
    stepping.add_argument(
        "--wait", type=float, default=0.0, metavar="SECONDS", help="wait until it is somebody's turn (default: 0)"
    )
    stepping.set_defaults(run=run_step)
    _add_arm(stepping)
    for each in (linting, listing, showing, running, resuming, stepping):
        add_json(each)


def _add_arm(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--arm", default="", metavar="ENVIRONMENT", help="lift read-only for this call, by its name")


def console() -> str:
    """What this command calls itself towards the daemon."""
    return f"cli-{os.getpid()}"


# Files ---------------------------------------------------------------------------------------------------------------


def run_lint(arguments: argparse.Namespace) -> int:
    texts = tuple(wire.LintText(path=str(path), text=_read(path)) for path in _files(arguments.paths))
    if arguments.paths and not texts:
        raise InputError(f"{', '.join(arguments.paths)}: no checklist is there", "They end in .md, .yaml or .yml.")
    with client_of(arguments.home, linger_s=LINGER_S) as client:
        reply = client.lint(wire.LintRequest(texts=texts))
    if arguments.json:
        print_json(reply)
    else:
        sys.stdout.write(checklist_page.lint_page(reply))
    return ChecklistError.exit_code if any(problem.is_error for problem in reply.problems) else 0


def _files(paths: list[str]) -> list[Path]:
    found: list[Path] = []
    for path in map(Path, paths):
        found += sorted(each for ending in ENDINGS for each in path.glob(f"**/*{ending}")) if path.is_dir() else [path]
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}", "Name a text file.") from error


def run_list(arguments: argparse.Namespace) -> int:
    with client_of(arguments.home) as client:
        view = client.checklists(arguments.service)
    if arguments.json:
        print_json(view)
    else:
        sys.stdout.write(checklist_page.list_page(view))
    return 0


def run_show(arguments: argparse.Namespace) -> int:
    with client_of(arguments.home) as client:
        view = client.checklist(arguments.id, arguments.form)
    if arguments.json:
        print_json(view)
    else:
        sys.stdout.write(checklist_page.show_page(view))
    return 0


def run_new(arguments: argparse.Namespace) -> int:
    """Raises UsageError rather than write over a file."""
    with client_of(arguments.home) as client:
        text = client.template(wire.TemplateRequest(id=arguments.name)).text
    if arguments.stdout:
        sys.stdout.write(text)
        return 0
    path = arguments.home.checklists / f"{arguments.name}.md"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError(f"{path} is there already", "Choose another name, or edit it.") from error
    narrate(f"wrote {path}: edit it, then `opsconsole checklist lint {path}`")
    return 0


# Runs ----------------------------------------------------------------------------------------------------------------


def run_run(arguments: argparse.Namespace) -> int:
    request = wire.RunRequest(checklist=arguments.id, params=_params(arguments.param), incident=arguments.incident)
    with client_of(arguments.home) as client:
        return _worked(client, arguments, client.begin_run(request).view)


def _params(words: list[str]) -> dict[str, str]:
    params: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not name or not equals:
            raise UsageError(f"{word!r} is no parameter", "Write --param NAME=VALUE.")
        params[name] = value
    return params


def run_resume(arguments: argparse.Namespace) -> int:
    with client_of(arguments.home) as client:
        return _worked(client, arguments, look(client, arguments.name))


def _worked(client: Client, arguments: argparse.Namespace, view: wire.RunView) -> int:
    """Ask the person step by step, or say how it stands where nobody can be asked."""
    _arm(client, arguments)
    if not (arguments.json or arguments.no_input) and sys.stdin.isatty():
        view = work(client, view, Terminal(), console())
    else:
        _print(arguments, view)
    return _exit_code(view)


def run_step(arguments: argparse.Namespace) -> int:
    with client_of(arguments.home) as client:
        _arm(client, arguments)
        plan: wire.Plan | None = None
        if arguments.verb == "act":
            plan = _confirmed(client, arguments)
        left = _skipped(client, arguments) if arguments.verb == "skip" else ""
        reply = client.step(_request(arguments, plan))
        if left:
            narrate(f"left as it is: {left}")
        view = _waited(client, reply.view, arguments.wait)
    if arguments.json and reply.plan is not None:
        print_json(reply)
    elif reply.plan is not None:
        sys.stdout.write(checklist_page.plan_page(reply.plan))
    else:
        _print(arguments, view)
    return _exit_code(view)


def _skipped(client: Client, arguments: argparse.Namespace) -> str:
    """What is to be skipped, by name; empty for the step itself. Raises UsageError where another thing would be."""
    view = look(client, arguments.name)
    if view.undoing != arguments.undoing:
        if not view.undoing:
            raise UsageError(f"{arguments.name} undoes nothing now", "Leave --undoing out to skip its step.")
        raise UsageError(
            f"{arguments.name} is aborting: skip would leave {view.undoing} as it is",
            f"Add --undoing {view.undoing} if that is meant; or undo it: plan, act.",
        )
    return view.undoing


def _request(arguments: argparse.Namespace, plan: wire.Plan | None) -> wire.StepRequest:
    is_choice = arguments.verb == "decide"
    return wire.StepRequest(
        run=arguments.name,
        verb=arguments.verb,
        step=arguments.step,
        undoes=arguments.undoing if arguments.verb == "skip" else None,
        option=arguments.text if is_choice else "",
        text="" if is_choice else arguments.text,
        typed=plan.confirm_with if plan is not None else arguments.typed,
        op_id=plan.op_id if plan is not None else "",
        console=console(),
    )


def _confirmed(client: Client, arguments: argparse.Namespace) -> wire.Plan:
    """The plan of an action that was confirmed by name. Raises UsageError where it was not."""
    plan = client.step(wire.StepRequest(run=arguments.name, verb="plan", step=arguments.step, console=console())).plan
    if plan is None:
        raise AssertionError("a plan is answered by one")
    narrate(checklist_page.plan_page(plan).rstrip("\n"))
    if arguments.yes_i_mean != plan.order.service:
        raise UsageError("it is not confirmed, and nothing was done", f"Add --yes-i-mean {plan.order.service}.")
    return plan


def _waited(client: Client, view: wire.RunView, seconds: float) -> wire.RunView:
    deadline = time.monotonic() + seconds
    while view.waits and time.monotonic() < deadline:
        time.sleep(POLL_S)
        view = look(client, view.run.id)
    return view


def _arm(client: Client, arguments: argparse.Namespace) -> None:
    if arguments.arm:
        client.arm(wire.ArmRequest(console=console(), typed=arguments.arm))


def _print(arguments: argparse.Namespace, view: wire.RunView) -> None:
    if arguments.json:
        print_json(view)
    else:
        sys.stdout.write(checklist_page.run_page(view))


def _exit_code(view: wire.RunView) -> int:
    progress = view.run.steps.get(view.run.current)
    is_failed = view.run.word == "aborted" or (progress is not None and progress.word == "failed")
    return ChecklistError.exit_code if is_failed else 0
