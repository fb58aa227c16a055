"""The language of conditions: what somebody did, as scenarios write it.

::

    ack · open(severity=SEV-2) · note ~ "v18" · note(cause=true) · action(rollback, service=chat-assist, version!=v42)
    outcome(done) · verified · comms(stage=investigating) · role(commander) · resolved · run(error-spike)
    step(revoke) · decide(decide, option=r) · ack and note ~ "cache" · not done(e2) and t > 8m

Always true here: a condition that was understood never fails later; a word that does not exist is refused with the
nearest one. ``done(ID)`` and ``t`` mean something of a whole log, every other word of one event.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from opsconsole.config.load import nearest
from opsconsole.drills.events import Logged
from opsconsole.drills.people import AUTOMATION
from opsconsole.durations import duration, is_duration

_TOKEN = re.compile(r"\s*(?:(?P<text>\"(?:[^\"\\]|\\.)*\")|(?P<sign>!=|<=|>=|[()=~<>,|])|(?P<word>[^\s()=~<>,|\"!]+))")


class ConditionError(ValueError):
    """In words for a person."""


@dataclass(frozen=True)
class Facts:
    """What of a log is known so far."""

    t: float
    events: tuple[Logged, ...]
    done: frozenset[str] = frozenset()
    """Expectations that are met."""


def of_event(event: Logged) -> Facts:
    return Facts(event.t, (event,))


@dataclass(frozen=True)
class Word:
    """One act, with what is asked of it."""

    name: str
    first: str = ""
    args: tuple[tuple[str, str, bool], ...] = ()
    """(field, value, whether it has to be equal or different)."""
    pattern: str = ""

    def holds(self, facts: Facts) -> bool:
        return any(self._matches(event) for event in facts.events)

    def _matches(self, event: Logged) -> bool:
        word = WORDS[self.name]
        if event.kind not in word.kinds or not word.is_meant(event):
            return False
        told = word.told(event)
        if self.first and told.get(word.first, "") != self.first:
            return False
        if any((str(told.get(name, "")) == value) != is_equal for name, value, is_equal in self.args):
            return False
        return not self.pattern or re.search(self.pattern, told.get("text", ""), re.IGNORECASE) is not None


@dataclass(frozen=True)
class Done:
    """An expectation is met."""

    expectation: str

    def holds(self, facts: Facts) -> bool:
        return self.expectation in facts.done


@dataclass(frozen=True)
class Time:
    """So much time has gone by, or has not."""

    is_later: bool
    seconds: float

    def holds(self, facts: Facts) -> bool:
        return (facts.t > self.seconds) is self.is_later


@dataclass(frozen=True)
class Not:
    inner: Condition

    def holds(self, facts: Facts) -> bool:
        return not self.inner.holds(facts)


@dataclass(frozen=True)
class Both:
    parts: tuple[Condition, ...]

    def holds(self, facts: Facts) -> bool:
        return all(part.holds(facts) for part in self.parts)


@dataclass(frozen=True)
class Either:
    parts: tuple[Condition, ...]

    def holds(self, facts: Facts) -> bool:
        return any(part.holds(facts) for part in self.parts)


Condition = Word | Done | Time | Not | Both | Either


# Words ------------------------------------------------------------------------------------------------------------

Told = Mapping[str, str]


@dataclass(frozen=True)
class Meaning:
    """Which events a word is about, and what they say."""

    kinds: frozenset[str]
    told: Callable[[Logged], Told]
    first: str = ""
    """The field that the word's first argument is compared with."""
    fields: tuple[str, ...] = ()
    is_meant: Callable[[Logged], bool] = field(default=lambda event: True)


def _plain(*names: str) -> Callable[[Logged], Told]:
    def told(event: Logged) -> Told:
        return {name: _text(event.data.get(name)) for name in names} | {"by": event.actor}

    return told


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _order(event: Logged) -> Told:
    plan = event.data["plan"]
    order = plan["order"]
    return {
        "act": str(order["act"]),
        "service": str(order["service"]),
        "version": str(plan["to_version"]),
        "by": event.actor,
        "text": str(order.get("override_reason", "")),
    }


def _verdict(event: Logged) -> Told:
    return {"effect": str(event.data["verdict"]["effect"]), "service": str(event.data["service"]), "by": event.actor}


