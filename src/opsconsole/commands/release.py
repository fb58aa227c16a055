"""``opsconsole release``: the gate from the command line; exit codes are API.

0 done · 10 refused, nothing was sent · 11 the world had moved, nothing was sent · 12 sent, and not known yet what
became of it · 13 sent, and not effective · 14 the target cannot be read.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from opsconsole import wire
from opsconsole.client import Client
from opsconsole.commands.reading import client_of
from opsconsole.commands.release_page import history_page, outcome_page, plan_page
from opsconsole.commands.words import Verbs, add_json, moment, narrate, print_json, verb
from opsconsole.errors import NotEffective, ReleaseIndeterminate, ReleaseRefused, UsageError, WorldMoved

_EXAMPLES = """
opsconsole release plan rollback chat-assist   what would be done; nothing is
opsconsole release rollback chat-assist        asks for two letters, does it
opsconsole release promote chat-assist v42     all traffic; asks for the name
opsconsole release start chat-assist v42       step by step; asks for the name
opsconsole release pause chat-assist           hold a rollout; resume goes on
opsconsole release history chat-assist         what was changed, its effect
"""
_EXAMPLES_OF: dict[str, str] = {
    "start": """
opsconsole release plan start chat-assist v42   the steps, and what is sent
opsconsole release start chat-assist v42        asks for the service's name
opsconsole release start chat-assist v42 --yes-i-mean chat-assist
""",
    "advance": """
opsconsole release advance chat-assist         before the step's time is over
""",
    "promote": """
opsconsole release promote chat-assist v42     asks for the service's name
opsconsole release promote chat-assist v42 --override 'the fix for INC-7'
opsconsole release promote chat-assist v42 --until-effective 120
opsconsole release promote chat-assist v42 --yes-i-mean chat-assist --json
""",
    "rollback": """
opsconsole release plan rollback chat-assist   where it would lead; nothing is done
opsconsole release rollback chat-assist        asks for two letters, does it
opsconsole release rollback chat-assist --yes-i-mean chat-assist --json
""",
    "abort": """
opsconsole release abort chat-assist           asks for two letters, does it
""",
    "pause": """
opsconsole release pause chat-assist           the shares stay as they are
""",
    "resume": """
opsconsole release resume chat-assist          from the step in which it was held
""",
    "set": """
opsconsole release set chat-assist v41=90 v42=10
opsconsole release set chat-assist v41=1 --header 'X-Team: canary=v42'
opsconsole release set chat-assist v41=1 --shadow v43=5
""",
    "plan": """
opsconsole release plan rollback chat-assist
opsconsole release plan promote chat-assist v42 --json
opsconsole release plan set chat-assist v41=90 v42=10
""",
    "history": """
opsconsole release history chat-assist
opsconsole release history chat-assist --json
""",
    "freeze": """
opsconsole release freeze chat-assist --until 2026-12-01 --reason 'year end'
opsconsole release freeze --reason 'the launch'   every service, until lifted
opsconsole release freeze chat-assist --lift
""",
    "approve": """
