"""What people may say in an order: bounded, and nothing that a terminal, a header or a command line would obey.

Always true here: an order is judged by its own words, before anything is read of the service; what passes can be shown,
put into a command and kept in the journal for good; nobody but the daemon itself says that automation asks.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from opsconsole import wire
from opsconsole.errors import UsageError

MOST_NAME, MOST_HEADER, MOST_REASON, MOST_NOTE = 200, 500, 500, 2_000
"""Characters of a service, a version or a console; of a header with its value; of a reason; of a note."""
MOST_VERSIONS, MOST_HEADERS = 64, 32
"""Of one routing."""

OWN_WORDS: frozenset[str] = frozenset({"automation", "drill"})
"""Doors that are inside the daemon: whoever comes by the API and claims one came by the API."""


def of_person(order: wire.OrderRequest) -> wire.OrderRequest:
    """An order as a person may give it.

    Raises UsageError for words that are too long, cannot be printed, or mean nothing.
    """
    for what, remedy in _troubles(order):
        raise UsageError(f"the order is not understood: {what}", remedy)
    return msgspec.structs.replace(order, via="api") if order.via in OWN_WORDS else order


def text(what: str, said: str, limit: int) -> str:
    """``said``, if it is of at most ``limit`` characters that can be printed. Raises UsageError."""
    for trouble in troubles_of_text(what, said, limit):
        raise UsageError(trouble, "Say it shorter, and on one line.")
    return said


def _troubles(order: wire.OrderRequest) -> Iterator[tuple[str, str]]:
    """(What is wrong, what to do)."""
    named = (("the service", order.service), ("the version", order.version), ("the console's name", order.console))
    for what, name in named:
        for trouble in troubles_of_text(what, name, MOST_NAME):
            yield trouble, "Names are one line of at most 200 characters."
    yield from _of_version(order.version)
    for trouble in troubles_of_text("the reason", order.override_reason, MOST_REASON):
        yield trouble, "Say it shorter, and on one line."
    if order.routing is not None:
        yield from _of_routing(order.routing)


def _of_routing(routing: wire.Routing) -> Iterator[tuple[str, str]]:
    if max(len(routing.shares), len(routing.shadow)) > MOST_VERSIONS or len(routing.headers) > MOST_HEADERS:
        yield f"a routing has at most {MOST_VERSIONS} versions and {MOST_HEADERS} headers", "Name fewer."
    for version in (*routing.shares, *routing.headers.values(), *routing.shadow):
        for trouble in troubles_of_text("a version", version, MOST_NAME):
            yield trouble, "Names are one line of at most 200 characters."
        if not version:
            yield "a version has no name", "Write VERSION=SHARE: v41=90 v42=10."
        yield from _of_version(version)
    for header in routing.headers:
        for trouble in troubles_of_text("a header", header, MOST_HEADER):
            yield trouble, "Write it as 'Name: value', on one line."
    for version, share in routing.shadow.items():
        if not 0 <= share <= 1:
            yield f"{version} cannot be sent a copy of {100 * share:.4g} % of the traffic", "Name 0 to 100 %."


def _of_version(version: str) -> Iterator[tuple[str, str]]:
    """A command line that is given the name would take it for an option."""
    if version.startswith("-"):
        yield f"no version begins with a dash: {version[:80]!r}", "Is it an option that was written too late?"


def troubles_of_text(what: str, said: str, limit: int) -> Iterator[str]:
    """What a terminal might obey is refused at the door, before it stands in the journal for good."""
    if len(said) > limit:
        yield f"{what} is longer than {limit} characters"
    elif not said.isprintable():
        yield f"{what} holds characters that cannot be printed: {said[:80]!a}"