def _note(event: Logged) -> Told:
    is_cause = bool(event.data.get("is_cause"))
    text = event.data.get("text") or event.data.get("note") or event.data.get("why") or ""
    return {"text": str(text), "cause": _text(is_cause), "by": event.actor}


def _run(event: Logged) -> Told:
    return {"checklist": str(event.data["checklist"]["id"]), "run": str(event.data["run"]), "by": event.actor}


def _is_ok(event: Logged) -> bool:
    """Of a checklist's step: it was done, or found to be so."""
    data = event.data
    return bool(data.get("is_ok", True) and data.get("ok", True) and data.get("is_given", True)) and not data.get(
        "waits"
    )


def _meaning(kinds: str, told: Callable[[Logged], Told], first: str, fields: str = "", is_meant: Any = None) -> Meaning:
    names = tuple(fields.split())
    if is_meant is None:
        return Meaning(frozenset(kinds.split()), told, first, names)
    return Meaning(frozenset(kinds.split()), told, first, names, is_meant)


def _is_human(event: Logged) -> bool:
    return event.actor not in AUTOMATION


WORDS: dict[str, Meaning] = {
    "fired": _meaning("alert.fired", _plain("alert", "subject", "cause", "severity"), "cause", "subject severity"),
    "ack": _meaning("alert.acknowledged", _plain("alert", "note"), "alert", "by"),
    "silence": _meaning("alert.silenced", _plain("subject", "rule", "reason"), "subject", "by"),
    "open": _meaning("incident.opened", _plain("severity", "service", "title"), "severity", "severity service by"),
    "severity": _meaning("incident.severity_set", _plain("severity"), "severity", "by"),
    "role": _meaning("incident.role_taken incident.role_accepted", _plain("role", "person"), "role", "person by"),
    "note": _meaning("incident.noted checklist.noted alert.acknowledged checklist.ticked", _note, "text", "cause by"),
    "comms": _meaning("incident.updated", _plain("stage", "audience", "text"), "stage", "stage audience by"),
    "milestone": _meaning("incident.milestone_set", _plain("milestone"), "milestone", "by"),
    "resolved": _meaning("incident.resolved", _plain("incident"), "incident", "by"),
    "followup": _meaning("incident.followup_added", _plain("text", "owner"), "owner", "owner by"),
    "action": _meaning("release.started", _order, "act", "act service version by", _is_human),
    "outcome": _meaning("release.finished", _plain("word", "service"), "word", "service by", _is_human),
    "refused": _meaning("release.refused", _plain("act", "service", "version"), "act", "service version by"),
    "verified": _meaning("release.verified", _verdict, "effect", "service effect"),
    "freeze": _meaning("freeze.set", _plain("service", "reason"), "service", "by"),
    "run": _meaning("checklist.started", _run, "checklist", "by"),
    "step": _meaning(
        "checklist.ticked checklist.expected checklist.decided checklist.approved",
        _plain("step", "run", "note", "option"),
        "step",
        "run option by",
        _is_ok,
    ),
    "failed": _meaning(
        "checklist.ticked checklist.expected", _plain("step", "run"), "step", "run by", lambda event: not _is_ok(event)
    ),
    "decide": _meaning("checklist.decided", _plain("step", "option", "run"), "step", "option run by"),
    "skip": _meaning("checklist.skipped", _plain("step", "reason"), "step", "by"),
    "ended": _meaning("checklist.ended", _plain("run", "word"), "word", "run"),
    "said": _meaning("drill.said", _plain("text", "to"), "to", "to by"),
    "baseline": _meaning("baseline.set", _plain("service", "label"), "service", "label by"),
}
"""Word → what it means; ``docs/drills.md`` lists them."""
TELLING = ("note", "comms", "followup", "said", "action")
"""Words whose events say a text that ``~`` looks into."""


# Reading ----------------------------------------------------------------------------------------------------------


def condition(text: str) -> Condition:
    """Raises ConditionError."""
    tokens = _tokens(text)
    read, rest = _either(tokens, 0)
    if rest < len(tokens):
        raise ConditionError(f"{tokens[rest]!r} is not expected there")
    return read


def expectations_of(read: Condition) -> Iterable[str]:
    """Ids that ``done(…)`` names."""
    match read:
        case Done(expectation):
            yield expectation
        case Not(inner):
            yield from expectations_of(inner)
        case Both(parts) | Either(parts):
            for part in parts:
                yield from expectations_of(part)


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    text = text.strip()
    if not text:
        raise ConditionError("the condition is empty")
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ConditionError(f"{text[at:]!r} cannot be read")
        tokens.append(found[0].strip())
        at = found.end()
    return tokens


