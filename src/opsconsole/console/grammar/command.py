"""The command line: any view, service, window or action by its name, completed while it is typed.

::

    alert A-3                      a view of one thing: its id
    requests chat status>=500      a view, the service, the words of its filter
    cost /gpt @chat                the same with marks: /filter, @service
    explain chat metric=errors     what a view lets one choose
    incident open chat is slow     opens one; what is missing is asked for
    window 6h    freeze    now     as the keys t and =
    write requests.csv             also .json .txt .svg; write! overwrites
    keys    who    help    quit
    promote chat v42               plans: all traffic to a version; start chat v42 begins gradually
    promote chat v42 because …     overrides a freeze or missing evidence; the reason is kept
    undo chat                      plans what takes the last change back: the watched one, or that sent from here
    rollback chat                  plans too, as advance, hold, resume, abort; without a service: of the one here
    approve 7f3a…                  a second person's yes to a plan, by its id
    arm    lock                    as the key R

Always true here: a word that is not known is refused with the nearest that is; a service may be shortened as long as it
is the only one; nothing is run that was not typed to its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import takewhile

from opsconsole import search, wire
from opsconsole.console.frame import Frame, State
from opsconsole.console.grammar import order_words
from opsconsole.console.grammar.actions import BY_ID
from opsconsole.console.grammar.named import matching_services, named_service, services
from opsconsole.console.grammar.verbs import service_here, went
from opsconsole.console.place import Place
from opsconsole.console.views.catalog import BY_NAME, VIEWS, ViewSpec
from opsconsole.errors import UsageError

ALIASES: dict[str, str] = {"q": "quit", "exit": "quit", "w": "write", "what": "explain", "cheatsheet": "help"}
WORDS: tuple[str, ...] = (
    *("window", "freeze", "now", "write", "keys", "who", "help", "quit"),
    *order_words.WORDS,
)
"""What is neither a view nor an action."""
NAMED: tuple[str, ...] = tuple(spec.name for spec in VIEWS if spec.name != "request")
"""Views that a name is enough for; a single request is opened from a list."""
RUNNABLE: tuple[str, ...] = tuple(
    action.id
    for action in BY_ID.values()
    if "view" in action.needs and not action.id.startswith("open_") and action.id not in WORDS
)
"""Other actions that can be run by name."""


@dataclass(frozen=True)
class Outcome:
    """What a command makes of the state, and what only the app can do of it."""

    state: State
    effect: str = ""
    """Action id or word that the app runs: ``quit``, ``write``, ``keys``, ``who``, ``copy`` …"""
    argument: str = ""
    order: wire.OrderRequest | None = None
    """What the daemon is asked to plan."""


def run(text: str, state: State, frame: Frame) -> Outcome:
    """Raises UsageError naming the word that is not known, and the nearest."""
    word, _, rest = text.strip().partition(" ")
    rest = rest.strip()
    is_forced = word.endswith("!")
    word = ALIASES.get(word.rstrip("!"), word.rstrip("!"))
    browsing = replace(state, mode="browse", draft="", choice=0)
    if word == "incident" and rest.split(" ")[0] == "open":
        return Outcome(browsing, "open_incident_of", rest.removeprefix("open").strip())
    if word in NAMED:
        return Outcome(_opened(BY_NAME[word], rest, browsing, frame))
    if word == "window":
        if rest not in wire.WINDOWS:
            raise UsageError(f"there is no window {rest!r}", f"Windows: {', '.join(wire.WINDOWS)}.")
        return Outcome(replace(browsing, window=rest, crosshair=None))
    if word == "now":
        return Outcome(replace(browsing, as_of=None))
    if word in order_words.ORDERS:
        return Outcome(browsing, order=order_words.ordered(word, rest, browsing, frame))
    if word == "write":
        return Outcome(browsing, "write_file", rest + ("!" if is_forced else ""))
    if word in WORDS or word in RUNNABLE:
        return Outcome(browsing, word, rest)
    if not word:
        return Outcome(browsing)
    near = get_close_matches(word, names(), n=1, cutoff=0.4)
    remedy = f"Did you mean {near[0]}?" if near else "Tab lists what there is."
    raise UsageError(f"there is no command {word!r}", remedy)


def names() -> list[str]:
    """Every first word that there is."""
    return [*NAMED, *WORDS, *RUNNABLE]


def _opened(spec: ViewSpec, rest: str, state: State, frame: Frame) -> State:
    if spec.keyed:
        if not rest:
            raise UsageError(f"which {spec.title}?", f"{spec.name} {spec.keyed}.")
        return went(state, Place(spec.name).choosing(key=_key(spec, rest.split(" ")[0])), frame)
    service, words, choices = state.service, [], {}
    if spec.scope == "service" and not service:
        service = service_here(state, frame)
    is_service_open = True
    for word in search_words(rest):
        name, equals, value = word.partition("=")
        if word.startswith("@"):
            service = "" if word == "@" else named_service(word[1:], frame)
        elif word.startswith("/"):
            words.append(word[1:])
        elif equals and name in {choice.name for choice in spec.choices} | {"baseline", "candidate"}:
            choices[name] = value
        elif is_service_open and (found := matching_services(word, frame)) and len(found) == 1 and not equals:
            service = found[0]
        else:
            words.append(word)
        is_service_open = False
    if spec.scope == "fleet":
        service = ""
    elif spec.scope == "service" and not service:
        raise UsageError(f"{spec.title} is of one service", f"Write it behind: {spec.name} SERVICE.")
    text = " ".join(each for each in words if each)
    search.parse(text)
    return went(state, Place(spec.name, service, filter=text).choosing(**choices), frame)


def _key(spec: ViewSpec, word: str) -> str:
    """Ids of alerts, incidents and runs are in capitals."""
    return word.upper() if spec.keyed.isupper() else word


def search_words(text: str) -> list[str]:
    """Words, with what quotes keep together."""
    found: list[str] = []
    is_open = False
    for part in text.split(" "):
        if is_open:
            found[-1] += f" {part}"
        elif part:
            found.append(part)
        if part.count('"') % 2:
            is_open = not is_open
    return found


def completions(text: str, state: State, frame: Frame) -> list[str]:
    """Whole texts that the one being typed may become, in a useful order."""
    head, _, last = text.rpartition(" ")
    if not head:
        known = [*NAMED, *WORDS] + ([each for each in RUNNABLE if last] if last else [])
        return [name for name in known if name.startswith(last)]
    word = ALIASES.get(head.split(" ")[0], head.split(" ")[0])
    if word == "window":
        return [f"{head} {name}" for name in wire.WINDOWS if name.startswith(last)]
    if word in order_words.ORDERS:
        return [each for each in order_words.completions(text, frame) if each.startswith(text) and each != text]
    if word not in BY_NAME:
        return []
    return [f"{head} {each}" for each in _arguments(BY_NAME[word], frame) if each.startswith(last) and each != last]


def _arguments(spec: ViewSpec, frame: Frame) -> list[str]:
    known = services(frame) if spec.scope != "fleet" else []
    choices = [f"{choice.name}={value}" for choice in spec.choices for value in choice.values]
    return [*known, *(f"@{name}" for name in known), *choices]


def completed(text: str, found: Sequence[str]) -> str:
    """The text with what all completions share; the first of them where they share no more than is typed."""
    if not found:
        return text
    if len(found) == 1:
        return found[0] + " "
    pairs = zip(min(found), max(found), strict=False)
    shared = "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return shared if len(shared) > len(text) else found[0]


def ghost(text: str, found: Sequence[str]) -> str:
    """What the first completion would add."""
    return found[0][len(text) :] if found and text else ""
