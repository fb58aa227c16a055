"""``opsconsole version``: what is deployed, exactly: register, list, show, compare, make again."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime

from opsconsole import wire
from opsconsole.client import Client
from opsconsole.commands import version_add, version_page
from opsconsole.commands.reading import client_of
from opsconsole.commands.words import Verbs, add_json, narrate, print_json, verb
from opsconsole.errors import UsageError
from opsconsole.provenance import compare, is_reproducible, reproduce

INCOMPLETE = 1
"""Exit code of ``reproduce --strict`` when something is missing."""

_EXAMPLES = """
opsconsole version add chat-assist v42 --model harbor-chat-2.1.safetensors --lock requirements.lock
opsconsole version add --from-yaml version.yaml
opsconsole version list chat-assist
opsconsole version diff chat-assist v41 v42
opsconsole version reproduce chat-assist v42 > recreate.sh
"""
_LIST_EXAMPLES = """
opsconsole version list
opsconsole version list chat-assist --json
"""
_SHOW_EXAMPLES = """
opsconsole version show chat-assist v42
opsconsole version show chat-assist v42 --json
"""
_DIFF_EXAMPLES = """
opsconsole version diff chat-assist v41 v42
opsconsole version diff chat-assist v41 v42 --json
"""
_REPRODUCE_EXAMPLES = """
opsconsole version reproduce chat-assist v42                       what it is made of, the commands, what is missing
opsconsole version reproduce chat-assist v42 > recreate.sh         the same is a shell script
opsconsole version reproduce chat-assist v42 --strict --json       for a script: exit code 1 if something is missing
"""


def add(verbs: Verbs, shared: argparse.ArgumentParser) -> None:
    parser = verb(verbs, shared, "version", "what is deployed, exactly: register, compare, make again", _EXAMPLES)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    version_add.add(actions, shared)
    listing = verb(actions, shared, "list", "list the versions that are registered", _LIST_EXAMPLES)
    listing.add_argument("service", nargs="?", default="", metavar="SERVICE", help="of this service alone")
    listing.set_defaults(run=run_list)
    showing = verb(actions, shared, "show", "show what a version is made of", _SHOW_EXAMPLES)
    showing.set_defaults(run=run_show)
    differing = verb(actions, shared, "diff", "compare two versions, part by part", _DIFF_EXAMPLES)
    differing.set_defaults(run=run_diff)
    reproducing = verb(actions, shared, "reproduce", "print how a version is made again", _REPRODUCE_EXAMPLES)
    reproducing.add_argument(
        "--strict", action="store_true", help=f"exit with {INCOMPLETE} when it cannot be made again exactly"
    )
    reproducing.set_defaults(run=run_reproduce)
    for each in (showing, differing, reproducing):
        each.add_argument("service", metavar="SERVICE")
        each.add_argument("version", metavar="VERSION")
    differing.add_argument("other", metavar="OTHER", help="the version that it is compared with")
    for each in (listing, showing, differing, reproducing):
        add_json(each)


def run_list(arguments: argparse.Namespace) -> int:
    with client_of(arguments.home) as client:
        manifests = client.manifests(arguments.service).manifests
        serving = {service: _serving(client, service) for service in dict.fromkeys(each.service for each in manifests)}
    rows = tuple(
        version_page.Listed(
            manifest=each,
            is_reproducible=is_reproducible(each),
            first_served_at=serving[each.service].get(each.version),
        )
        for each in manifests
    )
    if arguments.json:
        print_json(rows)
    elif rows:
        sys.stdout.write(version_page.listing(rows))
    else:
        narrate("no version is registered: see `opsconsole version add --help`")
    return 0


def run_show(arguments: argparse.Namespace) -> int:
    with client_of(arguments.home) as client:
        reply = client.manifests(arguments.service)
    manifest = _chosen(reply, arguments.service, arguments.version)
    earlier = tuple(each for each in reply.superseded if each.version == manifest.version)
    if arguments.json:
        print_json(version_page.Shown(manifest=manifest, earlier=earlier))
    else:
        sys.stdout.write(version_page.shown(manifest, earlier))
    return 0


def run_diff(arguments: argparse.Namespace) -> int:
    with client_of(arguments.home) as client:
        reply = client.manifests(arguments.service)
    left, right = (_chosen(reply, arguments.service, name) for name in (arguments.version, arguments.other))
    difference = compare(left, right)
    if arguments.json:
        print_json(difference)
    else:
        sys.stdout.write(version_page.difference(difference))
    return 0


def run_reproduce(arguments: argparse.Namespace) -> int:
    with client_of(arguments.home) as client:
        reply = client.manifests(arguments.service)
    reproduction = reproduce(_chosen(reply, arguments.service, arguments.version))
    if arguments.json:
        print_json(reproduction)
    else:
        sys.stdout.write(version_page.script(reproduction))
    return 0 if reproduction.is_reproducible or not arguments.strict else INCOMPLETE


def _chosen(reply: wire.ManifestsReply, service: str, version: str) -> wire.Manifest:
    """Raises UsageError with what is registered when this is not."""
    for manifest in reply.manifests:
        if manifest.version == version:
            return manifest
    known = ", ".join(manifest.version for manifest in reply.manifests) or "none yet"
    raise UsageError(f"{service} {version} is not registered", f"Registered of {service}: {known}.")


def _serving(client: Client, service: str) -> dict[str, datetime]:
    """Version → its first record; empty for a service that the traffic does not know."""
    try:
        view = client.view("service", {"service": service, "window": "all"})
    except UsageError:
        return {}
    if not isinstance(view, wire.ServiceView):
        raise AssertionError("a service is answered by its view")
    return {each.version: each.first_at for each in view.versions if each.first_at is not None}