def _peek(tokens: list[str], at: int) -> str:
    return tokens[at] if at < len(tokens) else ""


def _either(tokens: list[str], at: int) -> tuple[Condition, int]:
    part, at = _both(tokens, at)
    parts = [part]
    while _peek(tokens, at) in ("or", "|"):
        part, at = _both(tokens, at + 1)
        parts.append(part)
    return (Either(tuple(parts)) if len(parts) > 1 else parts[0]), at


def _both(tokens: list[str], at: int) -> tuple[Condition, int]:
    part, at = _one(tokens, at)
    parts = [part]
    while _peek(tokens, at) == "and":
        part, at = _one(tokens, at + 1)
        parts.append(part)
    return (Both(tuple(parts)) if len(parts) > 1 else parts[0]), at


def _one(tokens: list[str], at: int) -> tuple[Condition, int]:
    token = _peek(tokens, at)
    if not token:
        raise ConditionError("something is missing at its end")
    if token == "not":  # noqa: S105 - a word of the language
        inner, at = _one(tokens, at + 1)
        return Not(inner), at
    if token == "(":  # noqa: S105
        inner, at = _either(tokens, at + 1)
        return inner, _closed(tokens, at)
    if token == "t" and _peek(tokens, at + 1) in (">", "<"):  # noqa: S105
        return _time(tokens, at)
    return _word(tokens, at)


def _closed(tokens: list[str], at: int) -> int:
    if _peek(tokens, at) != ")":
        raise ConditionError("a `)` is missing")
    return at + 1


def _time(tokens: list[str], at: int) -> tuple[Condition, int]:
    length = _peek(tokens, at + 2).removeprefix("+")
    if not is_duration(length):
        raise ConditionError(f"{length!r} is no length: write `t > 8m`")
    return Time(tokens[at + 1] == ">", duration(length).total_seconds()), at + 3


def _word(tokens: list[str], at: int) -> tuple[Condition, int]:
    name = tokens[at]
    if name != "done" and name not in WORDS:
        raise ConditionError(f"there is no word {name!r}. {nearest(name, ('done', *WORDS))}")
    first, args, at = _arguments(tokens, at + 1)
    if name == "done":
        if not first:
            raise ConditionError("`done` names an expectation: write `done(e2)`")
        return Done(first), at
    known = {WORDS[name].first, *WORDS[name].fields}
    for field_name, _, _ in args:
        if field_name not in known:
            raise ConditionError(f"`{name}` says nothing of {field_name!r}. {nearest(field_name, sorted(known))}")
    pattern = ""
    if _peek(tokens, at) == "~":
        if name not in TELLING:
            raise ConditionError(f"`{name}` tells no text: `~` goes with {', '.join(TELLING)}")
        pattern, at = _unquoted(_peek(tokens, at + 1)), at + 2
        if not pattern:
            raise ConditionError('`~` looks for nothing: write `note ~ "v42"`')
        try:
            re.compile(pattern)
        except re.error as error:
            raise ConditionError(f"{pattern!r} is no regular expression: {error}") from error
    return Word(name, first, args, pattern), at


def _arguments(tokens: list[str], at: int) -> tuple[str, tuple[tuple[str, str, bool], ...], int]:
    """What stands in brackets behind a word: its first argument, and fields with what they are to be."""
    first, args = "", []
    if _peek(tokens, at) != "(":
        return first, (), at
    at += 1
    while _peek(tokens, at) != ")":
        word, sign = _peek(tokens, at), _peek(tokens, at + 1)
        if sign in ("=", "!="):
            args.append((word, _unquoted(_peek(tokens, at + 2)), sign == "="))
            at += 3
        elif word and word not in ("(", ",", "=", "!="):
            first, at = _unquoted(word), at + 1
        else:
            raise ConditionError("what is in the brackets cannot be read: write `word(first, field=value)`")
        if _peek(tokens, at) == ",":
            at += 1
        elif _peek(tokens, at) != ")":
            raise ConditionError("a `)` is missing")
    return first, tuple(args), at + 1


def _unquoted(token: str) -> str:
    return token[1:-1] if token.startswith('"') else token
