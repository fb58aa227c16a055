"""``opsconsole release``: the gate from the command line; exit codes are API.

0 done · 10 refused, nothing was sent · 11 the world had moved, nothing was sent · 12 sent, and not known yet what
became of it · 13 sent, and not effective · 14 the target cannot be read.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

from opsconsole import wire
from opsconsole.client import Client
from opsconsole.commands.reading import client_of
from opsconsole.commands.release_page import history_page, outcome_page, plan_page
from opsconsole.commands.words import Verbs, add_json, moment, narrate, print_json, verb
from opsconsole.errors import NotEffective, ReleaseIndeterminate, ReleaseRefused, UsageError, WorldMoved

_EXAMPLES = """
opsconsole release plan rollback chat-assist                  exactly what would be done; nothing is
opsconsole release rollback chat-assist                       asks for two letters, then does it
opsconsole release start chat-assist v42 --yes-i-mean chat-assist
opsconsole release set chat-assist v41=90 v42=10 --yes-i-mean chat-assist
opsconsole release promote chat-assist v42 --yes-i-mean chat-assist --until-effective 120
opsconsole release pause chat-assist                          hold a rollout; resume lets it go on
opsconsole release history chat-assist --json
opsconsole release freeze chat-assist --until 2026-12-01 --reason 'year end'
opsconsole release approve 3f2a9c01d4e5                       the operation that somebody else's plan names
"""

ACTS: dict[str, tuple[wire.Act, str]] = {
    "start": ("start", "begin a gradual rollout of a version"),
    "advance": ("advance", "let a rollout take its next step now"),
    "promote": ("promote", "send all traffic to a version"),
    "rollback": ("rollback", "send all traffic back to the last version that had all of it"),
    "abort": ("abort", "end a rollout, back to what was before it"),
    "pause": ("hold", "hold a rollout where it is"),
    "resume": ("resume", "let a rollout go on"),
    "set": ("set", "set the shares of versions"),
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
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for word, (_, about) in ACTS.items():
        acting = verb(actions, shared, word, about, _EXAMPLES)
        _add_order(acting, word)
        acting.add_argument(
            "--yes-i-mean", default="", metavar="SERVICE", help="confirm without being asked, by the service's name"
        )
        acting.add_argument(
            "--until-effective",
            type=float,
            default=0.0,
            metavar="SECONDS",
            help="wait until arriving records prove the effect; not effective by then is exit code 13 (default: 0)",
        )
        add_json(acting)
        acting.set_defaults(run=run_act, word=word)
    planning = verb(actions, shared, "plan", "show exactly what would be done, and do nothing", _EXAMPLES)
    words = planning.add_subparsers(title="acts", metavar="ACT", required=True)
    for word, (_, about) in ACTS.items():
        planned = verb(words, shared, word, f"plan to {about}", _EXAMPLES)
        _add_order(planned, word)
        add_json(planned)
        planned.set_defaults(run=run_plan, word=word)
    told = verb(actions, shared, "history", "list what was changed, when, by whom and with which effect", _EXAMPLES)
    told.add_argument("service", metavar="SERVICE")
    add_json(told)
    told.set_defaults(run=run_history)
    freezing = verb(actions, shared, "freeze", "bring nothing new to users until a moment; or lift that", _EXAMPLES)
    freezing.add_argument("service", nargs="?", default="", metavar="SERVICE", help="every service where none is named")
    freezing.add_argument("--until", default="", metavar="T", help="a moment (ISO 8601, UTC); open where none is named")
    freezing.add_argument("--reason", default="", metavar="WHY")
    freezing.add_argument("--lift", action="store_true", help="end the freeze")
    add_json(freezing)
    freezing.set_defaults(run=run_freeze)
    approving = verb(actions, shared, "approve", "approve exactly what somebody else planned", _EXAMPLES)
    approving.add_argument("operation", metavar="OPERATION", help="as the plan names it")
    approving.add_argument("--note", default="", metavar="TEXT")
    add_json(approving)
    approving.set_defaults(run=run_approve)


def _add_order(parser: argparse.ArgumentParser, word: str) -> None:
    parser.add_argument("service", metavar="SERVICE")
    if word in ("start", "promote"):
        parser.add_argument(
            "version", nargs="?", default="", metavar="VERSION", help="may be left out where there is one candidate"
        )
    if word == "set":
        parser.add_argument("shares", nargs="+", metavar="VERSION=SHARE", help="weights of any unit: v41=90 v42=10")
    parser.add_argument("--override", default="", metavar="REASON", help="go ahead of a freeze or missing evidence")
    parser.add_argument("--arm", default="", metavar="ENVIRONMENT", help="lift read-only for this call, by its name")


def order_of(arguments: argparse.Namespace) -> wire.OrderRequest:
    """Raises UsageError for shares that are none."""
    act, _ = ACTS[arguments.word]
    return wire.OrderRequest(
        service=arguments.service,
        act=act,
        version=getattr(arguments, "version", ""),
        routing=_routing(arguments.shares) if act == "set" else None,
        override_reason=arguments.override,
        console=f"cli-{os.getpid()}",
        via="cli",
    )


def _routing(words: list[str]) -> wire.Routing:
    shares: dict[str, float] = {}
    for word in words:
        version, equals, weight = word.rpartition("=")
        try:
            shares[version] = float(weight.removesuffix("%"))
        except ValueError:
            equals = ""
        if not version or not equals:
            raise UsageError(f"{word!r} is no share", "Write VERSION=SHARE: v41=90 v42=10.")
    return wire.Routing(shares=shares)


def run_plan(arguments: argparse.Namespace) -> int:
    with client_of(arguments.home) as client:
        _arm(client, arguments)
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
    with client_of(arguments.home) as client:
        _arm(client, arguments)
        plan = client.plan(order_of(arguments))
        typed = plan.confirm_with if arguments.yes_i_mean else _asked(plan)
        outcome = client.apply(wire.ApplyRequest(op_id=plan.op_id, typed=typed))
        if outcome.word == "done" and arguments.until_effective:
            outcome = _until_effective(client, arguments.service, outcome, arguments.until_effective)
    if arguments.json:
        print_json(outcome)
    else:
        sys.stdout.write(outcome_page(plan, outcome))
    return _EXITS[outcome.word]


def _arm(client: Client, arguments: argparse.Namespace) -> None:
    if arguments.arm:
        client.arm(wire.ArmRequest(console=f"cli-{os.getpid()}", typed=arguments.arm))


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
