"""``opsconsole alert``: what fires, who has it, and how to be left alone; other systems' alerts come in here.

Always true here: text that came from data is made safe before it reaches the terminal.
"""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta
from pathlib import Path

from opsconsole import wire
from opsconsole.commands.alert_page import alert_page, list_page, rules_page
from opsconsole.commands.reading import client_of
from opsconsole.commands.words import Verbs, add_json, print_json, verb
from opsconsole.console.text import safe
from opsconsole.durations import duration, is_duration
from opsconsole.errors import InputError, UsageError

_EXAMPLES = """
opsconsole alert list
opsconsole alert list chat-assist --json
opsconsole alert show A-12                       its evidence, what changed, who was told
opsconsole alert ack A-12 --note 'looking'       stops every timer of it
opsconsole alert silence chat-assist --for 2h --reason 'load test'
opsconsole alert silence '*' --what input-drift --for 8h --reason 'new tokenizer'
opsconsole alert unsilence S-3
opsconsole alert rules chat-assist               which rules hold, and which cannot be judged
opsconsole alert explain errors-burn-1h          one rule: what, when, and how often by accident
opsconsole alert receive alertmanager            a webhook's JSON on stdin becomes alerts here
"""
SENDERS = ("alertmanager", "grafana")


def add(verbs: Verbs, shared: argparse.ArgumentParser) -> None:
    parser = verb(verbs, shared, "alert", "list, acknowledge and silence alerts", _EXAMPLES)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = verb(actions, shared, "list", "list what fires, and what was resolved within a day", _EXAMPLES)
    listing.add_argument("service", nargs="?", default="", metavar="SERVICE")
    add_json(listing)
    listing.set_defaults(run=run_list)
    showing = verb(actions, shared, "show", "show one alert: evidence, what changed, who was told", _EXAMPLES)
    showing.add_argument("alert", metavar="ALERT", help="A-12")
    add_json(showing)
    showing.set_defaults(run=run_show)
    acking = verb(actions, shared, "ack", "say that you have it: nobody is told of it any more", _EXAMPLES)
    acking.add_argument("alert", metavar="ALERT", help="A-12")
    acking.add_argument("--note", default="", metavar="TEXT", help="what you are going to do")
    add_json(acking)
    acking.set_defaults(run=run_ack)
    silencing = verb(actions, shared, "silence", "tell nobody for a while; it is still listed", _EXAMPLES)
    silencing.add_argument("subject", metavar="WHAT", help="an alert (A-12), a service, 'provider NAME', or * for all")
    silencing.add_argument("--what", default="", metavar="RULE", help="only this rule, or cause")
    silencing.add_argument("--for", dest="length", required=True, metavar="SPAN", help="how long: 30m, 2h, 3d")
    silencing.add_argument("--reason", required=True, metavar="WHY")
    add_json(silencing)
    silencing.set_defaults(run=run_silence)
    ending = verb(actions, shared, "unsilence", "end a silence before its time", _EXAMPLES)
    ending.add_argument("silence", metavar="SILENCE", help="S-3")
    add_json(ending)
    ending.set_defaults(run=run_unsilence)
    ruling = verb(actions, shared, "rules", "list the rules as they hold for a service, or as they come", _EXAMPLES)
    ruling.add_argument("service", nargs="?", default="", metavar="SERVICE")
    add_json(ruling)
    ruling.set_defaults(run=run_rules)
    explaining = verb(actions, shared, "explain", "explain one rule, and how often it fires by accident", _EXAMPLES)
    explaining.add_argument("rule", metavar="RULE")
    explaining.add_argument("service", nargs="?", default="", metavar="SERVICE")
    add_json(explaining)
    explaining.set_defaults(run=run_explain)
    receiving = verb(actions, shared, "receive", "take in what another system's webhook posts", _EXAMPLES)
    receiving.add_argument("sender", choices=SENDERS, metavar="SENDER", help="alertmanager or grafana")
    receiving.add_argument("--file", default="-", metavar="F", help="where the JSON is (default: -, which is stdin)")
    add_json(receiving)
    receiving.set_defaults(run=run_receive)


