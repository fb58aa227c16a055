"""The handover page of an incident: what whoever takes over has to know, as plain text for a pipe, a chat or a mail.

Always true here: no line is wider than 80 cells, the page is at most 64 kB, and nothing in it colours, moves or hides
anything; what was left out for want of room says so; what is not known reads ``–``.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.text import cut, safe, width

COLUMNS = 80
MOST_BYTES = 64_000
TAIL_LINES = 25
"""Lines of the timeline, the newest."""
_INDENT = "  "
_ROWS = 3
"""Rows that one item takes at the most."""
_LONGEST = 600
"""Characters of one item."""
_BREAKS = re.compile(r"[\t\n\v\f\r]+")
_CUT = "… the page ends here: `opsconsole incident show` has the rest"


def handover(view: wire.IncidentView) -> str:
    """The page."""
    kept: list[str] = []
    size = len(_CUT.encode()) + 1
    for line in _page(view):
        size += len(line.encode()) + 1
        if size > MOST_BYTES:
            kept.append(_CUT)
            break
        kept.append(line)
    return "".join(f"{line}\n" for line in kept)


def _page(view: wire.IncidentView) -> Iterator[str]:
    incident, now = view.incident, view.now
    at = f"{now:%Y-%m-%d %H:%M} UTC"
    head = f"{safe(incident.incident)}  {incident.severity}  {incident.status}"
    yield head + " " * max(2, COLUMNS - width(head) - len(at)) + at
    yield from wrapped(incident.title, "", "")
    since = numbers.age((now - incident.opened_at).total_seconds())
    services = ", ".join(incident.services) or numbers.MISSING
    where = f" in {view.environment}" if view.environment else ""
    yield from wrapped(
        f"{services}{where}; opened {_clock(incident.opened_at)} by {incident.opened_by}, {since} ago", ""
    )
    yield "-" * COLUMNS
    yield from _section("ROLES", _roles(view), "nobody has one")
    yield from _section("WHAT IS KNOWN", _known(view), "nothing yet")
    yield from _section("WHAT IS RUNNING", view.running, "nothing that the console knows of")
    yield from _section("WHAT IS DUE", map(_timer, view.timers), "nothing")
    yield from _section("OPEN FOLLOW-UPS", _follow_ups(incident.follow_ups), "none")
    yield from _timeline(view)
    yield from _section("GO ON WITH", _commands(incident), "")


def _section(title: str, items: Iterable[str], otherwise: str) -> Iterator[str]:
    yield ""
    yield title
    found = list(items) or [otherwise]
    for item in found[:30]:
        yield from wrapped(item)
    if len(found) > 30:
        yield f"{_INDENT}… and {len(found) - 30} more"


def wrapped(text: str, first: str = _INDENT, rest: str | None = None, rows: int = _ROWS) -> list[str]:
    """Safe text in lines of 80 cells, broken between words; what does not fit into the rows ends in an ellipsis."""
    rest = first + _INDENT if rest is None else rest
    words = safe(_BREAKS.sub(" ", text), _LONGEST).split(" ")
    lines: list[str] = []
    line = first
    for i, word in enumerate(words):
        start = rest if lines else first
        if not word and line == start:
            continue
        glued = f"{line}{'' if line == start else ' '}{word}"
        if width(glued) <= COLUMNS:
            line = glued
            continue
        if len(lines) + 1 >= rows:
            return [*lines, cut(f"{line} {' '.join(words[i:])}", COLUMNS)]
        if line != start:
            lines.append(line)
        line = cut(rest + word, COLUMNS)
    return [*lines, line]


def _clock(at: datetime) -> str:
    return f"{at:%m-%d %H:%M}"


def _roles(view: wire.IncidentView) -> Iterator[str]:
    for role in view.incident.roles:
        had = numbers.age((view.now - role.since).total_seconds())
        offered = f"; offered to {role.offered_to}, who has not accepted" if role.offered_to else ""
        yield f"{role.role:<10} {role.person}, for {had}{offered}"
    free = [role for role in wire.INCIDENT_ROLES if role not in {each.role for each in view.incident.roles}]
    if view.incident.roles and free:
        yield f"{'free':<10} {', '.join(free)}"
    if view.here:
        yield f"{'attached':<10} {', '.join(dict.fromkeys(f'{each.user} ({each.view})' for each in view.here))}"
    for warning in view.warnings:
        yield f"! {warning}"


def _known(view: wire.IncidentView) -> Iterator[str]:
    for name in wire.MILESTONES:
        entry = view.incident.milestones.get(name)
        if entry is not None and entry.at is not None:
            by = "by evidence" if entry.source == "auto" else f"by {entry.set_by}"
            yield f"{name.replace('_', ' '):<13} {_clock(entry.at)}  {by}{f': {entry.why}' if entry.why else ''}"
    for note in view.incident.notes:
        if note.is_cause:
            yield f"cause         {note.text} ({note.by})"
    for each in view.services:
        yield _service(each)
    if view.incident.updates:
        last = view.incident.updates[-1]
        yield f"last message  {_clock(last.at)}, {last.audience}, {last.stage}: {last.text.partition(chr(10))[0]}"
    else:
        yield "last message  none was sent"


def _service(each: wire.ServiceNow) -> str:
    reasons = f": {', '.join(each.reasons)}" if each.reasons else ""
    return (
        f"{each.service} is {each.state} now{reasons}; in 15 min n {each.requests:,}, "
        f"errors {numbers.percent(each.error_rate)}, p99 {numbers.duration(each.p99_ms)}, "
        f"{numbers.money(each.usd_per_hour)}/h"
    )


def _timer(timer: wire.IncidentTimer) -> str:
    mark = {"overdue": "OVERDUE", "due": "due", "later": "then"}[timer.word]
    by = timer.due_from if timer.word == "later" else timer.due_by
    return f"{mark:<8} {_clock(by)}  {timer.told}"


def _follow_ups(found: Sequence[wire.FollowUp]) -> Iterator[str]:
    for each in found:
        if each.done_at is None:
            yield f"{each.number}. {each.text} @{each.owner or numbers.MISSING} due {each.due or numbers.MISSING}"


def _timeline(view: wire.IncidentView) -> Iterator[str]:
    lines = view.timeline[-TAIL_LINES:]
    left_out = view.matched - len(lines)
    yield ""
    yield f"TIMELINE{f' (the newest {len(lines)} of {view.matched})' if left_out else ''}, UTC"
    for line in lines:
        yield from wrapped(f"{line.at:%H:%M:%S} {line.actor}: {line.text}", rows=2)
    if not lines:
        yield f"{_INDENT}nothing yet"


def _commands(incident: wire.Incident) -> Iterator[str]:
    name = incident.incident
    offered = [each.role for each in incident.roles if each.offered_to]
    for role in offered:
        yield f"opsconsole incident role {name} {role} --accept"
    yield f"opsconsole incident timeline {name}"
    for service in incident.services[:3]:
        yield shlex.join(["opsconsole", "show", "service", service, "--window", "1h"])
