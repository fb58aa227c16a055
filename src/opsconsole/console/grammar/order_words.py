"""The words of the command line that act: they ask for plans, as the keys do, and name what the keys find.

Always true here: a word orders what it says and no more; what is not named is what is under the cursor.
"""

from __future__ import annotations

import msgspec

from opsconsole import wire
from opsconsole.console.frame import Frame, State
from opsconsole.console.grammar.actions import BY_ID
from opsconsole.console.grammar.named import matching_services, named_service, services
from opsconsole.console.grammar.orders import BY_KEY, order, unavailable, version_of
from opsconsole.console.grammar.verbs import service_here
from opsconsole.errors import UsageError

ACTS: dict[str, tuple[wire.Act, str]] = {
    "promote": ("promote", "promote"),
    "start": ("start", "promote"),
    "advance": ("advance", "promote"),
    "rollback": ("rollback", "rollback"),
    "hold": ("hold", "pace"),
    "resume": ("resume", "pace"),
    "abort": ("abort", "abort"),
}
"""Word → its act, and the action whose key does the same or nearly so: what stands in its way stands in the word's."""
UNDO = "undo"
"""The word whose act is that which takes the last one back."""
ORDERS: tuple[str, ...] = (*ACTS, UNDO)
WORDS: tuple[str, ...] = (*ORDERS, "approve", "arm", "lock")
VERSIONED: frozenset[str] = frozenset({"promote", "start"})
"""Words that name a version as well."""
BECAUSE = "because"


def ordered(word: str, rest: str, state: State, frame: Frame) -> wire.OrderRequest:
    """What a command orders. Raises UsageError in words."""
    if word == UNDO:
        return _undone(rest.split(), state, frame)
    act, key = ACTS[word]
    named, because, reason = f"{rest} ".partition(f" {BECAUSE} ")
    if because and act not in wire.FORWARD:
        raise UsageError(f"nothing refuses to {word}", "It takes no reason.")
    service, version = _named(word, named.split(), state, frame)
    at = state.at(service=service)
    if why_not := unavailable(BY_ID[key], at, frame):
        raise UsageError(why_not)
    if act == "promote" and not version:
        version = version_of(service, at, frame)
    if act == "start" and not version:
        raise UsageError("start which version?", f"start {service} VERSION.")
    return order(service, act, version, via="palette", reason=reason.strip())


def _undone(words: list[str], state: State, frame: Frame) -> wire.OrderRequest:
    if len(words) > 1:
        raise UsageError("undo takes a service", "undo SERVICE.")
    service = named_service(words[0], frame) if words else service_here(state, frame)
    at = state.at(service=service)
    if why_not := unavailable(BY_ID[UNDO], at, frame):
        raise UsageError(why_not)
    return msgspec.structs.replace(BY_KEY[UNDO](service, at, frame), via="palette")


def _named(word: str, words: list[str], state: State, frame: Frame) -> tuple[str, str]:
    """Service and version. A single word is a service where it begins one's name, else a version of the one here."""
    most = 2 if word in VERSIONED else 1
    if len(words) > most:
        raise UsageError(f"{word} takes {'a service and a version' if most == 2 else 'a service'}", f"{word} SERVICE.")
    here = service_here(state, frame)
    if len(words) == 1 and word in VERSIONED and here and len(matching_services(words[0], frame)) != 1:
        return here, words[0]
    service = named_service(words[0], frame) if words else here
    return service, words[1] if len(words) == 2 else ""


def completions(text: str, frame: Frame) -> list[str]:
    """Whole commands: the services, and then the versions that the fleet knows of one."""
    head, _, _ = text.rpartition(" ")
    words = head.split()
    if len(words) == 1:
        return [f"{head} {name}" for name in services(frame)]
    if len(words) == 2 and words[0] in VERSIONED:
        rows = frame.fleet.services if frame.fleet is not None else ()
        return [f"{head} {name}" for row in rows if row.service == words[1] for name, _ in row.versions]
    return []