def run_list(arguments: argparse.Namespace) -> int:
    with client_of(arguments.home) as client:
        view = client.alerts(arguments.service)
    if arguments.json:
        print_json(view)
    else:
        sys.stdout.write(list_page(view))
    return 0


def run_show(arguments: argparse.Namespace) -> int:
    with client_of(arguments.home) as client:
        view = client.alerts()
    wanted = arguments.alert.upper()
    found = next((alert for alert in (*view.alerts, *view.resolved) if alert.id == wanted), None)
    if found is None:
        known = ", ".join(alert.id for alert in view.alerts) or "none"
        raise UsageError(f"there is no alert {arguments.alert!r}", f"Open are: {known}.")
    if arguments.json:
        print_json(found)
    else:
        sys.stdout.write(alert_page(found))
    return 0


def run_ack(arguments: argparse.Namespace) -> int:
    with client_of(arguments.home) as client:
        alert = client.acknowledge(wire.AckRequest(alert=arguments.alert, note=arguments.note))
    if arguments.json:
        print_json(alert)
    else:
        sys.stdout.write(f"{alert.id} is with {safe(alert.acknowledged_by)}: {safe(alert.title)}\n")
    return 0


def run_silence(arguments: argparse.Namespace) -> int:
    request = wire.SilenceRequest(
        subject=arguments.subject, what=arguments.what, minutes=_minutes(arguments.length), reason=arguments.reason
    )
    with client_of(arguments.home) as client:
        silence = client.silence(request)
    if arguments.json:
        print_json(silence)
    else:
        what = " ".join(part for part in (silence.subject or "every service", silence.what) if part)
        sys.stdout.write(f"{silence.id}: {safe(what)} is silent until {silence.until:%Y-%m-%d %H:%M} UTC\n")
    return 0


def _minutes(text: str) -> float:
    if not is_duration(text):
        raise UsageError(f"{text!r} is no span", "Write it like 30m, 2h or 3d.")
    return duration(text) / timedelta(minutes=1)


def run_unsilence(arguments: argparse.Namespace) -> int:
    with client_of(arguments.home) as client:
        silence = client.unsilence(wire.UnsilenceRequest(silence=arguments.silence))
    if arguments.json:
        print_json(silence)
    else:
        sys.stdout.write(f"{silence.id} has ended\n")
    return 0


def run_rules(arguments: argparse.Namespace) -> int:
    with client_of(arguments.home) as client:
        reply = client.alert_rules(arguments.service)
    if arguments.json:
        print_json(reply)
    else:
        sys.stdout.write(rules_page(reply.rules))
    return 0


def run_explain(arguments: argparse.Namespace) -> int:
    with client_of(arguments.home) as client:
        reply = client.alert_rules(arguments.service)
    found = next((rule for rule in reply.rules if rule.id == arguments.rule), None)
    if found is None:
        raise UsageError(f"there is no rule {arguments.rule!r}", "`opsconsole alert rules` lists them.")
    if arguments.json:
        print_json(found)
    else:
        sys.stdout.write(rules_page((found,), is_long=True))
    return 0


def run_receive(arguments: argparse.Namespace) -> int:
    try:
        body = sys.stdin.buffer.read() if arguments.file == "-" else Path(arguments.file).expanduser().read_bytes()
    except OSError as error:
        raise InputError(f"{arguments.file} cannot be read: {error.strerror}", "Name a file that can.") from error
    with client_of(arguments.home) as client:
        reply = client.incoming(arguments.sender, body)
    if arguments.json:
        print_json(reply)
    else:
        dropped = f", {reply.dropped} dropped" if reply.dropped else ""
        own = f", {reply.own} of our own not heard again" if reply.own else ""
        sys.stdout.write(f"{reply.firing} firing, {reply.resolved} resolved{dropped}{own}\n")
    return 0