opsconsole release approve 3f2a9c01d4e5        as the plan names it, in brackets
""",
}
_EXITS_TOLD = """
Exit codes of what changes something: 0 done · 2 the words are off · 10 refused
and nothing sent · 11 the target had moved and nothing sent · 12 sent, and not
known yet what became of it · 13 sent, and not effective · 14 the target cannot
be read. Of plan: 0, or 10 where a rule would refuse it."""

ACTS: dict[str, tuple[wire.Act, str]] = {
    "start": ("start", "begin a gradual rollout of a version"),
    "advance": ("advance", "let a rollout take its next step now"),
    "promote": ("promote", "send all traffic to a version"),
    "rollback": ("rollback", "send all traffic back to the last version that had all of it"),
    "abort": ("abort", "end a rollout, back to what was before it"),
    "pause": ("hold", "hold a rollout where it is"),
    "resume": ("resume", "let a rollout go on"),
    "set": ("set", "set the shares, and what is routed beside them: all that is not named goes"),
}
"""Word of the command line → the act, and what it does."""

_EXITS: dict[wire.OutcomeWord, int] = {
    "done": 0,
    "refused": ReleaseRefused.exit_code,
    "moved": WorldMoved.exit_code,
    "indeterminate": ReleaseIndeterminate.exit_code,
    "not effective": NotEffective.exit_code,
}
_POLL_S = 1.0


def add(verbs: Verbs, shared: argparse.ArgumentParser) -> None:
    parser = verb(verbs, shared, "release", "promote, roll out, hold and roll back versions", _EXAMPLES)
    parser.description = f"{parser.description}\n{_EXITS_TOLD}"
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for word, (_, about) in ACTS.items():
        acting = verb(actions, shared, word, about, _EXAMPLES_OF[word])
        _add_order(acting, word)
        acting.add_argument(
            "--yes-i-mean", default="", metavar="SERVICE", help="confirm without being asked: name the service again"
        )
        if word not in ("pause", "resume"):
            acting.add_argument(
                "--until-effective",
                type=float,
                default=0.0,
                metavar="SECONDS",
                help="wait so long for arriving records to show the effect; exit code 13 if they do not (default: 0)",
            )
        add_json(acting)
        acting.set_defaults(run=run_act, word=word)
    planning = verb(actions, shared, "plan", "show exactly what would be done, and do nothing", _EXAMPLES_OF["plan"])
    words = planning.add_subparsers(title="acts", metavar="ACT", required=True)
    for word, (_, about) in ACTS.items():
        planned = verb(words, shared, word, f"plan to {about}", _EXAMPLES_OF["plan"])
        _add_order(planned, word)
        add_json(planned)
        planned.set_defaults(run=run_plan, word=word)
    about = "list what was changed, when, by whom and with which effect"
    told = verb(actions, shared, "history", about, _EXAMPLES_OF["history"])
    _add_service(told)
    add_json(told)
    told.set_defaults(run=run_history)
    about = "bring nothing new to users until a moment; or lift that"
    freezing = verb(actions, shared, "freeze", about, _EXAMPLES_OF["freeze"])
    freezing.add_argument("service", nargs="?", default="", metavar="SERVICE", help="every service where none is named")
    freezing.add_argument("--until", default="", metavar="T", help="a moment (ISO 8601, UTC); open where none is named")
    freezing.add_argument("--reason", default="", metavar="WHY", help="shown to whoever it refuses")
    freezing.add_argument("--lift", action="store_true", help="end the freeze")
    add_json(freezing)
    freezing.set_defaults(run=run_freeze)
    approving = verb(actions, shared, "approve", "approve exactly what somebody else planned", _EXAMPLES_OF["approve"])
    approving.add_argument("operation", metavar="OPERATION", help="id of the plan: it stands in brackets behind it")
    approving.add_argument("--note", default="", metavar="TEXT", help="stands in the journal beside the approval")
    add_json(approving)
    approving.set_defaults(run=run_approve)


def _add_service(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service", metavar="SERVICE", help="as the fleet and opsconsole.yaml call it")


def _add_order(parser: argparse.ArgumentParser, word: str) -> None:
    _add_service(parser)
    if word in ("start", "promote"):
        parser.add_argument(
            "version", nargs="?", default="", metavar="VERSION", help="may be left out where there is one candidate"
        )
    if word == "set":
        parser.add_argument("shares", nargs="+", metavar="VERSION=SHARE", help="weights of any unit: v41=90 v42=10")
        parser.add_argument(
            "--header",
            action="append",
            default=[],
            metavar="'NAME: VALUE=VERSION'",
            help="requests with this header go to that version whatever the shares; may be repeated",
        )
        parser.add_argument(
            "--shadow",
            action="append",
            default=[],
            metavar="VERSION=SHARE",
            help="copy so many percent of the traffic to a version whose answers nobody gets; may be repeated",
        )
    if ACTS[word][0] in wire.FORWARD:
        parser.add_argument(
            "--override", default="", metavar="REASON", help="go ahead of a freeze, an incident or missing evidence"
        )
    parser.add_argument(
        "--arm", default="", metavar="ENVIRONMENT", help="where it is read-only: lift that for this call, by its name"
    )


def order_of(arguments: argparse.Namespace) -> wire.OrderRequest:
    """Raises UsageError for shares that are none."""
    act, _ = ACTS[arguments.word]
    return wire.OrderRequest(
        service=arguments.service,
        act=act,
        version=getattr(arguments, "version", ""),
        routing=_routing(arguments) if act == "set" else None,
        override_reason=getattr(arguments, "override", ""),
        console=_console(),
        via="cli",
    )


def _routing(arguments: argparse.Namespace) -> wire.Routing:
    """Raises UsageError."""
    return wire.Routing(
        shares=dict(_weight(word) for word in arguments.shares),
        headers=dict(map(_header, arguments.header)),
        shadow={version: percent / 100 for version, percent in map(_percent, arguments.shadow)},
    )


def _weight(word: str) -> tuple[str, float]:
    version, _, weight = word.rpartition("=")
    try:
        number = float(weight.removesuffix("%"))
    except ValueError:
        version, number = "", 0.0
    if not version or not 0 <= number < math.inf:
        raise UsageError(f"{word!r} is no share", "Write VERSION=SHARE: v41=90 v42=10.")
    return version, number


def _percent(word: str) -> tuple[str, float]:
    version, percent = _weight(word)
    if not 0 < percent <= 100:
        raise UsageError(f"{word!r} copies nothing, or more than all", "Write percents: --shadow v43=5.")
    return version, percent


_HEADER = re.compile(r"(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+):\s*(?P<value>\S.*?)\s*=\s*(?P<version>[^=\s]+)")
"""``Name: value=VERSION``; the name is a token of RFC 9110, section 5.6.2."""


def _header(word: str) -> tuple[str, str]:
    found = _HEADER.fullmatch(word)
    if found is None:
        raise UsageError(f"{word!r} is no header with a version", "Write it as --header 'X-Team: canary=v42'.")
    return f"{found['name']}: {found['value']}", found["version"]


def run_plan(arguments: argparse.Namespace) -> int:
    with client_of(arguments.home) as client, _armed(client, arguments.arm):
        plan = client.plan(order_of(arguments))
    if arguments.json:
        print_json(plan)
    else:
        sys.stdout.write(plan_page(plan))
    return ReleaseRefused.exit_code if plan.refusals else 0


def run_act(arguments: argparse.Namespace) -> int:
    if arguments.yes_i_mean and arguments.yes_i_mean != arguments.service:
        raise UsageError(
            f"--yes-i-mean {arguments.yes_i_mean} is not {arguments.service}", "Name the service that you mean."
        )
    with client_of(arguments.home) as client, _armed(client, arguments.arm):
        plan = client.plan(order_of(arguments))
        typed = plan.confirm_with if arguments.yes_i_mean else _asked(plan)
        outcome = client.apply(wire.ApplyRequest(op_id=plan.op_id, typed=typed))
        seconds = getattr(arguments, "until_effective", 0.0)
        if outcome.word == "done" and seconds:
            outcome = _until_effective(client, arguments.service, outcome, seconds)
    if arguments.json:
        print_json(outcome)
    else:
        sys.stdout.write(outcome_page(plan, outcome))
    return _EXITS[outcome.word]


@contextmanager
def _armed(client: Client, environment: str) -> Iterator[None]:
    """Armed for this call alone, where an environment is named: who is called like this one later, is not."""
    if not environment:
        yield
        return
    client.arm(wire.ArmRequest(console=_console(), typed=environment))
    try:
        yield
    finally:
        client.arm(wire.ArmRequest(console=_console(), is_locked=True))


def _console() -> str:
    """What this call is called among the consoles."""
    return f"cli-{os.getpid()}"


def _asked(plan: wire.Plan) -> str:
    """What the person types, once they have seen the plan.

    Raises ReleaseRefused where nobody can be asked, where the plan is refused already, or where they type otherwise.
    """
    narrate(plan_page(plan).rstrip("\n"))
    if plan.refusals:
        refusal = plan.refusals[0]
        raise ReleaseRefused(f"{refusal.rule}: {refusal.why}", refusal.remedy)
    if not sys.stdin.isatty():
        raise ReleaseRefused(
            "confirmation: nobody can be asked here, and nothing was done", f"Add --yes-i-mean {plan.order.service}."
        )
    sys.stderr.write(f"Type {plan.confirm_with} to {plan.order.act}; anything else does nothing: ")
    sys.stderr.flush()
    typed = sys.stdin.readline().rstrip("\n")
    if typed != plan.confirm_with:
        raise ReleaseRefused("confirmation: nothing was done", "Run it again when you mean it.")
    return typed


def _until_effective(client: Client, service: str, outcome: wire.Outcome, seconds: float) -> wire.Outcome:
    """The outcome with the newest verdict; one that is not effective in time is an outcome of its own."""
    from msgspec.structs import replace

    deadline = time.monotonic() + seconds
    verdict = outcome.verdict
    while (verdict is None or verdict.effect != "effective") and time.monotonic() < deadline:
        time.sleep(_POLL_S)
        view = client.view("release", {"service": service, "window": wire.DEFAULT_WINDOW})
        watch = view.watch if isinstance(view, wire.ReleaseView) else None
        if watch is not None and watch.op_id == outcome.op_id and watch.verdict is not None:
            verdict = watch.verdict
    if verdict is not None and verdict.effect == "effective":
        return replace(outcome, verdict=verdict)
    why = verdict.why if verdict is not None else "nothing was seen of it"
    return replace(outcome, word="not effective", told=f"not effective within {seconds:.0f} s: {why}", verdict=verdict)


def run_history(arguments: argparse.Namespace) -> int:
    with client_of(arguments.home) as client:
        view = client.view("release", {"service": arguments.service, "window": wire.DEFAULT_WINDOW})
    if not isinstance(view, wire.ReleaseView):
        raise AssertionError("the view `release` is answered by a ReleaseView")
    if arguments.json:
        print_json(view.history)
    else:
        sys.stdout.write(history_page(view))
    return 0


def run_freeze(arguments: argparse.Namespace) -> int:
    request = wire.FreezeRequest(
        service=arguments.service,
        until=moment(arguments.until) if arguments.until else None,
        reason=arguments.reason,
        is_lifted=arguments.lift,
    )
    with client_of(arguments.home) as client:
        freeze = client.freeze(request)
    if arguments.json:
        print_json(freeze)
    else:
        whom = freeze.service or "every service"
        until = f" until {freeze.until:%Y-%m-%d %H:%M} UTC" if freeze.until else ""
        sys.stdout.write(f"{whom}: {'no longer frozen' if arguments.lift else f'frozen{until}: {freeze.reason}'}\n")
    return 0


def run_approve(arguments: argparse.Namespace) -> int:
    with client_of(arguments.home) as client:
        approval = client.approve(wire.ApproveRequest(op_id=arguments.operation, note=arguments.note))
    if arguments.json:
        print_json(approval)
    else:
        sys.stdout.write(f"approved until {approval.expires_at:%H:%M} UTC: {approval.service}, {approval.told}\n")
    return 0
